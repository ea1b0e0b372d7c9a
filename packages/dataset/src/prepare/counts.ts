import type { Document } from "../document.js";
import { type BasicReason, type RejectReason, REJECT_REASONS, type Verdict } from "../clean/clean.js";
import { type Details, addDetails, detail, hostOf, noDetails } from "../report/details.js";

/** Lengths are counted in classes of powers of two: class k has 2^k up to 2^(k+1) - 1 characters; the last has all above. */
export const LENGTH_CLASSES = 24;

/** What cleaning did, in numbers that add up over parts. */
export interface Counts {
  /** Rows read. */
  read: number;
  /** Kept. */
  documents: number;
  chats: number;
  /** Characters (UTF-16 units) and UTF-8 bytes of the texts that are kept. */
  characters: number;
  bytes: number;
  /** Texts, kept or not, that normalizing changed. */
  changed: number;
  /** By reason; a filter that rejected nothing is not there. */
  rejected: Record<BasicReason, number> & Partial<Record<RejectReason, number>>;
  /** Kept documents and chats by length class. */
  lengths: number[];
  /** Rules, examples, languages and domains. */
  details: Details;
}

export const noCounts = (): Counts => ({
  read: 0,
  documents: 0,
  chats: 0,
  characters: 0,
  bytes: 0,
  changed: 0,
  rejected: Object.fromEntries(REJECT_REASONS.map((reason) => [reason, 0])) as Record<BasicReason, number>,
  lengths: Array<number>(LENGTH_CLASSES).fill(0),
  details: noDetails(),
});

/** Adds one verdict. */
export function count(counts: Counts, verdict: Verdict): void {
  const { document, reason, changed } = verdict;
  counts.read++;
  detail(counts.details, verdict);
  if (changed) counts.changed++;
  if (reason) {
    counts.rejected[reason] = (counts.rejected[reason] ?? 0) + 1;
    return;
  }
  if (document.messages) counts.chats++;
  else counts.documents++;
  counts.characters += document.text.length;
  counts.bytes += Buffer.byteLength(document.text);
  counts.lengths[lengthClass(document)]!++;
}

const lengthClass = ({ text }: Document): number => Math.min(LENGTH_CLASSES - 1, Math.floor(Math.log2(Math.max(1, text.length))));

/** Makes a duplicate of a kept document that was counted. */
export function discount(counts: Counts, document: Document): void {
  counts[document.messages ? "chats" : "documents"]--;
  counts.characters -= document.text.length;
  counts.bytes -= Buffer.byteLength(document.text);
  counts.lengths[lengthClass(document)]!--;
  counts.rejected.duplicate++;
  const { languages, domains } = counts.details;
  const { language = "" } = document;
  if (language !== "" && --languages[language]! === 0) delete languages[language];
  const domain = domains[hostOf(document.url) ?? ""];
  if (!domain) return;
  domain[0]--;
  domain[1]++;
}

/** Adds the counts of a part. */
export function addCounts(total: Counts, part: Counts): void {
  for (const key of ["read", "documents", "chats", "characters", "bytes", "changed"] as const) total[key] += part[key];
  for (const [reason, value] of Object.entries(part.rejected) as [RejectReason, number][]) total.rejected[reason] = (total.rejected[reason] ?? 0) + value;
  addDetails(total.details, part.details);
  total.lengths = total.lengths.map((value, index) => value + (part.lengths[index] ?? 0));
}
