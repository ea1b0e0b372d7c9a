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
   * @returns How many tokens are left at the start of `symbols`.
   */
  merge(symbols: Int32Array, length: number): number {
    if (length < 2) return length;
    return length <= this.short && !this.merges.ambiguous ? this.mergeShort(symbols, length) : this.mergeLong(symbols, length);
  }

  private mergeShort(symbols: Int32Array, length: number): number {
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

  private mergeLong(symbols: Int32Array, length: number): number {
    const { merges, queue } = this;
    if (this.nextOf.length < length) {
      this.nextOf = new Int32Array(length);
      this.previousOf = new Int32Array(length);
    }
    const { nextOf, previousOf } = this;
    queue.clear();
    for (let at = 0; at < length; at++) {
      nextOf[at] = at + 1;
      previousOf[at] = at - 1;
      if (at + 1 < length) this.offer(symbols, at, at + 1);
    }
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
      const after = (nextOf[at] = nextOf[next]!);
      if (after < length) {
        previousOf[after] = at;
        this.offer(symbols, at, after);
      }
      if (previousOf[at]! >= 0) this.offer(symbols, previousOf[at]!, at);
    }
    let kept = 0;
    for (let at = 0; at < length; at = nextOf[at]!) symbols[kept++] = symbols[at]!;
    if (length > 1 << 20) this.nextOf = this.previousOf = new Int32Array(0);
    return kept;
  }

  private offer(symbols: Int32Array, left: number, right: number): void {
    const rank = this.merges.rank(symbols[left]!, symbols[right]!);
    if (rank >= 0) this.queue.push(rank * PLACES + left);
  }
}
