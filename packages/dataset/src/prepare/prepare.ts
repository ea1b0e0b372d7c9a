import { mkdir, rename, rm } from "node:fs/promises";
import { join, relative, resolve } from "node:path";
import { type CleanOptions, CLEAN_DEFAULTS, Cleaner } from "../clean/clean.js";
import { DatasetError } from "../errors.js";
import { trimDetails } from "../report/details.js";
import { isHubSource } from "../sources/hub.js";
import { Quarantine } from "../sources/quarantine.js";
import { readSourceFile } from "../sources/read.js";
import { resolveSources } from "../sources/resolve.js";
import type { ColumnNames, Damage, SourceFile } from "../sources/types.js";
import { atomicWriteFile, exists, writeError, writeJsonAtomic } from "../util/files.js";
import { addCounts, noCounts } from "./counts.js";
import { fingerprintOf } from "./fingerprint.js";
import { reportHtml } from "./html.js";
import { type Cursor, OUTPUTS, type PartMarker, PartWriter, partFolder, readHashes, readMarker } from "./part.js";
import { claimFolder, isPublishing, partialName, publish, readRecord } from "./publish.js";
import { PREPARED, type PrepareReport, isWhole } from "./report.js";

/** Rows of a part, and so the most that an interrupted run does again. A part becomes one output file of each kind. */
const PART_ROWS = 20_000;
/** Hosts that are counted by name while the parts' counts are added up. */
const MOST_HOSTS = 50_000;

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
 * The work is done in a hidden folder, in parts of 20,000 rows. Cut off anywhere, the next call goes on after the last
 * complete part, and the result has the same bytes as without the interruption. The result appears when it is complete,
 * the report last; a call with unchanged inputs and settings does nothing.
 *
 * @throws DatasetError for sources that don't exist or are damaged, a full disk, or a folder with files of someone else
 */
export async function prepare(sources: string | readonly string[], { out, limit, columns = {}, maxLost, signal, onProgress, partRows = PART_ROWS, ...clean }: PrepareOptions): Promise<PrepareResult> {
  const settings = { ...CLEAN_DEFAULTS, ...Object.fromEntries(Object.entries(clean).filter(([, value]) => value !== undefined)), limit: limit ?? null };
  for (const source of typeof sources === "string" ? [sources] : sources) {
    const within = relative(resolve(out), resolve(source));
    if (!isHubSource(source) && (within === "" || !within.startsWith(".."))) throw new DatasetError(`The source ${source} lies in the folder that is to be written, ${out}. Choose another folder to write to.`);
  }
  const files = await resolveSources(sources, { exclude: out, signal });
  const fingerprint = await fingerprintOf(files, { ...settings, columns, ...(maxLost === undefined ? {} : { maxLost }) }, signal);
  await claimFolder(out, fingerprint, PREPARED);
  const work = join(out, partialName(fingerprint));
  const before = await readRecord<PrepareReport>(out, PREPARED);
  if (before?.fingerprint === fingerprint && (await isWhole(out, before))) {
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
    const quarantine = maxLost === undefined ? undefined : new Quarantine({ maxLost, totalBytes: files.reduce((sum, file) => sum + file.size, 0) });
    const { parts, resumedRows } = await writeParts(files, work, { settings, columns, quarantine, signal, onProgress, partRows });
    const report = await assemble(work, files, parts, fingerprint, settings, quarantine);
    await publish(work, out, PREPARED);
    return { status: "written", resumedRows, report };
  } catch (error) {
    throw writeError(error, out);
  }
}

type PartsContext = Pick<PrepareOptions, "signal" | "onProgress"> & { settings: PrepareReport["settings"]; columns: ColumnNames; quarantine: Quarantine | undefined; partRows: number };

/** Writes every part that is not there yet. */
async function writeParts(files: readonly SourceFile[], work: string, { settings, columns, quarantine, signal, onProgress, partRows }: PartsContext): Promise<{ parts: PartMarker[]; resumedRows: number }> {
  const cleaner = await Cleaner.create(settings);
  const parts: PartMarker[] = [];
  let cursor: Cursor | undefined = { file: 0, row: 0 };
  for (let marker = await readMarker(partFolder(work, 0)); marker && cursor; marker = await readMarker(partFolder(work, parts.length))) {
    await readHashes(partFolder(work, parts.length), (high, low) => cleaner.remember(high, low));
    parts.push(marker);
    for (const damage of marker.lost ?? []) quarantine?.add(damage);
    cursor = marker.next;
  }
  const total = noCounts();
  for (const part of parts) addCounts(total, part.counts);
  const resumedRows = total.read;
  const limit = settings.limit ?? Infinity;
  const totalBytes = files.reduce((sum, file) => sum + file.size, 0);
  let kept = total.documents + total.chats;
  let read = total.read;
  while (cursor) {
    const part = await PartWriter.create(partFolder(work, parts.length), settings.filters?.measures);
    let next: Cursor | undefined;
    try {
      rows: for (let file: number = cursor.file; file < files.length && read < limit; file++) {
        const source = files[file]!;
        const skip: number = file === cursor.file ? cursor.row : 0;
        const before = files.slice(0, file).reduce((sum, { size }) => sum + size, 0);
        let row = skip;
        let bytes = 0;
        const onDamage = quarantine && ((damage: Damage): void => {
          // Lost rows keep their numbers, so that the next part begins where this one ends.
          row += damage.documents ?? 0;
          if (quarantine.add(damage)) part.lose(damage);
        });
        for await (const document of readSourceFile(source, { columns, skip, signal, onDamage, siblings: files, onBytes: (done) => (bytes = Math.min(done, source.size)) })) {
          // The part ends before a row that there is, so that no empty part follows the last one.
          if (read >= limit || part.read >= partRows) {
            if (read < limit) next = { file, row };
            break rows;
          }
          signal?.throwIfAborted();
          const verdict = cleaner.judge(document, part.onHash);
          await part.add(file, verdict);
          row++;
          read++;
          if (!verdict.reason) kept++;
          onProgress?.({ read, kept, bytes: before + bytes, totalBytes, file: source.name });
        }
      }
      parts.push(await part.finish(next));
    } catch (error) {
      await part.abort();
      throw error;
    }
    cursor = next;
  }
  return { parts, resumedRows };
}

/** Gives the parts' files their names in the result and writes the report. */
async function assemble(work: string, files: readonly SourceFile[], parts: readonly PartMarker[], fingerprint: string, settings: PrepareReport["settings"], quarantine: Quarantine | undefined): Promise<PrepareReport> {
  const final = join(work, "final");
  const outputs: PrepareReport["outputs"] = [];
  for (const { kind, folder, part: name, extension } of OUTPUTS) {
    let number = 0;
    for (const [index, { files: written }] of parts.entries()) {
      const file = written[kind];
      if (!file) continue;
      const target = `${folder}/${kind}-${String(number++).padStart(5, "0")}.${extension}`;
      outputs.push({ file: target, ...file });
      await mkdir(join(final, folder), { recursive: true });
      const source = join(partFolder(work, index), name);
      if (await exists(source)) await rename(source, join(final, target));
    }
  }
  const counts = noCounts();
  for (const part of parts) {
    addCounts(counts, part.counts);
    counts.details = trimDetails(counts.details, MOST_HOSTS);
  }
  counts.details = trimDetails(counts.details);
  const report: PrepareReport = {
    format: "llm-dataset-report",
    version: 1,
    fingerprint,
    settings,
    ...counts,
    inputs: files.map(({ name, size }, index) => ({ file: name, bytes: size, rows: parts.reduce((sum, { rows }) => sum + (rows[index] ?? 0), 0) })),
    ...(quarantine ? { lost: { share: quarantine.share, bytes: quarantine.bytes, documents: quarantine.documents, places: quarantine.parts.length } } : {}),
    outputs,
  };
  await atomicWriteFile(join(final, "report.html"), reportHtml(report));
  await writeJsonAtomic(join(final, PREPARED.record), report);
  return report;
}
