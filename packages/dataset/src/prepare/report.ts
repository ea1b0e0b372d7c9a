import { stat } from "node:fs/promises";
import { join } from "node:path";
import type { CleanOptions } from "../clean/clean.js";
import type { Lost } from "../report/lost.js";
import type { Origin } from "../report/origins.js";
import type { Counts } from "./counts.js";
import type { ResultKind } from "./publish.js";

/** report.json: what `prepare` read, kept and rejected, and the files it wrote. It is written last. */
export interface PrepareReport extends Counts {
  format: "llm-dataset-report";
  version: 1;
  /** Digest of the inputs and settings; with the same one, preparing again does nothing. */
  fingerprint: string;
  settings: Required<CleanOptions> & { limit: number | null };
  inputs: { file: string; bytes: number; rows: number }[];
  /** The records of the steps that the inputs are results of. */
  from: Origin[];
  /** What could not be read of the inputs, where some of it may be lost. */
  lost?: Lost;
  outputs: { file: string; documents: number; bytes: number }[];
}

/** What `prepare` leaves in its folder. */
export const PREPARED: ResultKind = { names: ["documents", "chats", "rejected", "_damaged", "_measures", "report.html"], record: "report.json", format: "llm-dataset-report" };

/** Whether every file that a report lists is there in its full size. */
export async function isWhole(folder: string, { outputs }: Pick<PrepareReport, "outputs">): Promise<boolean> {
  for (const { file, bytes } of outputs) {
    const found = await stat(join(folder, file)).catch(() => undefined);
    if (found?.size !== bytes) return false;
  }
  return true;
}
