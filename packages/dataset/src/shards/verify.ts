import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { DatasetError, ShardError, reasonOf } from "../errors.js";
import { sha256Hex, xxh64 } from "../util/hash.js";
import { checkShard } from "./check.js";
import { readManifest } from "./manifest.js";
import { checkPlace } from "./open-shard.js";
import { checkFolder } from "./reader.js";
import { ALIGNMENT, MANIFEST_FILE, type Manifest, SPLITS, type ShardEntry, type Split } from "./types.js";

/** A file, and what is wrong with it. */
export interface FileVerdict {
  file: string;
  ok: boolean;
  problems: string[];
}

/** Whether a set of shards, or one shard, is whole. */
export interface VerifyReport {
  path: string;
  ok: boolean;
  files: FileVerdict[];
  fingerprint?: string;
}

/** Bytes of a file at an address that views of every type can begin at. */
async function alignedBytes(path: string): Promise<Uint8Array> {
  const raw = await readFile(path);
  return raw.byteOffset % ALIGNMENT === 0 ? raw : new Uint8Array(raw);
}

async function problemsInSet(folder: string, manifest: Manifest, entry: ShardEntry, split: Split, index: number): Promise<{ problems: string[]; lossTokens: number; textBytes: number }> {
  const path = join(folder, entry.file);
  let bytes: Uint8Array;
  try {
    bytes = await alignedBytes(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    return { problems: ["the manifest lists it, but it is missing"], lossTokens: 0, textBytes: 0 };
  }
  const { problems, frame } = checkShard(bytes, await xxh64(), path);
  if (bytes.byteLength !== entry.bytes) problems.unshift(`it has ${bytes.byteLength} bytes; the manifest says ${entry.bytes}`);
  const whole = sha256Hex(bytes) === entry.sha256;
  if (!whole) problems.unshift("it is damaged: its SHA-256 differs from the manifest's");
  try {
    if (frame && problems.length === 0) checkPlace(frame, { path, manifest, entry, split, index });
  } catch (error) {
    problems.push(reasonOf(error).replace(`${path}: `, ""));
  }
  return { problems, lossTokens: frame?.footer.loss_tokens ?? 0, textBytes: frame?.footer.text_bytes ?? 0 };
}

/**
 * Checks every byte of a set of shards, or of one shard file by its own checksums, and goes on after a problem: all of them
 * are reported, with the damaged sections and blocks. Memory: one shard.
 * @param path Folder with manifest.json, or a .msgpack file
 * @throws DatasetError when there is nothing of that name; the signal's reason where it aborts
 */
export async function verifyShards(path: string, { signal, onProgress }: { signal?: AbortSignal; onProgress?: (bytes: number, totalBytes: number) => void } = {}): Promise<VerifyReport> {
  const info = await stat(path).catch((error: NodeJS.ErrnoException) => {
    throw error.code === "ENOENT" ? new DatasetError(`${path} does not exist. Give a folder of shards, or a shard file.`, { cause: error }) : error;
  });
  if (!info.isDirectory()) {
    const { problems } = checkShard(await alignedBytes(path), await xxh64(), path);
    return { path, ok: problems.length === 0, files: [{ file: path, ok: problems.length === 0, problems }] };
  }
  const manifest = await readManifest(path);
  const files: FileVerdict[] = [];
  const ofSet: FileVerdict = { file: MANIFEST_FILE, ok: true, problems: [] };
  await checkFolder(path, manifest).catch((error: unknown) => {
    if (!(error instanceof ShardError)) throw error;
    files.push({ file: error.file, ok: false, problems: [error.message.slice(error.file.length + 2)] });
  });
  const total = SPLITS.reduce((sum, name) => sum + manifest.splits[name].shards.reduce((bytes, entry) => bytes + entry.bytes, 0), 0);
  let done = 0;
  for (const split of SPLITS) {
    const { shards, lossTokens, textBytes } = manifest.splits[split];
    const sums = { lossTokens: 0, textBytes: 0 };
    for (const [index, entry] of shards.entries()) {
      signal?.throwIfAborted();
      const found = await problemsInSet(path, manifest, entry, split, index);
      files.push({ file: entry.file, ok: found.problems.length === 0, problems: found.problems });
      sums.lossTokens += found.lossTokens;
      sums.textBytes += found.textBytes;
      onProgress?.((done += entry.bytes), total);
    }
    const whole = files.every(({ ok }) => ok);
    if (whole && (sums.lossTokens !== lossTokens || sums.textBytes !== textBytes)) ofSet.problems.push(`its ${split} split has ${lossTokens} tokens in the loss and ${textBytes} bytes of text; its shards have ${sums.lossTokens} and ${sums.textBytes}`);
  }
  ofSet.ok = ofSet.problems.length === 0;
  if (!ofSet.ok) files.push(ofSet);
  return { path, ok: files.every(({ ok }) => ok), files, fingerprint: manifest.fingerprint };
}
