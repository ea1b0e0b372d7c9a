import { copyFile, mkdir, rm, stat } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import { DatasetError } from "../../errors.js";
import type { TokenDocument } from "../builder.js";
import { type ShardSet, openShards } from "../reader.js";
import type { Provenance } from "../source-rows.js";
import { MANIFEST_FILE, type Manifest, type Split } from "../types.js";
import { RECORD_FILES } from "./record.js";

/** What all conversions of sets take. */
export interface ConvertOptions {
  signal?: AbortSignal;
  /** Called with documents done, and all of them. */
  onProgress?: (documents: number, total: number) => void;
}

/** The tokenizer's files that travel with a set. */
export const TOKENIZER_FILES = ["tokenizer.json", "tokenizer_config.json", "special_tokens_map.json"] as const;

/** Opens a set with every byte checked, keeping it on disk. */
export const openOnDisk = (folder: string, signal?: AbortSignal): Promise<ShardSet> => openShards(folder, { cacheBytes: 0, ...(signal ? { signal } : {}) });

/**
 * The documents of a split in their order, ready for a writer. A set without provenance knows the bytes of text of its splits
 * only: they are shared out by tokens, so that the sum is exact.
 * @param masks Whether documents get a loss mask also where the set has none: 1 for all tokens but the first.
 */
export async function* documentsOf(set: ShardSet, name: Split, { masks = set.manifest.lossMask, from = 0, to }: { masks?: boolean; from?: number; to?: number } = {}): AsyncGenerator<TokenDocument> {
  const split = set.split(name);
  const { lengths } = await split.reader();
  let tokens = 0;
  for (let i = 0; i < from; i++) tokens += lengths[i]!;
  const bytesUpTo = (count: number): number => Math.round(split.textBytes * (split.tokens > 0 ? count / split.tokens : 0));
  for (let i = from; i < (to ?? split.documents); i++) {
    const { tokens: ids, mask = masks ? new Uint8Array(ids.length).fill(1, 1) : undefined } = await split.document(i);
    const source = await split.source(i);
    const textBytes = (await split.textBytesOf(i)) ?? bytesUpTo(tokens + ids.length) - bytesUpTo(tokens);
    tokens += ids.length;
    yield { tokens: ids, textBytes, ...(mask && masks ? { mask } : {}), ...(source ? { source } : {}) };
  }
}

/** How much a set says of where its documents are from. */
export const provenanceOf = ({ provenance, sourceRows }: Manifest): Provenance => provenance ?? (sourceRows ? "rows" : false);

/** Copies the tokenizer's files from one folder to another, those that are there. */
export async function copyTokenizer(from: string, to: string): Promise<void> {
  await mkdir(to, { recursive: true });
  for (const name of TOKENIZER_FILES) await copyFile(join(from, name), join(to, name)).catch(unlessMissing);
}

const unlessMissing = (error: NodeJS.ErrnoException): void => {
  if (error.code !== "ENOENT") throw error;
};

/**
 * Gives a set that is about to be finished its tokenizer's files. Those of the set that was there before go, and its manifest
 * with them, and the record of how it was made: they must never be mixed.
 * @param tokenizer A tokenizer.json of another name, if it is one
 */
export async function replaceTokenizer(from: string, to: string, tokenizer?: string): Promise<void> {
  await rm(join(to, MANIFEST_FILE), { force: true });
  for (const name of [...TOKENIZER_FILES, ...RECORD_FILES]) await rm(join(to, name), { force: true });
  // What lies beside a file of another name may be about another tokenizer.
  if (tokenizer === undefined || basename(tokenizer) === TOKENIZER_FILES[0]) await copyTokenizer(from, to);
  else await copyFile(tokenizer, join(to, TOKENIZER_FILES[0]));
}

/** That a result would not overwrite what it is made from. @throws DatasetError */
export async function checkApart(out: string, sources: readonly string[]): Promise<void> {
  const place = async (path: string): Promise<string> => stat(path, { bigint: true }).then(({ dev, ino }) => `${dev}/${ino}`, () => resolve(path));
  const target = await place(out);
  for (const source of sources) if ((await place(source)) === target) throw new DatasetError(`The result would overwrite its source ${source}. Give another folder with --out.`);
}
