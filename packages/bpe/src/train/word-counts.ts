import { ByteTable } from "../byte-table.js";
import { BpeError } from "../errors.js";
import { forEachWord } from "../pre-tokenizer.js";

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
  /** The words' bytes. */
  readonly table = new ByteTable();
  /** Occurrences of word i; exact up to 2^53. */
  counts = new Float64Array(1 << 10);
  /** Words seen, repeated ones included. */
  total = 0;
  /** UTF-8 bytes seen. */
  bytes = 0;
  private readonly split: Required<WordSplit>;

  constructor({ addPrefixSpace = false, useRegex = true }: WordSplit = {}) {
    this.split = { addPrefixSpace, useRegex };
  }

  /** Number of unique words. */
  get size(): number {
    return this.table.size;
  }

  /** Counts the words of one sequence. Whitespace at its end is not joined with the next sequence. */
  addText(text: string): void {
    forEachWord(text, this.split, this.addWord);
  }

  /**
   * Counts one word, as the pre-tokenizer gives it (" the", with its blank).
   * @param word Its text, or its bytes.
   * @param count How often it occurs, a whole number from 0.
   * @throws BpeError where the count is none, or the sum of all passes 2^53 and could no longer be exact
   */
  add(word: string | Uint8Array, count = 1): void {
    if (!Number.isSafeInteger(count) || count < 0) throw new BpeError(`The count of ${JSON.stringify(word)} is ${count}; expected a whole number from 0.`);
    const bytes = typeof word === "string" ? utf8.encode(word) : word;
    if (bytes.length === 0 || count === 0) return;
    this.addRange(bytes, 0, bytes.length, count);
  }

  /** Adds all counts of another table. @throws BpeError as of {@link add} */
  merge(other: WordCounts): void {
    const { arena, starts, size } = other.table;
    for (let word = 0; word < size; word++) this.addRange(arena, starts[word]!, starts[word + 1]!, other.counts[word]!);
  }

  /** Every word's bytes with its count, in order of arrival. */
  *entries(): Generator<[Uint8Array, number]> {
    const { arena, starts } = this.table;
    for (let word = 0; word < this.table.size; word++) yield [arena.slice(starts[word], starts[word + 1]), this.counts[word]!];
  }

  /** How often each byte occurs, repeated words included. */
  byteCounts(): Float64Array {
    const sums = new Float64Array(256);
    const { arena, starts, size } = this.table;
    for (let word = 0; word < size; word++) {
      const count = this.counts[word]!;
      for (let at = starts[word]!; at < starts[word + 1]!; at++) sums[arena[at]!]! += count;
    }
    return sums;
  }

  private addRange(bytes: Uint8Array, start: number, end: number, count: number): void {
    const index = this.table.add(bytes, start, end);
    if (index >= this.counts.length) this.grow();
    this.counts[index]! += count;
    this.total += count;
    this.bytes += (end - start) * count;
    if (this.bytes > Number.MAX_SAFE_INTEGER) throw new BpeError("The words have more than 2^53 bytes in all; counts would no longer be exact.");
  }

  private readonly addWord = (bytes: Uint8Array, start: number, end: number): void => {
    const index = this.table.add(bytes, start, end);
    if (index >= this.counts.length) this.grow();
    this.counts[index]!++;
    this.total++;
    this.bytes += end - start;
  };

  private grow(): void {
    const larger = new Float64Array(this.counts.length * 2);
    larger.set(this.counts);
    this.counts = larger;
  }
}
