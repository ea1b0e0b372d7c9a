import { PUNCTUATION, SENTENCE_END, TERMINAL, isLineEnd, isSpace } from "./characters.js";
import { ChunkTable } from "./chunk-table.js";
import { MOST_CUTS, cutSimple } from "./simple-chunk.js";
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

/** What is known of each word, by its number. */
const COLUMNS = ["lengths", "flags", "hashesA", "hashesB", "units"] as const;

/**
 * Splits texts into words as datatrove does with spaCy's English tokenizer. Every different word has a number from 1; what
 * filters ask about a word is worked out once. A text's chunks between white space are looked up in a table, so that the
 * rules run only on chunks that were not there before.
 */
export class WordTable {
  /** By chunk: the number of its only word, or the place in the pool of the words of a chunk with more (as ~place). */
  readonly #chunks = new ChunkTable();
  /** For each chunk of several words their count and their numbers. */
  #pool = new Int32Array(1 << 12);
  #pooled = 0;
  /** By word: its number. */
  readonly #words = new ChunkTable();
  /** Words as strings, made when they are asked for. */
  #strings: (string | undefined)[] = [];
  /** The text that is split, in UTF-16. */
  #text = Buffer.alloc(1 << 16);
  /** A word that is not cut from the text, in UTF-16. */
  #word = Buffer.alloc(1 << 8);
  readonly #cuts = new Int32Array(MOST_CUTS);
  /** By word: code points, {@link HAS_LETTER} and so on, and two polynomial hashes of its UTF-16 units. */
  lengths = new Int32Array(1 << 12);
  flags = new Int32Array(1 << 12);
  hashesA = new Int32Array(1 << 12);
  hashesB = new Int32Array(1 << 12);
  /** UTF-16 units of a word. */
  units = new Int32Array(1 << 12);
  /** The words of the last text; only the first `count` of {@link split} count. */
  ids = new Int32Array(1 << 12);
  /** By chunk of the last text, of which there are `chunkCount`: where it begins and ends in the text, and its first word's place in {@link ids}; one more than there are. */
  chunkStarts = new Int32Array(1 << 12);
  chunkEnds = new Int32Array(1 << 12);
  chunkWords = new Int32Array(1 << 12);
  chunkCount = 0;
  /** Whether all line ends of the last text are "\n". */
  plainLines = true;
  #count = 0;
  #last: string | undefined;

  /** The text of a word. */
  word(id: number): string {
    return (this.#strings[id] ??= this.#words.text(id - 1));
  }

  /** Forgets everything if there is too much of it. Numbers of words are valid until the next call. */
  trim(most = MOST_CHUNKS): void {
    if (this.#chunks.size < most && this.#words.size < most) return;
    this.#last = undefined;
    this.#count = this.chunkCount = 0;
    this.#chunks.clear();
    this.#pooled = 0;
    this.#words.clear();
    this.#strings = [];
  }

  /**
   * Splits a text; the numbers of its words are in {@link ids}, its chunks in {@link chunkStarts} and so on.
   * @returns how many words there are
   */
  split(text: string): number {
    // Filters that follow each other ask for the same text.
    if (text === this.#last) return this.#count;
    this.#last = text;
    this.#count = 0;
    const { length } = text;
    if (2 * length > this.#text.length) this.#text = Buffer.alloc(4 * length);
    this.#text.write(text, "utf16le");
    const units = new Uint16Array(this.#text.buffer, this.#text.byteOffset, length);
    // No text has more chunks than every second unit.
    this.#makeRoom((length >> 1) + 2);
    const { chunkStarts, chunkEnds, chunkWords } = this;
    let chunk = 0;
    let plain = true;
    for (let i = 0; i < length; ) {
      let code = units[i]!;
      if (code <= 32 ? isSpace(code) : code >= 0x85 && isSpace(code)) {
        if (code !== 32 && code !== 10 && isLineEnd(code)) plain = false;
        i++;
        continue;
      }
      const start = i;
      let hash = 0;
      do hash = ChunkTable.step(hash, code);
      while (++i < length && ((code = units[i]!) > 32 ? code < 0x85 || !isSpace(code) : !isSpace(code)));
      chunkStarts[chunk] = start;
      chunkEnds[chunk] = i;
      chunkWords[chunk++] = this.#count;
      const value = this.#chunks.find(units, start, i, hash) ?? this.#add(units, start, i, hash);
      if (value >= 0) this.#push(value);
      else {
        const place = ~value;
        const end = place + this.#pool[place]!;
        for (let k = place + 1; k <= end; k++) this.#push(this.#pool[k]!);
      }
    }
    chunkWords[chunk] = this.#count;
    this.chunkCount = chunk;
    this.plainLines = plain;
    return this.#count;
  }

  #makeRoom(chunks: number): void {
    if (chunks <= this.chunkStarts.length) return;
    for (const name of ["chunkStarts", "chunkEnds", "chunkWords"] as const) this[name] = new Int32Array(2 * chunks);
  }

  #push(id: number): void {
    if (this.#count === this.ids.length) this.ids = grown(this.ids);
    this.ids[this.#count++] = id;
  }

  /** Splits a chunk that is not in the table, and puts it there. @returns what the table has for it */
  #add(units: Uint16Array, start: number, end: number, hash: number): number {
    let value: number;
    const cuts = this.#cuts;
    const count = cutSimple(units, start, end, cuts);
    if (count === 1) value = this.#idOf(units, start, end);
    else if (count > 1) {
      value = ~this.#reserve(count);
      for (let k = 0; k < count; k++) this.#pool[~value + 1 + k] = this.#idOf(units, cuts[k]!, cuts[k + 1]!);
    } else {
      const words = splitChunk(this.#text.toString("utf16le", 2 * start, 2 * end));
      const ids = words.map((word) => {
        if (this.#word.length < 2 * word.length) this.#word = Buffer.alloc(4 * word.length);
        this.#word.write(word, "utf16le");
        return this.#idOf(new Uint16Array(this.#word.buffer, this.#word.byteOffset, word.length), 0, word.length);
      });
      value = ids.length === 1 ? ids[0]! : ~this.#reserve(ids.length);
      if (value < 0) this.#pool.set(ids, ~value + 1);
    }
    if (end - start <= LONGEST_CHUNK) this.#chunks.add(units, start, end, hash, value);
    return value;
  }

  /** Makes a place for the numbers of `count` words. */
  #reserve(count: number): number {
    while (this.#pooled + count + 1 > this.#pool.length) this.#pool = grown(this.#pool);
    const place = this.#pooled;
    this.#pool[place] = count;
    this.#pooled += count + 1;
    return place;
  }

  #idOf(units: Uint16Array, start: number, end: number): number {
    let hash = 0;
    let hashA = 0;
    let hashB = 0;
    // Bits of all units, and of their letters, tell most of what is asked about a word.
    let all = 0;
    let letters = 0;
    for (let i = start; i < end; i++) {
      const unit = units[i]!;
      hash = ChunkTable.step(hash, unit);
      hashA = (Math.imul(hashA, BASE_A) + unit + 1) | 0;
      hashB = (Math.imul(hashB, BASE_B) + unit + 1) | 0;
      all |= unit;
      if ((unit | 32) >= 97 && (unit | 32) <= 122) letters++;
    }
    const known = this.#words.find(units, start, end, hash);
    if (known !== undefined) return known;
    const id = this.#words.size + 1;
    this.#words.add(units, start, end, hash, id);
    if (id === this.flags.length) for (const name of COLUMNS) this[name] = grown(this[name]);
    const length = end - start;
    this.units[id] = length;
    this.hashesA[id] = hashA;
    this.hashesB[id] = hashB;
    this.lengths[id] = length;
    if (letters === length) {
      const stop = length <= 4 ? STOP_WORDS.indexOf(this.word(id) as (typeof STOP_WORDS)[number]) : -1;
      this.flags[id] = HAS_LETTER | (stop >= 0 ? FIRST_STOP_WORD << stop : 0);
    } else if (all < 0x80 && letters > 0) this.flags[id] = HAS_LETTER;
    else {
      const word = this.word(id);
      this.lengths[id] = [...word].length;
      this.flags[id] = flagsOf(word);
    }
    return id;
  }
}

const flagsOf = (word: string): number => (LETTER.test(word) ? HAS_LETTER : 0) | (SYMBOL.test(word) ? IS_SYMBOL : 0) | (SENTENCE.test(word) ? ENDS_SENTENCE : 0) | (ALL_PUNCTUATION.test(word) ? IS_PUNCTUATION : 0);

const grown = (array: Int32Array<ArrayBuffer>): Int32Array<ArrayBuffer> => {
  const larger = new Int32Array(array.length * 2);
  larger.set(array);
  return larger;
};

/**
 * Sentences of a line without line ends: chunks `from` up to `to` of the table's last text, as spaCy's sentencizer ends them; at least
 * one. White space of more than one space is a token to spaCy, and so can begin a sentence.
 * @param text The text that was split last
 * @param end Where the line ends in it
 */
export function countSentences({ ids, flags, chunkStarts, chunkEnds, chunkWords }: WordTable, text: string, from: number, to: number, end: number): number {
  let sentences = 1;
  let ended = false;
  for (let chunk = from; chunk < to; chunk++) {
    const last = chunkWords[chunk + 1]!;
    for (let i = chunkWords[chunk]!; i < last; i++) {
      const flag = flags[ids[i]!]!;
      if (flag & ENDS_SENTENCE) ended = true;
      else if (ended && !(flag & IS_PUNCTUATION)) {
        sentences++;
        ended = false;
      }
    }
    if (!ended) continue;
    const gap = chunkEnds[chunk]!;
    const width = (chunk + 1 < to ? chunkStarts[chunk + 1]! : end) - gap;
    if (width > 1 || (width === 1 && text.charCodeAt(gap) !== 32)) {
      sentences++;
      ended = false;
    }
  }
  return sentences;
}
