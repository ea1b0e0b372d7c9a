import type { PrepareReport } from "./report.js";

const escape = (text: string): string => text.replace(/[&<>"']/g, (char) => `&#${char.charCodeAt(0)};`);
const number = (value: number): string => value.toLocaleString("en-US");
const percent = (part: number, whole: number): string => (whole > 0 ? `${((100 * part) / whole).toFixed(part > 0 && part / whole < 0.001 ? 3 : 1)} %` : "–");

const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  `<table><thead><tr>${head.map((cell) => `<th>${escape(cell)}</th>`).join("")}</tr></thead><tbody>${rows.map((row) => `<tr>${row.map((cell) => `<td>${escape(cell)}</td>`).join("")}</tr>`).join("")}</tbody></table>`;

const REASONS = {
  "wrong-language": "Wrong language, by its column",
  "too-short": "Too short",
  "empty-message": "Chat with an empty message or no reply",
  duplicate: "Exact duplicate of an earlier text",
} as const;

/** A bar chart of the lengths as inline SVG. */
function lengthChart(lengths: readonly number[]): string {
  const first = lengths.findIndex((value) => value > 0);
  if (first < 0) return "";
  const last = lengths.findLastIndex((value) => value > 0);
  const most = Math.max(...lengths);
  const rows = lengths.slice(first, last + 1).map((value, index) => {
    const y = index * 22;
    const width = Math.round((420 * value) / most);
    return `<text x="110" y="${y + 15}" text-anchor="end">${number(2 ** (first + index))} –</text><rect x="120" y="${y + 3}" width="${width}" height="16"/><text x="${126 + width}" y="${y + 15}">${number(value)}</text>`;
  });
  return `<h2>Lengths in characters</h2><svg width="640" height="${rows.length * 22}" role="img" aria-label="Documents by length">${rows.join("")}</svg>`;
}

/** The report as a page of its own, without scripts. */
export function reportHtml(report: PrepareReport): string {
  const rejected = Object.entries(report.rejected) as [keyof typeof REASONS, number][];
  const { settings } = report;
  const summary: string[][] = [
    ["Read", number(report.read), "100 %"],
    ["Documents kept", number(report.documents), percent(report.documents, report.read)],
    ["Chats kept", number(report.chats), percent(report.chats, report.read)],
    ...rejected.map(([reason, value]) => [`Rejected: ${REASONS[reason]}`, number(value), percent(value, report.read)]),
  ];
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Prepared documents</title><style>
body{font:16px/1.5 system-ui,sans-serif;max-width:46rem;margin:2rem auto;padding:0 1rem;color:#222;background:#fff}
table{border-collapse:collapse;width:100%;margin:.5rem 0 1.5rem}th,td{text-align:left;padding:.3rem .6rem;border-bottom:1px solid #ddd;overflow-wrap:anywhere}
td:not(:first-child),th:not(:first-child){text-align:right;font-variant-numeric:tabular-nums}svg rect{fill:#4a7bb7}svg text{font-size:13px;fill:#333}code{font-size:.85em}
</style></head><body>
<h1>Prepared documents</h1>
<p>${number(report.characters)} characters (${number(report.bytes)} bytes as UTF-8) in ${number(report.documents + report.chats)} documents and chats. Normalizing changed ${number(report.changed)} texts.</p>
${table(["", "Rows", "Share"], summary)}
${lengthChart(report.lengths)}
<h2>Inputs</h2>
${table(["File", "Bytes", "Rows"], report.inputs.map((input) => [input.file, number(input.bytes), number(input.rows)]))}
<h2>Outputs</h2>
${table(["File", "Bytes", "Rows"], report.outputs.map((output) => [output.file, number(output.bytes), number(output.documents)]))}
<h2>Settings</h2>
${table(["Setting", "Value"], [["Shortest document, in characters", number(settings.minCharacters)], ["Language", settings.language ?? "any"], ["Duplicates", settings.deduplicate ? "rejected" : "kept"], ["Rows read at most", settings.limit === null ? "all" : number(settings.limit)], ["Fingerprint", report.fingerprint.slice(0, 16)]])}
</body></html>
`;
}
