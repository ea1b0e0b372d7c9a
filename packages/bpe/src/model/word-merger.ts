import type { MergeRanks } from "./merge-ranks.js";
import { MergeQueue } from "./merge-queue.js";
import { RankBuckets } from "./rank-buckets.js";
import { Windows } from "./windows.js";

/** Up to this many symbols the next merge is found by looking at all of them. */
const SHORT = 100;
const NO_RANK = 0x7fffffff;
const PLACES = 2 ** 32;

/**
 * Merges the symbols of one word in place: the pair of lowest rank first, of equal ranks the leftmost, until none is left.
 *
 * Source: huggingface/tokenizers, tokenizers/src/models/bpe/word.rs (`merge_all`), R. Sennrich et al. 2016.
 */
export class WordMerger {
  private readonly ranks: Int32Array;
  private nextOf = new Int32Array(0);
  private previousOf = new Int32Array(0);
  private readonly queue = new MergeQueue();
  private readonly buckets: RankBuckets;
  private readonly windows: Windows;
  /** Whether every merge so far made pairs of higher ranks alone. */
  private inOrder = true;

  constructor(
    private readonly merges: MergeRanks,
    private readonly short = SHORT,
  ) {
    this.ranks = new Int32Array(short);
    this.buckets = new RankBuckets(merges);
    this.windows = new Windows((symbols, length, lengths) => this.mergeLong(symbols, length, lengths));
  }

  /**
   * @param symbols Token ids of the word's bytes; overwritten by the merged ones.
   * @param length How many of them.
   * @param lengths What each symbol covers; merged ones cover the sum.
   * @returns How many tokens are left at the start of `symbols`.
   */
  merge(symbols: Int32Array, length: number, lengths?: Int32Array): number {
    if (length < 2) return length;
    if (this.merges.ambiguous) return this.mergeByQueue(symbols, length, lengths);
    if (length <= this.short) return this.mergeShort(symbols, length, lengths);
    return this.windows.isLong(length) ? this.windows.run(symbols, length, lengths) : this.mergeLong(symbols, length, lengths);
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

  /** Merges a long word by ranks, or by the queue where ranks alone do not tell the order. */
  private mergeLong(symbols: Int32Array, length: number, lengths: Int32Array | undefined): number {
    if (this.inOrder) {
      const copy = [symbols, lengths].map((array) => array?.slice(0, length));
      const count = this.buckets.merge(symbols, length, lengths);
      if (count >= 0) return count;
      this.inOrder = false;
      symbols.set(copy[0]!);
      lengths?.set(copy[1]!);
    }
    return this.mergeByQueue(symbols, length, lengths);
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

  private mergeByQueue(symbols: Int32Array, length: number, lengths: Int32Array | undefined): number {
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
