import type { Verdict } from "../clean/clean.js";
import type { Document } from "../document.js";

/** A rejected document as the report shows it. */
export interface Example {
  id: string;
  value: number;
  threshold: number;
  /** The beginning of its text. */
  excerpt: string;
}

/** What the report says beyond the counts. All of it adds up over parts. */
export interface Details {
  /** Rejected documents by "filter.rule". */
  rules: Record<string, number>;
  /** The first few of each rule. */
  examples: Record<string, Example[]>;
  /** Kept documents by language: the column's, else the identified one. */
  languages: Record<string, number>;
  /** Rejected documents by the language that was identified, where the language was the reason. */
  otherLanguages: Record<string, number>;
  /** Documents by host of their URL: [kept, rejected]. Of each part the most frequent; the rest is under "". */
  domains: Record<string, [number, number]>;
}

export const noDetails = (): Details => ({ rules: {}, examples: {}, languages: {}, otherLanguages: {}, domains: {} });

const EXAMPLES = 3;
const EXCERPT = 240;
/** Hosts that are counted by name. */
const HOSTS = 1_000;

const increase = (counts: Record<string, number>, key: string, by = 1): void => {
  counts[key] = (Object.hasOwn(counts, key) ? counts[key]! : 0) + by;
};

/** The host of a URL in lower case, without "www."; undefined if there is none with a dot. */
export const hostOf = (url: string | undefined): string | undefined => /^(?:[a-z][a-z0-9+.-]*:)?\/\/(?:[^/?#@]*@)?(?:www\.)?([^/?#:]+\.[^/?#:.]+)/i.exec(url ?? "")?.[1]?.toLowerCase();

const excerptOf = (document: Document): string => {
  const text = document.text.slice(0, EXCERPT + 1).replace(/\s+/g, " ").trim();
  return document.text.length > EXCERPT ? `${text.slice(0, EXCERPT)}…` : text;
};

/** Adds one verdict. */
export function detail(details: Details, { document, reason, rejection, identified }: Verdict): void {
  if (rejection) {
    const rule = `${rejection.filter}.${rejection.rule}`;
    increase(details.rules, rule);
    const examples = (details.examples[rule] ??= []);
    if (examples.length < EXAMPLES) examples.push({ id: document.id, value: rejection.value, threshold: rejection.threshold, excerpt: excerptOf(document) });
    if (rejection.filter === "language") increase(details.otherLanguages, identified?.language ?? "");
  } else if (!reason && document.language !== undefined && document.language !== "") increase(details.languages, document.language);
  const host = hostOf(document.url);
  if (host === undefined) return;
  const counts = (details.domains[host] ??= [0, 0]);
  counts[reason ? 1 : 0]++;
}

/** Leaves the most frequent hosts; what the others had is under "". */
export function trimDetails(details: Details, hosts = HOSTS): Details {
  const all = Object.entries(details.domains).filter(([host]) => host !== "");
  if (all.length <= hosts) return details;
  all.sort(([a, x], [b, y]) => y[0] + y[1] - x[0] - x[1] || (a < b ? -1 : 1));
  const rest: [number, number] = [...(details.domains[""] ?? [0, 0])];
  for (const [, [kept, rejected]] of all.slice(hosts)) {
    rest[0] += kept;
    rest[1] += rejected;
  }
  return { ...details, domains: { ...Object.fromEntries(all.slice(0, hosts)), "": rest } };
}

/** Adds the details of a part. */
export function addDetails(total: Details, part: Details): void {
  for (const name of ["rules", "languages", "otherLanguages"] as const) for (const [key, value] of Object.entries(part[name])) increase(total[name], key, value);
  for (const [rule, examples] of Object.entries(part.examples)) total.examples[rule] = [...(total.examples[rule] ?? []), ...examples].slice(0, EXAMPLES);
  for (const [host, [kept, rejected]] of Object.entries(part.domains)) {
    const counts = (total.domains[host] ??= [0, 0]);
    counts[0] += kept;
    counts[1] += rejected;
  }
}
