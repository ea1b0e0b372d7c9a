import { FILTER_NAMES } from "../clean/filters/names.js";
import { bars, number, page, percent, table } from "../report/html.js";
import { lost } from "../report/lost.js";
import { domains, filterName, funnel, languages, rules } from "../report/sections.js";
import type { PrepareReport } from "./report.js";

const REASONS: Record<string, string> = {
  "wrong-language": "Wrong language, by its column",
  "too-short": "Too short",
  "empty-message": "Chat with an empty message or no reply",
  duplicate: "Exact duplicate of an earlier text",
};
/** The order in which reasons are looked for. */
const ORDER = ["wrong-language", "too-short", "empty-message", ...FILTER_NAMES, "duplicate"] as const;

/** A bar chart of the lengths. */
function lengthChart(lengths: readonly number[]): string {
  const first = lengths.findIndex((value) => value > 0);
  if (first < 0) return "";
  const last = lengths.findLastIndex((value) => value > 0);
  const rows = lengths.slice(first, last + 1).map((value, index) => ({ name: `${number(2 ** (first + index))} to ${number(2 ** (first + index + 1) - 1)}`, value }));
  return `<h2>Lengths in characters</h2><p>Documents and chats that were kept.</p>${bars("Documents by length", rows)}`;
}

const filterSettings = ({ filters }: PrepareReport["settings"]): string[][] =>
  filters
    ? [
        ["Filters", `${filters.set}${filters.compat ? `, compatible with ${filters.compat}` : ""}`],
        ...Object.entries(filters.thresholds ?? {}).map(([name, value]) => [`Threshold ${name}`, value === null ? "off" : String(value)]),
        ...(filters.urlLists === undefined ? [] : [["Lists of URLs", filters.urlLists]]),
        ...(filters.decontaminate ?? []).map((source) => ["Evaluation texts", source]),
      ]
    : [];

/** The report as a page of its own, without scripts. */
export const reportHtml = (report: PrepareReport): string => page("Prepared documents", preparedBody(report));

/** What the page says, without a title. */
export function preparedBody(report: PrepareReport): string {
  const { settings, details } = report;
  const rejected = ORDER.flatMap((reason) => (report.rejected[reason] === undefined ? [] : [[REASONS[reason] ?? filterName(reason), report.rejected[reason]] as [string, number]]));
  const summary: string[][] = [
    ["Read", number(report.read), "100 %"],
    ["Documents kept", number(report.documents), percent(report.documents, report.read)],
    ["Chats kept", number(report.chats), percent(report.chats, report.read)],
    ...rejected.map(([name, value]) => [`Rejected: ${name}`, number(value), percent(value, report.read)]),
    // Beside the rows that were read.
    ...(report.lost && report.lost.places > 0 ? [["Damaged, could not be read", number(report.lost.documents), "–"]] : []),
  ];
  return `<p>${number(report.characters)} characters (${number(report.bytes)} bytes as UTF-8) in ${number(report.documents + report.chats)} documents and chats. Normalizing changed ${number(report.changed)} texts.</p>
${table(["", "Rows", "Share"], summary)}
${funnel(report.read, rejected)}
${rules(details, report.read)}
${lost(report.lost)}
${lengthChart(report.lengths)}
${languages(details)}
${domains(details)}
<h2>Inputs</h2>
${table(["File", "Bytes", "Rows"], report.inputs.map((input) => [input.file, number(input.bytes), number(input.rows)]))}
<h2>Outputs</h2>
${table(["File", "Bytes", "Rows"], report.outputs.map((output) => [output.file, number(output.bytes), number(output.documents)]))}
<h2>Settings</h2>
${table(["Setting", "Value"], [["Shortest document, in characters", number(settings.minCharacters)], ["Language", settings.language ?? "any"], ["Duplicates", settings.deduplicate ? "rejected" : "kept"], ...filterSettings(settings), ["Rows read at most", settings.limit === null ? "all" : number(settings.limit)], ["Fingerprint", report.fingerprint.slice(0, 16)]])}`;
}
