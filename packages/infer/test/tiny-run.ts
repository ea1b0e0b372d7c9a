import { type Engine, openEngine } from "@llm/backend";
import { type Tokenizer, trainBpe } from "@llm/bpe";
import { initParameters, type LlamaConfig, presetConfig } from "@llm/model";
import { createRun, type Run, type RunParts } from "@llm/infer";

const TEXTS = ["The quick brown fox jumps over the lazy dog. ", "Who is there? It is I, the fox, said the fox. ", "Tell me a story about a dog and a fox, please. ", "Ünïcödé 🦊 ist schön – 日本語. "];

let engine: Promise<Engine> | undefined;
/** The plain engine, once for each test file. */
export const cpuEngine = (): Promise<Engine> => (engine ??= openEngine({ prefer: "cpu" }));

let tokenizer: Promise<Tokenizer> | undefined;
/** A tokenizer of about 300 tokens. */
export const tinyTokenizer = (): Promise<Tokenizer> => (tokenizer ??= trainBpe(TEXTS, { vocabSize: 320, minFrequency: 1 }));

/** A model with random weights, large enough that its greedy text is no constant. */
export async function tinyRun(fields: Partial<LlamaConfig> = {}, parts: Partial<RunParts> & { std?: number } = {}): Promise<Run> {
  const opened = await cpuEngine();
  const made = await tinyTokenizer();
  const config = presetConfig("test", { vocabSize: made.vocabSize, ...fields });
  return createRun({ config, params: initParameters(config, { seed: 3, std: parts.std ?? 0.3 }), tokenizer: made, engine: opened, name: "tiny", ...parts });
}

/** An eos that never comes, so that a text has the length it was asked for. */
export const NEVER = { eos: [] as number[] };
