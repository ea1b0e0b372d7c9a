import { DatasetError } from "../../errors.js";
import { sha256Hex } from "../../util/hash.js";
import { type Manifest, SPLITS } from "../types.js";
import { ShardSetWriter } from "../writer.js";
import { type ConvertOptions, checkApart, documentsOf, openOnDisk, provenanceOf, replaceTokenizer } from "./documents.js";
import { originsOfSets, setInput, writeRecord } from "./record.js";

/** Options of {@link mergeShards}. */
export interface MergeOptions extends ConvertOptions {
  /** Folder of the new set. */
  out: string;
  /** Default that of `ShardSetWriter`. */
  maxTokensPerShard?: number;
}

/**
 * Makes one set of several of the same tokenizer: each split has the documents of the first set, then of the second, and so
 * on. Tokens are u32 where one of the sets has u32; there are loss masks where one of the sets has them (documents of sets
 * without count from their second token on), and provenance (file and row, where one set has no more) where all have it. Every byte is checked before it is used.
 * A record (report.json, report.html) says what it was made from. Memory: one shard, and 8 bytes for each document.
 * @throws DatasetError when there is nothing to merge or the tokenizers differ; ShardError for damaged shards
 */
export async function mergeShards(folders: readonly string[], { out, maxTokensPerShard, signal, onProgress }: MergeOptions): Promise<Manifest> {
  const [first] = folders;
  if (first === undefined) throw new DatasetError("There is no set of shards to merge. Give at least one folder.");
  await checkApart(out, folders);
  const sets = [];
  for (const folder of folders) sets.push(await openOnDisk(folder, signal));
  const manifests = sets.map(({ manifest }) => manifest);
  const { tokenizer } = manifests[0]!;
  for (const [index, manifest] of manifests.entries()) {
    if (manifest.tokenizer.sha256 !== tokenizer.sha256) throw new DatasetError(`${folders[index]} was made with another tokenizer than ${first} (SHA-256 ${manifest.tokenizer.sha256} and ${tokenizer.sha256}). Tokenize both with the same one.`);
  }
  const lossMask = manifests.some((manifest) => manifest.lossMask);
  // What all of them say: the whole record, or file and row.
  const known = manifests.map(provenanceOf);
  const provenance = known.every((one) => one === true) ? true : known.every((one) => one !== false) ? "rows" : false;
  const fingerprint = sha256Hex(JSON.stringify({ merged: manifests.map((manifest) => manifest.fingerprint), maxTokensPerShard: maxTokensPerShard ?? null }));
  const writer = await ShardSetWriter.create(out, {
    tokenizer,
    dtype: manifests.some(({ dtype }) => dtype === "u32") ? "u32" : "u16",
    lossMask,
    provenance,
    fingerprint,
    ...(maxTokensPerShard === undefined ? {} : { maxTokensPerShard }),
  });
  const total = manifests.reduce((sum, { splits }) => sum + splits.train.documents + splits.val.documents, 0);
  let done = 0;
  try {
    for (const set of sets) {
      for (const split of SPLITS) {
        for await (const document of documentsOf(set, split, { masks: lossMask })) {
          signal?.throwIfAborted();
          await writer.add(split, document);
          onProgress?.(++done, total);
        }
      }
      set.close();
    }
    await replaceTokenizer(first, out);
    const manifest = await writer.finish();
    const inputs = await Promise.all(folders.map((folder) => setInput(out, folder)));
    const from = await originsOfSets(out, folders.map((folder, index) => ({ folder, fingerprint: manifests[index]!.fingerprint })));
    await writeRecord(out, manifest, { step: "merge", settings: { maxTokensPerShard: maxTokensPerShard ?? null }, inputs, from, read: total });
    return manifest;
  } catch (error) {
    await writer.abort();
    throw error;
  }
}
