/** What both reports, of preparing and of deduplicating, are made of: one page without scripts, fonts or pictures of others. */

export const escape = (text: string): string => text.replace(/[&<>"']/g, (char) => `&#${char.charCodeAt(0)};`);
export const number = (value: number): string => value.toLocaleString("en-US");
export const percent = (part: number, whole: number): string => (whole > 0 ? `${((100 * part) / whole).toFixed(part > 0 && part / whole < 0.001 ? 3 : 1)} %` : "–");
/** A measured value, short. */
export const measure = (value: number): string => (Number.isInteger(value) ? number(value) : value.toPrecision(3));

export const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  `<table><thead><tr>${head.map((cell) => `<th>${escape(cell)}</th>`).join("")}</tr></thead><tbody>${rows.map((row) => `<tr>${row.map((cell) => `<td>${escape(cell)}</td>`).join("")}</tr>`).join("")}</tbody></table>`;

/** A bar chart as inline SVG, one row a bar. */
export function bars(label: string, rows: readonly { name: string; value: number; note?: string; tone?: "kept" | "lost" }[], most = Math.max(...rows.map(({ value }) => value))): string {
  const name = Math.min(310, 20 + 7 * Math.max(...rows.map(({ name: text }) => text.length)));
  const longest = 720 - name - 170; // the rest is for the note
  const drawn = rows.map(({ name: text, value, note = number(value), tone = "kept" }, index) => {
    const y = index * 24;
    const width = most > 0 ? Math.max(value > 0 ? 1 : 0, Math.round((longest * value) / most)) : 0;
    return `<text x="${name - 10}" y="${y + 16}" text-anchor="end">${escape(text)}</text><rect class="${tone}" x="${name}" y="${y + 3}" width="${width}" height="17" rx="2"/><text x="${name + width + 6}" y="${y + 16}">${escape(note)}</text>`;
  });
  return `<svg viewBox="0 0 720 ${rows.length * 24}" width="100%" role="img" aria-label="${escape(label)}">${drawn.join("")}</svg>`;
}

/** A page of its own. */
export const page = (title: string, body: string): string => `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${escape(title)}</title><style>
body{font:16px/1.5 system-ui,sans-serif;max-width:46rem;margin:2rem auto;padding:0 1rem;color:#222;background:#fff}
h2{margin-top:2.2rem}h3{margin:1.2rem 0 .2rem;font-size:1rem}
table{border-collapse:collapse;width:100%;margin:.5rem 0 1.5rem}th,td{text-align:left;vertical-align:top;padding:.3rem .6rem;border-bottom:1px solid #ddd;overflow-wrap:anywhere}
td:not(:first-child),th:not(:first-child){text-align:right;font-variant-numeric:tabular-nums}svg .kept{fill:#4a7bb7}svg .lost{fill:#c8794a}svg text{font-size:13px;fill:#333}code{font-size:.85em}
blockquote{margin:.3rem 0 .8rem;padding:.3rem .8rem;border-left:3px solid #ddd;color:#444;overflow-wrap:anywhere;font-size:.9rem}small{color:#666}
</style></head><body>
<h1>${escape(title)}</h1>
${body}
</body></html>
`;
