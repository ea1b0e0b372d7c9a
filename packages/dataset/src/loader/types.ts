import type { Split } from "../shards/types.js";

/** A stretch of a document in a row. */
export interface Segment {
  /** Row of the batch, and the first token within the row. */
  row: number;
  at: number;
  /** Tokens. */
  length: number;
  /** The document within the split, and the segment's first token within the document. */
  document: number;
  offset: number;
}

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
  /** With `boundaries`: B*(T+1), the document within the split that each token is of; -1 for padding. */
  documentIds?: Int32Array;
  /** With `boundaries`: B*(T+1), each token's place in its segment, from 0, as positions of attention that does not cross documents; 0 for padding. */
  positions?: Int32Array;
  /** With `boundaries`: the stretches of documents, row by row. */
  segments?: Segment[];
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

/** How full the rows were that a loader has returned. */
export interface PackingTotals {
  rows: number;
  /** Tokens of documents in these rows. */
  tokens: number;
  /** Places that were padded. */
  padding: number;
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
  /** Where to go on, from {@link PackedLoader.state}. Batch size, machines and threads may differ, all else must be the same. */
  state?: LoaderState;
  /**
   * This machine's number, from 0, of `worldSize` that train together; default 0 of 1. Step by step the batches of all
   * ranks, in the order of ranks, are the rows of one batch of worldSize * batchSize rows, so the order of training and the
   * state are the same for any number of machines.
   */
  rank?: number;
  worldSize?: number;
  /** Whether batches say which token is of which document; default false. */
  boundaries?: boolean;
  /** Batches that each worker thread reads ahead; default 0: batches are made on the calling thread. */
  prefetch?: number;
  /** Worker threads, with `prefetch`; default 1. */
  workers?: number;
}
