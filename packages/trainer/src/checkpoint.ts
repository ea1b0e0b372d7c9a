import { mkdir, readFile, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import * as tf from "@tensorflow/tfjs-core";
import { readSafetensors, writeSafetensors } from "@llm/model/node";
import type { DataCursor } from "./data.js";
import { TrainerError } from "./errors.js";
import type { Evaluation } from "./evaluate.js";
import { linkAtomically, listFolder, sha256OfFile, syncFolder, writeAtomically } from "./files.js";
import type { Settings } from "./options.js";
import { trainerFolder } from "./run-folder.js";

/** What a run was made of; a resume with anything else is refused. */
export interface Lineage {
  /** SHA-256 of tokenizer.json. */
  tokenizer: string;
  /** Fingerprint of the shards' manifest. */
  data: string;
  /** SHA-256 of the model's config. */
  config: string;
  /** SHA-256 of the weights that a fine-tuned run started from. */
  from: string | null;
}

/** Everything of a run that is not a tensor: trainer/checkpoints/step-…/state.json. */
export interface RunState {
  format: "llm-run";
  version: { major: 1; minor: 0 };
  step: number;
  /** Tokens that counted in the loss so far. */
  tokens: number;
  /** Seconds of training over all sessions. */
  seconds: number;
  /** Whether the budget is used up and the final evaluation done; its result. */
  finished: boolean;
  validation: Evaluation | null;
  /** Every hyperparameter, with the seed of weights and data; there is no other randomness. */
  settings: Settings;
  lineage: Lineage;
  data: DataCursor;
  engine: string;
  files: Record<string, { bytes: number; sha256: string }>;
}

/** The tensors of a run by name. */
export interface RunTensors {
  model: ReadonlyMap<string, tf.Variable>;
  optimizer: ReadonlyMap<string, tf.Variable>;
}

const FILES = { model: "model.safetensors", optimizer: "optimizer.safetensors" } as const;
const PARTS = ["model", "optimizer"] as const;
const KEEP = 2;

const checkpointsFolder = (run: string): string => join(trainerFolder(run), "checkpoints");
const nameOf = (step: number): string => `step-${String(step).padStart(8, "0")}`;

/** Tensors that are read from the engine one by one, when it is their turn to be written. */
const lazily = (variables: ReadonlyMap<string, tf.Variable>) =>
  new Map([...variables].map(([name, variable]) => [name, { shape: variable.shape, data: async () => (await variable.data()) as Float32Array }]));

/**
 * Writes a checkpoint: the folder step-NNNNNNNN appears by one rename with all its files or not at all, then the run's
 * own model.safetensors becomes a link to its weights, and all but the last two checkpoints go.
 *
 * @returns The checkpoint's folder and its complete state.
 */
export async function saveCheckpoint(run: string, tensors: RunTensors, progress: Omit<RunState, "files" | "format" | "version">): Promise<{ folder: string; state: RunState }> {
  const parent = checkpointsFolder(run);
  const folder = join(parent, nameOf(progress.step));
  const temporary = join(parent, `.${nameOf(progress.step)}.tmp`);
  await rm(temporary, { recursive: true, force: true });
  await mkdir(temporary, { recursive: true });
  const files: RunState["files"] = {};
  const state: RunState = { format: "llm-run", version: { major: 1, minor: 0 }, ...progress, files };
  try {
    for (const part of PARTS) {
      const path = join(temporary, FILES[part]);
      await writeSafetensors(path, lazily(tensors[part]));
      files[FILES[part]] = { bytes: (await stat(path)).size, sha256: await sha256OfFile(path) };
    }
    await writeAtomically(join(temporary, "state.json"), serialize(state));
    await syncFolder(temporary);
    await rm(folder, { recursive: true, force: true });
    await rename(temporary, folder);
  } catch (error) {
    await rm(temporary, { recursive: true, force: true });
    throw new TrainerError(`The checkpoint of step ${progress.step} could not be written to ${parent}; the one before is untouched. Make room or check the folder's permissions, then resume.`, { cause: error });
  }
  await syncFolder(parent);
  await publishWeights(run, folder);
  for (const old of (await listCheckpoints(run)).slice(0, -KEEP)) await rm(join(parent, old), { recursive: true, force: true });
  return { folder, state };
}

/** Makes a checkpoint's weights the run's own; after a resume too, for a kill may have come between the two renames. */
export async function publishWeights(run: string, folder: string): Promise<void> {
  await linkAtomically(join(folder, FILES.model), join(run, FILES.model));
}

/** Marks the newest checkpoint as the end of its run. */
export async function markFinished(folder: string, state: RunState): Promise<void> {
  await writeAtomically(join(folder, "state.json"), serialize(state));
}

const serialize = (state: RunState): string => `${JSON.stringify(state, null, 2)}\n`;

/** Names of the complete checkpoints, oldest first. */
export async function listCheckpoints(run: string): Promise<string[]> {
  return (await listFolder(checkpointsFolder(run))).filter((name) => /^step-\d{8,}$/.test(name));
}

const LEFTOVER = /^(\.step-\d+|\.lock-\d+-\d+|.+\.(safetensors|jsonl?|svg|html)(\.\d+-\d+)?)\.tmp$/;

/** Removes what a killed session left half-written. */
export async function removeLeftovers(run: string): Promise<void> {
  for (const folder of [checkpointsFolder(run), trainerFolder(run), run]) {
    for (const name of await listFolder(folder)) {
      if (LEFTOVER.test(name)) await rm(join(folder, name), { recursive: true, force: true });
    }
  }
}

/** The state of the newest checkpoint and its folder; undefined when there is none. */
export async function readState(run: string): Promise<{ folder: string; state: RunState } | undefined> {
  const newest = (await listCheckpoints(run)).at(-1);
  if (!newest) return undefined;
  const folder = join(checkpointsFolder(run), newest);
  const path = join(folder, "state.json");
  try {
    const state = JSON.parse(await readFile(path, "utf8")) as RunState;
    if (state.format !== "llm-run" || state.version?.major !== 1) {
      throw new TrainerError(`expected format llm-run, version 1; found ${state.format}, version ${state.version?.major}`);
    }
    return { folder, state };
  } catch (error) {
    throw new TrainerError(`${path} can't be read. Remove ${folder} to go on from the checkpoint before it.`, { cause: error });
  }
}

/**
 * Loads a checkpoint's tensors into variables of the same names and shapes.
 *
 * @throws {TrainerError} If a file is damaged or has other tensors than the variables.
 */
export async function restoreTensors(folder: string, state: RunState, tensors: RunTensors): Promise<void> {
  for (const part of PARTS) {
    const path = join(folder, FILES[part]);
    const expected = state.files[FILES[part]];
    const found = await sha256OfFile(path);
    if (found !== expected?.sha256) {
      throw new TrainerError(`${path} is damaged: its SHA-256 is ${found.slice(0, 12)}…, state.json says ${expected?.sha256.slice(0, 12)}…. Remove ${folder} to go on from the checkpoint before it.`);
    }
    const { tensors: stored } = await readSafetensors(path);
    for (const [name, variable] of tensors[part]) {
      const tensor = stored.get(name);
      if (!tensor || tensor.shape.join() !== variable.shape.join()) {
        throw new TrainerError(`${path} does not fit the model: ${name} is [${tensor?.shape.join(", ") ?? "absent"}], expected [${variable.shape.join(", ")}].`);
      }
      tf.tidy(() => variable.assign(tf.tensor(tensor.data, variable.shape, "float32")));
    }
  }
}
