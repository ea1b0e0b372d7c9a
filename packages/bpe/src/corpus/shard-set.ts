import { rm } from "node:fs/promises";
import { join } from "node:path";
import { type ColumnNames, type Manifest, ShardSetWriter, type SourceFile, type TokenizerInfo, atomicWriteFile, sha256Hex, writeJsonAtomic } from "@llm/dataset";
import { BpeError } from "../errors.js";
import { specialTokensMap, tokenizerConfig } from "../hf-config.js";
import type { Tokenizer } from "../tokenizer.js";
import type { EncodedDocuments } from "./encode-documents.js";
import { parseTokenizer, readTokenizerFile } from "./files.js";
import { writeReport } from "./report.js";
import type { TokenizeOptions, TokenizeProgress } from "./tokenize.js";

/** What the shards depend on beside sources and tokenizer. */
export interface TokenizeSettings {
  val: number;
  chat: boolean;
  modelMaxLength: number;
  maxTokensPerShard: number | null;
  columns: ColumnNames;
  provenance: NonNullable<TokenizeOptions["provenance"]>;
}

/** The settings with their defaults. @throws BpeError where one is out of range */
export function settingsOf({ val = 0.01, chat = false, modelMaxLength = 1024, maxTokensPerShard, columns = {}, provenance = "rows" }: Omit<TokenizeOptions, "tokenizer" | "out">): TokenizeSettings {
  if (!(val >= 0 && val < 1)) throw new BpeError(`val is ${val}; expected a share from 0 up to, not including, 1.`);
  return { val, chat, modelMaxLength, maxTokensPerShard: maxTokensPerShard ?? null, columns, provenance };
}

/** A tokenizer with the bytes that it was read from, and what shards say of it. */
export interface OpenTokenizer {
  file: Buffer;
  tokenizer: Tokenizer;
  info: TokenizerInfo;
  /** Whether tokens have 32 bits instead of 16. */
  wide: boolean;
}

/** @param given Path of a tokenizer.json, or its text @throws BpeError for one that can't write documents */
export async function openTokenizer(given: string): Promise<OpenTokenizer> {
  const asText = given.trimStart().startsWith("{");
  const file = Buffer.from(asText ? given : await readTokenizerFile(given));
  const tokenizer = parseTokenizer(file, asText ? "the tokenizer" : given);
  return { file, tokenizer, info: describe(tokenizer, sha256Hex(file)), wide: tokenizer.vocabSize > 0x10000 };
}

function describe(tokenizer: Tokenizer, sha256: string): TokenizerInfo {
  const { bos, eos, pad, unk } = tokenizer.special;
  if (bos === undefined || eos === undefined) throw new BpeError("This tokenizer has no <s> and </s>, which begin and end a document. Train one with the default special tokens.");
  const special = Object.fromEntries(tokenizer.addedTokens.filter((token) => token.special).map((token) => [token.content, token.id]));
  // Tokenizers of the GPT-2 family pad with their one special token.
  return { sha256, vocabSize: tokenizer.vocabSize, bos, eos, pad: pad ?? eos, ...(unk === undefined ? {} : { unk }), special };
}

/** Writes encoded documents as a set of shards with the tokenizer's files. */
export class TokenSet {
  private constructor(
    private readonly out: string,
    private readonly open: OpenTokenizer,
    private readonly settings: TokenizeSettings,
    private readonly writer: ShardSetWriter,
    readonly progress: TokenizeProgress,
    private readonly onProgress: ((event: TokenizeProgress) => void) | undefined,
    private readonly signal: AbortSignal | undefined,
  ) {}

  static async create(out: string, open: OpenTokenizer, settings: TokenizeSettings, { fingerprint, totalBytes, onProgress, signal }: { fingerprint: string; totalBytes: number; onProgress?: ((event: TokenizeProgress) => void) | undefined; signal?: AbortSignal | undefined }): Promise<TokenSet> {
    const { chat, provenance, maxTokensPerShard } = settings;
    const writer = await ShardSetWriter.create(out, {
      tokenizer: open.info,
      dtype: open.wide ? "u32" : "u16",
      lossMask: chat,
      provenance: provenance === "full" || (provenance === "rows" && "rows"),
      fingerprint,
      ...(maxTokensPerShard === null ? {} : { maxTokensPerShard }),
    });
    return new TokenSet(out, open, settings, writer, { documents: 0, tokens: 0, textBytes: 0, bytes: 0, totalBytes, resumed: 0 }, onProgress, signal);
  }

  /** Adds documents, in the order of the sources. */
  async add({ tokens, lengths, textBytes, held, mask, sources }: EncodedDocuments): Promise<void> {
    const { progress } = this;
    let from = 0;
    for (const [index, length] of lengths.entries()) {
      this.signal?.throwIfAborted();
      const to = from + length;
      await this.writer.add(held[index] ? "val" : "train", { tokens: tokens.subarray(from, to), textBytes: textBytes[index]!, ...(this.settings.chat ? { mask: mask.subarray(from, to) } : {}), ...(sources ? { source: sources[index]! } : {}) });
      progress.documents++;
      progress.tokens += length;
      progress.textBytes += textBytes[index]!;
      this.onProgress?.({ ...progress });
      from = to;
    }
  }

  /** Completes the set, which was made of these files. @throws BpeError where there was nothing to tokenize */
  async finish(inputs: readonly SourceFile[]): Promise<Manifest> {
    const { out } = this;
    const { file, tokenizer } = this.open;
    const { chat, modelMaxLength } = this.settings;
    if (this.progress.documents === 0) {
      throw new BpeError(chat ? "No row has messages with an assistant's reply, so there is no chat to tokenize. Leave --chat out for plain documents." : "The sources have no text to tokenize.");
    }
    // The set that was there before goes before its tokenizer and its report do: they must never be mixed.
    for (const name of ["manifest.json", "report.json", "report.html"]) await rm(join(out, name), { force: true });
    await atomicWriteFile(join(out, "tokenizer.json"), file);
    await writeJsonAtomic(join(out, "tokenizer_config.json"), tokenizerConfig(tokenizer, { modelMaxLength }));
    await writeJsonAtomic(join(out, "special_tokens_map.json"), specialTokensMap(tokenizer));
    this.signal?.throwIfAborted();
    const manifest = await this.writer.finish();
    await writeReport(out, manifest, this.settings, inputs);
    return manifest;
  }

  /** Removes what was written. */
  abort(): Promise<void> {
    return this.writer.abort();
  }
}
