import * as tf from "@tensorflow/tfjs-core";
import { groupedAttention, laterMask } from "./attention.js";
import type { LlamaConfig } from "./config.js";
import { ModelError } from "./errors.js";
import { checkIds, decode } from "./forward.js";
import { linear, rmsNorm } from "./ops.js";
import { FINAL_NORM, headWeight, parameter, type Parameters } from "./parameters.js";
import { rotaryTables } from "./rotary.js";

/** Keys and values of the tokens seen so far, for each layer [B, kvHeads, maxLength, headDim]: shapes never change. */
export interface KvCache {
  keys: tf.Tensor4D[];
  values: tf.Tensor4D[];
}

export interface CachedOptions {
  /**
   * int32 scalar: which of the n given tokens the logits are for. Default: the last. A prompt filled up at its end to a
   * fixed n (so that one compiled function serves many lengths) names its last real token here.
   */
  last?: tf.Scalar;
}

/**
 * An empty cache for B rows of up to `maxLength` tokens; free it with {@link disposeCache}.
 *
 * @param maxLength - Default: the model's context length, which is also the most.
 * @throws {ModelError} `input`
 */
export function createCache(config: LlamaConfig, batchSize: number, maxLength: number = config.maxPositions): KvCache {
  if (!(Number.isInteger(maxLength) && maxLength >= 1 && maxLength <= config.maxPositions)) {
    throw new ModelError("input", `A cache's length must be from 1 to the model's context of ${config.maxPositions} tokens; got ${maxLength}.`);
  }
  if (!(Number.isInteger(batchSize) && batchSize >= 1)) throw new ModelError("input", `A cache's batch size must be a positive integer; got ${batchSize}.`);
  const empty = () => Array.from({ length: config.layers }, () => tf.zeros<tf.Rank.R4>([batchSize, config.kvHeads, maxLength, config.headDim]));
  return { keys: empty(), values: empty() };
}

/** Frees the cache's tensors. */
export function disposeCache(cache: KvCache): void {
  tf.dispose([cache.keys, cache.values]);
}

/**
 * Continues B rows by n tokens: prefill with n > 1, decoding with n = 1. All shapes depend on n and the cache's length only and
 * the position is a tensor, so a traced function serves every position.
 *
 * @param ids - int32 [B, n], the tokens at positions position … position + n - 1. That this stays within the cache is up to the
 *   caller: the position is not read back.
 * @param position - int32 scalar: tokens already in the cache.
 * @param cache - Not changed; the result has new tensors, and the caller frees the old ones.
 * @returns `logits` [B, vocabSize] of the last token (or `options.last`), and the new cache.
 * @throws {ModelError} `input` if shapes do not fit the cache.
 */
export function forwardCached(config: LlamaConfig, params: Parameters, ids: tf.Tensor2D, position: tf.Scalar, cache: KvCache, options: CachedOptions = {}): { logits: tf.Tensor2D; cache: KvCache } {
  checkIds(config, ids);
  const [b, n] = ids.shape;
  const shape = cache.keys[0]?.shape ?? [];
  const length = shape[2] ?? 0;
  if (cache.keys.length !== config.layers || shape[0] !== b || n > length) {
    throw new ModelError("input", `Ids [${b}, ${n}] don't fit a cache of ${cache.keys.length} layers with shape [${shape.join(", ")}]; the model has ${config.layers} layers.`);
  }
  return tf.tidy(() => {
    const slots = tf.range(0, length, 1, "int32"); // [L]
    const queries = tf.add(tf.range(0, n, 1, "int32"), position); // [n]
    const all = rotaryTables(length, config.headDim, config.ropeTheta);
    const rotary = { cos: tf.gather(all.cos, queries), sin: tf.gather(all.sin, queries) };
    const mask = laterMask(tf.reshape(slots, [1, length]), tf.reshape(queries, [n, 1])); // [n, L]
    const write = slotWriter(slots, position, n);

    const { x, carried } = decode(config, params, ids, { rotary, blocks: [] }, (layer, q, k, v) => {
      const keys = write(cache.keys[layer]!, k);
      const values = write(cache.values[layer]!, v);
      return { out: groupedAttention(q, keys, values, mask), carry: [keys, values] };
    });
    // Only one row goes on to the head.
    const last = options.last ?? tf.scalar(n - 1, "int32");
    const picked = tf.reshape(tf.gather(tf.reshape(x, [b, n, config.hiddenSize]), tf.reshape(last, [1]), 1), [b, config.hiddenSize]) as tf.Tensor2D;
    const logits = linear(rmsNorm(picked, parameter(params, FINAL_NORM), config.normEps), headWeight(config, params));
    return { logits, cache: { keys: carried.map(([keys]) => keys!), values: carried.map(([, values]) => values!) } };
  });
}

/** A function that puts n new rows [B, K, n, D] into the slots position … position + n - 1 of old [B, K, L, D]. */
function slotWriter(slots: tf.Tensor1D, position: tf.Scalar, n: number): (old: tf.Tensor4D, rows: tf.Tensor4D) => tf.Tensor4D {
  const length = slots.shape[0];
  const offsets = tf.sub(slots, position); // which new row a slot gets
  const first = tf.scalar(0, "int32");
  const end = tf.scalar(n, "int32");
  const within = tf.logicalAnd(tf.greaterEqual(offsets, first), tf.less(offsets, end));
  const fresh = tf.reshape(tf.cast(within, "float32"), [1, 1, length, 1]);
  const stays = tf.sub(1, fresh);
  const source = tf.minimum(tf.maximum(offsets, first), tf.scalar(n - 1, "int32")) as tf.Tensor1D;
  // Products with 0 and 1 are exact, and one row needs no gather because it broadcasts.
  return (old, rows) => tf.add(tf.mul(old, stays), tf.mul(n === 1 ? rows : tf.gather(rows, source, 2), fresh));
}
