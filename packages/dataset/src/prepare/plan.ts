import { mkdir, rm, writeFile } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { dirname, join, relative, resolve } from "node:path";
import { CLEAN_DEFAULTS } from "../clean/clean.js";
import { DatasetError } from "../errors.js";
import { checkCompletions, checkRank, readCompletion, waitForRanks, writeCompletion } from "../plan/completion.js";
import { DATASET_PACKAGE, type LoadedPlan, type Plan, type PlanFile, checkFiles, divide, planFiles, readPlan, sourceFilesOf } from "../plan/plan.js";
import { isHubSource } from "../sources/hub.js";
import { exists, writeError } from "../util/files.js";
import { assemble } from "./collect.js";
import { contentDigest, fingerprintOf } from "./fingerprint.js";
import { OUTPUTS, type PartMarker, partFolder, readMarker } from "./part.js";
import type { PrepareOptions, PrepareProgress, PrepareResult } from "./prepare.js";
import { claimFolder, isPublishing, partialName, publish, readRecord } from "./publish.js";
import { PREPARED, type PrepareReport, isWhole } from "./report.js";
import { jobOf, runUnits } from "./run-units.js";
import type { PreparePlanOptions } from "./unit.js";

/** Rows of a part, and so the most that an interrupted run does again. A part becomes one output file of each kind. */
const PART_ROWS = 20_000;

/** A plan to prepare. */
export type PreparePlan = Plan<"prepare", PreparePlanOptions>;

/** Options of {@link planPrepare}. */
export type PlanPrepareOptions = Omit<PrepareOptions, "workers" | "onProgress"> & {
  /** How many ranks share the work; default 1. There are at most as many as units. */
  ranks?: number;
};

/**
 * Freezes what `prepare` would do: the source files with their sizes and digests, all settings, and which rank does which units.
 * Write it with `writePlan`; run each rank with {@link runPrepareRank} on any machine that sees the same folders, in any order, as often as
 * need be; and then {@link collectPrepared}, which gives what `prepare` gives, to the byte. With a `limit` there is one rank.
 * @throws DatasetError for sources that don't exist
 */
export async function planPrepare(sources: string | readonly string[], { out, ranks = 1, limit, columns = {}, maxLost, signal, partRows = PART_ROWS, unitBytes, ...clean }: PlanPrepareOptions): Promise<PreparePlan> {
  const settings = { ...CLEAN_DEFAULTS, ...Object.fromEntries(Object.entries(clean).filter(([, value]) => value !== undefined)), limit: limit ?? null };
  for (const source of typeof sources === "string" ? [sources] : sources) {
    const within = relative(resolve(out), resolve(source));
    if (!isHubSource(source) && (within === "" || !within.startsWith(".."))) throw new DatasetError(`The source ${source} lies in the folder that is to be written, ${out}. Choose another folder to write to.`);
  }
  const files = await planFiles(sources, contentDigest, { exclude: out, signal });
  const cwd = process.cwd();
  const options: PreparePlanOptions = { settings, columns, maxLost: maxLost ?? null, unitBytes: unitBytes ?? null, partRows, cwd };
  const fingerprint = await digestOf(files, options, signal);
  return {
    format: "llm-plan",
    version: 1,
    task: "prepare",
    package: DATASET_PACKAGE,
    out: resolve(out),
    fingerprint,
    options,
    files,
    ...(await divide(files, { ranks, unitBytes, together: limit !== undefined, signal })),
  };
}

/** The fingerprint of what a plan depends on. What has its default is left out, so that it stays the same where something is added. */
const digestOf = (files: readonly PlanFile[], { settings, columns, maxLost, unitBytes, cwd }: PreparePlanOptions, signal?: AbortSignal): Promise<string> =>
  fingerprintOf(sourceFilesOf(files), { ...settings, columns, ...(maxLost === null ? {} : { maxLost }), ...(unitBytes === null ? {} : { unitBytes }) }, signal, cwd);

/** The folder of a plan's work: hidden in that of the result. */
export const workFolder = ({ out, fingerprint }: Plan): string => join(out, partialName(fingerprint));

/** The report of the finished result of a plan, or undefined where there is none. */
export async function readFinished({ out, fingerprint }: Plan): Promise<PrepareReport | undefined> {
  const report = await readRecord<PrepareReport>(out, PREPARED);
  return report?.fingerprint === fingerprint && (await isWhole(out, report)) ? report : undefined;
}

/** There while the parts are moved into the result: the ranks were complete. */
const collecting = (plan: LoadedPlan): string => join(workFolder(plan), `collecting-${plan.sha256.slice(0, 16)}`);

/**
 * Does one rank of a plan: cleans its units and, last, writes a marker with the digests of what it wrote. A rank that is complete is
 * skipped, one that was cut off goes on; several processes may do the same one at once.
 * @param path Of plan.json
 * @returns "written", or "complete" where nothing had to be done
 * @throws DatasetError when there is no such rank, or a source is not as the plan says
 */
export async function runPrepareRank(path: string, rank: number, { workers = 1, signal, onProgress }: { workers?: number; signal?: AbortSignal; onProgress?: (progress: PrepareProgress) => void } = {}): Promise<{ status: "written" | "complete"; units: number; resumedRows: number }> {
  const plan = await readPreparePlan(path);
  const range = checkRank(plan, rank);
  const units = range[1] - range[0];
  const work = workFolder(plan);
  if ((await readFinished(plan)) || (await exists(collecting(plan))) || (await readCompletion(work, plan, rank))) return { status: "complete", units, resumedRows: 0 };
  try {
    await checkFiles(plan, range, (file) => contentDigest(file));
    if ((await digestOf(plan.files, plan.options, signal)) !== plan.fingerprint) throw new DatasetError(`The lists of URLs or the evaluation texts are not as they were when ${path} was made. Put them back, or make a new plan.`);
    await mkdir(work, { recursive: true });
    const { units: done, resumedRows } = await runUnits(plan, range, { workers, signal, onProgress });
    const files = done.flatMap((parts, index) => parts.flatMap((marker, part) => filesOf(marker).map((file) => join(relative(work, partFolder(work, range[0] + index, part)), file))));
    await writeCompletion(work, plan, rank, files);
    return { status: "written", units, resumedRows };
  } catch (error) {
    throw writeError(error, plan.out);
  }
}

const filesOf = ({ files }: PartMarker): string[] => ["part.json", "kept.bin", ...OUTPUTS.filter(({ kind }) => files[kind]).map(({ part }) => part)];

/**
 * Puts the result of a plan together when every rank is complete: the same bytes as `prepare` of the same sources and settings.
 * @param path Of plan.json. With `waitHours` it waits that long for ranks that are not complete
 * @throws DatasetError naming the ranks that are missing, or whose files are no longer what they wrote
 */
export async function collectPrepared(path: string, { workers = availableParallelism(), waitHours = 0, signal }: { workers?: number; waitHours?: number; signal?: AbortSignal } = {}): Promise<Omit<PrepareResult, "resumedRows"> & { out: string }> {
  const plan = await readPreparePlan(path);
  const { out, fingerprint } = plan;
  const work = workFolder(plan);
  const before = await readFinished(plan);
  if (before) {
    await rm(work, { recursive: true, force: true });
    return { status: "unchanged", out, report: before };
  }
  await claimFolder(out, fingerprint, PREPARED);
  try {
    const ready = (await isPublishing(work)) ? await readRecord<PrepareReport>(join(work, "final"), PREPARED) : undefined;
    if (!ready && !(await exists(collecting(plan)))) {
      await waitForRanks(work, plan, waitHours, { signal });
      await checkCompletions(work, plan, ({ file }) => rm(dirname(dirname(join(work, file))), { recursive: true, force: true }), signal);
      await writeFile(collecting(plan), "");
    }
    const report = ready ?? (await assemble(jobOf(plan), await readUnits(plan, work), fingerprint, { workers, signal }));
    await publish(work, out, PREPARED);
    return { status: "written", out, report };
  } catch (error) {
    throw writeError(error, out);
  }
}

/** The markers of every part of every unit. */
async function readUnits(plan: PreparePlan, work: string): Promise<PartMarker[][]> {
  const units: PartMarker[][] = [];
  for (let unit = 0; unit < plan.units.length; unit++) {
    const parts: PartMarker[] = [];
    for (;;) {
      const marker = await readMarker(partFolder(work, unit, parts.length));
      if (!marker) throw new DatasetError(`Part ${parts.length} of unit ${unit} is missing in ${work}. Run the ranks again; what is complete is skipped.`);
      parts.push(marker);
      if (!marker.next) break;
    }
    units.push(parts);
  }
  return units;
}

const readPreparePlan = async (path: string): Promise<LoadedPlan<PreparePlan>> => (await readPlan(path, { task: "prepare", package: DATASET_PACKAGE })) as LoadedPlan<PreparePlan>;
