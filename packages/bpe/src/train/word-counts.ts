import { BpeError } from "../errors.js";
import { forEachPart, withBytes } from "../text-chunks.js";
import type { FlatWords } from "./symbols.js";
import { WordCounter } from "./word-counter.js";
import { hashWord, WordTable } from "./word-table.js";

/** How texts are cut into words for counting. */
export interface WordSplit {
  /** Whether a text that does not start with a blank gets one; default false. */
  addPrefixSpace?: boolean;
  /** Whether texts are split by GPT-2's pattern; else each is one word. Default true. */
  useRegex?: boolean;
}

const utf8 = new TextEncoder();

/** The unique words of some texts with how often each occurs: all that training needs to remember of a corpus. */
export class WordCounts {
  /** Words seen, repeated ones included. */
  total = 0;
  /** UTF-8 bytes seen. */
  bytes = 0;
  private readonly words = new WordTable();
  /** Occurrences of word i; exact up to 2^53. */
  private counts = new Float64Array(1 << 10);
  private readonly split: Required<WordSplit>;
  private readonly counter: WordCounter;

  constructor({ addPrefixSpace = false, useRegex = true }: WordSplit = {}) {
    this.split = { addPrefixSpace, useRegex };
    this.counter = new WordCounter(useRegex, ({ table, counts }) => this.addTable(table, counts));
  }

  /** Number of unique words. */
  get size(): number {
    return this.flat().table.size;
  }

  /** Number of unique words without those of the last few texts: quick to ask for. */
  get sizeSoFar(): number {
    return this.words.size;
  }

  /** Counts the words of one sequence. Whitespace at its end is not joined with the next sequence. */
  addText(text: string): void {
    if (text === "") return;
    const whole = this.split.addPrefixSpace && !text.startsWith(" ") ? ` ${text}` : text;
    (this.split.useRegex ? forEachPart : withBytes)(whole, this.addPart);
  }

  /** Counts the words of one sequence, `bytes[start, end)` in UTF-8, as it is. */
  addBytes(bytes: Uint8Array, start: number, end: number): void {
    this.total += this.counter.add(bytes, start, end);
    this.bytes += end - start;
  }

  /**
   * Counts one word, as the pre-tokenizer gives it (" the", with its blank).
   * @param word Its text, or its bytes.
   * @param count How often it occurs, a whole number from 0.
   * @throws BpeError where the count is none, or the bytes of all words pass 2^53, so that counts could no longer be exact
   */
  add(word: string | Uint8Array, count = 1): void {
    if (!Number.isSafeInteger(count) || count < 0) throw new BpeError(`The count of ${JSON.stringify(word)} is ${count}; expected a whole number from 0.`);
    const bytes = typeof word === "string" ? utf8.encode(word) : word;
    if (bytes.length === 0 || count === 0) return;
    this.put(bytes, 0, bytes.length, hashWord(bytes, 0, bytes.length), count);
    this.total += count;
    this.grew(bytes.length * count);
  }

  /** Adds all counts of another table. @throws BpeError as of {@link add} */
  merge(other: WordCounts): void {
    const { table, counts } = other.flat();
    this.addTable(table, counts);
    this.total += other.total;
    this.grew(other.bytes);
  }

  /** Every word's bytes with its count, in order of arrival. */
  *entries(): Generator<[Uint8Array<ArrayBuffer>, number]> {
    const { table, counts } = this.flat();
    for (let word = 0; word < table.size; word++) yield [table.arena.slice(table.starts[word], table.starts[word + 1]), counts[word]!];
  }

  /** The words and their counts as they lie in memory; valid until more are counted. */
  flat(): { table: WordTable; counts: Float64Array } {
    this.counter.flush();
    return { table: this.words, counts: this.counts };
  }

  /** {@link flat}, and what only further counting needs is let go of until then. */
  sealed(): { table: WordTable; counts: Float64Array } {
    const flat = this.flat();
    flat.table.seal();
    return flat;
  }

  /** Adds the counts of a table; `total` and `bytes` are left to the caller. */
  addTable(table: Pick<WordTable, "size" | "starts" | "arena" | "hashes">, counts: Int32Array | Float64Array): void {
    const { size, starts, arena, hashes } = table;
    for (let word = 0; word < size; word++) this.put(arena, starts[word]!, starts[word + 1]!, hashes[word]!, counts[word]!);
  }

  private put(bytes: Uint8Array, start: number, end: number, hash: number, count: number): void {
    const index = this.words.add(bytes, start, end, hash);
    if (index >= this.counts.length) {
      const larger = new Float64Array(this.counts.length * 2);
      larger.set(this.counts);
      this.counts = larger;
    }
    this.counts[index]! += count;
  }

  /** Notes bytes that were counted, repeated words included. */
  grew(bytes: number): void {
    this.bytes += bytes;
    if (this.bytes > Number.MAX_SAFE_INTEGER) throw new BpeError("The words have more than 2^53 bytes in all; counts would no longer be exact.");
  }

  private readonly addPart = (bytes: Uint8Array, length: number): void => this.addBytes(bytes, 0, length);
}

/** How often each byte occurs, repeated words included. */
export function byteCounts({ table, counts }: FlatWords): Float64Array {
  const sums = new Float64Array(256);
  const { arena, starts, size } = table;
  for (let word = 0; word < size; word++) {
    const count = counts[word]!;
    for (let at = starts[word]!; at < starts[word + 1]!; at++) sums[arena[at]!]! += count;
  }
  return sums;
}
