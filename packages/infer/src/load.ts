import { createHash } from "node:crypto";
import { readdir, readFile, stat } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import { type Engine, type EngineName, openEngine } from "@llm/backend";
import { Tokenizer } from "@llm/bpe";
import { countParameters } from "@llm/model";
import { loadConfig, loadModel } from "@llm/model/node";
import { InferError } from "./errors.js";
import { defaultsFromGenerationConfig } from "./options.js";
import { createRun, type Run, type RunParts } from "./run.js";

export interface LoadOptions {
  /** An open engine; default: the fastest of this machine, opened once the folder's small files were found in order. */
  engine?: Engine;
  /** Which engine to open if none is given. */
  prefer?: EngineName;
  /**
   * CPU threads of the engine that is opened; default: one for models below 30 million parameters, else all. The work for one token
   * of a small model is too little to share: threads mostly wait for each other, and for whatever else runs on the machine.
   */
  threads?: number;
  /** Default: the folder's name. */
  name?: string;
  /** How the engine compiles the model; see {@link RunParts}. Default false. */
  jit?: RunParts["jit"];
}

/** JSON files above this size are refused; the largest tokenizers have about 35 MB. */
const MOST_BYTES = 256 * 1024 * 1024;

/** Below this many parameters one thread generates faster than several, most of all on a machine with other things to do. */
const SMALL_MODEL = 30_000_000;

type Json = Record<string, unknown>;

/** The bytes of a file, undefined if there is none. @throws {InferError} `run` if it is too large or can't be read. */
async function readIfThere(path: string): Promise<Buffer | undefined> {
  try {
    const { size } = await stat(path);
    if (size > MOST_BYTES) throw new InferError("run", `${path} has ${size} bytes; at most ${MOST_BYTES} were expected. It can't be what its name says.`);
    return await readFile(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    if (error instanceof InferError) throw error;
    throw new InferError("run", `${path} can't be read: ${(error as Error).message}`, { cause: error });
  }
}

async function readJson(path: string): Promise<Json | undefined> {
  const bytes = await readIfThere(path);
  if (!bytes) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(bytes.toString("utf8"));
  } catch (error) {
    throw new InferError("run", `${path} is no valid JSON: ${(error as Error).message}`, { cause: error });
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw new InferError("run", `${path} must hold a JSON object.`);
  return value as Json;
}

/** The SHA-256 of the tokenizer that the trainer saw, from the state it left; undefined for a folder of other origin. */
async function recordedTokenizer(folder: string): Promise<{ sha256: string; path: string } | undefined> {
  const trainer = join(folder, "trainer");
  const names = await readdir(join(trainer, "checkpoints")).catch(() => [] as string[]);
  const newest = names.filter((name) => /^step-\d+$/.test(name)).sort().at(-1);
  const paths = [join(trainer, "state.json"), ...(newest === undefined ? [] : [join(trainer, "checkpoints", newest, "state.json")])];
  for (const path of paths) {
    const state = await readJson(path);
    const sha256 = (state?.["lineage"] as Json | undefined)?.["tokenizer"];
    if (typeof sha256 === "string") return { sha256, path };
  }
  return undefined;
}

/** Ids of one or several tokens in a config.json or generation_config.json. */
const idsOf = (value: unknown): number[] => (Array.isArray(value) ? value : [value]).filter((id): id is number => Number.isInteger(id));

/** Checks that the special tokens of tokenizer_config.json are the ones whose ids config.json names. */
function checkSpecialTokens(folder: string, tokenizer: Tokenizer, config: Json, tokenizerConfig: Json, generationConfig: Json): void {
  for (const part of ["bos", "eos", "pad"] as const) {
    const named = tokenizerConfig[`${part}_token`];
    const token = typeof named === "object" && named !== null ? (named as Json)["content"] : named;
    // Chat models may have several end tokens, and name the further ones in generation_config.json only.
    const further = part === "eos" && Array.isArray(generationConfig["eos_token_id"]) ? idsOf(generationConfig["eos_token_id"]) : [];
    const ids = [...new Set([...idsOf(config[`${part}_token_id`]), ...further])];
    if (typeof token !== "string" || ids.length === 0) continue;
    const id = tokenizer.tokenToId(token);
    if (id !== undefined && ids.includes(id)) continue;
    throw new InferError(
      "run",
      `Tokenizer and model in ${folder} don't belong together: config.json has ${part}_token_id ${ids.join(" or ")} (${ids.map((each) => tokenizer.idToToken(each) ?? "no token").join(", ")}), ` +
        `tokenizer_config.json names ${token}, which is ${id === undefined ? "not in tokenizer.json" : `token ${id} of tokenizer.json`}. Put back the tokenizer that the model was trained with.`,
    );
  }
}

/**
 * Loads a run folder of the trainer, or any Hugging Face folder of a plain Llama with a byte-level BPE tokenizer: config.json,
 * model.safetensors and tokenizer.json, and what tokenizer_config.json and generation_config.json say.
 *
 * @throws {InferError} `run` if a file is missing or tokenizer and model don't belong together: vocabulary size, special tokens, or
 *   the SHA-256 that the trainer recorded. ModelError and BpeError for files that can't be used.
 */
export async function loadRun(folder: string, options: LoadOptions = {}): Promise<Run> {
  const at = (name: string): string => join(folder, name);
  const bytes = await readIfThere(at("tokenizer.json"));
  const raw = await readJson(at("config.json"));
  if (!bytes || !raw) {
    throw new InferError("run", `${folder} is no run folder: expected config.json, model.safetensors and tokenizer.json, but there is no ${raw ? "tokenizer.json" : "config.json"}. Give the folder that llm-trainer wrote, or a Hugging Face model folder.`);
  }
  const recorded = await recordedTokenizer(folder);
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  if (recorded && recorded.sha256 !== sha256) {
    throw new InferError("run", `Tokenizer and model in ${folder} don't belong together: ${at("tokenizer.json")} has SHA-256 ${sha256.slice(0, 12)}…, the model was trained with ${recorded.sha256.slice(0, 12)}… (${recorded.path}). Put back the tokenizer.json that the model was trained with.`);
  }
  const tokenizer = Tokenizer.fromJSON(bytes.toString("utf8"));
  const generationConfig = (await readJson(at("generation_config.json"))) ?? {};
  checkSpecialTokens(folder, tokenizer, raw, (await readJson(at("tokenizer_config.json"))) ?? {}, generationConfig);
  const defaults = defaultsFromGenerationConfig(generationConfig, at("generation_config.json"));

  const threads = options.threads ?? (countParameters(await loadConfig(folder)) < SMALL_MODEL ? 1 : undefined);
  const engine = options.engine ?? (await openEngine({ prefer: options.prefer, threads }));
  const { config, params } = await loadModel(folder);
  const eos = [...new Set([config.eos, ...idsOf(raw["eos_token_id"]), ...idsOf(generationConfig["eos_token_id"])])];
  try {
    return createRun({ config, params, tokenizer, engine, name: options.name ?? basename(resolve(folder)), defaults, eos, jit: options.jit });
  } catch (error) {
    for (const variable of params.values()) variable.dispose();
    if (error instanceof InferError) throw new InferError(error.code, `${folder}: ${error.message}`, { cause: error });
    throw error;
  }
}
