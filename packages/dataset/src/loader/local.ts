import type { SplitReader } from "../shards/split-reader.js";
import { type Shape, fillBatch } from "./fill.js";
import { RowOrder } from "./order.js";
import type { Batch, LoaderState } from "./types.js";

/** A batch, the state behind it, and how many of its places are padding. */
export interface Delivery {
  batch: Batch;
  state: LoaderState;
  padding: number;
}

/** Where batches come from: this thread, or others. */
export interface BatchSource {
  /** The next batch, or null after the last epoch. */
  next(): Promise<Delivery | null>;
  close(): Promise<void>;
}

/** Which batches of the order are made. */
export interface Share {
  epochs: number;
  rank: number;
  worldSize: number;
}

/** Makes batches on the calling thread. */
export class LocalSource implements BatchSource {
  readonly #order: RowOrder;

  constructor(
    private readonly reader: SplitReader,
    private readonly shape: Shape,
    private state: LoaderState,
    private readonly share: Share,
  ) {
    this.#order = new RowOrder(reader.lengths, shape.sequenceLength + 1, state.seed);
  }

  /** @throws ShardError when a shard turns out to be damaged; the source then stands where it stood */
  next(): Promise<Delivery | null> {
    return Promise.resolve().then(() => this.nextNow());
  }

  /** {@link next} without waiting. */
  nextNow(): Delivery | null {
    const { epochs, rank, worldSize } = this.share;
    const { batchSize } = this.shape;
    const { state } = this;
    if (state.epoch >= epochs) return null;
    const { rows, next } = this.#order.take(state, batchSize * worldSize);
    const filled = fillBatch(rows.slice(rank * batchSize, (rank + 1) * batchSize), state.epoch, this.reader, this.shape);
    this.state = { ...state, ...next };
    return { ...filled, state: this.state };
  }

  /** Passes over the next batch without reading its tokens. */
  skip(): void {
    if (this.state.epoch < this.share.epochs) this.state = { ...this.state, ...this.#order.take(this.state, this.shape.batchSize * this.share.worldSize).next };
  }

  async close(): Promise<void> {
    // Nothing is held.
  }
}
