import { BYTE_TO_CHAR, bytesToToken } from "../bytes.js";
import { ByteTable, grown } from "../byte-table.js";
import type { TokenIds } from "../json/read.js";
import type { Scanner } from "../patterns.js";
import type { IdList } from "./id-list.js";
import type { MergeRanks } from "./merge-ranks.js";
import { SHORT_BYTES, SHORT_TOKENS, ShortWords } from "./short-words.js";
import { unknownId } from "./text-model.js";
import { WordLoop, type EncodeWord, type WordEncoder } from "./word-loop.js";
import { WordMerger } from "./word-merger.js";

/** What a model is made of. */
export interface BpeModelParts {
  /** Ids by token, written in the byte characters. */
  ids: TokenIds;
  merges: MergeRanks;
  /** One more than the largest id. */
  limit: number;
  unkToken: string | null;
  fuseUnk: boolean;
  /** Whether a word that is in the vocabulary is taken whole, without a look at the merges. */
  ignoreMerges: boolean;
  /** Makes what encodes words faster than `WordLoop`. */
  fastWords?: FastWords;
}

/** What encodes words is made of. */
export interface WordParts {
  scan: Scanner;
  encodeWord: EncodeWord;
  /** One more than the largest id. */
  limit: number;
  /** The token of each byte, -1 for none. */
  byteIds: Int32Array;
  /** The merges, where they alone make the tokens of a word. */
  merges: MergeRanks | undefined;
}

/** Makes what encodes words; undefined where that can't be had. */
export type FastWords = (parts: WordParts) => WordEncoder | undefined;

/** Words up to this many bytes are remembered with their tokens, up to this many words and ids; then all are forgotten. */
const CACHED_BYTES = 64;
const CACHED_WORDS = 1 << 17;
const CACHED_IDS = 1 << 20;

/** Byte-level BPE of single words, with a cache of recent ones. */
export class BpeModel {
  private readonly byteIds = new Int32Array(256).fill(-1);
  private readonly unk: number;
  private readonly merger: WordMerger;
  private readonly shortWords = new ShortWords();
  private readonly cache = new ByteTable();
  private cacheStarts = new Int32Array(1 << 10);
  private cacheIds = new Int32Array(1 << 12);
  private symbols = new Int32Array(256);
  private words: WordEncoder | undefined;

  constructor(private readonly parts: BpeModelParts) {
    for (let byte = 0; byte < 256; byte++) this.byteIds[byte] = parts.ids.get(BYTE_TO_CHAR[byte]!) ?? -1;
    this.unk = parts.unkToken === null ? -1 : (parts.ids.get(parts.unkToken) ?? -1);
    this.merger = new WordMerger(parts.merges);
  }

  /**
   * Appends the tokens of the words that `scan`, always the same one, finds in a text.
   *
   * @param bytes Its UTF-8 from `from` to `to`, with `BYTES_BEYOND` more bytes after it, which are overwritten.
   */
  encodeWords(bytes: Uint8Array, from: number, to: number, scan: Scanner, out: IdList): void {
    this.words ??= this.encoderOf(scan);
    this.words.run(bytes, from, to, out);
  }

  private encoderOf(scan: Scanner): WordEncoder {
    const { merges, limit, ignoreMerges, fastWords } = this.parts;
    const encodeWord: EncodeWord = (word, start, end, ids) => this.encodeWord(word, start, end, ids);
    return fastWords?.({ scan, encodeWord, limit, byteIds: this.byteIds, merges: ignoreMerges || merges.ambiguous ? undefined : merges }) ?? new WordLoop(scan, encodeWord);
  }

  /** Appends the tokens of the word `bytes[start, end)`. */
  encodeWord(bytes: Uint8Array, start: number, end: number, out: IdList): void {
    const { shortWords } = this;
    const short = end - start <= SHORT_BYTES && start + 16 <= bytes.length;
    if (short) {
      const count = shortWords.find(bytes, start, end);
      if (count > 0) {
        const { entries, at } = shortWords;
        out.push(entries[at]!);
        if (count > 1) out.push(entries[at + 1]!);
        if (count > 2) out.push(entries[at + 2]!);
        return;
      }
    }
    if (end - start > CACHED_BYTES) {
      const count = this.mergeWord(bytes, start, end);
      for (let at = 0; at < count; at++) out.push(this.symbols[at]!);
      return;
    }
    let index = this.cache.find(bytes, start, end);
    if (index < 0) index = this.remember(bytes, start, end, this.mergeWord(bytes, start, end));
    const first = this.cacheStarts[index]!;
    const last = this.cacheStarts[index + 1]!;
    if (short && last > first && last - first <= SHORT_TOKENS) shortWords.keep(this.cacheIds, first, last);
    for (let at = first; at < last; at++) out.push(this.cacheIds[at]!);
  }

  /** Keeps a word with the `count` tokens that are in `symbols`, and returns its index. */
  private remember(bytes: Uint8Array, start: number, end: number, count: number): number {
    const { cache } = this;
    if (cache.size >= CACHED_WORDS || this.cacheStarts[cache.size]! + count > CACHED_IDS) cache.clear();
    const index = cache.add(bytes, start, end);
    if (index + 2 > this.cacheStarts.length) this.cacheStarts = grown(this.cacheStarts, index + 2);
    const from = index === 0 ? 0 : this.cacheStarts[index]!;
    if (from + count > this.cacheIds.length) this.cacheIds = grown(this.cacheIds, from + count);
    for (let at = 0; at < count; at++) this.cacheIds[from + at] = this.symbols[at]!;
    this.cacheStarts[index] = from;
    this.cacheStarts[index + 1] = from + count;
    return index;
  }

  /** Leaves the tokens at the start of `symbols` and returns how many they are. */
  private mergeWord(bytes: Uint8Array, start: number, end: number): number {
    if (this.symbols.length < end - start || this.symbols.length > 1 << 20) this.symbols = new Int32Array(Math.max(256, end - start));
    const { symbols, byteIds, parts } = this;
    if (parts.ignoreMerges) {
      const whole = parts.ids.get(bytesToToken(bytes, start, end));
      if (whole !== undefined) {
        symbols[0] = whole;
        return 1;
      }
    }
    let length = 0;
    let afterUnknown = false;
    for (let at = start; at < end; at++) {
      const id = byteIds[bytes[at]!]!;
      if (id >= 0) symbols[length++] = id;
      else if (parts.unkToken !== null && !(afterUnknown && parts.fuseUnk)) symbols[length++] = this.unk >= 0 ? this.unk : unknownId(parts.ids, parts.unkToken);
      afterUnknown = id < 0;
    }
    return this.merger.merge(symbols, length);
  }
}
