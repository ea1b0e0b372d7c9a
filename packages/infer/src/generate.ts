import { CachedDecoder } from "./decoder.js";
import { InferError } from "./errors.js";
import { type GenerateOptions, type ResolvedOptions, resolveOptions } from "./options.js";
import { randomSeed, uniform } from "./random.js";
import type { Run } from "./run.js";
import { applyBias, sampleToken } from "./sample.js";
import { StopFilter } from "./stop.js";

/** A token as it is generated. */
export interface GeneratedToken {
  id: number;
  /**
   * The text that is certain by now, to be appended to what came before. Empty while a character is incomplete or while the text
   * may be the beginning of a stop string.
   */
  text: string;
}

/** Times of a generation. */
export interface GenerationStats {
  /** Tokens of the prompt, the start token included. */
  promptTokens: number;
  /** Generated tokens; an end token counts. */
  completionTokens: number;
  /** Time to the first token's logits, in milliseconds; on a compiling engine the first call of a shape includes its compilation. */
  prefillMs: number;
  /** Time for the rest, in milliseconds. */
  decodeMs: number;
  /** Generated tokens per second after the first. */
  tokensPerSecond: number;
}

/** A finished generation. */
export interface GenerationResult {
  /** All text, the same as the tokens' texts joined. */
  text: string;
  /** Generated ids, with the end token if the model gave one. */
  ids: number[];
  /** "stop": the model ended its text or a stop string came; "length": maxTokens or the context was used up. */
  finishReason: "stop" | "length";
  /** The stop string that ended the text. */
  stopString?: string;
  /** The seed that was used. */
  seed: number;
  stats: GenerationStats;
}

/** The ids that a text prompt becomes: the run's prefix (`<s>`), then the text, in which special tokens are plain characters. */
export function encodePrompt(run: Run, prompt: string): number[] {
  return [...run.prefix, ...run.tokenizer.encodeIds(prompt)];
}

/** Lets timers, sockets and signals have their turn: engines may compute without ever leaving JavaScript's thread. */
const breathe = (): Promise<void> => new Promise((done) => setImmediate(done));

function checkPrompt(run: Run, ids: readonly number[]): void {
  const { vocabSize, maxPositions } = run.config;
  const wrong = ids.find((id) => !Number.isInteger(id) || id < 0 || id >= vocabSize);
  if (wrong !== undefined) throw new InferError("options", `The prompt has the token id ${wrong}; expected whole numbers below ${vocabSize}, the model's vocabulary.`);
  if (ids.length === 0) throw new InferError("options", "The prompt is empty, and this model's tokenizer has no start token; give at least one token.");
  if (ids.length >= maxPositions) throw new InferError("context", `The prompt has ${ids.length} tokens, which leaves no room for a reply: the model's context is ${maxPositions} tokens, prompt and reply together. Shorten the prompt.`);
}

/**
 * Continues a prompt token by token. Breaking out of the loop frees everything.
 *
 * Sampling: logit bias, then penalties (over prompt and text), top-k, top-p, min-p and temperature, in this order, which is
 * llama.cpp's. The random number of the n-th token depends on the seed and n only.
 *
 * @param run - From `loadRun` or `createRun`.
 * @param prompt - Text, encoded as {@link encodePrompt} does, or token ids, taken as they are.
 * @param options - Defaults: 512 tokens at the most, temperature 0.5, topP 0.9, nothing else, a random seed.
 * @yields Each token with the text that is certain by then. The last one has all that was held back, except half a character.
 * @returns The finished generation.
 * @throws {InferError} `options`, `context` (the prompt fills the context) or `numbers`; the signal's reason when aborted.
 */
export async function* generate(run: Run, prompt: string | readonly number[], options: GenerateOptions = {}): AsyncGenerator<GeneratedToken, GenerationResult, undefined> {
  const settings = resolveOptions(options, run.defaults, randomSeed);
  const promptIds = typeof prompt === "string" ? encodePrompt(run, prompt) : [...prompt];
  checkPrompt(run, promptIds);
  options.signal?.throwIfAborted();
  return yield* decodeLoop(run, promptIds, settings, options.signal);
}

async function* decodeLoop(run: Run, promptIds: readonly number[], settings: ResolvedOptions, signal: AbortSignal | undefined): AsyncGenerator<GeneratedToken, GenerationResult, undefined> {
  const limit = Math.min(settings.maxTokens, run.config.maxPositions - promptIds.length);
  const counts = new Map<number, number>();
  const count = (id: number): void => void counts.set(id, (counts.get(id) ?? 0) + 1);
  promptIds.forEach(count);
  const characters = run.tokenizer.decodeStream();
  const stop = new StopFilter(settings.stop);
  const decoder = new CachedDecoder(run);
  const ids: number[] = [];
  let text = "";
  const started = performance.now();
  let firstAt = started;
  const result = (finishReason: "stop" | "length"): GenerationResult => {
    const decodeMs = performance.now() - firstAt;
    const stats = { promptTokens: promptIds.length, completionTokens: ids.length, prefillMs: firstAt - started, decodeMs, tokensPerSecond: ids.length > 1 ? ((ids.length - 1) * 1000) / decodeMs : 0 };
    return { text, ids, finishReason, ...(stop.found === undefined ? {} : { stopString: stop.found }), seed: settings.seed, stats };
  };
  try {
    for (let next = promptIds; ; next = ids.slice(-1)) {
      const logits = await decoder.append(next);
      if (ids.length === 0) firstAt = performance.now();
      const id = choose(run, logits, settings, counts, ids.length);
      count(id);
      ids.push(id);
      const ended = run.eos.has(id);
      let piece = ended ? "" : stop.push(characters.push(id));
      const done = ended || stop.found !== undefined ? "stop" : ids.length >= limit ? "length" : undefined;
      if (done && stop.found === undefined) piece += stop.end();
      text += piece;
      yield { id, text: piece };
      if (done) return result(done);
      await breathe();
      signal?.throwIfAborted();
    }
  } finally {
    decoder.dispose();
  }
}

function choose(run: Run, logits: Float32Array, settings: ResolvedOptions, counts: ReadonlyMap<number, number>, step: number): number {
  // Rows that only round the embedding up stand for no token.
  const usable = logits.subarray(0, run.tokenizer.vocabSize);
  applyBias(usable, settings.logitBias);
  return sampleToken(usable, settings, counts, uniform(settings.seed, step));
}

/** Like {@link generate}, but waits for the whole text. */
export async function complete(run: Run, prompt: string | readonly number[], options: GenerateOptions = {}): Promise<GenerationResult> {
  return finish(generate(run, prompt, options));
}

/** Runs a stream of tokens to its end and returns its result. */
export async function finish<T>(stream: AsyncGenerator<GeneratedToken, T, undefined>): Promise<T> {
  for (;;) {
    const next = await stream.next();
    if (next.done) return next.value;
  }
}
