import { grown } from "../byte-table.js";

/** Pairs of token ids with their counts: open addressing over typed arrays, pairs numbered in order of arrival. */
export class PairTable {
  size = 0;
  left = new Int32Array(1 << 12);
  right = new Int32Array(1 << 12);
  counts = new Float64Array(1 << 12);
  private slots = new Int32Array(1 << 13);
  private mask = (1 << 13) - 1;

  /** The index of a pair, or -1. */
  find(left: number, right: number): number {
    for (let slot = hashPair(left, right) & this.mask; ; slot = (slot + 1) & this.mask) {
      const entry = this.slots[slot]! - 1;
      if (entry < 0 || (this.left[entry] === left && this.right[entry] === right)) return entry;
    }
  }

  /** The index of a pair, made with count 0 where it was not there. */
  add(left: number, right: number): number {
    const found = this.find(left, right);
    if (found >= 0) return found;
    const index = this.size++;
    if (index >= this.left.length) this.grow();
    this.left[index] = left;
    this.right[index] = right;
    this.counts[index] = 0;
    this.place(index);
    return index;
  }

  private place(index: number): void {
    let slot = hashPair(this.left[index]!, this.right[index]!) & this.mask;
    while (this.slots[slot] !== 0) slot = (slot + 1) & this.mask;
    this.slots[slot] = index + 1;
  }

  private grow(): void {
    const counts = new Float64Array(this.counts.length * 2);
    counts.set(this.counts);
    this.counts = counts;
    this.left = grown(this.left, counts.length);
    this.right = grown(this.right, counts.length);
    this.slots = new Int32Array(counts.length * 2);
    this.mask = this.slots.length - 1;
    for (let index = 0; index < this.size - 1; index++) this.place(index);
  }
}

export function hashPair(left: number, right: number): number {
  const hash = Math.imul(left, 0x9e3779b1) ^ Math.imul(right, 0x85ebca6b);
  return hash ^ (hash >>> 15);
}

/** How many places a hash table of some entries has: a power of two, at least twice as many. */
export const placesFor = (count: number): number => 2 ** Math.ceil(Math.log2(count * 2 + 2));

/** How many places of a hash table may be looked at in vain while some entries are put into it; those that no one chose need a hundredth. */
export const probesFor = (count: number): number => 1024 + count * 32;
