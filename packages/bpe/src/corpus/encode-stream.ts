import type { DocumentSource } from "@llm/dataset";
import { TextPacker } from "../pool/packed-texts.js";
import type { Tokenizer } from "../tokenizer.js";
import { DocumentEncoder, type DocumentTask, type EncodeSettings, type EncodedDocuments, type SourceText } from "./encode-documents.js";
import { WorkerPool } from "./threads/pool.js";
import type { TokenizeData, TokenizeResult } from "./threads/tokenize-task.js";

/** UTF-16 units of text, and documents, of one batch. */
const BATCH_TEXT = 1 << 18;
const BATCH_DOCUMENTS = 1 << 12;
/** So many batches are kept until threads are started: a small corpus is done before those would be ready. */
const FEW = 8;

/** Documents with where the next one begins in the source. */
export interface Batch<P> {
  documents: SourceText[];
  next: P;
}

/** Gathers documents into batches, always the same ones. */
export async function* inBatches<P>(documents: AsyncIterable<{ document: SourceText; next: P }>): AsyncGenerator<Batch<P>> {
  let batch: Batch<P> | undefined;
  let size = 0;
  for await (const { document, next } of documents) {
    batch ??= { documents: [], next };
    batch.documents.push(document);
    batch.next = next;
    size += document.text.length;
    if (size >= BATCH_TEXT || batch.documents.length >= BATCH_DOCUMENTS) {
      yield batch;
      batch = undefined;
      size = 0;
    }
  }
  if (batch) yield batch;
}

/** What tokenizes batches. */
export interface Encoder {
  tokenizer: Tokenizer;
  /** The text of its tokenizer.json, for the threads. */
  json: string;
  settings: EncodeSettings;
  threads: number;
}

/** Where documents are from, if that is known. */
const sourcesOf = (documents: readonly SourceText[]): DocumentSource[] | undefined => (documents[0]?.source === undefined ? undefined : documents.map(({ source }) => source!));

/** Says of each document that was kept where it is from, if that is known. */
function withSources(encoded: EncodedDocuments, sources: readonly DocumentSource[] | undefined): EncodedDocuments {
  return sources ? { ...encoded, sources: Array.from(encoded.kept, (index) => sources[index]!) } : encoded;
}

/**
 * Tokenizes batches on worker threads and gives them back in their order. Memory: a few batches for each thread.
 * @throws What goes wrong in a thread
 */
export async function* encodeStream<P>(batches: AsyncIterable<Batch<P>>, { tokenizer, json, settings, threads }: Encoder): AsyncGenerator<{ encoded: EncodedDocuments; next: P }> {
  let pool: WorkerPool<DocumentTask, TokenizeResult> | undefined;
  const packer = !settings.chat && tokenizer.readsUtf8(false) ? new TextPacker() : undefined;
  let encoder: DocumentEncoder | undefined;
  const first: Batch<P>[] = [];
  const running: { result: Promise<EncodedDocuments>; next: P }[] = [];
  const start = ({ documents, next }: Batch<P>): void => {
    // Where documents are from stays here: the threads have no use for it. Packed texts are not held meanwhile.
    const sources = sourcesOf(documents);
    const packed = documents.some(({ messages }) => messages) ? undefined : packer?.pack(documents.map(({ text }) => text));
    const task = packed ?? documents.map(({ source: _source, ...document }) => document);
    const result = pool!.run(task, packed ? [packed.bytes.buffer, packed.ends.buffer] : []).then(({ encoded, bytes }) => {
      if (bytes) packer!.giveBack(bytes);
      return withSources(encoded, sources);
    });
    // It is awaited in its turn; until then its failure is no one's yet.
    result.catch(() => undefined);
    running.push({ result, next });
  };
  const take = async () => {
    const { result, next } = running.shift()!;
    return { encoded: await result, next };
  };
  const here = ({ documents, next }: Batch<P>) => ({ encoded: withSources((encoder ??= new DocumentEncoder(tokenizer, settings)).encode(documents), sourcesOf(documents)), next });
  try {
    for await (const batch of batches) {
      if (threads === 0) {
        yield here(batch);
        continue;
      }
      if (!pool) {
        first.push(batch);
        if (first.length < FEW) continue;
        pool = new WorkerPool({ kind: "tokenize", data: { tokenizer: json, settings } satisfies TokenizeData }, threads);
        for (const early of first.splice(0)) start(early);
        continue;
      }
      await pool.room();
      start(batch);
      while (running.length > threads * 4) yield await take();
    }
    for (const batch of first.splice(0)) yield here(batch);
    while (running.length > 0) yield await take();
  } finally {
    await pool?.close();
  }
}
