import type * as tf from "@tensorflow/tfjs-core";
import type { LlamaConfig } from "./config.js";
import { ModelError } from "./errors.js";

/** The weights of a model under their Hugging Face names, in the order of {@link parameterShapes}; matrices are [out, in]. */
export type Parameters = Map<string, tf.Variable>;

/** Name of the token embedding, which is the output head too when embeddings are tied. */
export const EMBEDDING = "model.embed_tokens.weight";
/** Name of the norm after the last layer. */
export const FINAL_NORM = "model.norm.weight";
/** Name of the output head of a model whose embeddings are not tied. */
export const HEAD = "lm_head.weight";

/** The prefix of a layer's names. */
export const layerPrefix = (layer: number): string => `model.layers.${layer}`;

/** The nine weights of a layer with their shapes; `residual` marks the two whose product is added to the residual stream. */
export function layerShapes(config: LlamaConfig): { name: string; shape: number[]; residual: boolean }[] {
  const { hiddenSize: d, intermediateSize: f, heads, kvHeads, headDim } = config;
  const weight = (name: string, shape: number[], residual = false) => ({ name: `${name}.weight`, shape, residual });
  return [
    weight("input_layernorm", [d]),
    weight("self_attn.q_proj", [heads * headDim, d]),
    weight("self_attn.k_proj", [kvHeads * headDim, d]),
    weight("self_attn.v_proj", [kvHeads * headDim, d]),
    weight("self_attn.o_proj", [d, heads * headDim], true),
    weight("post_attention_layernorm", [d]),
    weight("mlp.gate_proj", [f, d]),
    weight("mlp.up_proj", [f, d]),
    weight("mlp.down_proj", [d, f], true),
  ];
}

/**
 * Name and shape of every weight, in the order in which they are stored: embedding, layers, final norm, and the head if it
 * is not tied.
 */
export function parameterShapes(config: LlamaConfig): Map<string, number[]> {
  const shapes = new Map<string, number[]>([[EMBEDDING, [config.vocabSize, config.hiddenSize]]]);
  const layer = layerShapes(config);
  for (let i = 0; i < config.layers; i++) {
    for (const { name, shape } of layer) shapes.set(`${layerPrefix(i)}.${name}`, shape.slice());
  }
  shapes.set(FINAL_NORM, [config.hiddenSize]);
  if (!config.tieEmbeddings) shapes.set(HEAD, [config.vocabSize, config.hiddenSize]);
  return shapes;
}

/** Number of trainable numbers; a tied embedding counts once. */
export function countParameters(config: LlamaConfig): number {
  let count = 0;
  for (const shape of parameterShapes(config).values()) count += shape.reduce((product, size) => product * size, 1);
  return count;
}

/**
 * Floating-point operations of one training step per token, forward and backward: 6 for each weight that is multiplied,
 * and 12 · layers · heads · headDim · T for attention, counted without the causal half.
 * Source: Chowdhery et al. 2022 (PaLM), appendix B. One third of it is the forward pass.
 *
 * @param sequenceLength - Tokens of a row (T).
 */
export function flopsPerToken(config: LlamaConfig, sequenceLength: number): number {
  // An untied embedding is only looked up; a tied one is multiplied in the head.
  const multiplied = countParameters(config) - (config.tieEmbeddings ? 0 : config.vocabSize * config.hiddenSize);
  return 6 * multiplied + 12 * config.layers * config.heads * config.headDim * sequenceLength;
}

/** The weight of that name. @throws {ModelError} `weights` if it is missing. */
export function parameter(params: Parameters, name: string): tf.Variable {
  const variable = params.get(name);
  if (variable === undefined) throw new ModelError("weights", `The model has no weight ${JSON.stringify(name)}; it has ${params.size} weights. Its configuration and its weights don't belong together.`);
  return variable;
}

/** The output head [vocabSize, hiddenSize]: the embedding table when tied. */
export const headWeight = (config: LlamaConfig, params: Parameters): tf.Variable => parameter(params, config.tieEmbeddings ? EMBEDDING : HEAD);

/** Frees all weights. */
export function disposeParameters(params: Parameters): void {
  for (const variable of params.values()) variable.dispose();
  params.clear();
}
