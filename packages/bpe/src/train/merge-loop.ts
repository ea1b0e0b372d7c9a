import { PairHeap } from "./pair-heap.js";
import type { PairTable } from "./pair-table.js";
import type { PlaceLists } from "./places.js";
import type { SymbolStrip } from "./symbols.js";

/** What bounds the merging. */
export interface MergeLimits {
  minFrequency: number;
  /** A pair is not made when both parts together have this many characters or more; Infinity for no limit. */
  maxTokenLength: number;
}

/** Two tokens that become one. */
export interface Merge {
  left: number;
  right: number;
}

/**
 * Repeatedly takes the most frequent pair and replaces it everywhere: one call of `next()` is one merge.
 *
 * Source: huggingface/tokenizers, tokenizers/src/models/bpe/trainer.rs (`do_train`) and word.rs (`merge`). Differences in
 * means, not in results: occurrences are found by place instead of by word, and counts are exact beyond 2^31.
 */
export class MergeLoop {
  private readonly pairs: PairTable;
  private readonly places: PlaceLists;
  private readonly heap: PairHeap;
  private readonly cells: SymbolStrip["cells"];
  /** Change of the count of (id, new) and of (new, id) during one merge, by id, and the places of those pairs. */
  private readonly before: Changes;
  private readonly after: Changes;

  constructor(
    private readonly strip: SymbolStrip,
    private readonly limits: MergeLimits,
  ) {
    ({ table: this.pairs, places: this.places } = strip.pairs(limits.maxTokenLength));
    this.cells = strip.cells;
    this.heap = new PairHeap(this.pairs);
    for (let pair = 0; pair < this.pairs.size; pair++) this.offer(pair);
    this.before = new Changes(strip.lengths.length);
    this.after = new Changes(strip.lengths.length);
  }

  /** The pair to merge next, or undefined when no pair is frequent enough. */
  next(): Merge | undefined {
    const pair = this.heap.pop(Math.max(1, this.limits.minFrequency));
    return pair < 0 ? undefined : { left: this.pairs.left[pair]!, right: this.pairs.right[pair]! };
  }

  /** Replaces every occurrence of a pair that `next` gave by the token `id`. */
  apply({ left, right }: Merge, id: number): void {
    const { cells, places } = this;
    const { lengths, gap } = this.strip;
    const pair = this.pairs.find(left, right);
    const leftLength = lengths[left]!;
    const length = (lengths[id] = leftLength + lengths[right]!);
    const { arena } = places;
    const end = places.ends[pair]!;
    for (let index = places.begins[pair]!; index < end; index++) {
      const at = arena[index]!;
      if (cells[at] !== left || cells[at + leftLength] !== right) continue; // merged away since it was listed
      const weight = this.strip.weightAt(at);
      const tail = cells[at - 1]!;
      if (tail !== gap) {
        const place = tail >= 0 ? at - 1 : at + tail;
        const neighbour = cells[place]!;
        this.drop(neighbour, left, weight, id);
        if (lengths[neighbour]! + length < this.limits.maxTokenLength) this.before.add(neighbour, weight, place);
      }
      cells[at + leftLength] = -1;
      cells[at + length - 1] = -length;
      cells[at] = id;
      const neighbour = cells[at + length]!;
      if (neighbour !== gap) {
        this.drop(right, neighbour, weight, id);
        if (lengths[neighbour]! + length < this.limits.maxTokenLength) {
          // (new, new) is one pair, whichever side it is seen from.
          (neighbour === id ? this.before : this.after).add(neighbour, weight, at);
        }
      }
    }
    places.release(pair);
    this.before.flush((neighbour, change, cellsOf) => this.settle(neighbour, id, change, cellsOf));
    this.after.flush((neighbour, change, cellsOf) => this.settle(id, neighbour, change, cellsOf));
  }

  /** Takes weight from the count of a pair that no longer stands where it stood. */
  private drop(left: number, right: number, weight: number, id: number): void {
    if (right === id) this.before.subtract(left, weight);
    else if (left === id) this.after.subtract(right, weight);
    else {
      const pair = this.pairs.find(left, right);
      if (pair >= 0) this.pairs.counts[pair]! -= weight;
    }
  }

  /** Adds what one merge changed to a pair with the new token, and offers the pair for merging. */
  private settle(left: number, right: number, change: number, cells: readonly number[]): void {
    const count = change + Math.max(0, this.known(left, right));
    // Counts only fall from here on: what is too rare now will never be merged.
    if (count < Math.max(1, this.limits.minFrequency) || cells.length === 0) return;
    const pair = this.pairs.add(left, right);
    this.pairs.counts[pair] = count;
    this.places.reserve(pair, cells.length);
    for (const cell of cells) this.places.put(pair, cell);
    this.heap.push(pair);
  }

  private known(left: number, right: number): number {
    const pair = this.pairs.find(left, right);
    return pair < 0 ? 0 : this.pairs.counts[pair]!;
  }

  private offer(pair: number): void {
    if (this.pairs.counts[pair]! >= Math.max(1, this.limits.minFrequency)) this.heap.push(pair);
    else this.places.release(pair);
  }
}

/** Changes of counts by neighbour id within one merge. */
class Changes {
  private readonly sums: Float64Array;
  private readonly places: (number[] | undefined)[] = [];
  private readonly touched: number[] = [];

  constructor(capacity: number) {
    this.sums = new Float64Array(capacity);
  }

  add(neighbour: number, weight: number, place: number): void {
    this.sums[neighbour]! += weight;
    const list = this.places[neighbour];
    if (list) list.push(place);
    else {
      this.places[neighbour] = [place];
      this.touched.push(neighbour);
    }
  }

  subtract(neighbour: number, weight: number): void {
    this.sums[neighbour]! -= weight;
    if (!this.places[neighbour]) {
      this.places[neighbour] = [];
      this.touched.push(neighbour);
    }
  }

  flush(each: (neighbour: number, change: number, places: readonly number[]) => void): void {
    for (const neighbour of this.touched) {
      each(neighbour, this.sums[neighbour]!, this.places[neighbour]!);
      this.sums[neighbour] = 0;
      this.places[neighbour] = undefined;
    }
    this.touched.length = 0;
  }
}
