import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { sampleCorpus } from "./corpus/index.js";
import type { Document } from "./document.js";
import { DatasetError } from "./errors.js";
import { type Origin, originsOfSources } from "./report/origins.js";
import { type ResultKind, claimFolder, partialName, publish } from "./prepare/publish.js";
import { writeError, writeJsonAtomic } from "./util/files.js";
import { sha256Hex } from "./util/hash.js";
import { JsonlWriter } from "./write/jsonl.js";
import { ParquetDocumentWriter } from "./write/parquet.js";

/** sample.json: where a sample came from and what it has. It is written last. */
export interface SampleRecord {
  format: "llm-dataset-sample";
  version: 1;
  /** What was sampled, and how. */
  source: Record<string, unknown>;
  /** The records of the steps that the sources are results of. */
  from: Origin[];
  documents: number;
  chats: number;
}

const SAMPLE: ResultKind = { names: ["documents", "chats", "held-out.json"], record: "sample.json", format: "llm-dataset-sample" };

/** Options of {@link writeSample}. */
export interface WriteSampleOptions {
  /** The folder to write. */
  out: string;
  /** Goes into sample.json. */
  source: Record<string, unknown>;
  /** The sources that rows are from, so that the record says which steps made them. */
  sources?: readonly string[];
  /** Goes into held-out.json, if given. */
  heldOut?: unknown;
  signal?: AbortSignal;
  onProgress?: (documents: number) => void;
}

/**
 * Writes documents as documents/documents-00000.parquet and chats as chats/chats-00000.jsonl, with sample.json. The result
 * appears when it is complete.
 * @throws DatasetError for a full disk, a stream without documents, or a folder with files of someone else
 */
export async function writeSample(rows: AsyncIterable<Document> | Iterable<Document>, { out, source, sources = [], heldOut, signal, onProgress }: WriteSampleOptions): Promise<SampleRecord> {
  const key = sha256Hex(JSON.stringify(source));
  await claimFolder(out, key, SAMPLE);
  const work = join(out, partialName(key));
  const final = join(work, "final");
  let documents: ParquetDocumentWriter | undefined;
  let chats: JsonlWriter | undefined;
  const record: SampleRecord = { format: "llm-dataset-sample", version: 1, source, from: [], documents: 0, chats: 0 };
  try {
    await rm(work, { recursive: true, force: true });
    await mkdir(final, { recursive: true });
    for await (const row of rows) {
      signal?.throwIfAborted();
      if (row.messages) {
        const { messages, text: _text, ...columns } = row;
        await (chats ??= await JsonlWriter.create(join(final, "chats", "chats-00000.jsonl"))).add({ messages, ...columns });
        record.chats++;
      } else {
        await (documents ??= await ParquetDocumentWriter.create(join(final, "documents", "documents-00000.parquet"))).add(row);
        record.documents++;
      }
      onProgress?.(record.documents + record.chats);
    }
    if (record.documents + record.chats === 0) throw new DatasetError("The sample has no documents: nothing was written. Ask for at least one, from a source that has some.");
    await documents?.finish();
    await chats?.finish();
    record.from = await originsOfSources(out, sources, signal);
    if (heldOut !== undefined) await writeJsonAtomic(join(final, "held-out.json"), heldOut);
    await writeJsonAtomic(join(final, SAMPLE.record), record);
    await publish(work, out, SAMPLE);
    return record;
  } catch (error) {
    await documents?.abort();
    await chats?.abort();
    await rm(work, { recursive: true, force: true });
    throw writeError(error, out);
  }
}

/** Options of {@link generateSampleCorpus}. */
export interface GenerateOptions extends Pick<WriteSampleOptions, "out" | "signal" | "onProgress"> {
  /** Documents; default 30,000. */
  documents?: number;
  /** Chats; default 50,000. */
  chats?: number;
  /** Decides everything; default 0. */
  seed?: number;
}

export const GENERATE_DEFAULTS = { documents: 30_000, chats: 50_000, seed: 0 } as const;

/**
 * Writes the built-in corpus of simple English: documents/*.parquet, chats/*.jsonl, and held-out.json with the prompts that
 * are kept out of it. The same seed gives the same bytes.
 * @throws DatasetError as {@link writeSample}
 */
export function generateSampleCorpus({ out, signal, onProgress, documents = GENERATE_DEFAULTS.documents, chats = GENERATE_DEFAULTS.chats, seed = GENERATE_DEFAULTS.seed }: GenerateOptions): Promise<SampleRecord> {
  const corpus = sampleCorpus({ documents, chats, seed });
  function* rows(): Generator<Document> {
    yield* corpus.documents;
    yield* corpus.chats;
  }
  return writeSample(rows(), { out, source: { corpus: "built-in", documents, chats, seed }, heldOut: corpus.heldOut, ...(signal ? { signal } : {}), ...(onProgress ? { onProgress } : {}) });
}
