import { DatasetError } from "../errors.js";
import type { DocumentTokens, ShardSet, ShardSplit } from "../shards/reader.js";
import { openShards } from "../shards/reader.js";
import type { Split } from "../shards/types.js";
import { sha256Hex } from "../util/hash.js";
import { SeededRandom } from "../util/random.js";
import { type Piece, cutPieces, packRows } from "./packing.js";
import { Permutation } from "./permutation.js";

/** Documents that are packed together; part of the order, so a change of it is a change of the loader's version. */
const WINDOW = 2048;
const ORDER_VERSION = 1;

/** B rows of T + 1 tokens. Row r has its inputs at r*(T+1) … r*(T+1)+T-1, and its targets one further. */
export interface Batch {
  /** B*(T+1) token ids, row-major, padded with the tokenizer's pad token. */
  tokens: Int32Array;
  /** B*(T+1): 1 where the token counts as a target. Never at the first token of a row or of a document. */
  mask: Uint8Array;
  batchSize: number;
  sequenceLength: number;
  /** Documents that end in this batch; over an epoch, each document of two tokens or more counts once. */
  documents: number;
  /** Ones in the mask. */
  lossTokens: number;
  /** The epoch of the rows, from 0. */
  epoch: number;
}

/** Where a loader stands, as plain JSON of less than 200 bytes. */
export interface LoaderState {
  order: number;
  /** The beginning of the set's fingerprint digest. */
  shards: string;
  split: Split;
  seed: number;
  sequenceLength: number;
  epoch: number;
  window: number;
  /** Next row within the window. */
  row: number;
}

/** Options of {@link PackedLoader.open}. */
export interface LoaderOptions {
  /** Default "train". */
  split?: Split;
  /** Rows of a batch (B). */
  batchSize: number;
  /** Inputs of a row (T); a row has one token more. */
  sequenceLength: number;
  /** Seed of the order; default 0. */
  seed?: number;
  /** Epochs before `next` returns null; default: endless. */
  epochs?: number;
  /** Where to go on, from {@link PackedLoader.state}. Batch size may differ, all else must be the same. */
  state?: LoaderState;
}

interface Window {
  documents: DocumentTokens[];
  rows: Piece[][];
}

/**
 * Batches of packed documents. The order is a pure function of (seed, epoch): a permutation of the documents, cut into
 * windows of 2,048, whose documents are packed into rows by best fit; the rows of a window are shuffled. So a loader goes on
 * from its state exactly, in any process. An epoch ends with a batch that is filled up with rows of padding.
 */
export class PackedLoader implements AsyncIterable<Batch> {
  readonly #capacity: number;
  readonly #windows: number;
  #permutation: Permutation | undefined;
  #loaded: { key: string; window: Promise<Window> } | undefined;
  #state: LoaderState;

  private constructor(
    private readonly source: ShardSplit,
    private readonly pad: number,
    private readonly batchSize: number,
    private readonly epochs: number,
    state: LoaderState,
  ) {
    this.#state = state;
    this.#capacity = state.sequenceLength + 1;
    this.#windows = Math.ceil(source.documents / WINDOW);
  }

  /**
   * Opens a loader on a set of shards, or on the folder of one.
   * @throws DatasetError when the split is empty or the state is of another set, split, seed or length; ShardError for damaged shards
   */
  static async open(shards: ShardSet | string, { split = "train", batchSize, sequenceLength, seed = 0, epochs = Infinity, state }: LoaderOptions): Promise<PackedLoader> {
    for (const [name, value] of Object.entries({ batchSize, sequenceLength })) if (!(Number.isInteger(value) && value >= 1)) throw new DatasetError(`${name} must be a whole number of at least 1; found ${value}.`);
    const set = typeof shards === "string" ? await openShards(shards) : shards;
    const source = set.split(split);
    if (source.tokens - source.documents < 1) throw new DatasetError(`The ${split} split of ${set.folder} has no tokens to learn from. Tokenize more documents${split === "val" ? ", or a larger share for validation" : ""}.`);
    const start: LoaderState = { order: ORDER_VERSION, shards: sha256Hex(JSON.stringify(set.manifest)).slice(0, 16), split, seed, sequenceLength, epoch: 0, window: 0, row: 0 };
    if (state) {
      for (const key of ["order", "shards", "split", "seed", "sequenceLength"] as const) {
        if (state[key] !== start[key]) throw new DatasetError(`The data can't be resumed: ${key} was ${state[key]} when the state was saved and is ${start[key]} now. Use the same shards and settings, or start anew.`);
      }
      for (const key of ["epoch", "window", "row"] as const) if (!(Number.isSafeInteger(state[key]) && state[key] >= 0)) throw new DatasetError(`The data can't be resumed: ${key} of the saved state is ${String(state[key])}, expected a whole number.`);
    }
    return new PackedLoader(source, set.manifest.tokenizer.pad, batchSize, epochs, { ...start, ...(state ? { epoch: state.epoch, window: state.window, row: state.row } : {}) });
  }

  /** Where this loader stands: a loader opened with it returns the batches that this one would return next. */
  state(): LoaderState {
    return { ...this.#state };
  }

  /** The next batch, or null after the last epoch. @throws ShardError when a shard turns out to be damaged */
  async next(): Promise<Batch | null> {
    const at = { ...this.#state };
    if (at.epoch >= this.epochs) return null;
    const width = this.#capacity;
    const batch: Batch = {
      tokens: new Int32Array(this.batchSize * width).fill(this.pad),
      mask: new Uint8Array(this.batchSize * width),
      batchSize: this.batchSize,
      sequenceLength: at.sequenceLength,
      documents: 0,
      lossTokens: 0,
      epoch: at.epoch,
    };
    for (let filled = 0; filled < this.batchSize && at.window < this.#windows; ) {
      const { documents, rows } = await this.#window(at.epoch, at.window);
      if (at.row < rows.length) this.#fill(batch, filled++ * width, rows[at.row++]!, documents);
      if (at.row >= rows.length) {
        at.window++;
        at.row = 0;
      }
    }
    if (at.window >= this.#windows) Object.assign(at, { epoch: at.epoch + 1, window: 0, row: 0 });
    this.#state = at;
    return batch;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Batch> {
    for (let batch = await this.next(); batch; batch = await this.next()) yield batch;
  }

  #fill(batch: Batch, offset: number, row: readonly Piece[], documents: readonly DocumentTokens[]): void {
    let at = offset;
    for (const { document, start, length } of row) {
      const { tokens, mask } = documents[document]!;
      for (let i = 0; i < length; i++) {
        batch.tokens[at + i] = tokens[start + i]!;
        // A piece's first token was counted in the piece before, or is the document's first.
        const counts = i > 0 && (mask ? mask[start + i]! : 1);
        if (counts) {
          batch.mask[at + i] = 1;
          batch.lossTokens++;
        }
      }
      if (start + length === tokens.length) batch.documents++;
      at += length;
    }
  }

  #window(epoch: number, window: number): Promise<Window> {
    const key = `${epoch}/${window}`;
    if (this.#loaded?.key !== key) {
      const loading = this.#load(epoch, window);
      this.#loaded = { key, window: loading };
      loading.catch(() => (this.#loaded = undefined));
    }
    return this.#loaded!.window;
  }

  async #load(epoch: number, window: number): Promise<Window> {
    const { seed } = this.#state;
    if (window === 0 || !this.#permutation) this.#permutation = new Permutation(this.source.documents, seed, epoch);
    const documents: DocumentTokens[] = [];
    for (let i = window * WINDOW; i < Math.min(this.source.documents, (window + 1) * WINDOW); i++) documents.push(await this.source.document(this.#permutation.at(i)));
    const rows = packRows(cutPieces(documents.map(({ tokens }) => tokens.length), this.#capacity), this.#capacity);
    // Best fit puts the longest piece first. Left so, a short document would never begin a row, and a model would learn from
    // the position alone what kind of text comes next; so the pieces of each row are shuffled too.
    const random = new SeededRandom(seed, epoch, window);
    return { documents, rows: random.shuffle(rows.map((row) => random.shuffle(row))) };
  }
}
