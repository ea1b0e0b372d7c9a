import { type ColumnNames, type Document, type DocumentSource, type Manifest, type SourceFile, readSourceFile, resolveSources } from "@llm/dataset";
import { Checkpoint, type Position } from "./checkpoint.js";
import type { SourceText } from "./encode-documents.js";
import { type Encoder, encodeStream, inBatches } from "./encode-stream.js";
import { findFinished, fingerprintOf } from "./fingerprint.js";
import { completeReport } from "./report.js";
import { type OpenTokenizer, TokenSet, type TokenizeSettings, openTokenizer, settingsOf } from "./shard-set.js";
import { threadCount } from "./threads/pool.js";

/** How a corpus is tokenized. */
export interface TokenizeOptions {
  /** Path of a tokenizer.json, or its text (which begins with "{"). */
  tokenizer: string;
  /** The folder that gets the shards, the manifest and the tokenizer's files. */
  out: string;
  /** Share of the documents that goes to the split "val", chosen by a hash of each text; default 0.01. */
  val?: number;
  /** Only rows with messages, with a loss mask over what the assistant says; default false: every row, without masks. */
  chat?: boolean;
  /** The model's context for tokenizer_config.json; default 1,024 tokens. */
  modelMaxLength?: number;
  /** Tokens of a shard; default that of `ShardSetWriter`. */
  maxTokensPerShard?: number;
  /**
   * What the shards say of where each document is from: its file and row ("rows", the default: at most 12 bytes a document), its id
   * and URL too ("full"), or nothing ("none").
   */
  provenance?: "rows" | "full" | "none";
  /** Columns whose names differ, e.g. `{ text: "body" }`. */
  columns?: ColumnNames;
  /** Worker threads; 0 for none, default one for each processor but the one that reads and writes. The shards do not depend on it. */
  threads?: number;
  /** Tokens after which a run can be gone on with when it was cut off; default 8,388,608. */
  checkpointTokens?: number;
  onProgress?: (event: TokenizeProgress) => void;
  signal?: AbortSignal;
}

/** How far tokenizing is. */
export interface TokenizeProgress {
  documents: number;
  tokens: number;
  /** UTF-8 bytes of the texts so far. */
  textBytes: number;
  /** Bytes of the source files that are done, and of all of them. */
  bytes: number;
  totalBytes: number;
  /** Documents that an earlier run, which was cut off, had tokenized already. */
  resumed: number;
  /** True when a finished set of the same inputs was found and nothing had to be done. */
  reused?: boolean;
}

/**
 * Turns documents or chats into token shards (docs/formats.md): a document as `<s>text</s>`, a chat as `encodeChat` writes
 * it. Beside them it puts tokenizer.json as it was given, tokenizer_config.json, special_tokens_map.json, and report.json and report.html,
 * which tell what was done from the first source on.
 *
 * The same inputs give the same bytes, whatever the number of threads. The set appears when it is complete; a run that was
 * cut off, by `kill -9` too, leaves the set that was there before, or none, and is gone on with by the next run with the same
 * inputs: what was tokenized waits in a hidden folder beside the shards. Where the folder already holds a sound set made of
 * the same inputs, nothing is done. Memory: one shard for each split, and a few megabytes for each thread.
 *
 * @param sources Files, folders, globs or hf://datasets/OWNER/NAME/PATH, as of `readDocuments`.
 * @throws BpeError, DatasetError for unusable input; the signal's reason where it aborts.
 */
export async function tokenizeCorpus(sources: string | readonly string[], options: TokenizeOptions): Promise<Manifest> {
  const { out, signal, onProgress, checkpointTokens = 1 << 23 } = options;
  // This thread has about as much to do as one that encodes: reading, unpacking, writing.
  const threads = threadCount(options.threads, 1);
  const settings = settingsOf(options);
  const open = await openTokenizer(options.tokenizer);
  const inputs = await resolveSources(sources, { exclude: out, signal });
  const totalBytes = inputs.reduce((sum, input) => sum + input.size, 0);
  const fingerprint = await fingerprintOf(inputs, open.info.sha256, settings, signal);
  const finished = await findFinished(out, fingerprint, signal);
  if (finished) {
    await completeReport(out, finished, settings, inputs);
    const { train, val: held } = finished.splits;
    onProgress?.({ documents: train.documents + held.documents, tokens: train.tokens + held.tokens, textBytes: train.textBytes + held.textBytes, bytes: totalBytes, totalBytes, resumed: 0, reused: true });
    return finished;
  }

  const checkpoint = await Checkpoint.open(out, fingerprint, checkpointTokens, open.wide);
  const set = await TokenSet.create(out, open, settings, { fingerprint, totalBytes, onProgress, signal });
  const { progress } = set;
  try {
    let start: Position = { file: 0, documents: 0 };
    for await (const { encoded, next } of checkpoint.replay()) {
      await set.add(encoded);
      start = next;
    }
    progress.resumed = progress.documents;
    const documents = documentsFrom(inputs, start, { settings, signal, onBytes: (bytes) => (progress.bytes = bytes) });
    for await (const { encoded, next } of encodeStream(inBatches(documents), encoderOf(open, settings, threads))) {
      await checkpoint.add(encoded, next);
      await set.add(encoded);
    }
    const manifest = await set.finish(inputs);
    await checkpoint.remove();
    return manifest;
  } catch (error) {
    await set.abort();
    await checkpoint.leave();
    throw error;
  }
}

/** What turns batches of documents into tokens. */
export const encoderOf = ({ file, tokenizer, info }: OpenTokenizer, { chat, val }: TokenizeSettings, threads: number): Encoder => ({ tokenizer, json: new TextDecoder().decode(file), settings: { chat, val, bos: info.bos, eos: info.eos }, threads });

/** The documents from a place on, each with the place of the next. Files before that place are not read. */
async function* documentsFrom(
  inputs: readonly SourceFile[],
  start: Position,
  { settings, signal, onBytes }: { settings: TokenizeSettings; signal: AbortSignal | undefined; onBytes: (bytes: number) => void },
): AsyncGenerator<{ document: SourceText; next: Position }> {
  let before = inputs.slice(0, start.file).reduce((sum, input) => sum + input.size, 0);
  for (const [index, input] of inputs.slice(start.file).entries()) {
    const file = start.file + index;
    let documents = index === 0 ? start.documents : 0;
    for await (const row of readSourceFile(input, { columns: settings.columns, skip: documents, signal, siblings: inputs, onBytes: (bytes) => onBytes(before + Math.min(bytes, input.size)) })) {
      signal?.throwIfAborted();
      yield { document: sourceTextOf(row, settings), next: { file, documents: ++documents } };
    }
    before += input.size;
  }
}

/** What tokenizing needs of a row. */
export function sourceTextOf(row: Document, { provenance }: TokenizeSettings): SourceText {
  const { text, messages } = row;
  const source = sourceOf(row, provenance);
  return { text, ...(messages ? { messages } : {}), ...(source ? { source } : {}) };
}

/** Where a document is from, as far as the shards say so. */
function sourceOf({ source_file: file, source_row: row, id, url }: Document, provenance: TokenizeSettings["provenance"]): DocumentSource | undefined {
  if (provenance === "none" || file === undefined || row === undefined) return undefined;
  return provenance === "full" ? { file, row, id, ...(url === undefined ? {} : { url }) } : { file, row };
}
