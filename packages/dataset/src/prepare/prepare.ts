import { mkdir, rm } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import type { CleanOptions } from "../clean/clean.js";
import type { ColumnNames } from "../sources/types.js";
import { writeError } from "../util/files.js";
import { assemble } from "./collect.js";
import { planPrepare, readFinished, workFolder } from "./plan.js";
import { claimFolder, isPublishing, publish, readRecord } from "./publish.js";
import { PREPARED, type PrepareReport } from "./report.js";
import { jobOf, runUnits } from "./run-units.js";

/** How far preparing has come. */
export interface PrepareProgress {
  /** Rows read, and kept of them. */
  read: number;
  kept: number;
  bytes: number;
  totalBytes: number;
  file: string;
}

/** Options of {@link prepare}. */
export interface PrepareOptions extends CleanOptions {
  /** The folder to write. */
  out: string;
  /** Read at most this many rows; default: all. */
  limit?: number;
  /** Columns whose names differ, e.g. `{ text: "body" }`. */
  columns?: ColumnNames;
  /** Share of the sources' bytes, 0 to 1, that may be damaged: damaged parts are left out and named in _damaged/*.jsonl. Default: the first damage is an error. */
  maxLost?: number;
  /** Threads that work at once; 1 for none beside this one, default one for each processor. The result does not depend on it. */
  workers?: number;
  /** Source bytes of a unit, what one worker or rank takes at a time; default 4 to 64 MB, by the bytes of all sources. Output files end where units do. */
  unitBytes?: number;
  signal?: AbortSignal;
  onProgress?: (progress: PrepareProgress) => void;
  /** Rows of a part; default 20,000. For tests. */
  partRows?: number;
}

/** What {@link prepare} did. */
export interface PrepareResult {
  /** "written", or "unchanged" where the folder already had the result of the same inputs and settings. */
  status: "written" | "unchanged";
  /** Rows that an earlier, interrupted run had done. */
  resumedRows: number;
  report: PrepareReport;
}

/**
 * Cleans documents and chats and writes them to a folder: documents/*.parquet in FineWeb's columns, chats/*.jsonl with
 * messages, rejected/*.jsonl with the reason (from filters also rule, value, threshold and what else was measured), report.json and
 * report.html; with filters that measure everything also _measures/*.jsonl.
 *
 * The work is done in a hidden folder, on all processors: the sources are cut into units of 4 to 64 MB (files, row groups of
 * parquet, runs of lines), units into parts of 20,000 rows. Cut off anywhere, the next call goes on after the last complete parts, and the result has
 * the same bytes as without the interruption, and as with any number of workers or machines (see {@link planPrepare}). The result appears when it is complete,
 * the report last; a call with unchanged inputs and settings does nothing.
 *
 * @throws DatasetError for sources that don't exist or are damaged, a full disk, or a folder with files of someone else
 */
export async function prepare(sources: string | readonly string[], { workers = availableParallelism(), signal, onProgress, ...options }: PrepareOptions): Promise<PrepareResult> {
  const { out } = options;
  const plan = await planPrepare(sources, { ...options, ranks: 1, signal });
  const { fingerprint } = plan;
  await claimFolder(out, fingerprint, PREPARED);
  const work = workFolder(plan);
  const before = await readFinished(plan);
  if (before) {
    await rm(work, { recursive: true, force: true }); // there if the earlier run was cut off before its last line
    return { status: "unchanged", resumedRows: 0, report: before };
  }
  const ready = (await isPublishing(work)) ? await readRecord<PrepareReport>(join(work, "final"), PREPARED) : undefined;
  if (ready) {
    await publish(work, out, PREPARED);
    return { status: "written", resumedRows: ready.read, report: ready };
  }
  try {
    await mkdir(work, { recursive: true });
    const { units, resumedRows } = await runUnits(plan, [0, plan.units.length], { workers, signal, onProgress });
    const report = await assemble(jobOf(plan), units, fingerprint, { workers, signal });
    await publish(work, out, PREPARED);
    return { status: "written", resumedRows, report };
  } catch (error) {
    throw writeError(error, out);
  }
}
