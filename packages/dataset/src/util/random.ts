/** splitmix32 (Steele, Lea and Flood 2014, 32-bit finalizer of murmur3): turns any words into well-mixed seeds. */
const mix32 = (value: number): number => {
  let z = value >>> 0;
  z = Math.imul(z ^ (z >>> 16), 0x85ebca6b);
  z = Math.imul(z ^ (z >>> 13), 0xc2b2ae35);
  return (z ^ (z >>> 16)) >>> 0;
};

/** Mixes whole numbers into one 32-bit word; every argument and its place count. */
export function mixSeeds(...words: readonly number[]): number {
  let state = 0x9e3779b9;
  for (const word of words) {
    // Numbers above 32 bits count in full: seeds may be any safe integer.
    state = mix32(state + (word >>> 0) + 0x9e3779b9);
    state = mix32(state ^ (Math.floor(word / 0x1_0000_0000) >>> 0));
  }
  return state;
}

/**
 * A seeded generator of pseudo-random numbers: xoshiro128** (Blackman and Vigna 2018), seeded through murmur3's finalizer.
 * The same seed gives the same numbers on every machine and in every version; not for cryptography.
 */
export class SeededRandom {
  #a: number;
  #b: number;
  #c: number;
  #d: number;

  /** @param seeds Whole numbers, e.g. `(seed, epoch, window)`; every one counts. */
  constructor(...seeds: readonly number[]) {
    const word = (index: number): number => mixSeeds(...seeds, index);
    this.#a = word(1);
    this.#b = word(2);
    this.#c = word(3);
    this.#d = word(4) | 1; // never all zeros
  }

  /** A generator in a given state of four 32-bit words, not all zero, as xoshiro128**'s reference has it. */
  static fromState(a: number, b: number, c: number, d: number): SeededRandom {
    const random = new SeededRandom();
    random.#a = a;
    random.#b = b;
    random.#c = c;
    random.#d = d;
    return random;
  }

  /** The next 32 bits, as a number from 0 to 2^32 - 1. */
  uint32(): number {
    const scaled = Math.imul(this.#b, 5);
    const result = Math.imul((scaled << 7) | (scaled >>> 25), 9) >>> 0;
    const t = this.#b << 9;
    this.#c ^= this.#a;
    this.#d ^= this.#b;
    this.#b ^= this.#c;
    this.#a ^= this.#d;
    this.#c ^= t;
    this.#d = (this.#d << 11) | (this.#d >>> 21);
    return result;
  }

  /** A number from 0 (included) to 1 (excluded) with 53 random bits. */
  next(): number {
    return ((this.uint32() >>> 5) * 0x400_0000 + (this.uint32() >>> 6)) / 0x20_0000_0000_0000;
  }

  /** A whole number from 0 to `bound` - 1, without bias. @param bound At least 1, at most 2^53. */
  below(bound: number): number {
    if (bound > 0x1_0000_0000) return Math.floor(this.next() * bound);
    // Rejection: the incomplete last run of `bound` values is thrown away.
    const limit = 0x1_0000_0000 - (0x1_0000_0000 % bound);
    for (;;) {
      const value = this.uint32();
      if (value < limit) return value % bound;
    }
  }

  /** Shuffles in place (Fisher and Yates) and returns its argument. */
  shuffle<A extends { length: number; [index: number]: unknown }>(items: A): A {
    for (let i = items.length - 1; i > 0; i--) {
      const j = this.below(i + 1);
      const kept = items[i];
      items[i] = items[j];
      items[j] = kept;
    }
    return items;
  }
}
