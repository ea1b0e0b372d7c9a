import * as tf from "@tensorflow/tfjs-core";
import type { LlamaConfig } from "./config.js";
import { ModelError } from "./errors.js";
import { type ForwardOptions, hiddenRows } from "./forward.js";
import { differentiable } from "./ops.js";
import { headWeight, type Parameters } from "./parameters.js";

export interface LossOptions extends ForwardOptions {
  /** Logits held at a time, in numbers. Default 4,194,304 (16 MB), but never more than 16 chunks. */
  chunkElements?: number;
}

export interface Loss {
  /** Sum over the targets of mask · -ln p(target), in nats. A scalar with a gradient. */
  lossSum: tf.Scalar;
  /** Sum of the mask: what to divide by for the mean loss. */
  count: tf.Scalar;
}

const CHUNK_ELEMENTS = 2 ** 22;
// Every chunk adds nodes to a traced step, so a large batch gets larger chunks instead of ever more of them.
const MAX_CHUNKS = 16;

/**
 * Next-token cross-entropy of a batch. Works inside `tf.grads` and `tf.variableGrads`; with tied embeddings the gradients of
 * head and lookup add up.
 *
 * Head, softmax and loss are one operation with a gradient of its own, computed over chunks of rows: no [B·T, V] tensor is
 * ever held whole, and when gradients are wanted they are computed in the same pass, from the logits that are there anyway.
 *
 * @param ids - int32 [B, T], T up to `maxPositions`.
 * @param targets - int32 [B, T]: the token that should follow each position.
 * @param mask - [B, T]: the weight of each target; 0 leaves it out.
 * @throws {ModelError} `input` if shapes differ or ids are not int32.
 */
export function crossEntropyLoss(config: LlamaConfig, params: Parameters, ids: tf.Tensor2D, targets: tf.Tensor2D, mask: tf.Tensor2D, options: LossOptions = {}): Loss {
  for (const [name, tensor] of Object.entries({ targets, mask })) {
    if (tensor.shape.join() !== ids.shape.join()) throw new ModelError("input", `${name} must have the shape of the ids, [${ids.shape.join(", ")}]; got [${tensor.shape.join(", ")}].`);
  }
  return tf.tidy(() => {
    const rows = ids.size;
    const weights = tf.cast(tf.reshape(mask, [rows, 1]), "float32") as tf.Tensor2D;
    const hidden = hiddenRows(config, params, ids, options);
    const lossSum = headLoss(hidden, headWeight(config, params), tf.reshape(targets, [rows, 1]) as tf.Tensor2D, weights, options.chunkElements);
    return { lossSum, count: tf.sum(weights) as tf.Scalar };
  });
}

/**
 * Sum of weight · cross-entropy over rows, for logits x Eᵀ.
 *
 * @param x - [N, D]
 * @param table - [V, D]
 * @param targets - int32 [N, 1]
 * @param weights - [N, 1]
 */
export function headLoss(x: tf.Tensor2D, table: tf.Tensor, targets: tf.Tensor2D, weights: tf.Tensor2D, chunkElements: number = CHUNK_ELEMENTS): tf.Scalar {
  if (!(chunkElements >= 1)) throw new ModelError("input", `chunkElements must be a positive number; got ${chunkElements}.`);
  const [rows] = x.shape;
  const [vocabulary] = table.shape as [number, number];
  const chunks = Math.min(rows, MAX_CHUNKS, Math.max(1, Math.ceil((rows * vocabulary) / chunkElements)));
  const chunkRows = Math.ceil(rows / chunks);
  // Asked here because inside customGrad the tape is always off.
  const wanted = tf.engine().isTapeOn();

  return differentiable([x, table], (save) => {
    let lossSum: tf.Tensor | undefined;
    let dTable: tf.Tensor | undefined;
    const dRows: tf.Tensor[] = [];
    for (let start = 0; start < rows; start += chunkRows) {
      const size = Math.min(chunkRows, rows - start);
      const part = tf.tidy(() => chunkLoss(rowSlice(x, start, size), table as tf.Tensor2D, rowSlice(targets, start, size), rowSlice(weights, start, size), wanted));
      lossSum = lossSum === undefined ? part.loss : tf.add(lossSum, part.loss);
      if (part.dx === undefined || part.dTable === undefined) continue;
      dRows.push(part.dx);
      dTable = accumulate(dTable, part.dTable);
    }
    if (wanted) save([tf.concat(dRows, 0), dTable!]);
    return { value: lossSum as tf.Scalar, gradient: (dy, saved) => saved.map((gradient) => tf.mul(gradient, dy)) };
  });
}

const rowSlice = (x: tf.Tensor2D, start: number, size: number): tf.Tensor2D => (size === x.shape[0] ? x : tf.slice(x, [start, 0], [size, x.shape[1]]));

/** The running sum of the chunks' gradients; frees the old one at once, it is as large as the embedding. */
function accumulate(sum: tf.Tensor | undefined, part: tf.Tensor): tf.Tensor {
  if (sum === undefined) return part;
  const next = tf.add(sum, part);
  sum.dispose();
  part.dispose();
  return next;
}

/** One chunk: its loss, and the gradients with respect to its rows and the whole table. */
function chunkLoss(x: tf.Tensor2D, table: tf.Tensor2D, targets: tf.Tensor2D, weights: tf.Tensor2D, wanted: boolean): { loss: tf.Tensor; dx?: tf.Tensor; dTable?: tf.Tensor } {
  const logits = tf.matMul(x, table, false, true); // [n, V]
  const shifted = tf.sub(logits, tf.max(logits, 1, true));
  const exponentials = tf.exp(shifted);
  const sums = tf.sum(exponentials, 1, true);
  // Comparing with a range marks the targets on the device: no one-hot array to upload, no gather to differentiate.
  const hits = tf.cast(tf.equal(targets, tf.reshape(tf.range(0, table.shape[0], 1, "int32"), [1, table.shape[0]])), "float32");
  const losses = tf.sub(tf.log(sums), tf.sum(tf.mul(shifted, hits), 1, true));
  const loss = tf.sum(tf.mul(losses, weights));
  if (!wanted) return { loss };
  const dLogits = tf.sub(tf.mul(exponentials, tf.div(weights, sums)), tf.mul(hits, weights)) as tf.Tensor2D;
  return { loss, dx: tf.matMul(dLogits, table), dTable: tf.matMul(dLogits, x, true, false) };
}
