import { rm } from "node:fs/promises";
import { join } from "node:path";
import {
  type ColumnNames,
  type Document,
  type Manifest,
  ShardSetWriter,
  type TokenDocument,
  type TokenizerInfo,
  atomicWriteFile,
  documentHash,
  hashFraction,
  readDocuments,
  resolveSources,
  sha256Hex,
  writeJsonAtomic,
} from "@llm/dataset";
import { encodeChat } from "../chat.js";
import { BpeError } from "../errors.js";
import { specialTokensMap, tokenizerConfig } from "../hf-config.js";
import type { Tokenizer } from "../tokenizer.js";
import { parseTokenizer, readTokenizerFile } from "./files.js";
import { findFinished, fingerprintOf } from "./fingerprint.js";

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
  /** Columns whose names differ, e.g. `{ text: "body" }`. */
  columns?: ColumnNames;
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
  /** True when a finished set of the same inputs was found and nothing had to be done. */
  reused?: boolean;
}

/**
 * Turns documents or chats into token shards (docs/formats.md): a document as `<s>text</s>`, a chat as `encodeChat` writes
 * it. Beside them it puts tokenizer.json as it was given, tokenizer_config.json and special_tokens_map.json.
 *
 * The same inputs give the same bytes. The set appears when it is complete; a run that was cut off leaves the set that was
 * there before, or none, and starts anew next time. Where the folder already holds a sound set made of the same inputs,
 * nothing is done.
 *
 * @param sources Files, folders, globs or hf://datasets/OWNER/NAME/PATH, as of `readDocuments`.
 * @throws BpeError, DatasetError for unusable input; the signal's reason where it aborts.
 */
export async function tokenizeCorpus(sources: string | readonly string[], options: TokenizeOptions): Promise<Manifest> {
  const { out, val = 0.01, chat = false, modelMaxLength = 1024, signal, onProgress, columns = {} } = options;
  if (!(val >= 0 && val < 1)) throw new BpeError(`val is ${val}; expected a share from 0 up to, not including, 1.`);
  const asText = options.tokenizer.trimStart().startsWith("{");
  const file = asText ? Buffer.from(options.tokenizer) : await readTokenizerFile(options.tokenizer);
  const tokenizer = parseTokenizer(file, asText ? "the tokenizer" : options.tokenizer);
  const info = describe(tokenizer, sha256Hex(file));
  const inputs = await resolveSources(sources, { exclude: out, signal });
  const totalBytes = inputs.reduce((sum, input) => sum + input.size, 0);
  const settings = { val, chat, modelMaxLength, maxTokensPerShard: options.maxTokensPerShard ?? null, columns };
  const fingerprint = await fingerprintOf(inputs, info.sha256, settings, signal);
  const finished = await findFinished(out, fingerprint, signal);
  if (finished) {
    const { train, val: held } = finished.splits;
    onProgress?.({ documents: train.documents + held.documents, tokens: train.tokens + held.tokens, textBytes: train.textBytes + held.textBytes, bytes: totalBytes, totalBytes, reused: true });
    return finished;
  }

  const writer = await ShardSetWriter.create(out, {
    tokenizer: info,
    dtype: tokenizer.vocabSize <= 0x10000 ? "u16" : "u32",
    lossMask: chat,
    fingerprint,
    ...(options.maxTokensPerShard === undefined ? {} : { maxTokensPerShard: options.maxTokensPerShard }),
  });
  try {
    const progress = { documents: 0, tokens: 0, textBytes: 0, bytes: 0, totalBytes };
    const documents = readDocuments(sources, { exclude: out, columns, signal, onProgress: ({ bytes }) => (progress.bytes = bytes) });
    for await (const document of documents) {
      const tokens = chat ? encodeForChat(tokenizer, document) : encodeForText(tokenizer, document, info);
      if (tokens) {
        await writer.add(hashFraction(documentHash(document.text)) < val ? "val" : "train", tokens);
        progress.documents++;
        progress.tokens += tokens.tokens.length;
        progress.textBytes += tokens.textBytes;
      }
      onProgress?.({ ...progress });
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
    return await writer.finish();
  } catch (error) {
    await writer.abort();
    throw error;
  }
}

const utf8Length = (text: string): number => Buffer.byteLength(text);

/** A document as `<s> … </s>`; a chat as a chat, without a mask. Undefined where there is no text. */
function encodeForText(tokenizer: Tokenizer, document: Document, { bos, eos }: TokenizerInfo): TokenDocument | undefined {
  if (document.messages) {
    const { ids } = encodeChat(tokenizer, document.messages);
    return { tokens: ids, textBytes: contentBytes(document) };
  }
  if (document.text === "") return undefined;
  const { ids } = tokenizer.encode(document.text);
  const tokens = new Uint32Array(ids.length + 2);
  tokens[0] = bos;
  tokens.set(ids, 1);
  tokens[ids.length + 1] = eos;
  return { tokens, textBytes: utf8Length(document.text) };
}

/** A chat with its loss mask; undefined for what is no chat, or has nothing to learn. */
function encodeForChat(tokenizer: Tokenizer, document: Document): TokenDocument | undefined {
  if (!document.messages) return undefined;
  const { ids, mask } = encodeChat(tokenizer, document.messages);
  return mask.includes(1) ? { tokens: ids, mask, textBytes: contentBytes(document) } : undefined;
}

const contentBytes = (document: Document): number => document.messages!.reduce((sum, message) => sum + utf8Length(message.content), 0);

function describe(tokenizer: Tokenizer, sha256: string): TokenizerInfo {
  const { bos, eos, pad, unk } = tokenizer.special;
  if (bos === undefined || eos === undefined) throw new BpeError("This tokenizer has no <s> and </s>, which begin and end a document. Train one with the default special tokens.");
  const special = Object.fromEntries(tokenizer.addedTokens.filter((token) => token.special).map((token) => [token.content, token.id]));
  // Tokenizers of the GPT-2 family pad with their one special token.
  return { sha256, vocabSize: tokenizer.vocabSize, bos, eos, pad: pad ?? eos, ...(unk === undefined ? {} : { unk }), special };
}
