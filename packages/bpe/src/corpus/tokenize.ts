import { rm } from "node:fs/promises";
import { join } from "node:path";
import {
  type ColumnNames,
  type Document,
  type DocumentSource,
  type Manifest,
  ShardSetWriter,
  type SourceFile,
  type TokenizerInfo,
  atomicWriteFile,
  documentHash,
  hashFraction,
  readSourceFile,
  resolveSources,
  sha256Hex,
  writeJsonAtomic,
} from "@llm/dataset";
import { BpeError } from "../errors.js";
import { specialTokensMap, tokenizerConfig } from "../hf-config.js";
import type { Tokenizer } from "../tokenizer.js";
import { Checkpoint, type Position } from "./checkpoint.js";
import type { EncodedDocuments, SourceText } from "./encode-documents.js";
import { encodeStream, inBatches } from "./encode-stream.js";
import { parseTokenizer, readTokenizerFile } from "./files.js";
import { findFinished, fingerprintOf } from "./fingerprint.js";
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
  /** Worker threads; 0 for none, default one for each processor. The shards do not depend on it. */
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
 * it. Beside them it puts tokenizer.json as it was given, tokenizer_config.json and special_tokens_map.json.
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
  const { out, val = 0.01, chat = false, modelMaxLength = 1024, signal, onProgress, columns = {}, checkpointTokens = 1 << 23, provenance = "rows" } = options;
  const threads = threadCount(options.threads);
  if (!(val >= 0 && val < 1)) throw new BpeError(`val is ${val}; expected a share from 0 up to, not including, 1.`);
  const asText = options.tokenizer.trimStart().startsWith("{");
  const file = Buffer.from(asText ? options.tokenizer : await readTokenizerFile(options.tokenizer));
  const tokenizer = parseTokenizer(file, asText ? "the tokenizer" : options.tokenizer);
  const info = describe(tokenizer, sha256Hex(file));
  const inputs = await resolveSources(sources, { exclude: out, signal });
  const totalBytes = inputs.reduce((sum, input) => sum + input.size, 0);
  const settings = { val, chat, modelMaxLength, maxTokensPerShard: options.maxTokensPerShard ?? null, columns, provenance };
  const fingerprint = await fingerprintOf(inputs, info.sha256, settings, signal);
  const finished = await findFinished(out, fingerprint, signal);
  if (finished) {
    const { train, val: held } = finished.splits;
    onProgress?.({ documents: train.documents + held.documents, tokens: train.tokens + held.tokens, textBytes: train.textBytes + held.textBytes, bytes: totalBytes, totalBytes, resumed: 0, reused: true });
    return finished;
  }

  const wide = tokenizer.vocabSize > 0x10000;
  const progress: TokenizeProgress = { documents: 0, tokens: 0, textBytes: 0, bytes: 0, totalBytes, resumed: 0 };
  const checkpoint = await Checkpoint.open(out, fingerprint, checkpointTokens, wide);
  const writer = await ShardSetWriter.create(out, {
    tokenizer: info,
    dtype: wide ? "u32" : "u16",
    lossMask: chat,
    provenance: provenance === "full" || (provenance === "rows" && "rows"),
    fingerprint,
    ...(options.maxTokensPerShard === undefined ? {} : { maxTokensPerShard: options.maxTokensPerShard }),
  });
  const add = async ({ tokens, lengths, textBytes, held, mask, sources }: EncodedDocuments): Promise<void> => {
    let from = 0;
    for (const [index, length] of lengths.entries()) {
      signal?.throwIfAborted();
      const to = from + length;
      await writer.add(held[index] ? "val" : "train", { tokens: tokens.subarray(from, to), textBytes: textBytes[index]!, ...(chat ? { mask: mask.subarray(from, to) } : {}), ...(sources ? { source: sources[index]! } : {}) });
      progress.documents++;
      progress.tokens += length;
      progress.textBytes += textBytes[index]!;
      onProgress?.({ ...progress });
      from = to;
    }
  };
  try {
    let start: Position = { file: 0, documents: 0 };
    for await (const { encoded, next } of checkpoint.replay()) {
      await add(encoded);
      start = next;
    }
    progress.resumed = progress.documents;
    const documents = documentsFrom(inputs, start, { val, columns, provenance, signal, onBytes: (bytes) => (progress.bytes = bytes) });
    const { bos, eos } = info;
    for await (const { encoded, next } of encodeStream(inBatches(documents), { tokenizer, json: new TextDecoder().decode(file), settings: { chat, bos, eos }, threads })) {
      await checkpoint.add(encoded, next);
      await add(encoded);
    }
    if (progress.documents === 0) {
      throw new BpeError(chat ? "No row has messages with an assistant's reply, so there is no chat to tokenize. Leave --chat out for plain documents." : "The sources have no text to tokenize.");
    }
    // The set that was there before goes before its tokenizer does: the two must never be mixed.
    await rm(join(out, "manifest.json"), { force: true });
    await atomicWriteFile(join(out, "tokenizer.json"), file);
    await writeJsonAtomic(join(out, "tokenizer_config.json"), tokenizerConfig(tokenizer, { modelMaxLength }));
    await writeJsonAtomic(join(out, "special_tokens_map.json"), specialTokensMap(tokenizer));
    signal?.throwIfAborted();
    const manifest = await writer.finish();
    await checkpoint.remove();
    return manifest;
  } catch (error) {
    await writer.abort();
    await checkpoint.leave();
    throw error;
  }
}

/** The documents from a place on, each with the place of the next. Files before that place are not read. */
async function* documentsFrom(
  inputs: readonly SourceFile[],
  start: Position,
  { val, columns, provenance, signal, onBytes }: { val: number; columns: ColumnNames; provenance: NonNullable<TokenizeOptions["provenance"]>; signal: AbortSignal | undefined; onBytes: (bytes: number) => void },
): AsyncGenerator<{ document: SourceText; next: Position }> {
  let before = inputs.slice(0, start.file).reduce((sum, input) => sum + input.size, 0);
  for (const [index, input] of inputs.slice(start.file).entries()) {
    const file = start.file + index;
    let documents = index === 0 ? start.documents : 0;
    for await (const row of readSourceFile(input, { columns, skip: documents, signal, siblings: inputs, onBytes: (bytes) => onBytes(before + Math.min(bytes, input.size)) })) {
      signal?.throwIfAborted();
      const { text, messages } = row;
      const source = sourceOf(row, provenance);
      const held = hashFraction(documentHash(text)) < val;
      yield { document: { text, held, ...(messages ? { messages } : {}), ...(source ? { source } : {}) }, next: { file, documents: ++documents } };
    }
    before += input.size;
  }
}

/** Where a document is from, as far as the shards say so. */
function sourceOf({ source_file: file, source_row: row, id, url }: Document, provenance: TokenizeOptions["provenance"]): DocumentSource | undefined {
  if (provenance === "none" || file === undefined || row === undefined) return undefined;
  return provenance === "full" ? { file, row, id, ...(url === undefined ? {} : { url }) } : { file, row };
}

function describe(tokenizer: Tokenizer, sha256: string): TokenizerInfo {
  const { bos, eos, pad, unk } = tokenizer.special;
  if (bos === undefined || eos === undefined) throw new BpeError("This tokenizer has no <s> and </s>, which begin and end a document. Train one with the default special tokens.");
  const special = Object.fromEntries(tokenizer.addedTokens.filter((token) => token.special).map((token) => [token.content, token.id]));
  // Tokenizers of the GPT-2 family pad with their one special token.
  return { sha256, vocabSize: tokenizer.vocabSize, bos, eos, pad: pad ?? eos, ...(unk === undefined ? {} : { unk }), special };
}
