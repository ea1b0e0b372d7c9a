import type { PairTable } from "./pair-table.js";

/**
 * Pairs by count descending, then by left and right id ascending. Counts only fall once a pair is in, so a pair keeps the
 * count it came with until it surfaces, and goes back down when that count is out of date (a lazy heap).
 */
export class PairHeap {
  private items = new Int32Array(1 << 12);
  private keys = new Float64Array(1 << 12);
  size = 0;

  constructor(private readonly pairs: PairTable) {}

  push(pair: number): void {
    if (this.size === this.items.length) {
      const items = new Int32Array(this.size * 2);
      items.set(this.items);
      this.items = items;
      const keys = new Float64Array(this.size * 2);
      keys.set(this.keys);
      this.keys = keys;
    }
    const key = this.pairs.counts[pair]!;
    let at = this.size++;
    while (at > 0) {
      const parent = (at - 1) >> 2;
      if (!this.before(pair, key, parent)) break;
      this.move(parent, at);
      at = parent;
    }
    this.items[at] = pair;
    this.keys[at] = key;
  }

  /** Takes out the pair with the highest present count, or -1 when none has at least `least`. */
  pop(least: number): number {
    while (this.size > 0) {
      const pair = this.items[0]!;
      const count = this.pairs.counts[pair]!;
      const current = count === this.keys[0];
      if (current && count < least) return -1;
      if (!current && count >= least) {
        this.sink(pair, count);
        continue;
      }
      // Taken, or fallen below what can ever be merged.
      const last = --this.size;
      if (last > 0) this.sink(this.items[last]!, this.keys[last]!);
      if (current) return pair;
    }
    return -1;
  }

  /** Puts an item at the top and lets it sink to its place. */
  private sink(pair: number, key: number): void {
    let at = 0;
    for (;;) {
      let best = at * 4 + 1;
      if (best >= this.size) break;
      const end = Math.min(best + 4, this.size);
      for (let child = best + 1; child < end; child++) {
        if (this.before(this.items[child]!, this.keys[child]!, best)) best = child;
      }
      if (this.before(pair, key, best)) break;
      this.move(best, at);
      at = best;
    }
    this.items[at] = pair;
    this.keys[at] = key;
  }

  private move(from: number, to: number): void {
    this.items[to] = this.items[from]!;
    this.keys[to] = this.keys[from]!;
  }

  private before(pair: number, key: number, other: number): boolean {
    const otherKey = this.keys[other]!;
    if (key !== otherKey) return key > otherKey;
    const { left, right } = this.pairs;
    const second = this.items[other]!;
    return left[pair]! - left[second]! < 0 || (left[pair] === left[second] && right[pair]! < right[second]!);
  }
}
