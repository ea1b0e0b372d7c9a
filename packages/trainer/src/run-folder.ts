import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Manifest } from "@llm/dataset";
import { type LlamaConfig, toGenerationConfig, toHuggingFaceConfig } from "@llm/model";
import { TrainerError } from "./errors.js";
import { listFolder, sha256, writeAtomically } from "./files.js";

/** The trainer's own subfolder of a run. */
export const trainerFolder = (run: string): string => join(run, "trainer");

/** Tokenizer files that travel from the shards into the run as they are; only the first must exist. */
const TOKENIZER_FILES = ["tokenizer.json", "tokenizer_config.json", "special_tokens_map.json"] as const;

async function readIfThere(path: string): Promise<Buffer | undefined> {
  try {
    return await readFile(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

/**
 * Writes what makes a folder a Hugging Face model except the weights: config.json, generation_config.json and the
 * tokenizer's files, whose bytes are copied unread from the shards.
 *
 * @throws {TrainerError} If the shards' folder has no tokenizer.json, or not the one that wrote the shards.
 */
export async function writeModelCard(run: string, shards: string, config: LlamaConfig, manifest: Manifest): Promise<void> {
  const tokenizer = await readIfThere(join(shards, "tokenizer.json"));
  if (!tokenizer) throw new TrainerError(`${shards} has no tokenizer.json, so the trained model would have no tokenizer. Write the shards with llm-bpe tokenize.`);
  if (sha256(tokenizer) !== manifest.tokenizer.sha256) {
    throw new TrainerError(`${shards}/tokenizer.json is not the tokenizer that wrote these shards: its SHA-256 is ${sha256(tokenizer)}, the manifest says ${manifest.tokenizer.sha256}. Write the shards anew.`);
  }
  for (const name of TOKENIZER_FILES) {
    const bytes = name === "tokenizer.json" ? tokenizer : await readIfThere(join(shards, name));
    if (bytes) await writeAtomically(join(run, name), bytes);
  }
  await writeAtomically(join(run, "config.json"), `${JSON.stringify(toHuggingFaceConfig(config), null, 2)}\n`);
  await writeAtomically(join(run, "generation_config.json"), `${JSON.stringify(toGenerationConfig(config), null, 2)}\n`);
}

/**
 * Checks that a model and shards belong together.
 *
 * @throws {TrainerError} If the run has no tokenizer.json or another one than the shards were written with.
 */
export async function checkTokenizer(run: string, manifest: Manifest): Promise<void> {
  const bytes = await readIfThere(join(run, "tokenizer.json"));
  if (!bytes) throw new TrainerError(`${run} has no tokenizer.json. Expected a run folder of llm-trainer (or a Hugging Face model folder); check the path.`);
  const found = sha256(bytes);
  if (found !== manifest.tokenizer.sha256) {
    throw new TrainerError(
      `The model in ${run} has another tokenizer than the shards: SHA-256 ${found.slice(0, 12)}…, the shards were written with ${manifest.tokenizer.sha256.slice(0, 12)}…. ` +
        `Write the shards with ${join(run, "tokenizer.json")}.`,
    );
  }
}

/** What is in the folder that a run shall be written to. */
export async function inspectRunFolder(run: string): Promise<"empty" | "run" | "other"> {
  const names = (await listFolder(run)).filter((name) => !name.startsWith("."));
  if (names.length === 0) return "empty";
  return names.includes("trainer") ? "run" : "other";
}
