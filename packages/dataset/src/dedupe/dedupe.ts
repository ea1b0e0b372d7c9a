import { mkdir, rm } from "node:fs/promises";
import { join, relative, resolve } from "node:path";
import type { Document } from "../document.js";
import { DatasetError } from "../errors.js";
import { fingerprintOf } from "../prepare/fingerprint.js";
import { type ResultKind, claimFolder, partialName, publish, readRecord } from "../prepare/publish.js";
import { isWhole } from "../prepare/report.js";
import { duplicatesHtml } from "../report/duplicates.js";
import { isHubSource } from "../sources/hub.js";
import { readSourceFiles } from "../sources/read.js";
import { resolveSources } from "../sources/resolve.js";
import type { ColumnNames } from "../sources/types.js";
import { atomicWriteFile, writeError, writeJsonAtomic } from "../util/files.js";
import { JsonlWriter } from "../write/jsonl.js";
import { ParquetDocumentWriter } from "../write/parquet.js";
import { type DuplicateClusters, type DuplicateCounts, NEAR_DUPLICATES, NearDuplicateIndex, type NearDuplicateOptions } from "./near-duplicates.js";

/** Documents of one output file. */
const FILE_ROWS = 20_000;
/** Clusters of which the report shows the beginnings. */
const EXAMPLES = 12;

/** Options of {@link dedupe}. */
export interface DedupeOptions extends NearDuplicateOptions {
  /** The folder to write. */
  out: string;
  columns?: ColumnNames;
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
  outputs: { file: string; documents: number; bytes: number }[];
}

const DEDUPED: ResultKind = { names: ["documents", "chats", "rejected", "_clusters.jsonl", "report.html"], record: "report.json", format: "llm-dataset-dedupe" };

/**
 * Removes near-duplicates: writes documents/*.parquet with one document of each cluster, rejected/*.jsonl with the others, each with its
 * cluster and the one that stays, _clusters.jsonl, report.json and report.html. Chats are passed on. The result appears when it is complete; a
 * call with unchanged inputs and settings does nothing.
 * @throws DatasetError for sources that don't exist or are damaged, a full disk, or a folder with files of someone else
 */
export async function dedupe(sources: string | readonly string[], { out, columns = {}, signal, onProgress, ...options }: DedupeOptions): Promise<{ status: "written" | "unchanged"; report: DedupeReport }> {
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
  if (before?.fingerprint === fingerprint && (await isWhole(out, before))) return { status: "unchanged", report: before };
  const work = join(out, partialName(fingerprint));
  await rm(work, { recursive: true, force: true });
  await mkdir(join(work, "final"), { recursive: true });
  const read = (step: "sign" | "write"): AsyncGenerator<Document> =>
    readSourceFiles(files, { columns, signal, onProgress: ({ documents, bytes, totalBytes }) => onProgress?.({ step, documents, bytes, totalBytes }) });
  const index = await NearDuplicateIndex.create(join(work, "index"), settings);
  try {
    for await (const document of read("sign")) if (!document.messages) await index.add(document);
    const clusters = await index.clusters(signal);
    const written = await write(read("write"), join(work, "final"), index, clusters);
    const { keptOf: _kept, clusterOf: _cluster, ...counts } = clusters;
    const report: DedupeReport = { format: "llm-dataset-dedupe", version: 1, fingerprint, settings, ...counts, ...written };
    await atomicWriteFile(join(work, "final", "report.html"), duplicatesHtml(report));
    await writeJsonAtomic(join(work, "final", DEDUPED.record), report);
    await index.close();
    await publish(work, out, DEDUPED);
    return { status: "written", report };
  } catch (error) {
    await index.close().catch(() => undefined);
    await rm(work, { recursive: true, force: true });
    throw writeError(error, out);
  }
}

interface Member {
  cluster: string;
  kept: string;
  members: string[];
}

/** Writes what stays, what goes and the clusters. */
async function write(rows: AsyncIterable<Document>, folder: string, index: NearDuplicateIndex, clusters: DuplicateClusters): Promise<Pick<DedupeReport, "read" | "documents" | "chats" | "sizes" | "examples" | "outputs">> {
  const outputs: DedupeReport["outputs"] = [];
  const members = new Map<number, Member>();
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
        let member = members.get(cluster);
        if (!member) members.set(cluster, (member = { cluster: await index.id(cluster), kept: await index.id(kept), members: [] }));
        member.members.push(row.id);
        if (members.size <= EXAMPLES || texts.has(cluster)) {
          const text = texts.get(cluster) ?? {};
          if (kept === document) text.kept ??= row.text.slice(0, 300);
          else text.removed ??= row.text.slice(0, 300);
          texts.set(cluster, text);
        }
        if (kept !== document) {
          await (await list("rejected")).add({ reason: "near-duplicate", cluster: member.cluster, kept: member.kept, ...row });
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
  const file = await JsonlWriter.create(join(folder, "_clusters.jsonl"));
  for (const member of members.values()) {
    sizes[member.members.length] = (sizes[member.members.length] ?? 0) + 1;
    await file.add(member);
  }
  outputs.push({ file: "_clusters.jsonl", ...(await file.finish()) });
  const examples = [...texts].map(([cluster, { kept = "", removed = "" }]) => ({ cluster: members.get(cluster)!.cluster, size: members.get(cluster)!.members.length, kept, removed }));
  return { ...counts, sizes, examples, outputs };
}
