import { tokenSize, tokensView } from "./decode.js";
import type { OpenShard } from "./open-shard.js";
import type { Tokens } from "./types.js";

/** Random access to the documents of a split without waiting: all of its shards are open. */
export class SplitReader {
  /** Tokens of each document. */
  readonly lengths: Uint32Array;

  /** @internal Use {@link ShardSplit.reader}. */
  constructor(
    private readonly shards: readonly OpenShard[],
    private readonly starts: readonly number[],
    documents: number,
  ) {
    this.lengths = new Uint32Array(documents);
    for (const [index, { docEnds }] of shards.entries()) {
      const first = starts[index]!;
      let previous = 0;
      for (let i = 0; i < docEnds.length; i++) {
        this.lengths[first + i] = docEnds[i]! - previous;
        previous = docEnds[i]!;
      }
    }
  }

  /** Tokens `start` to `start + length` of a document: a view, or a copy of its own where the set is on disk. */
  tokens(document: number, start: number, length: number): Tokens {
    const { shard, first } = this.#find(document);
    const size = tokenSize(shard.header.dtype);
    return tokensView(shard.header.dtype, shard.read("tokens", (first + start) * size, (first + start + length) * size));
  }

  /** Writes the loss mask of these tokens as bytes of 0 and 1. @returns the ones, or undefined in a set without loss masks */
  mask(document: number, start: number, length: number, out: Uint8Array, at: number): number | undefined {
    const { shard, first } = this.#find(document);
    if (!shard.header.loss_mask) return undefined;
    const from = first + start;
    const bits = shard.read("loss_mask", from >> 3, (from + length + 7) >> 3);
    const base = (from >> 3) << 3;
    let ones = 0;
    for (let i = 0; i < length; i++) {
      const place = from - base + i;
      ones += out[at + i] = (bits[place >> 3]! >> (place & 7)) & 1;
    }
    return ones;
  }

  #find(document: number): { shard: OpenShard; first: number } {
    const index = placeOf(this.starts, document);
    const shard = this.shards[index]!;
    const row = document - this.starts[index]!;
    return { shard, first: row === 0 ? 0 : shard.docEnds[row - 1]! };
  }
}

/** The last of `starts` (rising) that is not above `value`. */
export function placeOf(starts: ArrayLike<number>, value: number): number {
  let low = 0;
  for (let high = starts.length; high - low > 1; ) {
    const middle = (low + high) >> 1;
    if (starts[middle]! <= value) low = middle;
    else high = middle;
  }
  return low;
}
