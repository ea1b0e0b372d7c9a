import { ModelError } from "./errors.js";

/**
 * The shape of a Llama decoder: pre-RMSNorm, rotary positions (rotate-half), SwiGLU, grouped-query attention, no biases.
 * Field by field it maps onto the `LlamaConfig` of Hugging Face transformers (see `toHuggingFaceConfig`).
 */
export interface LlamaConfig {
  /** Rows of the token embedding; every token id is below it. */
  vocabSize: number;
  /** Width of the residual stream. */
  hiddenSize: number;
  /** Width inside the feed-forward block. */
  intermediateSize: number;
  /** Decoder layers. */
  layers: number;
  /** Query heads. */
  heads: number;
  /** Key and value heads; divides `heads`. Equal to `heads` is plain multi-head attention. */
  kvHeads: number;
  /** Width of one head; even, because rotary positions turn pairs. Usually `hiddenSize / heads`. */
  headDim: number;
  /** Context length in tokens. */
  maxPositions: number;
  /** Base of the rotary frequencies. */
  ropeTheta: number;
  /** Added to the mean square in RMSNorm. */
  normEps: number;
  /** Whether the output head is the embedding table. */
  tieEmbeddings: boolean;
  /** Token that starts a text. */
  bos: number;
  /** Token that ends a text. */
  eos: number;
  /** Token that fills rows up. */
  pad: number;
}

const SIZES = ["vocabSize", "hiddenSize", "intermediateSize", "layers", "heads", "kvHeads", "headDim", "maxPositions"] as const;
const TOKENS = ["bos", "eos", "pad"] as const;

/**
 * Checks a configuration and returns a copy of it with exactly the known fields.
 *
 * @throws {ModelError} `config`, naming every field that is wrong, what it must be and what it is.
 */
export function validateConfig(config: LlamaConfig): LlamaConfig {
  const problems: string[] = [];
  for (const key of SIZES) {
    if (!Number.isSafeInteger(config[key]) || config[key] < 1) problems.push(`${key} must be a positive integer, it is ${String(config[key])}`);
  }
  for (const key of TOKENS) {
    const id = config[key];
    if (!Number.isSafeInteger(id) || id < 0 || id >= config.vocabSize) problems.push(`${key} must be a token id below vocabSize ${config.vocabSize}, it is ${String(id)}`);
  }
  if (problems.length === 0 && config.heads % config.kvHeads !== 0) problems.push(`heads (${config.heads}) must be a multiple of kvHeads (${config.kvHeads})`);
  if (config.headDim % 2 !== 0) problems.push(`headDim must be even for rotary positions, it is ${String(config.headDim)}`);
  for (const key of ["ropeTheta", "normEps"] as const) {
    if (!Number.isFinite(config[key]) || config[key] <= 0) problems.push(`${key} must be a positive number, it is ${String(config[key])}`);
  }
  if (typeof config.tieEmbeddings !== "boolean") problems.push(`tieEmbeddings must be true or false, it is ${String(config.tieEmbeddings)}`);
  if (problems.length > 0) throw new ModelError("config", `The model configuration can't be used: ${problems.join("; ")}.`);
  const { vocabSize, hiddenSize, intermediateSize, layers, heads, kvHeads, headDim, maxPositions, ropeTheta, normEps, tieEmbeddings, bos, eos, pad } = config;
  return { vocabSize, hiddenSize, intermediateSize, layers, heads, kvHeads, headDim, maxPositions, ropeTheta, normEps, tieEmbeddings, bos, eos, pad };
}
