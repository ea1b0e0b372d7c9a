import { codePoints } from "../words/characters.js";
import { BASE_A, BASE_B, type WordTable } from "../words/words.js";

/** Duplicates among strings: how many are there again, and the code points of those. */
export function duplicates(items: readonly string[]): { count: number; characters: number } {
  if (items.length < 2) return { count: 0, characters: 0 };
  const seen = new Set<string>();
  let count = 0;
  let characters = 0;
  for (const item of items) {
    if (seen.size === seen.add(item).size) {
      count++;
      characters += codePoints(item);
    }
  }
  return { count, characters };
}

/** Powers of the two bases by exponent. */
const POWERS = 4_096;
const powersOf = (base: number): Int32Array => {
  const powers = new Int32Array(POWERS).fill(1);
  for (let i = 1; i < POWERS; i++) powers[i] = Math.imul(powers[i - 1]!, base);
  return powers;
};
const POWERS_A = powersOf(BASE_A);
const POWERS_B = powersOf(BASE_B);
const power = (powers: Int32Array, base: number, exponent: number): number => (exponent < POWERS ? powers[exponent]! : highPower(powers, base, exponent));
const highPower = (powers: Int32Array, base: number, exponent: number): number => {
  let value = powers[exponent % POWERS]!;
  // Beyond the table only for words of thousands of characters.
  for (let left = Math.floor(exponent / POWERS); left > 0; left--) value = Math.imul(value, Math.imul(powers[POWERS - 1]!, base));
  return value;
};

/**
 * Counts repeated n-grams of one text after the other. An n-gram is known by the 64-bit hash of its characters, worked out
 * from running hashes in a step whatever n is; tables are reused between texts.
 */
export class RepeatCounter {
  #running = { a: new Int32Array(0), b: new Int32Array(0), units: new Int32Array(0), characters: new Int32Array(0) };
  #heads = new Int32Array(0);
  #counts = new Int32Array(0);
  #hashes = new Int32Array(0);

  /** Takes the words of a text: the first `count` of the table's ids. */
  load({ ids, hashesA, hashesB, units, lengths }: WordTable, count: number): void {
    if (this.#running.a.length <= count) {
      const size = 1 << Math.ceil(Math.log2(count + 2));
      this.#running = { a: new Int32Array(size), b: new Int32Array(size), units: new Int32Array(size), characters: new Int32Array(size) };
      this.#hashes = new Int32Array(size);
      this.#heads = new Int32Array(4 * size);
      this.#counts = new Int32Array(4 * size);
    }
    const running = this.#running;
    for (let i = 0; i < count; i++) {
      const id = ids[i]!;
      const length = units[id]!;
      running.a[i + 1] = (Math.imul(running.a[i]!, power(POWERS_A, BASE_A, length)) + hashesA[id]!) | 0;
      running.b[i + 1] = (Math.imul(running.b[i]!, power(POWERS_B, BASE_B, length)) + hashesB[id]!) | 0;
      running.units[i + 1] = running.units[i]! + length;
      running.characters[i + 1] = running.characters[i]! + lengths[id]!;
    }
  }

  /** A place in the table for an n-gram: negative and bitwise inverted if it is a free one, which is taken for position `i`. */
  #find(i: number, n: number, mask: number): number {
    const { a, b, units } = this.#running;
    const length = units[i + n]! - units[i]!;
    const hashA = (a[i + n]! - Math.imul(a[i]!, power(POWERS_A, BASE_A, length))) | 0;
    const hashB = (b[i + n]! - Math.imul(b[i]!, power(POWERS_B, BASE_B, length))) | 0;
    let place = Math.imul(hashA ^ (hashB >>> 15), 0x2c1b3c6d);
    place = (place ^ (place >>> 15)) & mask;
    const heads = this.#heads;
    for (; heads[place] !== 0; place = (place + 1) & mask) {
      const at = heads[place]! - 1;
      if (this.#hashes[at] === hashB && units[at + n]! - units[at]! === length && ((a[at + n]! - Math.imul(a[at]!, power(POWERS_A, BASE_A, length))) | 0) === hashA) return place;
    }
    heads[place] = i + 1;
    this.#hashes[i] = hashB;
    return ~place;
  }

  /** Empties as much of the table as a text needs. */
  #mask(count: number): number {
    const places = 1 << Math.ceil(Math.log2(2 * count + 2));
    this.#heads.fill(0, 0, places);
    return places - 1;
  }

  /**
   * Code points of the n-grams that were there before, joined without spaces; after one that was, the search goes on behind it
   * (find_all_duplicate of datatrove).
   */
  duplicateCharacters(count: number, n: number): number {
    const mask = this.#mask(count);
    const { characters } = this.#running;
    let repeated = 0;
    for (let i = 0; i + n <= count; ) {
      if (this.#find(i, n, mask) >= 0) {
        repeated += characters[i + n]! - characters[i]!;
        i += n;
      } else i++;
    }
    return repeated;
  }

  /** Code points of the most frequent n-gram, joined by spaces, times how often it is there; of several the first (find_top_duplicate of datatrove). Undefined if the text is shorter. */
  topCharacters(ids: Int32Array, count: number, n: number): number | undefined {
    if (count < n) return undefined;
    const mask = this.#mask(count);
    const { characters } = this.#running;
    const counts = this.#counts;
    const heads = this.#heads;
    let most = 0;
    let first = 0;
    for (let i = 0; i + n <= count; i++) {
      // The words' numbers themselves are compared, since "a bc" is another n-gram than "ab c" here.
      let hash = ids[i]!;
      for (let k = 1; k < n; k++) hash = (Math.imul(hash, BASE_A) + ids[i + k]!) | 0;
      hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
      let place = (hash ^ (hash >>> 13)) & mask;
      for (; heads[place] !== 0; place = (place + 1) & mask) {
        const at = heads[place]! - 1;
        let k = 0;
        while (k < n && ids[at + k] === ids[i + k]) k++;
        if (k === n) break;
      }
      if (heads[place] === 0) {
        heads[place] = i + 1;
        counts[place] = 0;
      }
      const times = ++counts[place]!;
      const head = heads[place]! - 1;
      if (times > most || (times === most && head < first)) {
        most = times;
        first = head;
      }
    }
    return (characters[first + n]! - characters[first]! + n - 1) * most;
  }
}
