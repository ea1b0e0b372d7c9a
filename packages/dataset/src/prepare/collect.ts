import { mkdir, rename } from "node:fs/promises";
import { dirname, join } from "node:path";
import { sourceFilesOf } from "../plan/plan.js";
import { trimDetails } from "../report/details.js";
import { NAMED } from "../report/lost.js";
import { originsOf } from "../report/origins.js";
import { Quarantine } from "../sources/quarantine.js";
import { atomicWriteFile, exists, writeJsonAtomic } from "../util/files.js";
import { addCounts, noCounts } from "./counts.js";
import { ExactDuplicates } from "./exact.js";
import { reportHtml } from "./html.js";
import { OUTPUTS, type PartMarker, partFolder, readKept } from "./part.js";
import { onThreads } from "./pool.js";
import { PREPARED, type PrepareReport } from "./report.js";
import { type RewriteJob, rewritePart } from "./rewrite.js";
import type { UnitJob } from "./unit.js";

/** Hosts that are counted by name while the parts' counts are added up. */
const MOST_HOSTS = 50_000;

/** A complete part, with the folder that its files are in. */
interface Part {
  folder: string;
  marker: PartMarker;
}

/** The texts of each part that an earlier unit has, too; within a unit there are none left. */
async function findDuplicates(parts: readonly Part[], work: string): Promise<(RewriteJob & { index: number })[]> {
  const duplicates = await ExactDuplicates.create();
  const jobs: (RewriteJob & { index: number })[] = [];
  for (const [index, { folder, marker }] of parts.entries()) {
    const rows: number[] = [];
    await readKept(folder, ({ high, low, row }) => {
      if (!duplicates.add(high, low)) rows.push(row);
    });
    if (rows.length > 0) jobs.push({ index, part: folder, target: join(work, "rewritten", String(index).padStart(5, "0")), marker, rows: Uint32Array.from(rows) });
  }
  return jobs;
}

/** Takes out what several units have, gives the parts' files their names in the result and writes the report. */
export async function assemble(job: UnitJob, units: readonly (readonly PartMarker[])[], fingerprint: string, { workers, signal }: { workers: number; signal?: AbortSignal | undefined }): Promise<PrepareReport> {
  const { work, options, files } = job;
  const parts: Part[] = units.flatMap((markers, unit) => markers.map((marker, part) => ({ folder: partFolder(work, unit, part), marker })));
  const jobs = units.length > 1 ? await findDuplicates(parts, work) : [];
  const replace = ({ index, target }: (typeof jobs)[number], marker: PartMarker): void => void (parts[index] = { folder: target, marker });
  if (workers > 1 && jobs.length > 1) await onThreads<(typeof jobs)[number], PartMarker>(job, jobs, { workers, signal, request: ({ index: _, ...rewrite }) => ({ rewrite }), onDone: replace });
  else for (const rewrite of jobs) replace(rewrite, await rewritePart(rewrite, signal));
  signal?.throwIfAborted();

  const final = join(work, "final");
  const outputs: PrepareReport["outputs"] = [];
  for (const { kind, folder, part: name, extension } of OUTPUTS) {
    let number = 0;
    for (const part of parts) {
      const file = part.marker.files[kind];
      if (!file) continue;
      const target = `${folder}/${kind}-${String(number++).padStart(5, "0")}.${extension}`;
      outputs.push({ file: target, ...file });
      await mkdir(join(final, folder), { recursive: true });
      const source = join(part.folder, name);
      if (await exists(source)) await rename(source, join(final, target));
    }
  }
  const counts = noCounts();
  const quarantine = options.maxLost === null ? undefined : new Quarantine({ maxLost: options.maxLost, totalBytes: files.reduce((sum, { size }) => sum + size, 0) });
  for (const { marker } of parts) {
    addCounts(counts, { ...marker.counts, details: trimDetails(marker.counts.details) });
    counts.details = trimDetails(counts.details, MOST_HOSTS);
    for (const damage of marker.lost ?? []) quarantine?.add(damage);
  }
  counts.details = trimDetails(counts.details);
  const report: PrepareReport = {
    format: "llm-dataset-report",
    version: 1,
    fingerprint,
    settings: options.settings,
    ...counts,
    inputs: files.map(({ name, size }, index) => ({ file: name, bytes: size, rows: parts.reduce((sum, { marker: { rows } }) => sum + (rows[index] ?? 0), 0) })),
    from: await originsOf(dirname(work), sourceFilesOf(files)),
    ...(quarantine ? { lost: { share: quarantine.share, bytes: quarantine.bytes, documents: quarantine.documents, places: quarantine.parts.length, parts: quarantine.parts.slice(0, NAMED) } } : {}),
    outputs,
  };
  await atomicWriteFile(join(final, "report.html"), reportHtml(report));
  await writeJsonAtomic(join(final, PREPARED.record), report);
  return report;
}
