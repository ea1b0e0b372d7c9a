import * as tf from "@tensorflow/tfjs-core";
import { causalAttention, type CausalBlock, causalBlocks } from "./attention.js";
import type { LlamaConfig } from "./config.js";
import { ModelError } from "./errors.js";
import { differentiable, embed, linear, mergeHeads, residual, rmsNorm, splitHeads, swiGlu, unflatten } from "./ops.js";
import { EMBEDDING, FINAL_NORM, headWeight, layerPrefix, layerShapes, parameter, type Parameters } from "./parameters.js";
import { applyRotary, type RotaryTables, rotaryTables } from "./rotary.js";

export interface ForwardOptions {
  /** Queries that attention handles at a time; sequences up to this length are handled whole. Default 256. */
  attentionBlock?: number;
  /**
   * Keep only each layer's input for the backward pass and compute the layer again there: for models whose activations don't fit,
   * at the price of a second forward pass (Chen et al. 2016, "Training Deep Nets with Sublinear Memory Cost"). Default false.
   */
  recompute?: boolean;
}

/**
 * What a layer's attention does with its turned queries and keys: [B, H, T, D] and twice [B, K, T, D] to `out` [B, H, T, D].
 * `carry` are tensors that outlive the layer (a cache's new keys and values).
 */
export type Attend = (layer: number, q: tf.Tensor4D, k: tf.Tensor4D, v: tf.Tensor4D, blocks: readonly CausalBlock[]) => { out: tf.Tensor4D; carry?: tf.Tensor4D[] };

// A type, not an interface: TensorFlow.js's own types take a type's members for those of a container.
type LayerOutput = { x: tf.Tensor2D; carry: tf.Tensor4D[] };

/** One decoder layer on the residual stream x [B·T, hiddenSize]. */
function decoderLayer(config: LlamaConfig, params: Parameters, layer: number, x: tf.Tensor2D, b: number, t: number, { rotary, blocks }: Shared, attend: Attend): LayerOutput {
  const { heads, kvHeads, normEps } = config;
  const weight = (name: string) => parameter(params, `${layerPrefix(layer)}.${name}.weight`);
  const normed = rmsNorm(x, weight("input_layernorm"), normEps);
  const q = applyRotary(splitHeads(linear(normed, weight("self_attn.q_proj")), b, t, heads), rotary);
  const k = applyRotary(splitHeads(linear(normed, weight("self_attn.k_proj")), b, t, kvHeads), rotary);
  const v = splitHeads(linear(normed, weight("self_attn.v_proj")), b, t, kvHeads);
  const { out, carry = [] } = attend(layer, q, k, v, blocks);
  const middle = residual(x, linear(mergeHeads(out), weight("self_attn.o_proj")));
  const wide = rmsNorm(middle, weight("post_attention_layernorm"), normEps);
  const gated = swiGlu(linear(wide, weight("mlp.gate_proj")), linear(wide, weight("mlp.up_proj")));
  return { x: residual(middle, linear(gated, weight("mlp.down_proj"))), carry };
}

/** What all layers share: the tables of rotary positions and the blocks of causal attention. */
export interface Shared {
  rotary: RotaryTables;
  blocks: readonly CausalBlock[];
}

type LayerRun = (params: Parameters, layer: number, x: tf.Tensor2D, shared: Shared) => LayerOutput;

/**
 * The same layer, of which only the input stays for the backward pass. There its input gets a zero that depends on the incoming
 * gradient: otherwise a compiler would find the same layer computed twice, do it once, and keep everything after all.
 */
function recomputed(config: LlamaConfig, run: LayerRun): LayerRun {
  const names = layerShapes(config).map(({ name }) => name);
  return (params, layer, x, { rotary, blocks }) => {
    const full = names.map((name) => `${layerPrefix(layer)}.${name}`);
    const weights = full.map((name) => parameter(params, name));
    const output = (shared: Shared, [x, ...weights]: tf.Tensor[]): tf.Tensor2D => {
      const named = new Map(full.map((name, i) => [name, weights[i]!]));
      return run(named as Map<string, tf.Tensor> as Parameters, layer, x as tf.Tensor2D, shared).x;
    };
    const value: tf.Tensor2D = differentiable([x, ...weights], (save) => {
      save([x, ...weights, rotary.cos, rotary.sin, ...blocks.map(({ mask }) => mask)]);
      return {
        value: tf.tidy(() => output({ rotary, blocks }, [x, ...weights])),
        gradient: (dy, saved) => {
          const [x, ...kept] = saved.slice(0, 1 + weights.length) as [tf.Tensor, ...tf.Tensor[]];
          const [cos, sin, ...masks] = saved.slice(1 + weights.length) as [tf.Tensor2D, tf.Tensor2D, ...tf.Tensor2D[]];
          const again: Shared = { rotary: { cos, sin }, blocks: blocks.map((block, i) => ({ ...block, mask: masks[i]! })) };
          const zero = tf.minimum(tf.abs(tf.slice(dy, [0, 0], [1, 1])), 0);
          return nestedGradients((...inputs) => output(again, inputs), [tf.add(x, zero), ...kept], dy);
        },
      };
    });
    return { x: value, carry: [] };
  };
}

/** `tf.grads` inside a gradient: TensorFlow.js has one tape, which the outer gradient still needs afterwards. */
function nestedGradients(fn: (...inputs: tf.Tensor[]) => tf.Tensor, inputs: tf.Tensor[], dy: tf.Tensor): tf.Tensor[] {
  const { state } = tf.engine();
  const outer = state.activeTape;
  try {
    return tf.grads(fn)(inputs, dy);
  } finally {
    state.activeTape = outer;
  }
}

/** Embedding and all layers, before the final norm: ids [B, T] to x [B·T, hiddenSize], and what each layer carries over. */
export function decode(config: LlamaConfig, params: Parameters, ids: tf.Tensor2D, shared: Shared, attend: Attend, recompute = false): { x: tf.Tensor2D; carried: tf.Tensor4D[][] } {
  const [b, t] = ids.shape;
  const plain: LayerRun = (params, layer, x, shared) => decoderLayer(config, params, layer, x, b, t, shared, attend);
  const run = recompute && tf.engine().isTapeOn() ? recomputed(config, plain) : plain;
  const carried: tf.Tensor4D[][] = [];
  let x = embed(parameter(params, EMBEDDING), tf.reshape(ids, [b * t]));
  for (let layer = 0; layer < config.layers; layer++) {
    // A tidy for each layer: without gradients its intermediate tensors end with it.
    const next = tf.tidy(() => run(params, layer, x, shared));
    x = next.x;
    carried.push(next.carry);
  }
  return { x, carried };
}

/** Checks ids [B, T] int32 with T up to the context length. @throws {ModelError} `input` */
export function checkIds(config: LlamaConfig, ids: tf.Tensor): void {
  if (ids.rank !== 2 || ids.dtype !== "int32") throw new ModelError("input", `Token ids must be an int32 tensor of shape [batch, length]; got ${ids.dtype} [${ids.shape.join(", ")}].`);
  if (ids.size === 0) throw new ModelError("input", `Token ids are empty: shape [${ids.shape.join(", ")}].`);
  if (ids.shape[1]! > config.maxPositions) throw new ModelError("input", `A row has ${ids.shape[1]} tokens, but the model's context is ${config.maxPositions}. Use shorter rows.`);
}

/** The normalized output of the last layer as rows: ids [B, T] to [B·T, hiddenSize]. */
export function hiddenRows(config: LlamaConfig, params: Parameters, ids: tf.Tensor2D, { attentionBlock = 256, recompute = false }: ForwardOptions = {}): tf.Tensor2D {
  checkIds(config, ids);
  const length = ids.shape[1];
  return tf.tidy(() => {
    const blocks = causalBlocks(length, attentionBlock);
    const rotary = rotaryTables(length, config.headDim, config.ropeTheta);
    const { x } = decode(config, params, ids, { rotary, blocks }, (_, q, k, v, blocks) => ({ out: causalAttention(q, k, v, blocks) }), recompute);
    return rmsNorm(x, parameter(params, FINAL_NORM), config.normEps);
  });
}

/**
 * The decoder's output after the final norm, one vector for each token: what transformers calls `last_hidden_state`.
 *
 * @param ids - int32 [B, T], T up to `maxPositions`. Ids are not checked against the vocabulary, which would need a read.
 * @returns [B, T, hiddenSize]
 * @throws {ModelError} `input` for ids of another dtype or shape, `weights` if a weight is missing.
 */
export function hiddenStates(config: LlamaConfig, params: Parameters, ids: tf.Tensor2D, options: ForwardOptions = {}): tf.Tensor3D {
  return tf.tidy(() => unflatten(hiddenRows(config, params, ids, options), ...ids.shape));
}

/**
 * Logits of the next token at every position. Differentiable with respect to the variables; for training,
 * `crossEntropyLoss` is faster because it never holds all logits.
 *
 * @param ids - int32 [B, T], T up to `maxPositions`.
 * @returns [B, T, vocabSize]
 * @throws {ModelError} `input` for ids of another dtype or shape, `weights` if a weight is missing.
 */
export function forward(config: LlamaConfig, params: Parameters, ids: tf.Tensor2D, options: ForwardOptions = {}): tf.Tensor3D {
  return tf.tidy(() => unflatten(linear(hiddenRows(config, params, ids, options), headWeight(config, params)), ...ids.shape));
}
