import type { Scanner } from "../patterns.js";
import { BYTES_BEYOND } from "../text-chunks.js";
import { AsciiRules, isLetter, QUOTE } from "./ascii-rules.js";
import type { IdList } from "./id-list.js";

/** Longest word of the table in bytes, and most tokens of one. */
const TINY_BYTES = 7;
const TINY_TOKENS = 2;
/** Numbers of an entry: two words of key, of which the highest byte is the length; its tokens, -1 for none. */
const STRIDE = 4;
const BITS = 14;

/** The bits of the key that belong to a word of each length. */
const FIRST_BITS = Int32Array.of(0, 0xff, 0xffff, 0xffffff, -1, -1, -1, -1);
const SECOND_BITS = Int32Array.of(0, 0, 0, 0, 0, 0xff, 0xffff, 0xffffff);

const HIGH_BITS = 0x80808080 | 0;

/** Appends the tokens of a word. */
export type EncodeWord = (bytes: Uint8Array, start: number, end: number, out: IdList) => void;

/** Cuts texts into words and appends their tokens. */
export interface WordEncoder {
  /**
   * Appends the tokens of all words of a text.
   *
   * @param bytes Its UTF-8 from `from` to `to`, with `BYTES_BEYOND` more bytes after it, which are overwritten.
   */
  run(bytes: Uint8Array, from: number, to: number, out: IdList): void;
}

/**
 * Cuts texts into words and gives each its tokens, with shortcuts for the most frequent: words of ASCII letters are found four
 * bytes at a time, and those of up to seven bytes and two tokens that came lately stand in a table that is small enough to stay near
 * the processor.
 */
export class WordLoop implements WordEncoder {
  private readonly entries = new Int32Array(STRIDE << BITS);
  private readonly rules: AsciiRules;

  /**
   * @param scan Finds the end of a word; one of a known pattern, in which letters of any kind belong together, but for their
   *   case perhaps. What it does with ASCII is asked of it here.
   * @param encodeWord Gives tokens to words that are not in the table.
   */
  constructor(
    private readonly scan: Scanner,
    private readonly encodeWord: EncodeWord,
  ) {
    this.rules = new AsciiRules(scan);
  }

  run(bytes: Uint8Array, from: number, to: number, out: IdList): void {
    const { entries, scan } = this;
    const { prefix, cased } = this.rules;
    /** Makes a capital a small letter, and nothing else one. */
    const first = cased ? 0x20 : 0;
    bytes.fill(0, to, to + BYTES_BEYOND);
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    // A word gets at most one token for each byte; one more place is written and not kept.
    out.reserve(to - from + 1);
    let { ids, length: count } = out;
    for (let start = from; start < to; ) {
      const letters = start + prefix[bytes[start]!]!;
      let end = letters;
      let stop = notLetters(view.getInt32(end, true) | first, cased);
      while (stop === 0) stop = notLetters(view.getInt32((end += 4), true), cased);
      end += lowestByte(stop);
      const next = bytes[end]!;
      if (end === letters || next >= 0x80 || (cased && (next === QUOTE || isLetter(next)))) end = scan(bytes, start, to);
      const size = end - start;
      let place = 0;
      let key0 = 0;
      let key1 = 0;
      if (size <= TINY_BYTES) {
        key0 = view.getInt32(start, true) & FIRST_BITS[size]!;
        key1 = (view.getInt32(start + 4, true) & SECOND_BITS[size]!) | (size << 24);
        const hash = (Math.imul(key0, 0x9e3779b1) + Math.imul(key1, 0x85ebca77)) | 0;
        place = ((hash ^ (hash << 11)) >>> (32 - BITS)) * STRIDE;
        if ((entries[place] === key0 && entries[place + 1] === key1) || this.promoted(place, key0, key1)) {
          const second = entries[place + 3]!;
          ids[count] = entries[place + 2]!;
          ids[count + 1] = second;
          count += 2 + (second >> 31);
          start = end;
          continue;
        }
      }
      out.length = count;
      this.encodeWord(bytes, start, end, out);
      ids = out.ids;
      const made = out.length - count;
      if (size <= TINY_BYTES && made > 0 && made <= TINY_TOKENS) {
        // Words that come once drive one another out, not those that come again.
        const other = place ^ STRIDE;
        entries[other] = key0;
        entries[other + 1] = key1;
        entries[other + 2] = ids[count]!;
        entries[other + 3] = made > 1 ? ids[count + 1]! : -1;
      }
      count = out.length;
      start = end;
    }
    out.length = count;
  }

  /** Whether a word stands in its second place; it changes places with the word in the first one then. */
  private promoted(place: number, key0: number, key1: number): boolean {
    const { entries } = this;
    const other = place ^ STRIDE;
    if (entries[other] !== key0 || entries[other + 1] !== key1) return false;
    for (let at = 0; at < STRIDE; at++) {
      const moved = entries[place + at]!;
      entries[place + at] = entries[other + at]!;
      entries[other + at] = moved;
    }
    return true;
  }
}

/** The high bit of each of four bytes that is no ASCII letter, or no small one. */
function notLetters(bytes: number, small: boolean): number {
  const folded = (small ? bytes : bytes | 0x20202020) & 0x7f7f7f7f;
  return (~(folded + 0x1f1f1f1f) | (folded + 0x05050505) | bytes) & HIGH_BITS;
}

/** Which of four bytes is the first whose high bit is set. */
const lowestByte = (bits: number): number => (31 - Math.clz32(bits & -bits)) >> 3;
