import { readFile, readdir, stat } from "node:fs/promises";
import { basename, dirname, join, sep } from "node:path";
import { DatasetError, reasonOf } from "../../errors.js";
import { exists } from "../../util/files.js";
import { sha256File, sha256Hex } from "../../util/hash.js";
import { originsOf } from "../../report/origins.js";
import { type DocumentSource, type Manifest, SPLITS, type Split, type TokenizerInfo, type TokenType, type Tokens } from "../types.js";
import { ShardSetWriter } from "../writer.js";
import { type ConvertOptions, checkApart, replaceTokenizer } from "./documents.js";
import type { ExportRecord } from "./export.js";
import { EXPORT_FILE, IMPORT_FORMATS, type ImportFormat } from "./formats.js";
import { megatronDocuments, megatronIndex, tokenTypeOf } from "./megatron-read.js";
import { type Delimiter, type ImportedDocument, documentsOfFile, llmcFile, nanogptFile } from "./read-binary.js";
import { writeRecord } from "./record.js";
import { type SpecialNames, tokenizerFacts } from "./tokenizer-json.js";

/** Options of {@link importShards}. */
export interface ImportOptions extends ConvertOptions, SpecialNames {
  from: ImportFormat;
  /** Folder of the new set. */
  out: string;
  /** The tokenizer.json of the tokens; default: the one beside them. Not needed for an export of this package. */
  tokenizer?: string;
  /** The token at which documents are cut, where the format does not say; default: bos at the start for llm.c and for exports of this package, else eos at the end. */
  delimiter?: Delimiter;
  /** Default that of `ShardSetWriter`. */
  maxTokensPerShard?: number;
}

/** Files of one split, and the mask beside each. */
interface Found {
  split: Split;
  path: string;
  mask?: string;
}


/** The files of a format in a folder, or the one that is named; "val" in a name makes it validation data. */
async function findFiles(source: string, from: ImportFormat): Promise<Found[]> {
  const folder = (await stat(source)).isDirectory();
  const end = from === "megatron" ? ".idx" : ".bin";
  const names = folder ? (await readdir(source)).filter((name) => name.endsWith(end) && !name.endsWith("_loss_mask.idx")).sort() : [basename(source)];
  if (names.length === 0 || !names[0]!.endsWith(end)) throw new DatasetError(`${source} ${folder ? "has no file" : "is no file"} that ends in ${end}, as those of ${from} do.`);
  const found: Found[] = [];
  for (const name of names) {
    const prefix = join(folder ? source : dirname(source), name.slice(0, -end.length));
    const mask = from === "megatron" ? `${prefix}_loss_mask` : `${prefix}.mask`;
    found.push({ split: /(^|[^a-z])val/i.test(name) ? "val" : "train", path: from === "megatron" ? prefix : `${prefix}.bin`, ...((await exists(from === "megatron" ? `${mask}.idx` : mask)) ? { mask } : {}) });
  }
  const masked = found.filter(({ mask }) => mask !== undefined).length;
  if (masked !== 0 && masked !== found.length) throw new DatasetError(`${source}: some files have a loss mask beside them and some have not. Add or remove masks.`);
  return found.sort((a, b) => SPLITS.indexOf(a.split) - SPLITS.indexOf(b.split));
}

/** The record of an export of this package, whose files are then checked. @throws DatasetError when one is damaged */
async function readRecord(source: string, from: ImportFormat, signal?: AbortSignal): Promise<ExportRecord | undefined> {
  const path = join(source, EXPORT_FILE);
  const text = await readFile(path, "utf8").catch(() => undefined);
  if (text === undefined) return undefined;
  let record: ExportRecord;
  try {
    record = JSON.parse(text) as ExportRecord;
  } catch (cause) {
    throw new DatasetError(`${path} is not valid JSON (${reasonOf(cause)}). Export again, or remove it.`, { cause });
  }
  if (record?.format !== "llm-shards-export" || record.version !== 1 || !Array.isArray(record.files)) throw new DatasetError(`${path} is no record of an export of version 1. Export again, or remove it.`);
  if (record.to !== from) throw new DatasetError(`${source} is an export to ${record.to}, not to ${from}.`);
  for (const { file, sha256 } of record.files) {
    signal?.throwIfAborted();
    const found = await sha256File(join(source, basename(file))).catch((error: NodeJS.ErrnoException) => {
      if (error.code === "ENOENT") throw new DatasetError(`${join(source, file)} is missing, but ${path} lists it. Export again.`);
      throw error;
    });
    if (found !== sha256) throw new DatasetError(`${join(source, file)} is damaged: expected SHA-256 ${sha256}, found ${found}. Export again.`);
  }
  return record;
}

async function* read(found: readonly Found[], from: ImportFormat, delimiter: Delimiter): AsyncGenerator<ImportedDocument> {
  for (const { path, mask } of found) {
    if (from === "megatron") yield* megatronDocuments(await megatronIndex(path), mask === undefined ? undefined : await megatronIndex(mask));
    else yield* documentsOfFile(await (from === "nanogpt" ? nanogptFile : llmcFile)(path), delimiter, mask);
  }
}

/** Bytes of text that tokens stand for. */
function textBytesBy(bytes: Uint16Array, tokens: Tokens): number {
  let sum = 0;
  for (const id of tokens) sum += bytes[id] ?? 0;
  return sum;
}

const binOf = ({ path }: Found, from: ImportFormat): string => (from === "megatron" ? `${path}.bin` : path);

/** Where a document stood: its file, its number there, and as its id the byte at which it begins. */
function sourceOf({ file, at }: ImportedDocument, row: number): DocumentSource {
  const name = file.split(sep).join("/");
  return { file: name, row, id: `${basename(file)}#byte=${at}` };
}

async function typeOf({ path }: Found, from: ImportFormat): Promise<TokenType> {
  if (from === "megatron") return tokenTypeOf(await megatronIndex(path));
  return (await (from === "nanogpt" ? nanogptFile : llmcFile)(path)).dtype;
}

/**
 * Makes a set of shards of nanoGPT's, llm.c's or Megatron-LM's files: all of a folder (files with "val" in their name are
 * validation data), or one. What {@link exportShards} wrote comes back with the same documents, loss masks and counts, and is
 * checked against its record first. In other files documents are cut at a delimiter (Megatron's index says where they are),
 * and bytes of text are counted by the tokenizer's vocabulary. Each document says in which file and at which byte it began, and a record
 * (report.json, report.html) what the set was made from. Memory: a shard and the longest document; for Megatron also
 * 20 bytes for each sequence.
 * @throws DatasetError when a file is no such file, is damaged or cut off, or the tokenizer does not fit
 */
export async function importShards(source: string, options: ImportOptions): Promise<Manifest> {
  const { from, out, maxTokensPerShard, signal, onProgress } = options;
  if (!IMPORT_FORMATS.includes(from)) throw new DatasetError(`"${String(from)}" is no format to import; expected ${IMPORT_FORMATS.join(", ")}.`);
  await checkApart(out, [source]);
  const folder = (await stat(source)).isDirectory() ? source : dirname(source);
  const record = (await stat(source)).isDirectory() ? await readRecord(source, from, signal) : undefined;
  // What the record does not list is of something else.
  const listed = record && new Set(record.files.map(({ file }) => basename(file)));
  const found = (await findFiles(source, from)).filter(({ path }) => !listed || listed.has(basename(from === "megatron" ? `${path}.bin` : path)));
  if (found.length === 0) throw new DatasetError(`${source} has no tokens: its ${EXPORT_FILE} lists no file.`);
  const tokenizerFile = options.tokenizer ?? join(folder, "tokenizer.json");
  const facts = record ? undefined : await tokenizerFacts(tokenizerFile, options).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") throw new DatasetError(`There is no ${tokenizerFile}. Name the tokenizer.json that the tokens were made with (--tokenizer).`, { cause: error });
    throw error;
  });
  const tokenizer: TokenizerInfo = record?.tokenizer ?? facts!.info;
  if (record && from !== "megatron" && !record.bosBeginsDocuments && !options.delimiter) throw new DatasetError(`The documents of ${source} did not all begin with <s> when it was exported, so a stream of tokens does not tell where they begin. Export to megatron, which says it, or name the token to cut at (--delimiter).`);
  const delimiter = options.delimiter ?? (record || from === "llm.c" ? { id: tokenizer.bos, at: "start" as const } : { id: tokenizer.eos, at: "end" as const });
  let dtype: TokenType = "u16";
  for (const file of found) if ((await typeOf(file, from)) === "u32") dtype = "u32";
  if (tokenizer.vocabSize > 65_536) dtype = "u32";
  const lossMask = found[0]!.mask !== undefined;
  const digests: string[] = [];
  for (const file of found) digests.push(await sha256File(binOf(file, from)));
  const fingerprint = sha256Hex(JSON.stringify({ imported: from, digests, tokenizer: tokenizer.sha256, delimiter, maxTokensPerShard: maxTokensPerShard ?? null }));
  const writer = await ShardSetWriter.create(out, { tokenizer, dtype, lossMask, fingerprint, provenance: true, ...(maxTokensPerShard === undefined ? {} : { maxTokensPerShard }) });
  let done = 0;
  let row = 0;
  let file: string | undefined;
  try {
    for (const split of SPLITS) {
      const counts = record?.splits[split];
      let tokens = 0;
      for await (const document of read(found.filter((file) => file.split === split), from, delimiter)) {
        signal?.throwIfAborted();
        const before = tokens;
        tokens += document.tokens.length;
        const upTo = (count: number): number => Math.round(counts!.textBytes * (counts!.tokens > 0 ? count / counts!.tokens : 0));
        const textBytes = counts ? upTo(tokens) - upTo(before) : textBytesBy(facts!.bytes, document.tokens);
        if (document.file !== file) [file, row] = [document.file, 0];
        const { tokens: ids, mask } = document;
        await writer.add(split, { tokens: ids, ...(mask ? { mask } : {}), textBytes, source: sourceOf(document, row++) });
        done++;
        onProgress?.(done, record ? record.splits.train.documents + record.splits.val.documents : 0);
      }
    }
    if (done === 0) throw new DatasetError(`${source} has no tokens.`);
    await (record ? replaceTokenizer(folder, out) : replaceTokenizer(dirname(tokenizerFile), out, tokenizerFile));
    const manifest = await writer.finish();
    const bins = await Promise.all(found.map(async (one, index) => ({ path: binOf(one, from), bytes: (await stat(binOf(one, from))).size, sha256: digests[index]! })));
    const origins = await originsOf(out, bins.map(({ path }) => ({ address: path, locate: () => Promise.resolve(path) })));
    await writeRecord(out, manifest, { step: "import", settings: { format: from, delimiter: from === "megatron" ? null : delimiter, maxTokensPerShard: maxTokensPerShard ?? null }, inputs: bins.map(({ path, ...input }) => ({ file: basename(path), ...input })), from: origins, read: done });
    return manifest;
  } catch (error) {
    await writer.abort();
    throw error;
  }
}
