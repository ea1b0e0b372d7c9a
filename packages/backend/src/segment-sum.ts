import type { TensorInfo, TypedArray } from "@tensorflow/tfjs-core";

/** The shapes of UnsortedSegmentSum: ids may cover several leading dimensions of x, which fold into one. */
export function segmentSumShapes(x: TensorInfo, segmentIds: TensorInfo, numSegments: number): { out: number[]; width: number } {
  const row = x.shape.slice(segmentIds.shape.length);
  return { out: [numSegments, ...row], width: row.reduce((size, length) => size * length, 1) };
}

/**
 * `sums[ids[i]] += x[i]` for rows of `width` numbers: the gradient of an embedding. Rows with an id outside
 * [0, numSegments) are dropped, as TensorFlow does. `sums` is overwritten.
 */
export function addSegments(x: TypedArray, ids: TypedArray, width: number, sums: TypedArray): void {
  sums.fill(0);
  const end = sums.length;
  for (let i = 0; i < ids.length; i++) {
    const to = ids[i]! * width;
    if (to < 0 || to >= end) continue;
    const from = i * width;
    for (let j = 0; j < width; j++) sums[to + j]! += x[from + j]!;
  }
}
