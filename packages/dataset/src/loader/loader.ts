import { DatasetError } from "../errors.js";
import { type ShardSet, openShards } from "../shards/reader.js";
import { sha256Hex } from "../util/hash.js";
import type { Shape } from "./fill.js";
import { type BatchSource, LocalSource } from "./local.js";
import { ORDER_VERSION } from "./order.js";
import { Prefetcher } from "./prefetch.js";
import type { Batch, LoaderOptions, LoaderState, PackingTotals } from "./types.js";

function checkOptions({ batchSize, sequenceLength, rank = 0, worldSize = 1, workers = 1, prefetch = 0 }: LoaderOptions): void {
  for (const [name, value] of Object.entries({ batchSize, sequenceLength, worldSize, workers })) if (!(Number.isInteger(value) && value >= 1)) throw new DatasetError(`${name} must be a whole number of at least 1; found ${value}.`);
  if (!(Number.isInteger(prefetch) && prefetch >= 0)) throw new DatasetError(`prefetch must be a whole number of at least 0; found ${prefetch}.`);
  if (!(Number.isInteger(rank) && rank >= 0 && rank < worldSize)) throw new DatasetError(`rank must be a whole number from 0 to ${worldSize - 1}, one below worldSize; found ${rank}.`);
}

/** The state to begin with. @throws DatasetError when the saved one is of another order */
function startingState(set: ShardSet, { split = "train", seed = 0, sequenceLength, state }: LoaderOptions): LoaderState {
  const start: LoaderState = { order: ORDER_VERSION, shards: sha256Hex(JSON.stringify(set.manifest)).slice(0, 16), split, seed, sequenceLength, epoch: 0, window: 0, row: 0 };
  if (!state) return start;
  for (const key of ["order", "shards", "split", "seed", "sequenceLength"] as const) {
    if (state[key] !== start[key]) throw new DatasetError(`The data can't be resumed: ${key} was ${state[key]} when the state was saved and is ${start[key]} now. Use the same shards and settings, or start anew.`);
  }
  for (const key of ["epoch", "window", "row"] as const) if (!(Number.isSafeInteger(state[key]) && state[key] >= 0)) throw new DatasetError(`The data can't be resumed: ${key} of the saved state is ${String(state[key])}, expected a whole number.`);
  return { ...start, epoch: state.epoch, window: state.window, row: state.row };
}

/**
 * Batches of packed documents. The order is a pure function of (seed, epoch): a permutation of the documents, cut into
 * windows of 2,048, whose documents are packed into rows by best fit; the rows of a window are shuffled. So a loader goes on
 * from its state exactly, in any process, whatever the number of machines and threads. An epoch ends with a batch that is
 * filled up with rows of padding.
 */
export class PackedLoader implements AsyncIterable<Batch> {
  readonly #totals: PackingTotals = { rows: 0, tokens: 0, padding: 0 };
  #state: LoaderState;

  private constructor(
    private readonly source: BatchSource,
    state: LoaderState,
  ) {
    this.#state = state;
  }

  /**
   * Opens a loader on a set of shards, or on the folder of one. With `prefetch` it starts threads, which `close` ends.
   * @throws DatasetError when the split is empty or the state is of another set, split, seed or length; ShardError for damaged shards
   */
  static async open(shards: ShardSet | string, options: LoaderOptions): Promise<PackedLoader> {
    checkOptions(options);
    const set = typeof shards === "string" ? await openShards(shards) : shards;
    const { split = "train", batchSize, sequenceLength, epochs = Infinity, rank = 0, worldSize = 1, boundaries = false, prefetch = 0, workers = 1 } = options;
    const source = set.split(split);
    if (source.tokens - source.documents < 1) throw new DatasetError(`The ${split} split of ${set.folder} has no tokens to learn from. Tokenize more documents${split === "val" ? ", or a larger share for validation" : ""}.`);
    const state = startingState(set, options);
    const shape: Shape = { batchSize, sequenceLength, pad: set.manifest.tokenizer.pad, boundaries };
    const share = { epochs, rank, worldSize };
    if (prefetch > 0) return new PackedLoader(new Prefetcher({ set: set.handle(), shape, state, share }, { prefetch, workers }), state);
    return new PackedLoader(new LocalSource(await source.reader(), shape, state, share), state);
  }

  /** Where this loader stands: a loader opened with it returns the batches that this one would return next. */
  state(): LoaderState {
    return { ...this.#state };
  }

  /** How full the rows were that this loader has returned, rows of padding at an epoch's end included. */
  packing(): PackingTotals {
    return { ...this.#totals };
  }

  /** The next batch, or null after the last epoch. One call at a time. @throws ShardError when a shard turns out to be damaged */
  async next(): Promise<Batch | null> {
    const found = await this.source.next();
    if (!found) return null;
    const { batch, state, padding } = found;
    this.#state = state;
    this.#totals.rows += batch.batchSize;
    this.#totals.padding += padding;
    this.#totals.tokens += batch.tokens.length - padding;
    return batch;
  }

  /** Ends the threads of a loader with `prefetch`; without it there is nothing to end. */
  close(): Promise<void> {
    return this.source.close();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Batch> {
    for (let batch = await this.next(); batch; batch = await this.next()) yield batch;
  }
}
