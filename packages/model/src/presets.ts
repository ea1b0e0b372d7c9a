import { type LlamaConfig, validateConfig } from "./config.js";
import { ModelError } from "./errors.js";

/** The sizes of a preset; the vocabulary comes from the tokenizer, so it is no part of a preset. */
export interface Preset {
  hiddenSize: number;
  intermediateSize: number;
  layers: number;
  heads: number;
  kvHeads: number;
  /** One line for people: what the size is for. */
  description: string;
}

/** Known sizes, smallest first. Parameter counts in the descriptions are with the vocabulary they name. */
export const PRESETS = {
  test: { layers: 2, hiddenSize: 32, heads: 4, kvHeads: 2, intermediateSize: 64, description: "for tests: learns nothing much, in no time" },
  "sample-small": { layers: 3, hiddenSize: 96, heads: 3, kvHeads: 3, intermediateSize: 256, description: "0.7M with 4,096 tokens: the sample corpus in a minute or two" },
  sample: { layers: 4, hiddenSize: 128, heads: 4, kvHeads: 4, intermediateSize: 352, description: "1.3M with 4,096 tokens: the sample corpus on two cores" },
  "sample-large": { layers: 4, hiddenSize: 192, heads: 6, kvHeads: 6, intermediateSize: 512, description: "2.6M with 4,096 tokens: the sample corpus with time to spare" },
  books: { layers: 4, hiddenSize: 256, heads: 4, kvHeads: 4, intermediateSize: 704, description: "5.3M with 8,192 tokens: real prose in twenty minutes on two cores" },
  "15m": { layers: 6, hiddenSize: 384, heads: 6, kvHeads: 6, intermediateSize: 1024, description: "13.8M with 8,192 tokens: an evening on a laptop" },
  "42m": { layers: 8, hiddenSize: 576, heads: 9, kvHeads: 9, intermediateSize: 1536, description: "41M with 16,384 tokens: a small GPU" },
  // The two SmolLM2 shapes: https://huggingface.co/HuggingFaceTB/SmolLM2-135M and -360M, config.json.
  "135m": { layers: 30, hiddenSize: 576, heads: 9, kvHeads: 3, intermediateSize: 1536, description: "SmolLM2-135M's shape: 134.5M with 49,152 tokens" },
  "360m": { layers: 32, hiddenSize: 960, heads: 15, kvHeads: 5, intermediateSize: 2560, description: "SmolLM2-360M's shape: 361.8M with 49,152 tokens" },
  "950m": { layers: 26, hiddenSize: 1792, heads: 28, kvHeads: 7, intermediateSize: 4864, description: "948M with 32,768 tokens: as large as this project goes" },
} as const satisfies Record<string, Preset>;

export type PresetName = keyof typeof PRESETS;

/**
 * The full configuration of a preset for a vocabulary.
 *
 * @param name - A key of {@link PRESETS}.
 * @param fields - `vocabSize` is needed; any other field replaces the preset's value. Defaults: context 1,024, rope base
 *   10,000, norm epsilon 1e-5, tied embeddings, bos 0, eos 2, pad 1, headDim hiddenSize / heads.
 * @throws {ModelError} `config` if there is no such preset or a field can't be used.
 */
export function presetConfig(name: string, fields: Partial<LlamaConfig> & { vocabSize: number }): LlamaConfig {
  const preset = (PRESETS as Record<string, Preset>)[name];
  if (!Object.hasOwn(PRESETS, name) || preset === undefined) {
    throw new ModelError("config", `There is no preset ${JSON.stringify(name)}. Presets: ${Object.keys(PRESETS).join(", ")}.`);
  }
  const { description: _, ...sizes } = preset;
  // A field given as undefined means "as the preset has it".
  const given = Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as typeof fields;
  const merged = { ...sizes, ...given };
  return validateConfig({ headDim: merged.hiddenSize / merged.heads, maxPositions: 1024, ropeTheta: 10_000, normEps: 1e-5, tieEmbeddings: true, bos: 0, eos: 2, pad: 1, ...merged });
}
