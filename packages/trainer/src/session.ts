import { join } from "node:path";
import type { Engine } from "@llm/backend";
import { openShards, type ShardSet } from "@llm/dataset";
import { initParameters, type LlamaConfig, type Parameters, presetConfig, toHuggingFaceConfig } from "@llm/model";
import { loadConfig, loadModel } from "@llm/model/node";
import { type Lineage, listCheckpoints, readState, removeLeftovers, type RunState } from "./checkpoint.js";
import { TrainerError } from "./errors.js";
import { sha256, sha256OfFile } from "./files.js";
import { lockRun, type RunLock } from "./lock.js";
import { newSettings, resumedSettings, type Settings, type TrainOptions } from "./options.js";
import { checkTokenizer, inspectRunFolder } from "./run-folder.js";

/** The model that is trained when nothing is said. */
export const DEFAULT_PRESET = "sample";

/** All that a run starts from, checked: the data, the first weights and the settings. */
export interface Session {
  shards: ShardSet;
  config: LlamaConfig;
  settings: Settings;
  lineage: Lineage;
  /** The checkpoint to go on from. */
  resumed: { folder: string; state: RunState } | undefined;
  /** The run's lock, which the caller releases. A new run has none yet, because nothing is written before all is checked. */
  lock: RunLock | undefined;
  /** Makes the variables: the preset's first weights, or those of `from`. On a resume the checkpoint overwrites them. */
  makeParameters(): Promise<Parameters>;
}

/**
 * Decides between a new run and a resumed one and checks that everything belongs together, before anything is written.
 *
 * @throws {TrainerError} If `out` is in use, or the run was made of other data, tokenizer, config or options, or the engine can't do
 *   what is asked.
 */
export async function openSession(options: TrainOptions, engine: Engine): Promise<Session> {
  const { from, preset } = options;
  if (from !== undefined && (preset !== undefined || options.config !== undefined)) throw new TrainerError("A fine-tuned run has its model from `from`; give no preset or config.");
  if (preset !== undefined && options.config !== undefined) throw new TrainerError("Give a preset or a config, not both.");

  const found = await inspectRunFolder(options.out);
  if (found === "other") throw new TrainerError(`${options.out} exists and is not a run of llm-trainer. Choose another --out or empty it.`);
  if (found === "run" && !options.resume) throw inUse(options.out);
  const lock = found === "run" ? await lockRun(options.out) : undefined;
  try {
    const session = await readSession(options, found === "run");
    checkEngine(session.settings, engine);
    return { ...session, lock };
  } catch (error) {
    await lock?.release();
    throw error;
  }
}

function checkEngine({ precision }: Settings, { name }: Engine): void {
  if (precision === "float32" || name.startsWith("tensorflow")) return;
  throw new TrainerError(`The engine ${name} computes in float32 only; expected a TensorFlow engine for precision ${precision}. Leave --precision out, or see with llm-backend doctor why TensorFlow was not taken.`);
}

const inUse = (out: string): TrainerError => new TrainerError(`${out} holds a run already. Add --resume to go on with it, or choose another --out.`);

/**
 * The lock of a new run, taken when all is checked.
 *
 * @throws {TrainerError} If another process began the same run meanwhile.
 */
export async function lockNewRun(out: string): Promise<RunLock> {
  const lock = await lockRun(out);
  if ((await listCheckpoints(out)).length === 0) return lock;
  await lock.release();
  throw inUse(out);
}

async function readSession(options: TrainOptions, exists: boolean): Promise<Omit<Session, "lock">> {
  const { out, from, preset } = options;
  const resumed = exists ? await readState(out) : undefined;
  await removeLeftovers(out);

  const shards = await openShards(options.shards);
  const { tokenizer, splits, fingerprint } = shards.manifest;
  if (splits.train.lossTokens === 0) throw new TrainerError(`${options.shards} has no training tokens. Write the shards from more documents.`);
  if (from !== undefined) await checkTokenizer(from, shards.manifest);

  const special = { vocabSize: tokenizer.vocabSize, bos: tokenizer.bos, eos: tokenizer.eos, pad: tokenizer.pad };
  const loaded = from !== undefined && !resumed ? await loadModel(from) : undefined;
  const config =
    loaded?.config ?? options.config ?? (resumed && preset === undefined ? await loadConfig(out) : presetConfig(preset ?? DEFAULT_PRESET, special));
  if (config.vocabSize !== tokenizer.vocabSize) {
    throw new TrainerError(`The model has a vocabulary of ${config.vocabSize}, the shards of ${tokenizer.vocabSize}. Use a model made for this tokenizer.`);
  }

  const lineage: Lineage = {
    tokenizer: tokenizer.sha256,
    data: fingerprint,
    config: sha256(JSON.stringify(toHuggingFaceConfig(config))),
    from: from === undefined ? (resumed?.state.lineage.from ?? null) : await sha256OfFile(join(from, "model.safetensors")),
  };
  if (resumed) checkLineage(out, resumed.state.lineage, lineage);
  const settings = resumed ? resumedSettings(options, resumed.state.settings, config) : newSettings({ ...options, preset: presetName(options) }, config);
  return { shards, config, settings, lineage, resumed, makeParameters: async () => loaded?.params ?? initParameters(config, { seed: settings.seed }) };
}

const presetName = ({ from, config, preset }: TrainOptions): string | undefined => (from !== undefined || config ? undefined : (preset ?? DEFAULT_PRESET));

const LINEAGE_NAMES: Record<keyof Lineage, string> = { tokenizer: "tokenizer", data: "training data", config: "model config", from: "weights it started from" };

function checkLineage(out: string, saved: Lineage, now: Lineage): void {
  const differing = (Object.keys(LINEAGE_NAMES) as (keyof Lineage)[]).filter((key) => saved[key] !== now[key]);
  if (differing.length === 0) return;
  const details = differing.map((key) => `${LINEAGE_NAMES[key]} (the run: ${String(saved[key]).slice(0, 12)}, now: ${String(now[key]).slice(0, 12)})`);
  throw new TrainerError(`${out} can't be resumed, because it was made with another ${details.join(" and another ")}. Give what the run was started with, or choose another --out.`);
}
