import { Quarantine } from "../sources/quarantine.js";
import type { PartMarker } from "./part.js";
import type { PreparePlan } from "./plan.js";
import { workFolder } from "./plan.js";
import { onThreads } from "./pool.js";
import type { PrepareProgress } from "./prepare.js";
import { type UnitJob, type UnitProgress, UnitRunner } from "./unit.js";

/** What threads need to know of a plan. */
export const jobOf = (plan: PreparePlan): UnitJob => ({ work: workFolder(plan), files: plan.files, options: plan.options });

/**
 * Writes the parts of a run of units that are not there yet, on threads where there are several units and workers.
 * @param range The first unit and the one behind the last
 * @returns the markers of the parts of each unit, and how many rows were there already
 */
export async function runUnits(plan: PreparePlan, [first, last]: readonly [number, number], { workers, signal, onProgress }: { workers: number; signal?: AbortSignal | undefined; onProgress?: ((progress: PrepareProgress) => void) | undefined }): Promise<{ units: PartMarker[][]; resumedRows: number }> {
  const units = plan.units.slice(first, last);
  const totalBytes = units.reduce((sum, { bytes }) => sum + bytes, 0);
  const job = jobOf(plan);
  const done: PartMarker[][] = units.map(() => []);
  let resumedRows = 0;
  // What is lost too much over several units ends the run early; the exact count is made in the end.
  const { maxLost } = plan.options;
  const quarantine = maxLost === null ? undefined : new Quarantine({ maxLost, totalBytes: plan.files.reduce((sum, { size }) => sum + size, 0) });
  const complete = { read: 0, kept: 0, bytes: 0 };
  const open = new Map<number, UnitProgress>();
  const report = (index: number, progress: UnitProgress): void => {
    open.set(index, progress);
    const sum = (key: "read" | "kept" | "bytes"): number => [...open.values()].reduce((all, one) => all + one[key], complete[key]);
    onProgress?.({ read: sum("read"), kept: sum("kept"), bytes: Math.min(totalBytes, sum("bytes")), totalBytes, file: progress.file });
  };
  const finish = (index: number, { parts, resumedRows: resumed }: { parts: PartMarker[]; resumedRows: number }): void => {
    done[index] = parts;
    resumedRows += resumed;
    open.delete(index);
    complete.bytes += units[index]!.bytes;
    for (const { counts, lost = [] } of parts) {
      complete.read += counts.read;
      complete.kept += counts.documents + counts.chats;
      for (const damage of lost) quarantine?.add(damage);
    }
  };
  if (workers > 1 && units.length > 1) {
    await onThreads<number, { parts: PartMarker[]; resumedRows: number }>(job, [...units.keys()], {
      workers,
      signal,
      request: (index) => ({ number: first + index, unit: units[index]! }),
      onProgress: report,
      onDone: finish,
    });
  } else {
    const runner = new UnitRunner(job);
    for (const [index, unit] of units.entries()) finish(index, await runner.run(first + index, unit, { signal, onProgress: (progress) => report(index, progress) }));
  }
  return { units: done, resumedRows };
}
