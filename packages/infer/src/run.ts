import type * as tf from "@tensorflow/tfjs-core";
import type { CompiledFunction, CompileOptions, Engine } from "@llm/backend";
import type { Tokenizer } from "@llm/bpe";
import { canWriteInPlace, countParameters, disposeParameters, forwardCached, forwardStatic, type KvCache, type LlamaConfig, type Parameters, type StaticCache } from "@llm/model";
import { InferError } from "./errors.js";
import type { RunDefaults } from "./options.js";

/** One step of the model over a KV cache: ids [1, n] at `position`, logits [1, vocabSize] for the token at index `last`. */
export type Step = (ids: tf.Tensor2D, position: tf.Scalar, last: tf.Scalar, cache: KvCache) => { logits: tf.Tensor2D; cache: KvCache };

/** The same over a cache that is written in place: ids [n], logits [vocabSize]. */
export type StaticStep = (ids: tf.Tensor1D, position: tf.Scalar, last: tf.Scalar, cache: StaticCache) => tf.Tensor1D;

/** What a {@link Run} is made of. */
export interface RunParts {
  config: LlamaConfig;
  params: Parameters;
  tokenizer: Tokenizer;
  engine: Engine;
  /** Shown to people and to clients of the server; default "model". */
  name?: string;
  /** Sampling defaults of this model, such as those of its generation_config.json. */
  defaults?: RunDefaults;
  /** Tokens that end a text; default: the configuration's `eos`. */
  eos?: readonly number[];
  /**
   * How the engine compiles the step; default false, one graph without XLA. XLA takes seconds for each shape that a text goes
   * through (two for a short reply, more as it grows) and gains little on small models; it pays for a long-running server.
   */
  jit?: CompileOptions["jit"];
}

/** A model with its tokenizer on an engine, ready to generate. */
export interface Run {
  readonly name: string;
  readonly config: LlamaConfig;
  readonly params: Parameters;
  readonly tokenizer: Tokenizer;
  readonly engine: Engine;
  readonly defaults: RunDefaults;
  /** Tokens that end a text. */
  readonly eos: ReadonlySet<number>;
  /** What stands before a plain text: `<s>`, or what the tokenizer's own post-processor adds, or nothing. */
  readonly prefix: readonly number[];
  /** Whether the tokenizer has the chat tokens, so that {@link chat} can be used. Says nothing about what was trained. */
  readonly hasChat: boolean;
  readonly parameterCount: number;
  /** The compiled step. */
  readonly step: CompiledFunction<Step>;
  /** The compiled step that writes its cache in place, where the engine can: TensorFlow without XLA. */
  readonly staticStep?: CompiledFunction<StaticStep>;
  /** Frees the weights and the compiled step; the engine stays open. */
  dispose(): void;
}

/**
 * Whether an embedding of `rows` rows may be one for `tokens` tokens: some models round their vocabulary up to a multiple of a power
 * of two, of 256 at the most.
 */
const isRoundedUp = (rows: number, tokens: number): boolean => rows >= tokens && rows - tokens < Math.min(256, rows & -rows);

/**
 * Puts a model and its tokenizer together. `loadRun` does this for a folder.
 *
 * @throws {InferError} `run` if the vocabulary sizes can't be of one model.
 */
export function createRun({ config, params, tokenizer, engine, name = "model", defaults = {}, eos = [config.eos], jit = false }: RunParts): Run {
  if (!isRoundedUp(config.vocabSize, tokenizer.vocabSize)) {
    throw new InferError("run", `Tokenizer and model don't belong together: the tokenizer has ${tokenizer.vocabSize} tokens, the model's vocab_size is ${config.vocabSize}. Use the tokenizer.json that the model was trained with.`);
  }
  const step = engine.compile((ids: tf.Tensor2D, position: tf.Scalar, last: tf.Scalar, cache: KvCache) => forwardCached(config, params, ids, position, cache, { last }), { jit, name: "infer_step" });
  const staticStep =
    jit === false && canWriteInPlace()
      ? engine.compile((ids: tf.Tensor1D, position: tf.Scalar, last: tf.Scalar, cache: StaticCache) => forwardStatic(config, params, ids, position, cache, last), { jit, name: "infer_static_step" })
      : undefined;
  return {
    name,
    config,
    params,
    tokenizer,
    engine,
    defaults,
    eos: new Set(eos),
    prefix: prefixOf(tokenizer, config),
    hasChat: ["<s>", "</s>", "<|user|>", "<|assistant|>"].every((token) => tokenizer.tokenToId(token) !== undefined),
    parameterCount: countParameters(config),
    step,
    ...(staticStep ? { staticStep } : {}),
    dispose() {
      step.dispose();
      staticStep?.dispose();
      disposeParameters(params);
    },
  };
}

function prefixOf(tokenizer: Tokenizer, config: LlamaConfig): number[] {
  const framed = Array.from(tokenizer.encodeAsSaved("").ids);
  if (framed.length > 0) return framed.filter((id, at) => at < framed.length - 1 || id !== config.eos);
  return tokenizer.tokenToId("<s>") === config.bos ? [config.bos] : [];
}
