/** What both reports, of preparing and of deduplicating, are made of: one page without scripts, fonts or pictures of others. */

export const escape = (text: string): string => text.replace(/[&<>"']/g, (char) => `&#${char.charCodeAt(0)};`);
export const number = (value: number): string => value.toLocaleString("en-US");
export const percent = (part: number, whole: number): string => (whole > 0 ? `${((100 * part) / whole).toFixed(part > 0 && part / whole < 0.001 ? 3 : 1)} %` : "–");
/** A measured value, short. */
export const measure = (value: number): string => (Number.isInteger(value) ? number(value) : value.toPrecision(3));

/** What stands in a column of numbers, shares or digests, which are kept on one line. */
const NUMERIC = /^(?:[−-]?[\d.,]+(?: %)?(?: \([\d.,]+ %\))?|[0-9a-f]{12}|–|)$/;

/** A table; where it is wider than the page, it is moved by itself. Columns of numbers are at the right of their cells, all others at the left. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const numeric = head.map((_, column) => column > 0 && rows.every((row) => NUMERIC.test(row[column] ?? "")));
  const cell = (tag: "th" | "td") => (text: string, column: number): string => `<${tag}${numeric[column] ? ' class="n"' : ""}>${escape(text)}</${tag}>`;
  const titles = head.some((text) => text !== "") ? `<thead><tr>${head.map(cell("th")).join("")}</tr></thead>` : "";
  return `<div class="wide"><table>${titles}<tbody>${rows.map((row) => `<tr>${row.map(cell("td")).join("")}</tr>`).join("")}</tbody></table></div>`;
}

/** A bar chart, one row a bar; its words have the size of the page's on every screen. */
export function bars(label: string, rows: readonly { name: string; value: number; note?: string; tone?: "kept" | "lost" }[], most = Math.max(...rows.map(({ value }) => value))): string {
  const drawn = rows.map(({ name, value, note = number(value), tone = "kept" }) => {
    const width = most > 0 ? Math.round((1000 * value) / most) / 10 : 0;
    return `<div><span class="name">${escape(name)}</span><span class="track"><span class="${tone}${value > 0 ? "" : " none"}" style="width:${width}%"></span></span><span class="note">${escape(note)}</span></div>`;
  });
  return `<div class="bars" role="group" aria-label="${escape(label)}">${drawn.join("")}</div>`;
}

/** A page of its own. */
export const page = (title: string, body: string): string => `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${escape(title)}</title><style>
:root{color-scheme:light dark;--text:#222;--soft:#555;--line:#ddd;--page:#fff;--kept:#4a7bb7;--lost:#c8794a}
@media(prefers-color-scheme:dark){:root{--text:#e4e4e4;--soft:#aaa;--line:#444;--page:#181a1b;--kept:#6b9bd6;--lost:#d98d5f}}
body{font:16px/1.5 system-ui,sans-serif;max-width:52rem;margin:2rem auto;padding:0 1rem;color:var(--text);background:var(--page)}
h1,h2,h3,h4{overflow-wrap:anywhere}h2{margin-top:2.2rem}h3,h4{margin:1.2rem 0 .2rem}h4{font-size:1rem}
.wide{overflow-x:auto;margin:.5rem 0 1.5rem}table{border-collapse:collapse;width:100%}th,td{text-align:left;vertical-align:top;padding:.3rem .6rem;border-bottom:1px solid var(--line)}
td{min-width:5.5rem;overflow-wrap:anywhere}.n{min-width:0;text-align:right;white-space:nowrap;font-variant-numeric:tabular-nums}
.bars{font-size:.85rem;margin:.5rem 0 1.5rem}.bars>div{display:grid;grid-template-columns:minmax(6rem,19rem) 1fr 12rem;gap:.6rem;align-items:center;padding:.15rem 0}
.name{text-align:right;overflow-wrap:anywhere}.track{display:block}.track span{display:block;height:1.1rem;min-width:1px;border-radius:2px}.track .none{min-width:0}.kept{background:var(--kept)}.lost{background:var(--lost)}
@media(max-width:40rem){.bars>div{grid-template-columns:1fr auto;gap:0 .6rem;padding:.3rem 0}.name{text-align:left}.track{grid-row:2;grid-column:1/3}}
code{font-size:.9em}blockquote{margin:.3rem 0 .8rem;padding:.3rem .8rem;border-left:3px solid var(--line);color:var(--soft);overflow-wrap:anywhere;font-size:.9rem}small{color:var(--soft)}
</style></head><body>
<h1>${escape(title)}</h1>
${body}
</body></html>
`;
