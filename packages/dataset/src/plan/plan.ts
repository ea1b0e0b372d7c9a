import { readFile, realpath, stat } from "node:fs/promises";
import { createRequire } from "node:module";
import { isUrl } from "../download/probe.js";
import { DatasetError, reasonOf } from "../errors.js";
import { isHubSource } from "../sources/hub.js";
import { type ResolveOptions, resolveSources } from "../sources/resolve.js";
import type { SourceFile } from "../sources/types.js";
import { writeJsonAtomic } from "../util/files.js";
import { sha256Hex } from "../util/hash.js";
import { type Unit, cutUnits, dealRanks } from "./units.js";

/** What the ranks of a plan do. */
export type PlanTask = "prepare" | "tokenize";

/** A source file as a plan holds it. */
export interface PlanFile extends Omit<SourceFile, "locate" | "open"> {
  /** Identifies the content. */
  digest: string;
  /** Where it is on every machine; absent for what is on a server. */
  path?: string;
  /** When it was changed last, in milliseconds. */
  modified?: number;
  /** The source that it was found by, where it is on a server. */
  source?: string;
}

/** plan.json: everything that a result depends on, and who does what of it. */
export interface Plan<Task extends PlanTask = PlanTask, Options = unknown> {
  format: "llm-plan";
  version: 1;
  task: Task;
  /** Name and version of the package that made the plan; another version does not run it. */
  package: string;
  /** Folder of the result, as an absolute path. */
  out: string;
  /** Digest of inputs and settings, as it stands in the result. */
  fingerprint: string;
  /** Settings of the task. */
  options: Options;
  files: PlanFile[];
  units: Unit[];
  /** Of each rank the first unit and the one behind its last. */
  ranks: [number, number][];
}

/** A plan as it was read, with the SHA-256 of its file. */
export type LoadedPlan<P extends Plan = Plan> = P & { sha256: string; path: string };

const { name, version } = createRequire(import.meta.url)(import.meta.url.endsWith(".ts") ? "../../package.json" : "../package.json") as { name: string; version: string };
/** This package, as its plans name it. */
export const DATASET_PACKAGE = `${name}@${version}`;

const isRemote = (source: string): boolean => isHubSource(source) || isUrl(source);

/** The files behind sources, with what a plan says of them. */
export async function planFiles(sources: string | readonly string[], digestOf: (file: SourceFile) => Promise<string>, options: ResolveOptions = {}): Promise<PlanFile[]> {
  const files: PlanFile[] = [];
  const list = typeof sources === "string" ? [sources] : sources;
  if (list.length === 0) await resolveSources(list, options);
  // So that a missing source is named before any file is hashed.
  const resolved: { source: string; files: SourceFile[] }[] = [];
  for (const source of list) resolved.push({ source, files: await resolveSources(source, options) });
  for (const { source, files: found } of resolved) {
    for (const file of found) {
      options.signal?.throwIfAborted();
      const { name: fileName, address, kind, compression, size } = file;
      const place = isRemote(source) ? { source } : await placeOf(file);
      files.push({ name: fileName, address, kind, ...(compression ? { compression } : {}), size, digest: await digestOf(file), ...place });
    }
  }
  return files;
}

async function placeOf(file: SourceFile): Promise<{ path: string; modified: number }> {
  const path = await realpath(await file.locate());
  return { path, modified: (await stat(path)).mtimeMs };
}

/** The files of a plan as sources that can be read. What is on a server is looked up when it is needed. */
export function sourceFilesOf(files: readonly PlanFile[]): SourceFile[] {
  const found = new Map<string, Promise<SourceFile[]>>();
  return files.map(({ path, source, modified: _modified, ...file }) => {
    if (path !== undefined) return { ...file, locate: () => Promise.resolve(path) };
    const locate = async (signal?: AbortSignal): Promise<string> => {
      const known = found.get(source!) ?? resolveSources(source!, { signal });
      found.set(source!, known);
      const same = (await known).find((other) => other.name === file.name);
      if (!same || same.size !== file.size || (same.digest || file.digest) !== file.digest) throw changed(file.name);
      return same.locate(signal);
    };
    return { ...file, locate };
  });
}

const changed = (file: string): DatasetError => new DatasetError(`${file} is not as it was when the plan was made: its size or content differs. Put the file back, or make a new plan.`);

/** Makes sure that the local files of some units are as the plan says. @throws DatasetError naming the one that is not */
export async function checkFiles({ files, units }: Pick<Plan, "files" | "units">, [first, last]: readonly [number, number], digestOf: (file: SourceFile) => Promise<string>): Promise<void> {
  const numbers = new Set(units.slice(first, last).flatMap(({ ranges }) => ranges.map(({ file }) => file)));
  const sources = sourceFilesOf(files);
  for (const number of numbers) {
    const { path, size, modified, digest } = files[number]!;
    if (path === undefined) continue;
    const found = await stat(path).catch((error: unknown) => {
      throw new DatasetError(`${path}, a source of the plan, can't be read here (${reasonOf(error)}). Every machine must see the sources and the result's folder under the same paths.`, { cause: error });
    });
    if (found.size !== size) throw changed(path);
    // A copy on another file system has other times, and the same content.
    if (found.mtimeMs !== modified && (await digestOf({ ...sources[number]!, digest: "" })) !== digest) throw changed(path);
  }
}

/** Cuts the files of a plan into units and deals them to ranks. */
export async function divide(files: readonly PlanFile[], { ranks, ...options }: { ranks: number; unitBytes?: number | undefined; together?: boolean; signal?: AbortSignal | undefined }): Promise<Pick<Plan, "units" | "ranks">> {
  const units = await cutUnits(sourceFilesOf(files), { ...options, remote: (file) => files[file]!.path === undefined });
  return { units, ranks: dealRanks(units, ranks) };
}

/** Writes a plan. @returns its SHA-256 */
export async function writePlan(path: string, plan: Plan): Promise<string> {
  await writeJsonAtomic(path, plan);
  return sha256Hex(await readFile(path));
}

/**
 * Reads a plan.
 * @throws DatasetError for what is no plan, one of another task, or one that another version of the package made
 */
export async function readPlan(path: string, expected: { task: PlanTask; package: string } | undefined = undefined): Promise<LoadedPlan> {
  let bytes: Buffer;
  let plan: Plan;
  try {
    bytes = await readFile(path);
    plan = JSON.parse(bytes.toString("utf8")) as Plan;
  } catch (error) {
    throw new DatasetError(`${path} is not a plan that can be read (${reasonOf(error)}). Give the plan.json that \`llm-dataset plan\` or \`llm-bpe plan\` wrote.`, { cause: error });
  }
  if (plan?.format !== "llm-plan" || plan.version !== 1 || !Array.isArray(plan.units) || !Array.isArray(plan.ranks) || !Array.isArray(plan.files)) throw new DatasetError(`${path} is no plan of version 1. Give the plan.json that \`llm-dataset plan\` or \`llm-bpe plan\` wrote.`);
  if (expected && plan.task !== expected.task) throw new DatasetError(`${path} is a plan to ${plan.task}; this command runs plans to ${expected.task}. Use \`${commandOf(plan.task)}\`.`);
  if (expected && plan.package !== expected.package) throw new DatasetError(`${path} was made by ${plan.package}, this is ${expected.package}. Install the same version on every machine, or make a new plan.`);
  return { ...plan, sha256: sha256Hex(bytes), path };
}

/** The program that runs plans of a task. */
export const commandOf = (task: PlanTask): string => (task === "prepare" ? "llm-dataset" : "llm-bpe");
