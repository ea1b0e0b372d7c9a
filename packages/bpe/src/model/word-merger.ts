import type { MergeRanks } from "./merge-ranks.js";
import { MergeQueue } from "./merge-queue.js";

/** Up to this many symbols the next merge is found by looking at all of them; beyond, by a queue. */
const SHORT = 100;
const NO_RANK = 0x7fffffff;
const PLACES = 2 ** 32;

/**
 * Merges the symbols of one word in place: the pair of lowest rank first, of equal ranks the leftmost, until none is left.
 *
 * Source: huggingface/tokenizers, tokenizers/src/models/bpe/word.rs (`merge_all`), R. Sennrich et al. 2016.
 */
export class WordMerger {
  private ranks = new Int32Array(SHORT + 1);
  private nextOf = new Int32Array(0);
  private previousOf = new Int32Array(0);
  private readonly queue = new MergeQueue();

  constructor(
    private readonly merges: MergeRanks,
    private readonly short = SHORT,
  ) {}

  /**
   * @param symbols Token ids of the word's bytes; overwritten by the merged ones.
   * @param length How many of them.
   * @param lengths What each symbol covers; merged ones cover the sum.
   * @returns How many tokens are left at the start of `symbols`.
   */
  merge(symbols: Int32Array, length: number, lengths?: Int32Array): number {
    if (length < 2) return length;
    if (this.merges.ambiguous) return this.mergeLong(symbols, length, lengths);
    return length <= this.short ? this.mergeShort(symbols, length, lengths) : this.mergeByRank(symbols, length, lengths);
  }

  private mergeShort(symbols: Int32Array, length: number, lengths: Int32Array | undefined): number {
    const { merges, ranks } = this;
    let pairs = length - 1;
    for (let at = 0; at < pairs; at++) ranks[at] = this.rankOr(symbols[at]!, symbols[at + 1]!);
    while (pairs > 0) {
      let best = 0;
      let rank = ranks[0]!;
      for (let at = 1; at < pairs; at++) {
        if (ranks[at]! < rank) {
          rank = ranks[at]!;
          best = at;
        }
      }
      if (rank === NO_RANK) break;
      symbols[best] = merges.ids[rank]!;
      for (let at = best + 1; at < pairs; at++) {
        symbols[at] = symbols[at + 1]!;
        ranks[at] = ranks[at + 1]!;
      }
      if (lengths) {
        lengths[best] = lengths[best]! + lengths[best + 1]!;
        lengths.copyWithin(best + 1, best + 2, pairs + 1);
      }
      pairs--;
      if (best > 0) ranks[best - 1] = this.rankOr(symbols[best - 1]!, symbols[best]!);
      if (best < pairs) ranks[best] = this.rankOr(symbols[best]!, symbols[best + 1]!);
    }
    return pairs + 1;
  }

  private rankOr(left: number, right: number): number {
    const rank = this.merges.rank(left, right);
    return rank < 0 ? NO_RANK : rank;
  }

  /**
   * Merges all pairs of one rank from left to right, then those of the next. That is the rule as long as merges make only pairs
   * of higher ranks, as in every trained vocabulary; where one does not, the queue takes over with what is merged by then.
   */
  private mergeByRank(symbols: Int32Array, length: number, lengths: Int32Array | undefined): number {
    const { merges, queue } = this;
    this.link(length);
    const { nextOf, previousOf } = this;
    const places = new Map<number, number[]>();
    queue.clear();
    const offer = (rank: number, at: number): void => {
      const list = places.get(rank);
      if (list) list.push(at);
      else {
        places.set(rank, [at]);
        queue.push(rank);
      }
    };
    // Long words mostly repeat themselves.
    let [left, right, rank] = [-1, -1, -1];
    for (let at = 0; at + 1 < length; at++) {
      if (symbols[at] !== left || symbols[at + 1] !== right) {
        left = symbols[at]!;
        right = symbols[at + 1]!;
        rank = merges.rank(left, right);
      }
      if (rank >= 0) offer(rank, at);
    }
    let inOrder = true;
    while (queue.size > 0 && inOrder) {
      const current = queue.pop();
      const id = merges.ids[current]!;
      const list = places.get(current)!;
      places.delete(current);
      for (let index = 1; index < list.length; index++) {
        if (list[index]! < list[index - 1]!) {
          list.sort((a, b) => a - b);
          break;
        }
      }
      for (const at of list) {
        const next = nextOf[at]!;
        if (symbols[at]! < 0 || next >= length || merges.rank(symbols[at]!, symbols[next]!) !== current) continue;
        symbols[at] = id;
        symbols[next] = -1;
        if (lengths) lengths[at] = lengths[at]! + lengths[next]!;
        const after = (nextOf[at] = nextOf[next]!);
        let made = Infinity;
        if (after < length) {
          previousOf[after] = at;
          const rank = merges.rank(id, symbols[after]!);
          if (rank >= 0) offer((made = rank), at);
        }
        const before = previousOf[at]!;
        if (before >= 0) {
          const rank = merges.rank(symbols[before]!, id);
          if (rank >= 0) {
            offer(rank, before);
            made = Math.min(made, rank);
          }
        }
        if (made <= current) {
          inOrder = false;
          break;
        }
      }
    }
    const kept = this.compact(symbols, length, lengths);
    return inOrder ? kept : this.mergeLong(symbols, kept, lengths);
  }

  /** Makes every symbol the neighbour of the next. */
  private link(length: number): void {
    if (this.nextOf.length < length) {
      this.nextOf = new Int32Array(length);
      this.previousOf = new Int32Array(length);
    }
    for (let at = 0; at < length; at++) {
      this.nextOf[at] = at + 1;
      this.previousOf[at] = at - 1;
    }
  }

  /** Moves the symbols that are left to the start. */
  private compact(symbols: Int32Array, length: number, lengths: Int32Array | undefined): number {
    const { nextOf } = this;
    let kept = 0;
    for (let at = 0; at < length; at = nextOf[at]!, kept++) {
      symbols[kept] = symbols[at]!;
      if (lengths) lengths[kept] = lengths[at]!;
    }
    if (length > 1 << 20) this.nextOf = this.previousOf = new Int32Array(0);
    return kept;
  }

  private mergeLong(symbols: Int32Array, length: number, lengths: Int32Array | undefined): number {
    const { merges, queue } = this;
    this.link(length);
    const { nextOf, previousOf } = this;
    queue.clear();
    for (let at = 0; at + 1 < length; at++) this.offer(symbols, at, at + 1);
    while (queue.size > 0) {
      const item = queue.pop();
      const at = item % PLACES;
      const id = merges.ids[(item - at) / PLACES]!;
      const next = nextOf[at]!;
      // An entry is out of date when its left part was merged away or the pair there makes another token by now.
      if (symbols[at]! < 0 || next >= length) continue;
      const rank = merges.rank(symbols[at]!, symbols[next]!);
      if (rank < 0 || merges.ids[rank] !== id) continue;
      symbols[at] = id;
      symbols[next] = -1;
      if (lengths) lengths[at] = lengths[at]! + lengths[next]!;
      const after = (nextOf[at] = nextOf[next]!);
      if (after < length) {
        previousOf[after] = at;
        this.offer(symbols, at, after);
      }
      if (previousOf[at]! >= 0) this.offer(symbols, previousOf[at]!, at);
    }
    return this.compact(symbols, length, lengths);
  }

  private offer(symbols: Int32Array, left: number, right: number): void {
    const rank = this.merges.rank(symbols[left]!, symbols[right]!);
    if (rank >= 0) this.queue.push(rank * PLACES + left);
  }
}
