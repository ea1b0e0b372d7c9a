import { wordEnd } from "../scanner.js";
import { finishHash, HASH_START, hashStep, hashWord, WordTable } from "./word-table.js";

const BLANK = 0x20;
/** Words and bytes that are counted before the counts are handed on: what a processor's own cache holds. */
const MOST_WORDS = 1 << 16;
const MOST_BYTES = 1 << 20;

/** Counts of words since they were last handed on. */
export interface CountedWords {
  table: WordTable;
  /** By word; whole numbers below 2^31. */
  counts: Int32Array;
}

/**
 * Counts words in a small table, which stays in the processor's cache, and hands its counts on whenever it is full: most
 * words of a text are among its frequent ones.
 */
export class WordCounter {
  private readonly table = new WordTable();
  private readonly counts = new Int32Array(MOST_WORDS);

  /** @param handOn Takes the counts; they are gone after the call. */
  constructor(
    private readonly useRegex: boolean,
    private readonly handOn: (words: CountedWords) => void,
  ) {}

  /** Counts the words of one sequence, `bytes[start, end)` in UTF-8; returns how many they are. */
  add(bytes: Uint8Array, start: number, end: number): number {
    if (start >= end) return 0;
    if (!this.useRegex) {
      this.count(bytes, start, end, hashWord(bytes, start, end));
      return 1;
    }
    let words = 0;
    for (let from = start; from < end; words++) {
      // Most words are a blank and letters of ASCII, and those are hashed on the way.
      let at = from;
      let hash = HASH_START;
      if (bytes[at] === BLANK) hash = hashStep(hash, bytes[at++]!);
      const letters = at;
      for (; at < end && ((bytes[at]! | 0x20) - 0x61) >>> 0 < 26; at++) hash = hashStep(hash, bytes[at]!);
      if (at > letters && (at === end || bytes[at]! < 0x80)) hash = finishHash(hash);
      else {
        at = wordEnd(bytes, from, end);
        hash = hashWord(bytes, from, at);
      }
      this.count(bytes, from, at, hash);
      from = at;
    }
    return words;
  }

  /** Hands on what is counted so far. */
  flush(): void {
    if (this.table.size === 0) return;
    this.handOn({ table: this.table, counts: this.counts });
    this.counts.fill(0, 0, this.table.size);
    this.table.clear();
  }

  private count(bytes: Uint8Array, start: number, end: number, hash: number): void {
    const { table } = this;
    if (table.size === MOST_WORDS || table.starts[table.size]! > MOST_BYTES) this.flush();
    const word = table.add(bytes, start, end, hash);
    // A count that could pass 2^31 is handed on in time.
    if (++this.counts[word]! === 0x7fffffff) this.flush();
  }
}
