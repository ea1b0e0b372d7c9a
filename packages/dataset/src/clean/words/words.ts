import { PUNCTUATION, SENTENCE_END, TERMINAL, codePoints, isSpace } from "./characters.js";
import { ChunkTable } from "./chunk-table.js";
import { splitChunk } from "./spacy.js";

/** What is known about a word, as bits. */
export const HAS_LETTER = 1;
/** Nothing but punctuation. */
export const IS_SYMBOL = 2;
export const ENDS_SENTENCE = 4;
/** Every character is in one of Unicode's categories of punctuation. */
export const IS_PUNCTUATION = 8;
/** The first of the eight bits of the stop words, in the order of {@link STOP_WORDS}. */
export const FIRST_STOP_WORD = 16;
/** The stop words of Gopher's quality filter. */
export const STOP_WORDS = ["the", "be", "to", "of", "and", "that", "have", "with"] as const;

const SYMBOL = new RegExp(`^[${PUNCTUATION}${TERMINAL}]+$`, "u");
const SENTENCE = new RegExp(`^[${SENTENCE_END}]$`, "u");
const LETTER = /\p{L}/u;
const ALL_PUNCTUATION = /^\p{P}+$/u;

/** Different words and chunks that are remembered, about 100 bytes each. When there are more, all are forgotten, between two texts. */
const MOST_CHUNKS = 250_000;
/** Longer chunks (mostly noise) are not remembered. */
const LONGEST_CHUNK = 64;

/** Multipliers of the two rolling hashes: odd, with well-mixed bits (from splitmix64 and murmur3). */
export const BASE_A = 0x9e3779b1 | 0;
export const BASE_B = 0x85ebca6b | 0;

/** The white space between two words of a line that is more than one space: spaCy makes it a token, and datatrove drops it from the words. */
export const SPACE_ID = 0;

/**
 * Splits texts into words as datatrove does with spaCy's English tokenizer. Every different word has a number; what filters
 * ask about a word is worked out once. A text's chunks between white space are looked up in a table, so that the rules
 * run only on chunks that were not there before.
 */
export class WordTable {
  readonly #chunks = new ChunkTable();
  /** The words of chunks with more than one; the table has minus their place, counted from 1. */
  #lists: Int32Array[] = [];
  /** The text that is split, in UTF-16. */
  #text = Buffer.alloc(1 << 16);
  #ids = new Map<string, number>();
  #words: string[] = [""];
  /** By word: code points, {@link HAS_LETTER} and so on, and two polynomial hashes of its UTF-16 units. */
  lengths = new Int32Array(1 << 12);
  flags = new Int32Array(1 << 12);
  hashesA = new Int32Array(1 << 12);
  hashesB = new Int32Array(1 << 12);
  /** UTF-16 units of a word. */
  units = new Int32Array(1 << 12);
  /** The words of the last text; only the first `count` of {@link split} count. */
  ids = new Int32Array(1 << 12);
  #count = 0;
  #last = "";
  #lastSpaces = false;

  /** The text of a word. */
  word(id: number): string {
    return this.#words[id]!;
  }

  /** Forgets everything if there is too much of it. Numbers of words are valid until the next call. */
  trim(most = MOST_CHUNKS): void {
    if (this.#chunks.size < most && this.#words.length < most) return;
    this.#last = "";
    this.#count = 0;
    this.#chunks.clear();
    this.#lists = [];
    this.#ids.clear();
    this.#words.length = 1;
  }

  /**
   * Splits a text; the numbers of its words are in {@link ids}.
   * @param withSpaces Keep white space that is more than a single space between two words, as {@link SPACE_ID}
   * @returns how many there are
   */
  split(text: string, withSpaces = false): number {
    // Filters that follow each other ask for the same text.
    if (text === this.#last && withSpaces === this.#lastSpaces) return this.#count;
    this.#last = text;
    this.#lastSpaces = withSpaces;
    this.#count = 0;
    const { length } = text;
    if (2 * length > this.#text.length) this.#text = Buffer.alloc(4 * length);
    this.#text.write(text, "utf16le");
    const units = new Uint16Array(this.#text.buffer, this.#text.byteOffset, length);
    for (let i = 0; i < length; ) {
      let code = units[i]!;
      if (isSpace(code)) {
        const start = code === 32 && i > 0 ? i + 1 : i;
        while (++i < length && isSpace(units[i]!));
        if (withSpaces && start < i) this.#push(SPACE_ID);
        continue;
      }
      const start = i;
      let hash = 0;
      do hash = ChunkTable.step(hash, code);
      while (++i < length && ((code = units[i]!) > 32 ? code < 0x85 || !isSpace(code) : !isSpace(code)));
      const known = this.#chunks.find(units, start, i, hash);
      if (known !== undefined && known >= 0) this.#push(known);
      else for (const id of known === undefined ? this.#add(units, start, i, hash) : this.#lists[-known - 1]!) this.#push(id);
    }
    return this.#count;
  }

  #push(id: number): void {
    if (this.#count === this.ids.length) this.ids = grown(this.ids);
    this.ids[this.#count++] = id;
  }

  /** Splits a chunk that is not in the table, and puts it there. */
  #add(units: Uint16Array, start: number, end: number, hash: number): Int32Array {
    const chunk = this.#text.toString("utf16le", 2 * start, 2 * end);
    const ids = Int32Array.from(splitChunk(chunk), (word) => this.#idOf(word));
    if (end - start <= LONGEST_CHUNK) this.#chunks.add(units, start, end, hash, ids.length === 1 ? ids[0]! : -this.#lists.push(ids));
    return ids;
  }

  #idOf(word: string): number {
    const known = this.#ids.get(word);
    if (known !== undefined) return known;
    const id = this.#words.length;
    const own = unshared(word);
    this.#ids.set(own, id);
    this.#words.push(own);
    if (id === this.flags.length) {
      for (const name of ["lengths", "flags", "hashesA", "hashesB", "units"] as const) this[name] = grown(this[name]);
    }
    let hashA = 0;
    let hashB = 0;
    for (let i = 0; i < word.length; i++) {
      hashA = (Math.imul(hashA, BASE_A) + word.charCodeAt(i) + 1) | 0;
      hashB = (Math.imul(hashB, BASE_B) + word.charCodeAt(i) + 1) | 0;
    }
    const stop = STOP_WORDS.indexOf(word as (typeof STOP_WORDS)[number]);
    this.lengths[id] = codePoints(word);
    this.units[id] = word.length;
    this.flags[id] = WORD.test(word) ? HAS_LETTER | (stop >= 0 ? FIRST_STOP_WORD << stop : 0) : flagsOf(word);
    this.hashesA[id] = hashA;
    this.hashesB[id] = hashB;
    return id;
  }
}

const WORD = /^[A-Za-z]+$/;
const flagsOf = (word: string): number => (LETTER.test(word) ? HAS_LETTER : 0) | (SYMBOL.test(word) ? IS_SYMBOL : 0) | (SENTENCE.test(word) ? ENDS_SENTENCE : 0) | (ALL_PUNCTUATION.test(word) ? IS_PUNCTUATION : 0);

const grown = (array: Int32Array<ArrayBuffer>): Int32Array<ArrayBuffer> => {
  const larger = new Int32Array(array.length * 2);
  larger.set(array);
  return larger;
};

/** A copy of a short string: a slice of a text would keep the whole text in memory. */
const unshared = (text: string): string => (text.length < 13 ? text : Buffer.from(text, "utf16le").toString("utf16le"));

/** Sentences among `count` words of one line, with spaces, as spaCy's sentencizer ends them: at least one. */
export function countSentences({ ids, flags }: WordTable, count: number): number {
  let sentences = 1;
  let ended = false;
  for (let i = 0; i < count; i++) {
    const flag = flags[ids[i]!]!;
    if (flag & ENDS_SENTENCE) ended = true;
    else if (ended && !(flag & IS_PUNCTUATION)) {
      sentences++;
      ended = false;
    }
  }
  return sentences;
}
