import { type Document, chatText } from "../document.js";
import { xxh64 } from "../util/hash.js";
import { repairMojibake } from "./filters/mojibake.js";
import type { FilterName } from "./filters/names.js";
import { type Rejection, Trial } from "./filters/trial.js";
import type { TextFilter } from "./filters/trial.js";
import { HashSet64 } from "./hash-set.js";
import { normalizeText } from "./normalize.js";
import { type FilterOptions, createFilters } from "./pipeline.js";
import { WordTable } from "./words/words.js";

/** The reasons that need no filters. */
export type BasicReason = "wrong-language" | "too-short" | "empty-message" | "duplicate";
/** Why a document was rejected: a basic reason, or the name of the filter that did. */
export type RejectReason = BasicReason | FilterName;
export const REJECT_REASONS: readonly BasicReason[] = ["wrong-language", "too-short", "empty-message", "duplicate"];

/** Settings of cleaning. */
export interface CleanOptions {
  /** Documents with fewer characters (Unicode code points, after normalizing) are rejected; chats are exempt. Default 20. */
  minCharacters?: number;
  /** Documents whose `language` column says another one are rejected ("en" also takes "en-GB" and "eng"); null keeps all. Default "en". */
  language?: string | null;
  /** Reject a document whose normalized text was there before; default true. */
  deduplicate?: boolean;
  /** Judge documents (not chats) by a pipeline of filters, see {@link FilterOptions}; default null, none. */
  filters?: FilterOptions | null;
}

export const CLEAN_DEFAULTS: Required<CleanOptions> = { minCharacters: 20, language: "en", deduplicate: true, filters: null };

/** What became of a document. */
export interface Verdict {
  /** The document in normal form, whether it is kept or not. */
  document: Document;
  /** Why it was rejected; absent if it is kept. */
  reason?: RejectReason;
  /** Whether normalizing changed its text. */
  changed: boolean;
  /** The rule, value and threshold, if a filter rejected it. */
  rejection?: Rejection;
  /** What the filters measured, by "filter.rule": of what they reject, and of all documents where the options say so. */
  measures?: Record<string, number>;
  /** The language that was identified. */
  identified?: { language: string; score: number };
}

/** The document with its text, or the contents of its messages, in normal form. */
export function normalizeDocument(document: Document): Document {
  if (!document.messages) {
    const text = normalizeText(document.text);
    return text === document.text ? document : { ...document, text };
  }
  const messages = document.messages.map((message) => ({ ...message, content: normalizeText(message.content) }));
  return { ...document, messages, text: chatText(messages) };
}

/** The document with its mojibake repaired, which has to come first: control characters can be bytes of a broken letter. */
function repaired(document: Document): Document {
  const text = repairMojibake(document.text);
  return text === document.text ? document : { ...document, text };
}

/** Whether the document's language column speaks against `language`. A document without one is not judged. */
export const isOtherLanguage = (document: Document, language: string): boolean => {
  const found = document.language?.toLowerCase();
  return found !== undefined && found !== "" && found !== language && !found.startsWith(`${language}-`) && !found.startsWith(`${language}_`) && !(language === "en" && found === "eng");
};

/** Whether a text has fewer than `minimum` code points. */
export const isTooShort = (text: string, minimum: number): boolean => text.length < minimum || (text.length < 2 * minimum && [...text].length < minimum);

/** A chat can only be learned from if it has a reply and no message is empty. */
export const hasEmptyMessage = (document: Document): boolean => document.messages !== undefined && (document.messages.some((message) => message.content === "") || !document.messages.some((message) => message.role === "assistant"));

/**
 * Cleans one document after the other. Exact duplicates are found by a 64-bit xxHash of the normalized text (of a chat: of its
 * messages), 16 to 32 bytes of memory for each document that is kept; among 15 million different documents the chance
 * that any two share a hash is about 6 in a million.
 */
export class Cleaner {
  readonly options: Required<CleanOptions>;
  readonly #seen = new HashSet64();

  readonly #table = new WordTable();

  private constructor(
    options: CleanOptions,
    private readonly hash: (text: string) => bigint,
    private readonly filters: readonly TextFilter[],
  ) {
    this.options = { ...CLEAN_DEFAULTS, ...options };
  }

  /** @throws DatasetError for a threshold that no filter has, or lists of URLs or evaluation texts that can't be read */
  static async create(options: CleanOptions = {}): Promise<Cleaner> {
    return new Cleaner(options, (await xxh64()).text, options.filters ? await createFilters(options.filters, options.language === undefined ? CLEAN_DEFAULTS.language : options.language) : []);
  }

  /** Takes a hash as seen, as if its document had been cleaned before. */
  remember(high: number, low: number): void {
    this.#seen.add(high, low);
  }

  /** Judges a document. `onHash` gets the hash of one that is kept. */
  judge(input: Document, onHash?: (high: number, low: number) => void): Verdict {
    const { minCharacters, language, deduplicate, filters } = this.options;
    // What judges as datatrove does must see what datatrove would see.
    const compat = filters?.compat === "datatrove" && !input.messages;
    let document = compat ? input : normalizeDocument(filters && !input.messages ? repaired(input) : input);
    const changed = document.text !== input.text;
    if (language !== null && isOtherLanguage(document, language)) return { document, changed, reason: "wrong-language" };
    if (!document.messages && isTooShort(document.text, minCharacters)) return { document, changed, reason: "too-short" };
    if (hasEmptyMessage(document)) return { document, changed, reason: "empty-message" };
    let filtered: Pick<Verdict, "rejection" | "measures" | "identified"> = {};
    if (filters && !document.messages) {
      const trial = this.#filter(document, filters.measures === true);
      filtered = { ...(trial.rejection || filters.measures ? { measures: trial.measures } : {}), ...(trial.rejection ? { rejection: trial.rejection } : {}), ...(trial.language ? { identified: trial.language } : {}) };
      // A rejected document keeps the text that it came with, so that it can be judged again.
      if (trial.rejection) return { document: compat ? document : normalizeDocument(input), changed, reason: trial.rejection.filter as FilterName, ...filtered };
      document = { ...document, text: trial.text };
      if (trial.language) document = { language: trial.language.language, language_score: trial.language.score, ...document };
    }
    if (deduplicate) {
      const hash = this.hash(document.messages ? JSON.stringify(document.messages) : document.text);
      const high = Number(hash >> 32n);
      const low = Number(hash & 0xffff_ffffn);
      if (!this.#seen.add(high, low)) return { document, changed, reason: "duplicate", ...filtered };
      onHash?.(high, low);
    }
    return { document, changed, ...filtered };
  }

  #filter(document: Document, complete: boolean): Trial {
    this.#table.trim();
    const trial = new Trial(document, this.#table, complete);
    for (const filter of this.filters) {
      trial.enter(filter.name);
      filter.apply(trial);
      if (trial.rejection && !complete) break;
    }
    return trial;
  }
}

/**
 * The documents of a stream that pass cleaning, in normal form and in order.
 * @param onReject Called with each document that does not, and the reason
 */
export async function* cleanDocuments(documents: AsyncIterable<Document> | Iterable<Document>, { onReject, ...options }: CleanOptions & { onReject?: (document: Document, reason: RejectReason) => void } = {}): AsyncGenerator<Document> {
  const cleaner = await Cleaner.create(options);
  for await (const input of documents) {
    const { document, reason } = cleaner.judge(input);
    if (reason) onReject?.(document, reason);
    else yield document;
  }
}
