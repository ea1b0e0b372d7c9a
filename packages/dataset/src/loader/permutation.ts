import { mixSeeds } from "../util/random.js";

const ROUNDS = 6;

/**
 * A seeded permutation of 0 … size - 1 that is computed, not stored: a balanced Feistel network over the next even power
 * of two, walked until it lands inside (Black and Rogaway 2002). Any place can be asked for at once, so resuming needs
 * no replay and no memory.
 */
export class Permutation {
  readonly #half: number;
  readonly #mask: number;
  readonly #keys: readonly number[];

  /** @param size At most 2^32. @param seeds Whole numbers, e.g. `(seed, epoch)`. */
  constructor(
    readonly size: number,
    ...seeds: readonly number[]
  ) {
    this.#half = Math.max(1, Math.ceil(Math.log2(Math.max(2, size)) / 2));
    this.#mask = 2 ** this.#half - 1;
    this.#keys = Array.from({ length: ROUNDS }, (_, round) => mixSeeds(...seeds, round));
  }

  /** The value at place `index`. */
  at(index: number): number {
    let value = index;
    do {
      let left = Math.floor(value / (this.#mask + 1));
      let right = value & this.#mask;
      for (const key of this.#keys) {
        let mixed = Math.imul(right ^ key, 0x85ebca6b);
        mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
        const next = left ^ ((mixed ^ (mixed >>> 16)) & this.#mask);
        left = right;
        right = next;
      }
      value = left * (this.#mask + 1) + (right >>> 0);
    } while (value >= this.size);
    return value;
  }
}
