import { type ShardSet, openShards } from "../shards/reader.js";
import type { Split } from "../shards/types.js";
import { RowOrder } from "./order.js";

/** How documents fill the rows of an epoch. */
export interface PackingReport {
  split: Split;
  sequenceLength: number;
  documents: number;
  /** Rows of T + 1 tokens. */
  rows: number;
  /** Tokens in these rows; where a document is cut, the token at the cut stands in both pieces. */
  tokens: number;
  /** Places that are padded, and their share of all places. */
  padding: number;
  waste: number;
  /** Documents longer than a row, which are cut, and the pieces that they make. */
  cut: number;
  pieces: number;
  /** Documents of fewer than two tokens, which predict nothing and are left out. */
  leftOut: number;
}

/**
 * What packing an epoch costs, from the documents' lengths alone: no token is read but where `openShards` checks a set.
 * @param shards A set or its folder. @param options `sequenceLength` is T; split "train", seed 0 and epoch 0 by default.
 */
export async function packingReport(shards: ShardSet | string, { sequenceLength, split = "train", seed = 0, epoch = 0 }: { sequenceLength: number; split?: Split; seed?: number; epoch?: number }): Promise<PackingReport> {
  const set = typeof shards === "string" ? await openShards(shards, { verify: false, cacheBytes: 0 }) : shards;
  const { lengths } = await set.split(split).reader();
  const capacity = sequenceLength + 1;
  const order = new RowOrder(lengths, capacity, seed);
  const report: PackingReport = { split, sequenceLength, documents: lengths.length, rows: 0, tokens: 0, padding: 0, waste: 0, cut: 0, pieces: 0, leftOut: 0 };
  for (const length of lengths) {
    if (length < 2) report.leftOut++;
    else if (length > capacity) {
      report.cut++;
      report.pieces += Math.ceil((length - 1) / sequenceLength);
    }
  }
  for (let window = 0; window < order.windows; window++) {
    for (const row of order.rows(epoch, window)) {
      report.rows++;
      for (const { length } of row) report.tokens += length;
    }
  }
  report.padding = report.rows * capacity - report.tokens;
  report.waste = report.rows > 0 ? report.padding / (report.rows * capacity) : 0;
  if (typeof shards === "string") set.close();
  return report;
}
