import * as tf from "@tensorflow/tfjs-core";
import type { Batch } from "@llm/dataset";

/** One [B, T] piece of a step: what the model reads, what it should say, and which of it counts. */
export interface Microbatch {
  /** [B·T] token ids. */
  ids: Int32Array;
  /** [B·T] the token after each of `ids`. */
  targets: Int32Array;
  /** [B·T] 1 where the target counts in the loss. */
  mask: Float32Array;
  shape: [batchSize: number, sequenceLength: number];
  /** Sum of the mask. */
  count: number;
}

/** Splits rows of T+1 tokens into inputs and the targets one place later. */
export function toMicrobatch(batch: Pick<Batch, "tokens" | "mask" | "batchSize" | "sequenceLength">): Microbatch {
  const { tokens, mask, batchSize: B, sequenceLength: T } = batch;
  const result: Microbatch = { ids: new Int32Array(B * T), targets: new Int32Array(B * T), mask: new Float32Array(B * T), shape: [B, T], count: 0 };
  for (let row = 0; row < B; row++) {
    const from = row * (T + 1);
    result.ids.set(tokens.subarray(from, from + T), row * T);
    result.targets.set(tokens.subarray(from + 1, from + T + 1), row * T);
    result.mask.set(mask.subarray(from + 1, from + T + 1), row * T);
  }
  for (const value of result.mask) result.count += value;
  return result;
}

/** The three tensors of a microbatch: ids, targets (int32) and mask (float32), each [B, T]. The caller disposes them. */
export function toInputs({ ids, targets, mask, shape }: Microbatch): [tf.Tensor2D, tf.Tensor2D, tf.Tensor2D] {
  return [tf.tensor2d(ids, shape, "int32"), tf.tensor2d(targets, shape, "int32"), tf.tensor2d(mask, shape, "float32")];
}

/** Frees what {@link toInputs} made. */
export function disposeInputs(inputs: readonly tf.Tensor[]): void {
  tf.dispose([...inputs]);
}
