import { ChunkTable } from "../clean/words/chunk-table.js";
import { splitChunk } from "../clean/words/spacy.js";
import { SPECIAL } from "../clean/words/spacy-en.js";
import { Simplifier } from "./simplify.js";

/** Runs of small letters that are not one word ("dont"), as marks by a hash of their ends and length; some others share a mark. */
const BITS = 14;
const markOf = (first: number, second: number, last: number, length: number): number => Math.imul(first | (second << 8) | (last << 16) | (length << 24), 0x9e3779b1) >>> (32 - BITS);
const isLetter = (unit: number): boolean => unit >= 97 && unit <= 122;
/** Different chunks that are remembered; when there are more, all are forgotten. */
const MOST_CHUNKS = 100_000;
/** Longer chunks (mostly noise) are not remembered. */
const LONGEST_CHUNK = 64;

/**
 * The words of a text's simple form (see {@link Simplifier}) by spaCy's English rules, as MinHash takes them: UTF-8, one space apart. Nearly every
 * chunk of the simple form is a run of small letters, or "0", which is a word as it is; the rules run on the others, once on each.
 */
export class ShingleWords {
  readonly #simplifier = new Simplifier();
  readonly #marks = new Uint8Array(1 << BITS);
  readonly #chunks = new ChunkTable();
  /** By number in the table: the words of a chunk. */
  #words: Uint8Array[][] = [];
  /** The words of the last text. */
  bytes = new Uint8Array(1 << 16);
  /** -1, then where each word of the last text ends in {@link bytes}. */
  ends = new Int32Array(1 << 14).fill(-1, 0, 1);

  constructor() {
    for (const line of SPECIAL) {
      const chunk = Buffer.from(line.replaceAll(" ", ""));
      if (chunk.every(isLetter)) this.#marks[markOf(chunk[0]!, chunk[1] ?? 0, chunk.at(-1)!, chunk.length)] = 1;
    }
  }

  /** Splits a text. @returns how many words it has; {@link bytes} and {@link ends} hold them */
  split(text: string): number {
    const length = this.#simplifier.run(text);
    const { units } = this.#simplifier;
    if (this.#chunks.size >= MOST_CHUNKS) {
      this.#chunks.clear();
      this.#words = [];
    }
    let count = 0;
    let at = 0;
    for (let start = 0, end: number; start < length; start = end + 1) {
      let letters = 0;
      let unit: number;
      for (end = start; end < length && (unit = units[end]!) !== 32; end++) if (isLetter(unit)) letters++;
      const size = end - start;
      if (size === 0) continue;
      const isWord = letters === size ? this.#marks[markOf(units[start]!, size > 1 ? units[start + 1]! : 0, units[end - 1]!, size)] === 0 : size === 1 && units[start] === 48;
      if (!isWord) {
        for (const word of this.#split(units, start, end)) {
          this.#makeRoom(count, at + word.length);
          if (count > 0) this.bytes[at++] = 32;
          this.bytes.set(word, at);
          this.ends[++count] = at += word.length;
        }
        continue;
      }
      this.#makeRoom(count, at + size);
      const { bytes } = this;
      if (count > 0) bytes[at++] = 32;
      for (let i = start; i < end; i++) bytes[at++] = units[i]!;
      this.ends[++count] = at;
    }
    return count;
  }

  /** Room for one more word that ends at `at`, or one behind that. */
  #makeRoom(count: number, at: number): void {
    if (at + 1 > this.bytes.length) this.bytes = grown(this.bytes, new Uint8Array(2 * (at + 1)));
    if (count + 2 > this.ends.length) this.ends = grown(this.ends, new Int32Array(2 * (count + 2)));
  }

  /** The words of a chunk, by the rules. */
  #split(units: Uint16Array, start: number, end: number): Uint8Array[] {
    const hash = ChunkTable.hash(units, start, end);
    const known = this.#chunks.find(units, start, end, hash);
    if (known !== undefined) return this.#words[known]!;
    const words = splitChunk(Buffer.from(units.buffer, 2 * start, 2 * (end - start)).toString("utf16le")).map((word) => Buffer.from(word));
    if (end - start <= LONGEST_CHUNK) this.#chunks.add(units, start, end, hash, this.#words.push(words) - 1);
    return words;
  }
}

function grown<T extends Uint8Array | Int32Array>(array: T, larger: T): T {
  larger.set(array);
  return larger;
}
