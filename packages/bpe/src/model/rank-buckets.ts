import { grown } from "../byte-table.js";
import type { MergeRanks } from "./merge-ranks.js";

/**
 * Merges a long word rank by rank: all pairs of the lowest rank, then those of the next. That is the rule as long as merges make
 * only pairs of higher ranks, as in every trained vocabulary.
 *
 * Pairs wait in one list for each rank, and a bit for each list that holds any finds the next one, so that a word takes time
 * in proportion to its length.
 */
export class RankBuckets {
  private nextOf = new Int32Array(0);
  private previousOf = new Int32Array(0);
  /** The rank of the pair that starts at each place, or -1. */
  private rankAt = new Int32Array(0);
  /** The last entry of each rank's list, 0 for none; an entry is a place and the entry before it. */
  private heads = new Int32Array(0);
  private places = new Int32Array(0);
  private entriesBefore = new Int32Array(0);
  private entries = 0;
  /** A bit for each rank, and a bit for each 32 of those. */
  private bits = new Int32Array(0);
  private bitsOfBits = new Int32Array(0);

  constructor(private readonly merges: MergeRanks) {}

  /**
   * @param symbols Token ids; overwritten by the merged ones.
   * @param lengths What each symbol covers; merged ones cover the sum.
   * @returns How many tokens are left at the start of `symbols`, or -1 where a merge made a pair of no higher rank; `symbols`
   *   and `lengths` are of no use then.
   */
  merge(symbols: Int32Array, length: number, lengths?: Int32Array): number {
    this.begin(symbols, length);
    const { merges, nextOf, previousOf, rankAt, heads, places, entriesBefore, bits } = this;
    for (let rank = this.nextRank(0); rank >= 0; rank = this.nextRank(rank + 1)) {
      const id = merges.ids[rank]!;
      let entry = heads[rank]!;
      heads[rank] = 0;
      bits[rank >> 5] = bits[rank >> 5]! & ~(1 << (rank & 31));
      for (; entry > 0; entry = entriesBefore[entry]!) {
        let at = places[entry]!;
        if (rankAt[at] !== rank) continue;
        // Of pairs that touch one another the leftmost comes first; among others the order makes no difference.
        const apart = symbols[at] !== symbols[nextOf[at]!];
        let first = at;
        do {
          at = first;
          first = previousOf[at]!;
          if (apart && first >= 0) first = previousOf[first]!;
        } while (first >= 0 && rankAt[first] === rank);
        do {
          const gone = nextOf[at]!;
          const after = (nextOf[at] = nextOf[gone]!);
          symbols[at] = id;
          rankAt[at] = rankAt[gone] = -1;
          if (lengths) lengths[at] = lengths[at]! + lengths[gone]!;
          if (after < length) {
            previousOf[after] = at;
            if (!this.offer(rank, id, symbols[after]!, at)) return -1;
          }
          const before = previousOf[at]!;
          if (before >= 0 && !this.offer(rank, symbols[before]!, id, before)) return -1;
          at = after;
        } while (at < length && rankAt[at] === rank);
      }
    }
    let kept = 0;
    for (let at = 0; at < length; at = nextOf[at]!, kept++) {
      symbols[kept] = symbols[at]!;
      if (lengths) lengths[kept] = lengths[at]!;
    }
    return kept;
  }

  /** Makes every symbol the neighbour of the next and puts all pairs into their lists. */
  private begin(symbols: Int32Array, length: number): void {
    const { merges } = this;
    const ranks = merges.ids.length;
    if (this.heads.length < ranks) {
      this.heads = new Int32Array(ranks);
      this.bits = new Int32Array((ranks >> 5) + 1);
      this.bitsOfBits = new Int32Array((ranks >> 10) + 1);
    }
    if (this.nextOf.length < length) {
      for (const name of ["nextOf", "previousOf", "rankAt"] as const) this[name] = grown(this[name], length);
      // Every merge makes at most two pairs.
      for (const name of ["places", "entriesBefore"] as const) this[name] = grown(this[name], length * 3 + 1);
    }
    this.entries = 0;
    const { nextOf, previousOf, rankAt } = this;
    // Long words mostly repeat themselves.
    let [left, right, rank] = [-1, -1, -1];
    for (let at = 0; at < length; at++) {
      nextOf[at] = at + 1;
      previousOf[at] = at - 1;
      if (at + 1 === length) rank = -1;
      else if (symbols[at] !== left || symbols[at + 1] !== right) {
        left = symbols[at]!;
        right = symbols[at + 1]!;
        rank = merges.rank(left, right);
      }
      rankAt[at] = rank;
      if (rank >= 0) this.put(rank, at);
    }
  }

  /** Looks at a pair that a merge of rank `current` made. @returns false where it should have come first; all lists are empty then */
  private offer(current: number, left: number, right: number, at: number): boolean {
    const rank = this.merges.rank(left, right);
    this.rankAt[at] = rank;
    if (rank < 0) return true;
    if (rank > current) {
      this.put(rank, at);
      return true;
    }
    for (const list of [this.heads, this.bits, this.bitsOfBits]) list.fill(0);
    return false;
  }

  private put(rank: number, at: number): void {
    const { heads, bits, bitsOfBits } = this;
    const entry = ++this.entries;
    this.places[entry] = at;
    this.entriesBefore[entry] = heads[rank]!;
    heads[rank] = entry;
    bits[rank >> 5] = bits[rank >> 5]! | (1 << (rank & 31));
    bitsOfBits[rank >> 10] = bitsOfBits[rank >> 10]! | (1 << ((rank >> 5) & 31));
  }

  /** The lowest rank from `from` on whose list is not empty, or -1. */
  private nextRank(from: number): number {
    const { bits, bitsOfBits } = this;
    let word = from >> 5;
    if (word >= bits.length) return -1;
    const here = bits[word]! & (-1 << (from & 31));
    if (here !== 0) return word * 32 + lowest(here);
    word++;
    for (let group = word >> 5, mask = -1 << (word & 31); group < bitsOfBits.length; group++, mask = -1) {
      let left = bitsOfBits[group]! & mask;
      while (left !== 0) {
        const found = group * 32 + lowest(left);
        if (bits[found] !== 0) return found * 32 + lowest(bits[found]!);
        left &= left - 1;
        bitsOfBits[group] = bitsOfBits[group]! & ~(1 << (found & 31));
      }
    }
    return -1;
  }
}

/** The number of the lowest bit that is set. */
const lowest = (bits: number): number => 31 - Math.clz32(bits & -bits);
