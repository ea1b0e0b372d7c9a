import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { DatasetError } from "../../errors.js";
import { hashFraction, sha256Hex } from "../../util/hash.js";
import type { TokenDocument } from "../builder.js";
import { bytesOf } from "../encode.js";
import type { ShardSet } from "../reader.js";
import { type Manifest, SPLITS, type Split } from "../types.js";
import { ShardSetWriter } from "../writer.js";
import { type ConvertOptions, checkApart, documentsOf, openOnDisk, provenanceOf, replaceTokenizer } from "./documents.js";
import { originsOfSets, setInput, writeRecord } from "./record.js";

/** Options of {@link splitShards}. */
export interface SplitOptions extends ConvertOptions {
  /** Folder of the result. */
  out: string;
  /** Sets to make, as OUT/part-00000 and so on: each has a run of the documents with about as many tokens. Merged in order they are the set again. */
  parts?: number;
  /** Instead: one set in OUT, with this share of all documents in the split "val", chosen by a hash of their tokens. */
  val?: number;
  /** Default that of `ShardSetWriter`. */
  maxTokensPerShard?: number;
}

const writerOf = (set: ShardSet, out: string, how: object, maxTokensPerShard: number | undefined): Promise<ShardSetWriter> => {
  const { tokenizer, dtype, lossMask, fingerprint } = set.manifest;
  return ShardSetWriter.create(out, {
    tokenizer,
    dtype,
    lossMask,
    provenance: provenanceOf(set.manifest),
    fingerprint: sha256Hex(JSON.stringify({ split: fingerprint, ...how, maxTokensPerShard: maxTokensPerShard ?? null })),
    ...(maxTokensPerShard === undefined ? {} : { maxTokensPerShard }),
  });
};

/** Where each of `parts` runs of documents begins, so that all have about as many tokens. */
function cuts(lengths: Uint32Array, parts: number): number[] {
  const total = lengths.reduce((sum, length) => sum + length, 0);
  const found = [0];
  let tokens = 0;
  for (let i = 0; i < lengths.length && found.length < parts; i++) {
    // A document belongs to the part in which its middle is.
    while (found.length < parts && tokens + lengths[i]! / 2 >= (total * found.length) / parts) found.push(i);
    tokens += lengths[i]!;
  }
  while (found.length <= parts) found.push(lengths.length);
  return found;
}

/** The hash that decides on "val": of the tokens as u32, so that it does not depend on how they are stored. */
const shareOf = ({ tokens }: TokenDocument): number => hashFraction(sha256Hex(bytesOf(Uint32Array.from(tokens))));

/**
 * Splits a set into several, or into other parts for training and validation. Every byte is checked before it is used.
 * A record (report.json, report.html) in each says what it was made from. Memory: one shard, and 8 bytes for each document.
 * @returns the manifests of the new sets
 * @throws DatasetError for impossible options; ShardError for damaged shards
 */
export async function splitShards(folder: string, { out, parts, val, maxTokensPerShard, signal, onProgress }: SplitOptions): Promise<Manifest[]> {
  if ((parts === undefined) === (val === undefined)) throw new DatasetError("Say either into how many sets to split (parts) or which share of the documents is for validation (val).");
  if (parts !== undefined && !(Number.isInteger(parts) && parts >= 1 && parts <= 100_000)) throw new DatasetError(`parts is ${parts}; expected a whole number from 1 to 100,000.`);
  if (val !== undefined && !(val >= 0 && val <= 1)) throw new DatasetError(`val is ${val}; expected a share from 0 to 1.`);
  await checkApart(out, [folder]);
  const set = await openOnDisk(folder, signal);
  const total = set.split("train").documents + set.split("val").documents;
  let done = 0;
  const write = async (target: string, how: object, documents: AsyncIterable<readonly [Split, TokenDocument]>): Promise<Manifest> => {
    const writer = await writerOf(set, target, how, maxTokensPerShard);
    try {
      for await (const [split, document] of documents) {
        signal?.throwIfAborted();
        await writer.add(split, document);
        onProgress?.(++done, total);
      }
      await replaceTokenizer(folder, target);
      const manifest = await writer.finish();
      const from = await originsOfSets(target, [{ folder, fingerprint: set.manifest.fingerprint }]);
      await writeRecord(target, manifest, { step: "split", settings: { ...how, maxTokensPerShard: maxTokensPerShard ?? null }, inputs: [await setInput(target, folder)], from, read: total });
      return manifest;
    } catch (error) {
      await writer.abort();
      throw error;
    }
  };
  try {
    if (val !== undefined) return [await write(out, { val }, byHash(set, val))];
    await refuseOtherParts(out, parts!);
    const runs = { train: cuts((await set.split("train").reader()).lengths, parts!), val: cuts((await set.split("val").reader()).lengths, parts!) };
    const manifests = [];
    for (let part = 0; part < parts!; part++) {
      const range = (split: Split): { from: number; to: number } => ({ from: runs[split][part]!, to: runs[split][part + 1]! });
      manifests.push(await write(join(out, `part-${String(part).padStart(5, "0")}`), { part, parts }, inRange(set, range)));
    }
    return manifests;
  } finally {
    set.close();
  }
}

/** Parts of an earlier split into more sets would be taken for parts of this one. @throws DatasetError */
async function refuseOtherParts(out: string, parts: number): Promise<void> {
  const names = await readdir(out).catch(() => []);
  const other = names.find((name) => /^part-\d{5}$/.test(name) && Number(name.slice(5)) >= parts);
  if (other !== undefined) throw new DatasetError(`${join(out, other)} is of an earlier split into more sets than ${parts}. Remove it, or give another folder with --out.`);
}

async function* byHash(set: ShardSet, val: number): AsyncGenerator<readonly [Split, TokenDocument]> {
  for (const split of SPLITS) for await (const document of documentsOf(set, split)) yield [shareOf(document) < val ? "val" : "train", document];
}

async function* inRange(set: ShardSet, range: (split: Split) => { from: number; to: number }): AsyncGenerator<readonly [Split, TokenDocument]> {
  for (const split of SPLITS) for await (const document of documentsOf(set, split, range(split))) yield [split, document];
}
