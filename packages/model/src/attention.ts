import * as tf from "@tensorflow/tfjs-core";
import { ModelError } from "./errors.js";
import { differentiable } from "./ops.js";

/** Small enough that exp gives exactly 0 in float32, large enough to stay finite with any score added. */
const MASKED = -1e9;

/** A block of queries with its additive mask: 0 where a query may look, {@link MASKED} where it may not. */
export interface CausalBlock {
  /** First query of the block; the block sees keys 0…start + size - 1. */
  start: number;
  size: number;
  /** [size, start + size] */
  mask: tf.Tensor2D;
}

/**
 * Cuts T queries into blocks of at most `block`. A block is multiplied with the keys up to its own end only: what the
 * causal mask removes beyond that is never computed, and [B, H, T, T] is never held whole.
 *
 * @throws {ModelError} `input` if `block` is no positive integer.
 */
export function causalBlocks(length: number, block: number): CausalBlock[] {
  if (!(Number.isInteger(block) && block >= 1)) throw new ModelError("input", `attentionBlock must be a positive integer; got ${block}.`);
  const blocks: CausalBlock[] = [];
  for (let start = 0; start < length; start += block) {
    const size = Math.min(block, length - start);
    const queries = tf.reshape(tf.range(start, start + size, 1, "int32"), [size, 1]);
    const keys = tf.reshape(tf.range(0, start + size, 1, "int32"), [1, start + size]);
    blocks.push({ start, size, mask: laterMask(keys, queries) });
  }
  return blocks;
}

/** The additive mask that hides later keys: positions of keys [1, M] and of queries [N, 1], both int32, to [N, M]. */
export const laterMask = (keys: tf.Tensor, queries: tf.Tensor): tf.Tensor2D => tf.mul(tf.cast(tf.greater(keys, queries), "float32"), MASKED);

/** Attention weights softmax(q kᵀ + mask): q [B, K, G·N, D] with the scale in it, k [B, K, M, D], mask [N, M]; [B, K, G·N, M]. */
function attentionWeights(q: tf.Tensor4D, k: tf.Tensor4D, mask: tf.Tensor2D): tf.Tensor4D {
  const [b, kv, stacked] = q.shape;
  const [n, m] = mask.shape;
  const scores = tf.reshape(tf.matMul(q, k, false, true), [(b * kv * stacked) / n, n, m]);
  return tf.reshape(tf.softmax(tf.add(scores, mask)), [b, kv, stacked, m]);
}

/**
 * Scaled dot-product attention of query heads in groups that share a key and value head. The queries of a group are stacked
 * along the time axis, so grouping needs no copy of keys or values and no broadcasting in the products. Has no gradient.
 *
 * @param q - [B, H, N, D]; head h belongs to key head floor(h / (H / K)).
 * @param k - [B, K, M, D]
 * @param v - [B, K, M, D]
 * @param mask - [N, M], added to the scores.
 * @returns [B, H, N, D]
 */
export function groupedAttention(q: tf.Tensor4D, k: tf.Tensor4D, v: tf.Tensor4D, mask: tf.Tensor2D): tf.Tensor4D {
  const [b, h, n, d] = q.shape;
  const kv = k.shape[1];
  const stacked = tf.reshape(tf.mul(q, 1 / Math.sqrt(d)), [b, kv, (h / kv) * n, d]) as tf.Tensor4D;
  return tf.reshape(tf.matMul(attentionWeights(stacked, k, mask), v), [b, h, n, d]);
}

/**
 * Causal attention over a whole sequence, block by block, with its gradient.
 *
 * @param q - [B, H, T, D]; k and v are [B, K, T, D].
 * @param blocks - From {@link causalBlocks} for T.
 * @returns [B, H, T, D]
 */
export function causalAttention(q: tf.Tensor4D, k: tf.Tensor4D, v: tf.Tensor4D, blocks: readonly CausalBlock[]): tf.Tensor4D {
  const [b, h, t, d] = q.shape;
  const kv = k.shape[1];
  const group = h / kv;
  const scale = 1 / Math.sqrt(d);
  /** A block's rows of a [B, H, T, D] tensor, the heads of a group stacked: [B, K, G·size, D]. */
  const stack = (x: tf.Tensor4D, { start, size }: CausalBlock) => tf.reshape(part(x, start, size), [b, kv, group * size, d]) as tf.Tensor4D;
  const unstack = (x: tf.Tensor4D, { size }: CausalBlock) => tf.reshape(x, [b, h, size, d]) as tf.Tensor4D;
  // Asked here because inside customGrad the tape is always off.
  const wanted = tf.engine().isTapeOn();

  return differentiable([q, k, v], (save) => {
    const scaled = tf.mul(q, scale) as tf.Tensor4D;
    const weights: tf.Tensor4D[] = [];
    const outs = blocks.map((block) => {
      const end = block.start + block.size;
      const { out, w } = tf.tidy(() => {
        const w = attentionWeights(stack(scaled, block), part(k, 0, end), block.mask);
        const out = unstack(tf.matMul(w, part(v, 0, end)), block);
        return wanted ? { out, w } : { out };
      });
      if (w !== undefined) weights.push(w);
      return out;
    });
    const out = join(outs);
    save([scaled, k, v, out, ...weights]);
    return {
      value: out,
      gradient: (dOut, saved) => {
        const [scaled, k, v, out, ...weights] = saved as [tf.Tensor4D, tf.Tensor4D, tf.Tensor4D, tf.Tensor4D, ...tf.Tensor4D[]];
        // Softmax's row sums of weight · gradient, over D instead of over all keys (Dao et al. 2022, FlashAttention, appendix B).
        const rowSums = tf.sum(tf.mul(dOut, out), -1, true); // [B, H, T, 1]
        const dQ: tf.Tensor4D[] = [];
        let dK: tf.Tensor | undefined;
        let dV: tf.Tensor | undefined;
        blocks.forEach((block, i) => {
          const { start, size } = block;
          const end = start + size;
          const w = weights[i]!;
          const dO = stack(dOut, block);
          const rows = tf.reshape(tf.slice(rowSums, [0, 0, start, 0], [b, h, size, 1]), [b, kv, group * size, 1]);
          const dScores = tf.mul(w, tf.sub(tf.matMul(dO, part(v, 0, end), false, true), rows)) as tf.Tensor4D;
          dQ.push(unstack(tf.mul(tf.matMul(dScores, part(k, 0, end)), scale), block));
          dK = addPadded(dK, tf.matMul(dScores, stack(scaled, block), true, false), t);
          dV = addPadded(dV, tf.matMul(w, dO, true, false), t);
        });
        return [join(dQ), dK!, dV!];
      },
    };
  });
}

/** Positions start … start + size - 1 of [B, H, T, D]. */
function part(x: tf.Tensor4D, start: number, size: number): tf.Tensor4D {
  const [b, h, t, d] = x.shape;
  return size === t ? x : tf.slice(x, [0, 0, start, 0], [b, h, size, d]);
}

const join = (parts: tf.Tensor4D[]): tf.Tensor4D => (parts.length === 1 ? parts[0]! : tf.concat(parts, 2));

/** sum + x, where x has only the first positions of `length`. */
function addPadded(sum: tf.Tensor | undefined, x: tf.Tensor4D, length: number): tf.Tensor {
  const missing = length - x.shape[2];
  const whole = missing === 0 ? x : tf.pad(x, [[0, 0], [0, 0], [0, missing], [0, 0]]);
  return sum === undefined ? whole : tf.add(sum, whole);
}
