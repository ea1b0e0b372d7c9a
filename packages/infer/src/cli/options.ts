import { ENGINE_NAMES, type EngineName } from "@llm/backend";
import { type Command, collect, formatCount, integer, number, Option } from "@llm/cli-kit";
import { loadRun } from "../load.js";
import { DEFAULTS, type GenerateOptions } from "../options.js";
import type { Run } from "../run.js";

/** Options that say which model is used, on which engine. */
export interface RunFlags {
  run: string;
  engine?: EngineName;
  threads?: number;
}

/** Options that say how it chooses its tokens. */
export interface SamplingFlags {
  maxTokens?: number;
  temperature?: number;
  topK?: number;
  topP?: number;
  minP?: number;
  repetitionPenalty?: number;
  seed?: number;
  stop?: string[];
}

export function addRunOptions(command: Command): Command {
  return command
    .requiredOption("--run <folder>", "run folder of llm-trainer, or a Hugging Face Llama folder")
    .addOption(new Option("--engine <name>", "engine to use (default: the fastest one found)").choices([...ENGINE_NAMES]))
    .option("--threads <n>", "CPU threads of the engine (default: 1 for models below 30M parameters, else all)", integer(1, 1024));
}

export function addSamplingOptions(command: Command): Command {
  // A run's generation_config.json comes before these defaults, so the parser must not fill them in.
  const by = (value: number): string => `(default: the run's, else ${value})`;
  return command
    .option("--max-tokens <n>", `most tokens of a reply ${by(DEFAULTS.maxTokens)}`, integer(1))
    .option("--temperature <t>", `0 always takes the likeliest token, above 1 is wild ${by(DEFAULTS.temperature)}`, number(0, 100))
    .option("--top-k <k>", `draw from the k likeliest tokens only, 0 for all ${by(DEFAULTS.topK)}`, integer(0))
    .option("--top-p <p>", `draw from the likeliest tokens that add up to this probability ${by(DEFAULTS.topP)}`, number(Number.MIN_VALUE, 1))
    .option("--min-p <p>", `drop tokens below this share of the likeliest one's probability ${by(DEFAULTS.minP)}`, number(0, 1))
    .option("--repetition-penalty <r>", `above 1 makes tokens seen before less likely ${by(DEFAULTS.repetitionPenalty)}`, number(Number.MIN_VALUE, 100))
    .option("--seed <n>", "same seed and input, same text (default: drawn at random)", integer(0))
    .option("--stop <text>", "end before this text; may be given several times (default: none)", collect);
}

export const samplingOf = ({ maxTokens, temperature, topK, topP, minP, repetitionPenalty, seed, stop }: SamplingFlags): GenerateOptions => ({ maxTokens, temperature, topK, topP, minP, repetitionPenalty, seed, stop });

/** Writes a line for people. */
export const say = (text: string): void => void process.stderr.write(`${text}\n`);

/**
 * Writes a model's text to standard output. A terminal acts on control characters (colours, the cursor, even what stands in the
 * clipboard), so there they are shown as U+FFFD; a file or pipe gets the text as it is.
 */
export function writeText(text: string): void {
  // eslint-disable-next-line no-control-regex
  process.stdout.write(process.stdout.isTTY ? text.replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, "\uFFFD") : text);
}

/** Loads the run and says on standard error what it is and on which engine, and why. */
export async function openRun({ run: folder, engine: prefer, threads }: RunFlags): Promise<Run> {
  const run = await loadRun(folder, { prefer, threads });
  say(`engine       ${run.engine.name} on ${run.engine.device}: ${run.engine.reason}`);
  say(`model        ${run.name}: ${formatCount(run.parameterCount)} parameters, vocabulary ${formatCount(run.config.vocabSize)}, context ${run.config.maxPositions} tokens`);
  return run;
}

/** Frees the run and closes its engine. */
export function closeRun(run: Run | undefined): void {
  run?.dispose();
  run?.engine.dispose();
}

/** "12 tokens at 85.3 tokens/s after 40 ms, seed 7". */
export const describeStats = ({ stats, seed, finishReason }: { stats: { completionTokens: number; tokensPerSecond: number; prefillMs: number }; seed: number; finishReason: string }): string =>
  `${stats.completionTokens} tokens${stats.tokensPerSecond > 0 ? ` at ${formatCount(stats.tokensPerSecond)} tokens/s` : ""}, first after ${Math.round(stats.prefillMs)} ms, seed ${seed}${finishReason === "length" ? ", cut off by its length" : ""}`;
