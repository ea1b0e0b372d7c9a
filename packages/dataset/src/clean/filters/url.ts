import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { DatasetError } from "../../errors.js";
import type { TextFilter } from "./trial.js";

/** Lists by which URLs are rejected, in datatrove's meaning. */
export interface UrlLists {
  /** Hosts; their subdomains count too. */
  domains?: Iterable<string>;
  /** Whole URLs. */
  urls?: Iterable<string>;
  /** Rejected if one is a word of the URL. */
  banned_words?: Iterable<string>;
  /** Rejected if one stands anywhere in the URL's letters and digits. */
  banned_subwords?: Iterable<string>;
  /** Rejected if `soft_words` of them are words of the URL. */
  soft_banned_words?: Iterable<string>;
}

/** Thresholds of {@link urlFilter}: as many soft words are still allowed. */
export const URL_LIMITS = { soft_words: 1 };

/** The files that {@link readUrlLists} looks for, named as datatrove and the UT1 lists name them. */
const FILES = { domains: "domains", urls: "urls", banned_words: "banned_words.txt", banned_subwords: "banned_subwords.txt", soft_banned_words: "soft_banned_words.txt" } as const;

/**
 * Reads the lists of a folder: domains, urls, banned_words.txt, banned_subwords.txt and soft_banned_words.txt, one entry a line, "#"
 * for remarks; each may be missing. datatrove's own (in its assets folder) fit as they are.
 * @throws DatasetError if none is there
 */
export async function readUrlLists(folder: string): Promise<UrlLists> {
  const lists: Record<string, string[]> = {};
  for (const [name, file] of Object.entries(FILES)) {
    const text = await readFile(join(folder, file), "utf8").catch((error: NodeJS.ErrnoException) => {
      if (error.code === "ENOENT" || error.code === "ENOTDIR") return undefined;
      throw error;
    });
    if (text !== undefined) lists[name] = text.split("\n").map((line) => line.trim()).filter((line) => line !== "" && !line.startsWith("#"));
  }
  if (Object.keys(lists).length === 0) throw new DatasetError(`${folder} has no list of URLs; expected at least one of ${Object.values(FILES).join(", ")}, one entry a line.`);
  return lists;
}

const normalize = (text: string): string => text.replace(/[^a-zA-Z0-9]+/g, "").toLowerCase();

/** The host of a URL and every domain above it: "a.b.org" gives a.b.org, b.org and org. */
function domainsOf(url: string): string[] {
  const host = /^(?:[a-z][a-z0-9+.-]*:)?\/\/(?:[^/?#@]*@)?([^/?#:]+)/i.exec(url)?.[1] ?? /^[^/?#:]+/.exec(url)?.[0] ?? "";
  const labels = host.toLowerCase().split(".");
  return labels.map((_, index) => labels.slice(index).join("."));
}

/**
 * Rejects documents by their URL, as FineWeb does (datatrove's URLFilter): blocked hosts and URLs, banned words, several of the softly
 * banned. Documents without a URL pass. Every domain above a host is looked up, where datatrove looks up two (the registered domain and the host), so
 * no list of public suffixes is needed.
 */
export function urlFilter(lists: UrlLists, options: Partial<{ [K in keyof typeof URL_LIMITS]: number | null }> = {}): TextFilter {
  const limit: { [K in keyof typeof URL_LIMITS]: number | null } = { ...URL_LIMITS, ...options };
  const domains = new Set(lists.domains);
  const urls = new Set(lists.urls);
  const words = (list: Iterable<string> | undefined): Set<string> => new Set([...(list ?? [])].map(normalize));
  const banned = words(lists.banned_words);
  const soft = words(lists.soft_banned_words);
  const subwords = [...words(lists.banned_subwords)].filter((word) => word !== "").sort((a, b) => b.length - a.length);
  const subword = subwords.length > 0 ? new RegExp(subwords.join("|")) : undefined;
  return {
    name: "url",
    apply(trial) {
      const { url } = trial.document;
      if (url === undefined || url === "") return;
      if (trial.atMost("domain", domainsOf(url).some((domain) => domains.has(domain)) ? 1 : 0, 0)) return;
      if (trial.atMost("url", urls.has(url) ? 1 : 0, 0)) return;
      const found = new Set(url.split(/[^a-zA-Z0-9]+/));
      let hard = 0;
      let soften = 0;
      for (const word of found) {
        if (banned.has(word)) hard++;
        if (soft.has(word)) soften++;
      }
      if (trial.atMost("hard_blacklisted", hard, 0)) return;
      if (trial.atMost("soft_words", soften, limit.soft_words)) return;
      trial.atMost("blacklisted_subword", subword?.test(normalize(url)) ? 1 : 0, 0);
    },
  };
}
