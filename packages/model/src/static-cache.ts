import * as tf from "@tensorflow/tfjs-core";
import { laterMask } from "./attention.js";
import type { LlamaConfig } from "./config.js";
import { ModelError } from "./errors.js";
import { EMBEDDING, FINAL_NORM, headWeight, layerPrefix, parameter, type Parameters } from "./parameters.js";
import { rotaryTables } from "./rotary.js";
import { canWriteInPlace, writeRows } from "./write-rows.js";

/** Keys and values of one growing text, in one piece of memory that is written in place. */
export interface StaticCache {
  /** [layers · 2 · kvHeads · length, headDim]: for each layer the keys of each head, then the values. */
  memory: tf.Tensor2D;
  /** Tokens it has room for. */
  length: number;
}

/**
 * An empty static cache for one text; free it with `cache.memory.dispose()`.
 *
 * @param length - Room in tokens; default: the model's context length, which is also the most.
 * @throws {ModelError} `input` if the length can't be, or the backend can't write in place (ask `canWriteInPlace`).
 */
export function createStaticCache(config: LlamaConfig, length: number = config.maxPositions): StaticCache {
  if (!(Number.isInteger(length) && length >= 1 && length <= config.maxPositions)) {
    throw new ModelError("input", `A cache's length must be from 1 to the model's context of ${config.maxPositions} tokens; got ${length}.`);
  }
  if (!canWriteInPlace()) throw new ModelError("input", `A static cache needs a backend that can write in place, which ${tf.getBackend()} can't; use createCache and forwardCached.`);
  return { memory: tf.zeros([config.layers * 2 * config.kvHeads * length, config.headDim]), length };
}

/** A longer cache with the same contents, and frees the old one. */
export function growStaticCache(cache: StaticCache, config: LlamaConfig, length: number): StaticCache {
  const { headDim } = config;
  const blocks = config.layers * 2 * config.kvHeads;
  const memory = tf.tidy(() => {
    const padded = tf.pad(tf.reshape(cache.memory, [blocks, cache.length, headDim]), [[0, 0], [0, length - cache.length], [0, 0]]);
    return tf.reshape(padded, [blocks * length, headDim]) as tf.Tensor2D;
  });
  cache.memory.dispose();
  return { memory, length };
}

/**
 * Continues a text by n tokens: prefill with n > 1, decoding with n = 1. Like `forwardCached`, but keys and values are written into
 * the cache in place, so a step copies nothing and returns nothing but logits.
 *
 * Activations are columns, [features, n]: weights [out, in] then are the left factor of every product as they are stored. The other
 * way round TensorFlow's CPU product rearranges the whole weight first, which for few tokens takes several times the product's time.
 *
 * @param ids - int32 [n], the tokens at positions position … position + n - 1. That this stays within the cache is up to the caller.
 * @param position - int32 scalar: tokens already in the cache.
 * @param cache - Changed: has the n tokens afterwards.
 * @param last - int32 scalar: which of the n tokens the logits are for; default the last. See `CachedOptions`.
 * @returns Logits [vocabSize].
 * @throws {ModelError} `input` if shapes do not fit the cache.
 */
export function forwardStatic(config: LlamaConfig, params: Parameters, ids: tf.Tensor1D, position: tf.Scalar, cache: StaticCache, last?: tf.Scalar): tf.Tensor1D {
  const { heads, kvHeads, headDim, hiddenSize, layers } = config;
  const { length } = cache;
  const [n] = ids.shape;
  const rows = layers * 2 * kvHeads * length;
  if (ids.dtype !== "int32" || !(n >= 1 && n <= length) || cache.memory.shape.join() !== [rows, headDim].join()) {
    throw new ModelError("input", `Ids ${ids.dtype} [${ids.shape.join(", ")}] don't fit a cache of [${cache.memory.shape.join(", ")}] for ${length} tokens; expected int32 [n], n at most ${length}, and a cache of [${rows}, ${headDim}].`);
  }
  return tf.tidy(() => {
    const positions = tf.add(tf.range(0, n, 1, "int32"), position); // [n]
    const tables = rotaryTables(length, headDim, config.ropeTheta);
    const turn = rotation(tf.gather(tables.cos, positions), tf.gather(tables.sin, positions));
    const mask = laterMask(tf.reshape(tf.range(0, length, 1, "int32"), [1, length]), tf.reshape(positions, [n, 1])); // [n, length]
    // Where the new keys and values of the first layer go: 2 · kvHeads blocks of `length` rows each.
    const blocks = tf.reshape(tf.range(0, 2 * kvHeads * length, length, "int32"), [2 * kvHeads, 1]);
    const slots = tf.reshape(tf.add(blocks, tf.reshape(positions, [1, n])), [2 * kvHeads * n]) as tf.Tensor1D;

    let { memory } = cache;
    let x = tf.transpose(tf.gather(parameter(params, EMBEDDING), ids)) as tf.Tensor2D; // [hiddenSize, n]
    for (let layer = 0; layer < layers; layer++) {
      const weight = (name: string) => parameter(params, `${layerPrefix(layer)}.${name}.weight`) as tf.Tensor as tf.Tensor2D;
      const from = layer * 2 * kvHeads * length;
      const normed = norm(x, weight("input_layernorm"), config.normEps);
      const [q, k, v] = ["q", "k", "v"].map((name) => tf.matMul(weight(`self_attn.${name}_proj`), normed)) as [tf.Tensor2D, tf.Tensor2D, tf.Tensor2D];
      const turned = turn(headRows(tf.concat([q, k], 0), heads + kvHeads, headDim)); // [heads + kvHeads, n, headDim]
      const keys = tf.slice(turned, [heads, 0, 0], [kvHeads, n, headDim]);
      const fresh = tf.reshape(tf.concat([keys, headRows(v, kvHeads, headDim)], 0), [2 * kvHeads * n, headDim]) as tf.Tensor2D;
      memory = writeRows(memory, from === 0 ? slots : tf.add(slots, tf.scalar(from, "int32")), fresh);
      const stored = (start: number) => tf.reshape(tf.slice(memory, [start, 0], [kvHeads * length, headDim]), [kvHeads, length, headDim]) as tf.Tensor3D;
      const out = attention(tf.slice(turned, [0, 0, 0], [heads, n, headDim]), stored(from), stored(from + kvHeads * length), mask);
      x = tf.add(x, tf.matMul(weight("self_attn.o_proj"), out));
      const wide = norm(x, weight("post_attention_layernorm"), config.normEps);
      const gate = tf.matMul(weight("mlp.gate_proj"), wide);
      const gated = tf.mul(tf.mul(gate, tf.sigmoid(gate)), tf.matMul(weight("mlp.up_proj"), wide)) as tf.Tensor2D;
      x = tf.add(x, tf.matMul(weight("mlp.down_proj"), gated));
    }
    // Only one column goes on to the head.
    const picked = n === 1 ? x : (tf.gather(x, tf.reshape(last ?? tf.scalar(n - 1, "int32"), [1]), 1) as tf.Tensor2D);
    const logits = tf.matMul(headWeight(config, params) as tf.Tensor as tf.Tensor2D, norm(picked, parameter(params, FINAL_NORM), config.normEps));
    return tf.reshape(logits, [config.vocabSize]) as tf.Tensor1D;
  });

  /** RMSNorm of columns [hiddenSize, n]. */
  function norm(x: tf.Tensor2D, weight: tf.Tensor, eps: number): tf.Tensor2D {
    const inverse = tf.rsqrt(tf.add(tf.mean(tf.square(x), 0, true), eps)); // [1, n]
    return tf.mul(tf.mul(x, inverse), tf.reshape(weight, [hiddenSize, 1]));
  }
}

/** Columns [count · headDim, n] as heads [count, n, headDim]; of one token no number has to move. */
function headRows(columns: tf.Tensor2D, count: number, headDim: number): tf.Tensor3D {
  const n = columns.shape[1];
  return n === 1 ? tf.reshape(columns, [count, 1, headDim]) : tf.transpose(tf.reshape(columns, [count, headDim, n]), [0, 2, 1]);
}

/** Rotary positions for heads [h, n, headDim]: cos and the signed sin of each token, [n, headDim]. */
function rotation(cos: tf.Tensor, sin: tf.Tensor): (x: tf.Tensor3D) => tf.Tensor3D {
  return (x) => {
    const [h, n, d] = x.shape;
    const swapped = tf.reshape(tf.reverse(tf.reshape(x, [h, n, 2, d / 2]), 2), [h, n, d]);
    return tf.add(tf.mul(x, cos), tf.mul(swapped, sin));
  };
}

/** Grouped-query attention of n tokens over the whole cache: q [heads, n, d], keys and values [kvHeads, length, d]; columns [heads · d, n]. */
function attention(q: tf.Tensor3D, keys: tf.Tensor3D, values: tf.Tensor3D, mask: tf.Tensor2D): tf.Tensor2D {
  const [heads, n, d] = q.shape;
  const [kvHeads, length] = keys.shape;
  const stacked = (heads / kvHeads) * n;
  const scores = tf.matMul(tf.reshape(tf.mul(q, 1 / Math.sqrt(d)), [kvHeads, stacked, d]), keys, false, true); // [kvHeads, stacked, length]
  // One token's mask broadcasts; several repeat for each head of a group.
  const masked = n === 1 ? tf.add(scores, mask) : tf.add(tf.reshape(scores, [heads, n, length]), mask);
  const out = tf.matMul(tf.reshape(tf.softmax(masked), [kvHeads, stacked, length]), values); // [kvHeads, stacked, d]
  return n === 1 ? tf.reshape(out, [heads * d, 1]) : tf.reshape(tf.transpose(tf.reshape(out, [heads, n, d]), [0, 2, 1]), [heads * d, n]);
}
