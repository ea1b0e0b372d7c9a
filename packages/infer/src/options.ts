import { InferError } from "./errors.js";
import type { SamplingOptions } from "./sample.js";

/** Options of a generation; what is left out comes from the run's generation_config.json, then from {@link DEFAULTS}. */
export interface GenerateOptions extends Partial<SamplingOptions> {
  /** Most tokens to generate; the end of the model's context may come first. */
  maxTokens?: number;
  /** Whole number from 0 to 2^53 - 1; same seed and input, same text. Default: drawn at random, named in the result. */
  seed?: number;
  /** Strings that end the text; they are not part of it. */
  stop?: readonly string[];
  /** Added to the logits of single token ids, before everything else. */
  logitBias?: ReadonlyMap<number, number>;
  /** Ends the generation: the next step throws the signal's reason. */
  signal?: AbortSignal;
}

/** Values for everything that a generation can be told. */
export interface ResolvedOptions extends SamplingOptions {
  maxTokens: number;
  seed: number;
  stop: readonly string[];
  logitBias: ReadonlyMap<number, number>;
}

/** What a run's generation_config.json may set. */
export type RunDefaults = Partial<SamplingOptions> & { maxTokens?: number };

/**
 * The one place for defaults. Greedy, as Hugging Face's `generate` is: on the sample world it had no finding of a grammar
 * checker in 7,700 words where a temperature of 0.3 had two (docs/benchmarks.md). Top-p only matters above 0.
 */
export const DEFAULTS: Readonly<SamplingOptions & { maxTokens: number }> = {
  maxTokens: 512,
  temperature: 0,
  topK: 0,
  topP: 0.9,
  minP: 0,
  repetitionPenalty: 1,
  frequencyPenalty: 0,
  presencePenalty: 0,
};

/** Allowed ranges, ends included; `open` leaves out the lower one. */
const RANGES: Record<keyof typeof DEFAULTS, { min: number; max: number; whole?: boolean; open?: boolean }> = {
  maxTokens: { min: 1, max: 1_000_000, whole: true },
  temperature: { min: 0, max: 100 },
  topK: { min: 0, max: 1_000_000_000, whole: true },
  topP: { min: 0, max: 1, open: true },
  minP: { min: 0, max: 1 },
  repetitionPenalty: { min: 0, max: 100, open: true },
  frequencyPenalty: { min: -2, max: 2 },
  presencePenalty: { min: -2, max: 2 },
};

const KEYS = Object.keys(RANGES) as (keyof typeof DEFAULTS)[];

/** What is wrong with an option's value, or undefined. */
export function problemWith(key: keyof typeof DEFAULTS, value: unknown): string | undefined {
  const { min, max, whole, open } = RANGES[key];
  const fits = typeof value === "number" && Number.isFinite(value) && value <= max && (open ? value > min : value >= min) && (!whole || Number.isInteger(value));
  return fits ? undefined : `${key} must be a ${whole ? "whole " : ""}number ${open ? `above ${min}, up to` : `from ${min} to`} ${max}, it is ${JSON.stringify(value)}`;
}

const checkSeed = (seed: number): string | undefined => (Number.isSafeInteger(seed) && seed >= 0 ? undefined : `seed must be a whole number from 0 to 2^53 - 1, it is ${JSON.stringify(seed)}`);

/**
 * Fills in what was left out and checks everything.
 *
 * @param freshSeed - Gives the seed when none was asked for.
 * @throws {InferError} `options`, naming every option that is out of range.
 */
export function resolveOptions(options: GenerateOptions, defaults: RunDefaults, freshSeed: () => number): ResolvedOptions {
  const given = Object.fromEntries(KEYS.filter((key) => options[key] !== undefined).map((key) => [key, options[key]]));
  const resolved: ResolvedOptions = { ...DEFAULTS, ...defaults, ...given, seed: options.seed ?? freshSeed(), stop: options.stop ?? [], logitBias: options.logitBias ?? new Map() };
  const problems = [...KEYS.map((key) => problemWith(key, resolved[key])), checkSeed(resolved.seed)].filter((problem) => problem !== undefined);
  if (problems.length > 0) throw new InferError("options", `These options can't be used: ${problems.join("; ")}.`);
  return resolved;
}

/** Keys of generation_config.json (transformers) and what they are called here. */
const GENERATION_CONFIG = {
  max_new_tokens: "maxTokens",
  temperature: "temperature",
  top_k: "topK",
  top_p: "topP",
  min_p: "minP",
  repetition_penalty: "repetitionPenalty",
} as const;

/**
 * The defaults that a generation_config.json sets. `do_sample: false`, if it is said, means greedy.
 *
 * @param path - Named in errors.
 * @throws {InferError} `run` for a value that can't be used.
 */
export function defaultsFromGenerationConfig(json: Record<string, unknown>, path: string): RunDefaults {
  const defaults: RunDefaults = {};
  for (const [theirs, ours] of Object.entries(GENERATION_CONFIG)) {
    const value = json[theirs];
    if (value === undefined || value === null) continue;
    const problem = problemWith(ours, value);
    if (problem !== undefined) throw new InferError("run", `${path} has a ${theirs} that can't be used: ${problem}. Correct it or remove the line.`);
    defaults[ours] = value as number;
  }
  if (json["do_sample"] === false) defaults.temperature = 0;
  return defaults;
}
