import type { DedupeReport } from "../dedupe/dedupe.js";
import { bars, escape, number, page, percent, table } from "./html.js";

const excerpt = (text: string): string => escape(text.replace(/\s+/g, " ").trim());

/** The report of deduplication as a page of its own, without scripts. */
export const duplicatesHtml = (report: DedupeReport): string => page("Near-duplicates", duplicatesBody(report));

/** What the page says, without a title. */
export function duplicatesBody(report: DedupeReport): string {
  const { read, documents, chats, duplicates, clusters, candidates, verified, settings, sizes, examples } = report;
  const bySize = Object.entries(sizes).map(([size, count]) => ({ name: `${size} documents`, value: count }));
  return `<p>${number(duplicates)} near-duplicates in ${number(clusters)} clusters were removed; of each cluster the ${settings.keep === "longest" ? "longest" : "first"} document stays.</p>
${table(["", "Rows", "Share"], [["Read", number(read), "100 %"], ["Documents kept", number(documents), percent(documents, read)], ["Chats, not compared", number(chats), percent(chats, read)], ["Near-duplicates removed", number(duplicates), percent(duplicates, read)]])}
${bySize.length > 0 ? `<h2>Clusters by size</h2>${bars("Clusters by size", bySize)}` : ""}
${examples.length > 0 ? `<h2>Examples</h2>${examples.map(({ cluster, size, kept, removed }) => `<h3>${escape(cluster)}: ${number(size)} documents</h3><blockquote>Stays: ${excerpt(kept)}</blockquote><blockquote>Goes: ${excerpt(removed)}</blockquote>`).join("")}` : ""}
<h2>Method</h2>
${table(["", ""], [["Signatures", "MinHash, 112 hashes in 14 bands of 8, shingles of 5 words"], ["Candidate pairs that were compared", number(candidates)], [`Pairs with a similarity of ${settings.similarity} and more`, number(verified)], ["Fingerprint", report.fingerprint.slice(0, 16)]])}
<h2>Outputs</h2>
${table(["File", "Bytes", "Rows"], report.outputs.map((output) => [output.file, number(output.bytes), number(output.documents)]))}`;
}
