import { mkdir, rm } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { join, relative, resolve } from "node:path";
import type { Document } from "../document.js";
import { DatasetError } from "../errors.js";
import { fingerprintOf } from "../prepare/fingerprint.js";
import { type ResultKind, claimFolder, isPublishing, partialName, publish, readRecord } from "../prepare/publish.js";
import { isWhole } from "../prepare/report.js";
import { duplicatesHtml } from "../report/duplicates.js";
import { type Origin, originsOf } from "../report/origins.js";
import { isHubSource } from "../sources/hub.js";
import { readSourceFile, readSourceFiles } from "../sources/read.js";
import { resolveSources } from "../sources/resolve.js";
import type { ColumnNames, SourceFile } from "../sources/types.js";
import { atomicWriteFile, writeError, writeJsonAtomic } from "../util/files.js";
import { JsonlWriter } from "../write/jsonl.js";
import { ParquetDocumentWriter } from "../write/parquet.js";
import { type DuplicateClusters, type DuplicateCounts, NEAR_DUPLICATES, NearDuplicateIndex, type NearDuplicateOptions } from "./near-duplicates.js";

/** Documents of one output file. */
const FILE_ROWS = 20_000;
/** Clusters of which the report shows the beginnings. */
const EXAMPLES = 12;
/** Names of clusters that are kept in memory while documents are written. */
const NAMES = 10_000;
/** Sources of fewer bytes are signed without threads, which take longer to start. */
const THREADS_FROM = 4 << 20;

/** Options of {@link dedupe}. */
export interface DedupeOptions extends NearDuplicateOptions {
  /** The folder to write. */
  out: string;
  columns?: ColumnNames;
  /** Threads that sign texts; default one for each core, or none of its own for less than 4 MiB. The result does not depend on it. */
  workers?: number;
  /** Bytes of entries that are sorted in memory at a time; default 64 MiB. The result does not depend on it. */
  sortMemory?: number;
  /** Documents of a segment of signatures, the most that is signed again after a cut; default 50,000. For tests. */
  segmentDocuments?: number;
  signal?: AbortSignal;
  /** `step` is "sign" and then "write". */
  onProgress?: (progress: { step: "sign" | "write"; documents: number; bytes: number; totalBytes: number }) => void;
}

/** A cluster as the report shows it: what stays, and the first of what goes. */
export interface ClusterExample {
  cluster: string;
  size: number;
  kept: string;
  removed: string;
}

/** report.json of {@link dedupe}. */
export interface DedupeReport extends DuplicateCounts {
  format: "llm-dataset-dedupe";
  version: 1;
  fingerprint: string;
  settings: Required<NearDuplicateOptions>;
  /** Rows read; of those documents that stay, and chats, which are not compared. */
  read: number;
  documents: number;
  chats: number;
  /** Clusters by their number of documents. */
  sizes: Record<string, number>;
  examples: ClusterExample[];
  /** The records of the steps that the sources are results of. */
  from: Origin[];
  outputs: { file: string; documents: number; bytes: number }[];
}

const DEDUPED: ResultKind = { names: ["documents", "chats", "rejected", "_clusters.jsonl", "report.html"], record: "report.json", format: "llm-dataset-dedupe" };

/**
 * Removes near-duplicates: writes documents/*.parquet with one document of each cluster, rejected/*.jsonl with the others, each with its
 * cluster and the one that stays, _clusters.jsonl, report.json and report.html. Chats are passed on. Cut off anywhere, the
 * next call goes on behind the last 50,000 documents (or 32 MiB of shingles) that were signed, and the result has the same bytes. It
 * appears when it is complete; a call with unchanged inputs and settings does nothing.
 * @throws DatasetError for sources that don't exist or are damaged, a full disk, or a folder with files of someone else
 */
export async function dedupe(sources: string | readonly string[], { out, columns = {}, workers, sortMemory, segmentDocuments, signal, onProgress, ...options }: DedupeOptions): Promise<{ status: "written" | "unchanged"; resumedDocuments: number; report: DedupeReport }> {
  const settings = { ...NEAR_DUPLICATES, ...Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) };
  if (!(settings.similarity >= 0 && settings.similarity <= 1)) throw new DatasetError(`The similarity must be a number from 0 to 1; found ${settings.similarity}.`);
  for (const source of typeof sources === "string" ? [sources] : sources) {
    const within = relative(resolve(out), resolve(source));
    if (!isHubSource(source) && (within === "" || !within.startsWith(".."))) throw new DatasetError(`The source ${source} lies in the folder that is to be written, ${out}. Choose another folder to write to.`);
  }
  const files = await resolveSources(sources, { exclude: out, signal });
  const fingerprint = await fingerprintOf(files, { ...settings, columns, dedupe: "minhash" }, signal);
  await claimFolder(out, fingerprint, DEDUPED);
  const before = await readRecord<DedupeReport>(out, DEDUPED);
  const work = join(out, partialName(fingerprint));
  if (before?.fingerprint === fingerprint && (await isWhole(out, before))) {
    await rm(work, { recursive: true, force: true }); // there if the earlier run was cut off before its last line
    return { status: "unchanged", resumedDocuments: 0, report: before };
  }
  const ready = (await isPublishing(work)) ? await readRecord<DedupeReport>(join(work, "final"), DEDUPED) : undefined;
  if (ready) {
    await publish(work, out, DEDUPED);
    return { status: "written", resumedDocuments: ready.documents, report: ready };
  }
  const totalBytes = files.reduce((sum, { size }) => sum + size, 0);
  const index = await NearDuplicateIndex.create(join(work, "index"), { ...settings, workers: workers ?? (totalBytes < THREADS_FROM ? 1 : availableParallelism()), resume: true, ...(sortMemory === undefined ? {} : { sortMemory }), ...(segmentDocuments === undefined ? {} : { segmentDocuments }) });
  const resumedDocuments = index.count;
  try {
    await sign(files, index, { columns, signal, onProgress: (bytes) => onProgress?.({ step: "sign", documents: index.count, bytes, totalBytes }) });
    const clusters = await index.clusters(signal);
    const final = join(work, "final");
    await rm(final, { recursive: true, force: true });
    await mkdir(final, { recursive: true });
    const rows = readSourceFiles(files, { columns, signal, onProgress: ({ documents, bytes }) => onProgress?.({ step: "write", documents, bytes, totalBytes }) });
    const written = await write(rows, final, index, clusters);
    const { candidates, verified, clusters: found, duplicates } = clusters;
    const report: DedupeReport = { format: "llm-dataset-dedupe", version: 1, fingerprint, settings, candidates, verified, clusters: found, duplicates, from: await originsOf(out, files), ...written };
    await atomicWriteFile(join(final, "report.html"), duplicatesHtml(report));
    await writeJsonAtomic(join(final, DEDUPED.record), report);
    await index.close();
    await publish(work, out, DEDUPED);
    return { status: "written", resumedDocuments, report };
  } catch (error) {
    await index.close().catch(() => undefined);
    throw writeError(error, out);
  }
}

/** Adds the documents that are not in the index yet. */
async function sign(files: readonly SourceFile[], index: NearDuplicateIndex, { columns, signal, onProgress }: { columns: ColumnNames; signal: AbortSignal | undefined; onProgress: (bytes: number) => void }): Promise<void> {
  const from = index.cursor;
  let before = files.slice(0, from.file).reduce((sum, { size }) => sum + size, 0);
  for (let file = from.file; file < files.length; file++) {
    const source = files[file]!;
    let row = file === from.file ? from.row : 0;
    let bytes = 0;
    for await (const document of readSourceFile(source, { columns, skip: row, signal, siblings: files, onBytes: (done) => (bytes = Math.min(done, source.size)) })) {
      signal?.throwIfAborted();
      row++;
      if (!document.messages) await index.add(document, { file, row });
      onProgress(before + bytes);
    }
    before += source.size;
  }
}

/** Remembers the last answers of a question that takes a read from disk. */
function remembering<T>(ask: (key: number) => Promise<T>): (key: number) => Promise<T> {
  const known = new Map<number, Promise<T>>();
  return (key) => {
    let answer = known.get(key);
    if (!answer) {
      known.set(key, (answer = ask(key)));
      if (known.size > NAMES) known.delete(known.keys().next().value!);
    }
    return answer;
  };
}

/** Writes what stays, what goes and the clusters. */
async function write(rows: AsyncIterable<Document>, folder: string, index: NearDuplicateIndex, clusters: DuplicateClusters): Promise<Pick<DedupeReport, "read" | "documents" | "chats" | "sizes" | "examples" | "outputs">> {
  const outputs: DedupeReport["outputs"] = [];
  const idOf = remembering((document) => index.id(document));
  const texts = new Map<number, { kept?: string; removed?: string }>();
  const counts = { read: 0, documents: 0, chats: 0 };
  let documents: ParquetDocumentWriter | undefined;
  let written = 0;
  const lists: Partial<Record<"chats" | "rejected", JsonlWriter>> = {};
  const list = async (name: "chats" | "rejected"): Promise<JsonlWriter> => (lists[name] ??= await JsonlWriter.create(join(folder, name, `${name}-00000.jsonl`)));
  const endFile = async (): Promise<void> => {
    if (documents) outputs.push({ file: `documents/documents-${String(outputs.length).padStart(5, "0")}.parquet`, ...(await documents.finish()) });
    documents = undefined;
    written = 0;
  };
  try {
    let number = 0;
    for await (const row of rows) {
      counts.read++;
      if (row.messages) {
        counts.chats++;
        const { messages, text: _text, ...rest } = row;
        await (await list("chats")).add({ messages, ...rest });
        continue;
      }
      const document = number++;
      const cluster = clusters.clusterOf(document);
      const kept = clusters.keptOf(document);
      if (cluster !== undefined) {
        if (texts.size < EXAMPLES || texts.has(cluster)) {
          const text = texts.get(cluster) ?? {};
          if (kept === document) text.kept ??= row.text.slice(0, 300);
          else text.removed ??= row.text.slice(0, 300);
          texts.set(cluster, text);
        }
        if (kept !== document) {
          await (await list("rejected")).add({ reason: "near-duplicate", cluster: await idOf(cluster), kept: await idOf(kept), ...row });
          continue;
        }
      }
      documents ??= await ParquetDocumentWriter.create(join(folder, `documents/documents-${String(outputs.length).padStart(5, "0")}.parquet`));
      await documents.add(row);
      counts.documents++;
      if (++written === FILE_ROWS) await endFile();
    }
    await endFile();
    for (const [name, writer] of Object.entries(lists)) outputs.push({ file: `${name}/${name}-00000.jsonl`, ...(await writer.finish()) });
  } catch (error) {
    await documents?.abort();
    for (const writer of Object.values(lists)) await writer.abort();
    throw error;
  }
  const sizes: Record<string, number> = {};
  const examples: ClusterExample[] = [];
  const file = await JsonlWriter.create(join(folder, "_clusters.jsonl"));
  try {
    for (const members of clusters.members()) {
      const [first = 0] = members;
      const [cluster, kept] = [await index.id(first), await index.id(clusters.keptOf(first))];
      sizes[members.length] = (sizes[members.length] ?? 0) + 1;
      const text = texts.get(first);
      if (text) examples.push({ cluster, size: members.length, kept: text.kept ?? "", removed: text.removed ?? "" });
      const ids: string[] = [];
      for (const member of members) ids.push(await index.id(member));
      await file.add({ cluster, kept, members: ids });
    }
    outputs.push({ file: "_clusters.jsonl", ...(await file.finish()) });
  } catch (error) {
    await file.abort();
    throw error;
  }
  return { ...counts, sizes, examples, outputs };
}
