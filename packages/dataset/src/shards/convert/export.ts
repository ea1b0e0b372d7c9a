import { mkdir, readFile, rm } from "node:fs/promises";
import { basename, join } from "node:path";
import { DatasetError } from "../../errors.js";
import { writeJsonAtomic } from "../../util/files.js";
import { bytesOf } from "../encode.js";
import type { ShardSet } from "../reader.js";
import { type Manifest, SPLITS, type Split, type TokenizerInfo, type Tokens } from "../types.js";
import { type ConvertOptions, checkApart, copyTokenizer, openOnDisk } from "./documents.js";
import { EXPORT_FILE, EXPORT_FORMATS, type ExportFormat, LLMC_HEADER, LLMC_KINDS, LLMC_MAX_TOKENS } from "./formats.js";
import type { Origin } from "../../report/origins.js";
import { originsOfSets } from "./record.js";
import { exportMegatron } from "./megatron.js";
import { Outputs, type WrittenFile } from "./output.js";
import { exportSafetensors } from "./safetensors.js";

/** Options of {@link exportShards}. */
export interface ExportOptions extends ConvertOptions {
  to: ExportFormat;
  /** Folder of the result. */
  out: string;
}

/** export.json: what an export is, so that it can be imported whole and checked. */
export interface ExportRecord {
  format: "llm-shards-export";
  version: 1;
  to: ExportFormat;
  dtype: Manifest["dtype"];
  lossMask: boolean;
  tokenizer: TokenizerInfo;
  /** The fingerprint of the set. */
  fingerprint: string;
  /** Whether every document begins with bos, which stands nowhere else: then a stream of tokens tells where documents begin. */
  bosBeginsDocuments: boolean;
  splits: Record<Split, { documents: number; tokens: number; textBytes: number }>;
  files: WrittenFile[];
  /** The record of the step that made the set. */
  from: Origin[];
}

/** What the writers of formats work with: the documents of a split one by one, and where files go. */
export interface ExportJob {
  set: ShardSet;
  outputs: Outputs;
  /** The documents of a split, with their masks in sets that have them. */
  documents(split: Split): AsyncIterable<{ tokens: Tokens; mask?: Uint8Array }>;
}

/**
 * Writes a set in another format, into a folder with a record (export.json, last) and the tokenizer's files:
 * - `nanogpt`: train.bin and val.bin, all tokens one after the other as uint16, as nanoGPT maps them;
 * - `llm.c`: train_000000.bin, …: a header of 256 int32 and the tokens, as llm.c's data_common.py writes them;
 * - `megatron`: train.bin and train.idx, … (Megatron-LM's IndexedDataset, one sequence for each document);
 * - `safetensors`: train-00000.safetensors, …: tensors `tokens`, `doc_ends` and `loss_mask`, one file for each shard.
 *
 * Loss masks have no place in the first three: they go into files of their own, a byte of 0 or 1 for each token
 * (train.mask, train_000000.mask; for Megatron the dataset train_loss_mask). Every byte of the set is checked
 * before it is used. Memory: 8 bytes for each document.
 * @throws DatasetError when the format can't hold the set; ShardError for damaged shards
 */
export async function exportShards(folder: string, { to, out, signal, onProgress }: ExportOptions): Promise<ExportRecord> {
  if (!EXPORT_FORMATS.includes(to)) throw new DatasetError(`"${String(to)}" is no format to export to; expected ${EXPORT_FORMATS.join(", ")}.`);
  await checkApart(out, [folder]);
  const set = await openOnDisk(folder, signal);
  const { manifest } = set;
  if (to === "nanogpt" && manifest.dtype !== "u16") throw new DatasetError(`nanoGPT reads uint16, but the tokens of ${folder} are ${manifest.dtype}: its vocabulary is ${manifest.tokenizer.vocabSize}. Export to llm.c, megatron or safetensors.`);
  await mkdir(out, { recursive: true });
  await removeEarlier(out);
  const { bos } = manifest.tokenizer;
  const total = manifest.splits.train.documents + manifest.splits.val.documents;
  const outputs = new Outputs((name) => join(out, name));
  let done = 0;
  let bosBeginsDocuments = true;
  async function* documents(name: Split): AsyncGenerator<{ tokens: Tokens; mask?: Uint8Array }> {
    const split = set.split(name);
    for (let i = 0; i < split.documents; i++) {
      signal?.throwIfAborted();
      const document = await split.document(i);
      if (document.tokens.indexOf(bos) !== 0 || document.tokens.indexOf(bos, 1) >= 0) bosBeginsDocuments = false;
      yield document;
      onProgress?.(++done, total);
    }
  }
  try {
    await { nanogpt: exportNanogpt, "llm.c": exportLlmc, megatron: exportMegatron, safetensors: exportSafetensors }[to]({ set, outputs, documents });
    await outputs.commit();
  } catch (error) {
    await outputs.abort();
    throw error;
  } finally {
    set.close();
  }
  await copyTokenizer(folder, out);
  const counts = ({ documents: count, tokens, textBytes }: Manifest["splits"]["train"]): ExportRecord["splits"]["train"] => ({ documents: count, tokens, textBytes });
  const { dtype, lossMask, tokenizer, fingerprint, splits } = manifest;
  const record: ExportRecord = { format: "llm-shards-export", version: 1, to, dtype, lossMask, tokenizer, fingerprint, bosBeginsDocuments, splits: { train: counts(splits.train), val: counts(splits.val) }, files: outputs.written, from: await originsOfSets(out, [{ folder, fingerprint }]) };
  await writeJsonAtomic(join(out, EXPORT_FILE), record);
  return record;
}

/** Removes what an earlier export wrote: programs take all files of a folder that fit a pattern. */
async function removeEarlier(out: string): Promise<void> {
  const path = join(out, EXPORT_FILE);
  let earlier: Partial<ExportRecord> = {};
  try {
    earlier = JSON.parse(await readFile(path, "utf8")) as Partial<ExportRecord>;
  } catch {
    // There is none, or what is there is no record.
  }
  await rm(path, { force: true });
  if (earlier.format === "llm-shards-export" && Array.isArray(earlier.files)) for (const { file } of earlier.files) await rm(join(out, basename(file)), { force: true });
}

async function exportNanogpt({ set, outputs, documents }: ExportJob): Promise<void> {
  for (const split of SPLITS) {
    if (set.manifest.splits[split].documents === 0) continue;
    const file = await outputs.open(`${split}.bin`);
    const masks = set.manifest.lossMask ? await outputs.open(`${split}.mask`) : undefined;
    for await (const { tokens, mask } of documents(split)) {
      await file.write(bytesOf(tokens));
      if (mask) await masks?.write(mask);
    }
  }
}

async function exportLlmc({ set, outputs, documents }: ExportJob): Promise<void> {
  for (const split of SPLITS) {
    const { shards } = set.manifest.splits[split];
    const each = documents(split)[Symbol.asyncIterator]();
    for (const [index, { documents: count, tokens: length }] of shards.entries()) {
      if (length > LLMC_MAX_TOKENS) throw new DatasetError(`llm.c reads at most ${LLMC_MAX_TOKENS} tokens from a file, but a shard of the ${split} split has ${length}. Split the set into smaller shards first (--max-tokens).`);
      const name = `${split}_${String(index).padStart(6, "0")}`;
      const file = await outputs.open(`${name}.bin`);
      const masks = set.manifest.lossMask ? await outputs.open(`${name}.mask`) : undefined;
      const { magic, version } = LLMC_KINDS[set.manifest.dtype];
      const header = new DataView(new ArrayBuffer(LLMC_HEADER));
      [magic, version, length].forEach((value, place) => header.setInt32(place * 4, value, true));
      await file.write(bytesOf(header));
      for (let row = 0; row < count; row++) {
        const { tokens, mask } = (await each.next()).value as { tokens: Tokens; mask?: Uint8Array };
        await file.write(bytesOf(tokens));
        if (mask) await masks?.write(mask);
      }
      await outputs.commit();
    }
  }
}
