import { type LlamaConfig, validateConfig } from "./config.js";
import { ModelError } from "./errors.js";

/**
 * The content of config.json, as transformers 4 (`rope_theta`, `torch_dtype`) and 5 (`rope_parameters`, `dtype`) read it.
 */
export function toHuggingFaceConfig(config: LlamaConfig): Record<string, unknown> {
  return {
    architectures: ["LlamaForCausalLM"],
    model_type: "llama",
    vocab_size: config.vocabSize,
    hidden_size: config.hiddenSize,
    intermediate_size: config.intermediateSize,
    num_hidden_layers: config.layers,
    num_attention_heads: config.heads,
    num_key_value_heads: config.kvHeads,
    head_dim: config.headDim,
    hidden_act: "silu",
    max_position_embeddings: config.maxPositions,
    rms_norm_eps: config.normEps,
    rope_theta: config.ropeTheta,
    rope_parameters: { rope_type: "default", rope_theta: config.ropeTheta },
    attention_bias: false,
    attention_dropout: 0,
    mlp_bias: false,
    tie_word_embeddings: config.tieEmbeddings,
    bos_token_id: config.bos,
    eos_token_id: config.eos,
    pad_token_id: config.pad,
    initializer_range: 0.02,
    use_cache: true,
    torch_dtype: "float32",
    dtype: "float32",
  };
}

/** The content of generation_config.json: the tokens that start, end and fill a text. */
export function toGenerationConfig(config: LlamaConfig): Record<string, unknown> {
  return { bos_token_id: config.bos, eos_token_id: config.eos, pad_token_id: config.pad };
}

/**
 * A configuration from the content of a Llama's config.json. Defaults of absent keys are those of transformers' LlamaConfig;
 * an absent pad token becomes the end token, and of several end tokens the first is taken.
 *
 * @throws {ModelError} `config` if it is another architecture or uses what a plain Llama has not (biases, scaled rotary
 *   positions, another activation), or a value can't be used.
 */
export function fromHuggingFaceConfig(json: unknown): LlamaConfig {
  if (typeof json !== "object" || json === null || Array.isArray(json)) throw new ModelError("config", "config.json must hold a JSON object.");
  const source = json as Record<string, unknown>;
  if (source["model_type"] !== "llama") throw new ModelError("config", `config.json describes a model of type ${JSON.stringify(source["model_type"])}; only "llama" can be used.`);
  const problems: string[] = [];
  const number = (key: string, fallback?: number): number => {
    const value = source[key] ?? fallback;
    if (typeof value === "number") return value;
    problems.push(`${key} must be a number, it is ${JSON.stringify(value) ?? "missing"}`);
    return NaN;
  };
  const only = (key: string, allowed: unknown) => {
    if (source[key] != null && source[key] !== allowed) problems.push(`${key} is ${JSON.stringify(source[key])}, only ${JSON.stringify(allowed)} can be used`);
  };
  only("hidden_act", "silu");
  only("attention_bias", false);
  only("mlp_bias", false);
  const rope = ropeTheta(source, problems);
  const heads = number("num_attention_heads", 32);
  const hiddenSize = number("hidden_size", 4096);
  const eos = Array.isArray(source["eos_token_id"]) ? (source["eos_token_id"][0] as unknown) : (source["eos_token_id"] ?? 2);
  const config = {
    vocabSize: number("vocab_size", 32_000),
    hiddenSize,
    intermediateSize: number("intermediate_size", 11_008),
    layers: number("num_hidden_layers", 32),
    heads,
    kvHeads: number("num_key_value_heads", heads),
    headDim: number("head_dim", hiddenSize / heads),
    maxPositions: number("max_position_embeddings", 2048),
    ropeTheta: rope,
    normEps: number("rms_norm_eps", 1e-6),
    tieEmbeddings: (source["tie_word_embeddings"] ?? false) as boolean,
    bos: number("bos_token_id", 1),
    eos: eos as number,
    pad: number("pad_token_id", eos as number),
  };
  if (problems.length > 0) throw new ModelError("config", `This config.json can't be used: ${problems.join("; ")}.`);
  return validateConfig(config);
}

/** The rotary base: in `rope_parameters` (transformers 5) or at the top level (4), never with scaling. */
function ropeTheta(source: Record<string, unknown>, problems: string[]): number {
  let theta: unknown = source["rope_theta"] ?? 10_000;
  for (const key of ["rope_scaling", "rope_parameters"]) {
    const rope = source[key] as Record<string, unknown> | null | undefined;
    if (rope == null) continue;
    const type = rope["rope_type"] ?? rope["type"] ?? "default";
    if (type !== "default") problems.push(`${key} asks for rotary positions of type ${JSON.stringify(type)}, only "default" can be used`);
    theta = rope["rope_theta"] ?? theta;
  }
  if (typeof theta === "number") return theta;
  problems.push(`rope_theta must be a number, it is ${JSON.stringify(theta)}`);
  return NaN;
}
