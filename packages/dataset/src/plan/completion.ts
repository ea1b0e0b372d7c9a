import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { DatasetError } from "../errors.js";
import { writeJsonAtomic } from "../util/files.js";
import { sha256File } from "../util/hash.js";
import type { LoadedPlan } from "./plan.js";

/** A file of a rank, by its path below the folder of the work. */
export interface RankFile {
  file: string;
  bytes: number;
  sha256: string;
}

/** completions/rank-00003-of-00008.json, written when all of a rank is there. */
export interface Completion {
  format: "llm-completion";
  version: 1;
  /** SHA-256 of plan.json. */
  plan: string;
  rank: number;
  ranks: number;
  files: RankFile[];
}

const five = (value: number): string => String(value).padStart(5, "0");
export const completionPath = (work: string, rank: number, ranks: number): string => join(work, "completions", `rank-${five(rank)}-of-${five(ranks)}.json`);

/** @throws DatasetError when the plan has no such rank */
export function checkRank({ path, ranks }: LoadedPlan, rank: number): [number, number] {
  const units = ranks[rank];
  if (!Number.isInteger(rank) || !units) throw new DatasetError(`${path} has the ranks 0 to ${ranks.length - 1}; there is no rank ${rank}. Array tasks are numbered from 0.`);
  return units;
}

/** The marker of a rank, or undefined where it is not complete. */
export async function readCompletion(work: string, plan: LoadedPlan, rank: number): Promise<Completion | undefined> {
  try {
    const found = JSON.parse(await readFile(completionPath(work, rank, plan.ranks.length), "utf8")) as Completion;
    if (found.format !== "llm-completion" || found.plan !== plan.sha256) return undefined;
    for (const { file, bytes } of found.files) if ((await stat(join(work, file))).size !== bytes) return undefined;
    return found;
  } catch {
    return undefined;
  }
}

/** Hashes the files of a rank and writes its marker. @param files Paths below the folder of the work */
export async function writeCompletion(work: string, plan: LoadedPlan, rank: number, files: readonly string[]): Promise<Completion> {
  const hashed: RankFile[] = [];
  for (const file of files) hashed.push({ file, bytes: (await stat(join(work, file))).size, sha256: await sha256File(join(work, file)) });
  const completion: Completion = { format: "llm-completion", version: 1, plan: plan.sha256, rank, ranks: plan.ranks.length, files: hashed };
  await writeJsonAtomic(completionPath(work, rank, plan.ranks.length), completion);
  return completion;
}

/** Numbers in short: [0, 2, 3, 4] is "0, 2-4". */
export function inRuns(numbers: readonly number[], separator = ", "): string {
  const runs: [number, number][] = [];
  for (const number of numbers) {
    const last = runs.at(-1);
    if (last && last[1] === number - 1) last[1] = number;
    else runs.push([number, number]);
  }
  return runs.map(([from, to]) => (from === to ? String(from) : `${from}-${to}`)).join(separator);
}

/** The ranks that are not complete. */
export async function missingRanks(work: string, plan: LoadedPlan): Promise<number[]> {
  const missing: number[] = [];
  for (let rank = 0; rank < plan.ranks.length; rank++) if (!(await readCompletion(work, plan, rank))) missing.push(rank);
  return missing;
}

/** Milliseconds between looks at markers. */
const LOOK_EVERY = 5_000;

/** Waits until every rank is complete, or the time is over. @param hours How long */
export async function waitForRanks(work: string, plan: LoadedPlan, hours: number, { signal, every = LOOK_EVERY }: { signal?: AbortSignal | undefined; every?: number } = {}): Promise<void> {
  const until = Date.now() + hours * 3_600_000;
  while (Date.now() < until && (await missingRanks(work, plan)).length > 0) await sleep(Math.max(1, Math.min(every, until - Date.now())), undefined, { signal });
}

/**
 * Makes sure that every rank is complete and that its files have the bytes that it wrote.
 * @param discard Called with what a rank wrote that is not as its marker says, so that the rank is done again
 * @throws DatasetError naming the ranks that are to be run
 */
export async function checkCompletions(work: string, plan: LoadedPlan, discard: (file: RankFile, rank: number) => Promise<void>, signal?: AbortSignal): Promise<void> {
  const missing = await missingRanks(work, plan);
  const again = (ranks: readonly number[], what: string): DatasetError =>
    new DatasetError(
      `${ranks.length} of ${plan.ranks.length} ranks of ${plan.path} ${what}: ${inRuns(ranks)}. Run these again (\`run-rank PLAN --rank ${ranks[0]!}\`, or submit the whole job again: ranks that are complete are skipped), then collect.`,
    );
  if (missing.length > 0) throw again(missing, missing.length === 1 ? "is not complete" : "are not complete");
  const damaged: { file: RankFile; rank: number }[] = [];
  for (let rank = 0; rank < plan.ranks.length; rank++) {
    for (const file of (await readCompletion(work, plan, rank))?.files ?? []) {
      signal?.throwIfAborted();
      if ((await sha256File(join(work, file.file))) !== file.sha256) damaged.push({ file, rank });
    }
  }
  for (const { file, rank } of damaged) await discard(file, rank);
  if (damaged.length > 0) throw again([...new Set(damaged.map(({ rank }) => rank))], "left files that are no longer what they wrote");
}
