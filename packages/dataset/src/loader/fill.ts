import type { SplitReader } from "../shards/split-reader.js";
import type { PlannedRow } from "./order.js";
import type { Batch } from "./types.js";

/** What a batch is made with. */
export interface Shape {
  batchSize: number;
  sequenceLength: number;
  /** Id that fills up rows. */
  pad: number;
  boundaries: boolean;
}

/** A batch of planned rows, filled up with rows of padding, and how many places are padding. @throws ShardError when a shard is damaged */
export function fillBatch(rows: readonly PlannedRow[], epoch: number, source: SplitReader, { batchSize, sequenceLength, pad, boundaries }: Shape): { batch: Batch; padding: number } {
  const width = sequenceLength + 1;
  const batch: Batch = { tokens: new Int32Array(batchSize * width), mask: new Uint8Array(batchSize * width), batchSize, sequenceLength, documents: 0, lossTokens: 0, epoch };
  const { tokens, mask } = batch;
  const ids = boundaries ? (batch.documentIds = new Int32Array(batchSize * width).fill(-1)) : undefined;
  const positions = boundaries ? (batch.positions = new Int32Array(batchSize * width)) : undefined;
  if (boundaries) batch.segments = [];
  let padding = 0;
  for (let row = 0; row < batchSize; row++) {
    let at = row * width;
    for (const { document, start, length } of rows[row] ?? []) {
      tokens.set(source.tokens(document, start, length), at);
      // A piece's first token was counted in the piece before, or is the document's first.
      const ones = source.mask(document, start, length, mask, at);
      if (ones === undefined) {
        mask.fill(1, at + 1, at + length);
        batch.lossTokens += length - 1;
      } else {
        batch.lossTokens += ones - mask[at]!;
        mask[at] = 0;
      }
      if (start + length === source.lengths[document]) batch.documents++;
      if (ids && positions) {
        ids.fill(document, at, at + length);
        for (let i = 0; i < length; i++) positions[at + i] = i;
        batch.segments!.push({ row, at: at - row * width, length, document, offset: start });
      }
      at += length;
    }
    const end = (row + 1) * width;
    tokens.fill(pad, at, end);
    padding += end - at;
  }
  return { batch, padding };
}
