import { realpath, stat } from "node:fs/promises";
import { join, relative, sep } from "node:path";
import { type Origin, recordIn } from "../../report/origins.js";
import { lineageHtml } from "../../report/lineage-html.js";
import { readLineage } from "../../report/lineage.js";
import { atomicWriteFile, writeJsonAtomic } from "../../util/files.js";
import { sha256File } from "../../util/hash.js";
import { MANIFEST_FILE, type Manifest, SPLITS, type Split, type SplitManifest } from "../types.js";

/** A file that a set was made from. */
export interface RecordInput {
  /** A manifest.json as a path from the folder of the record; a file of tokens by its name. */
  file: string;
  bytes: number;
  sha256: string;
}

/** report.json beside shards that were made of other sets, or of files of tokens. */
export interface ShardsRecord {
  format: "llm-dataset-shards";
  version: 1;
  step: "merge" | "split" | "import";
  /** That of the manifest. */
  fingerprint: string;
  settings: Record<string, unknown>;
  tokenizer: { sha256: string; vocabSize: number };
  inputs: RecordInput[];
  /** The records of the steps that the inputs are results of. */
  from: Origin[];
  /** Documents of the inputs. */
  read: number;
  bytesPerToken: number;
  splits: Record<Split, Omit<SplitManifest, "shards">>;
}

/** The files of a record, which is taken away while the set beside it changes. */
export const RECORD_FILES = ["report.json", "report.html"] as const;

const pathBetween = async (out: string, to: string): Promise<string> => relative(await realpath(out), await realpath(to)).split(sep).join("/");

/** The manifest of a set as an input. It has the digest of each shard, so its own stands for all. */
export async function setInput(out: string, folder: string): Promise<RecordInput> {
  const path = join(folder, MANIFEST_FILE);
  return { file: await pathBetween(out, path), bytes: (await stat(path)).size, sha256: await sha256File(path) };
}

/** The records of sets: those that lie beside them and are about them. */
export async function originsOfSets(out: string, sets: readonly { folder: string; fingerprint: string }[]): Promise<Origin[]> {
  const origins: Origin[] = [];
  for (const { folder, fingerprint } of sets) {
    const found = await recordIn(folder);
    if (found?.content.fingerprint !== fingerprint) continue;
    origins.push({ folder: await pathBetween(out, folder), record: found.record, sha256: found.sha256 });
  }
  return origins;
}

/** Writes report.json and report.html beside a set that is complete. */
export async function writeRecord(out: string, { fingerprint, tokenizer, bytesPerToken, splits }: Manifest, made: Pick<ShardsRecord, "step" | "settings" | "inputs" | "from" | "read">): Promise<void> {
  const counts = ({ documents, tokens, lossTokens, textBytes }: SplitManifest): Omit<SplitManifest, "shards"> => ({ documents, tokens, lossTokens, textBytes });
  const { step, settings, inputs, from, read } = made;
  const record: ShardsRecord = {
    format: "llm-dataset-shards",
    version: 1,
    step,
    fingerprint,
    settings,
    tokenizer: { sha256: tokenizer.sha256, vocabSize: tokenizer.vocabSize },
    inputs,
    from,
    read,
    bytesPerToken,
    splits: Object.fromEntries(SPLITS.map((split) => [split, counts(splits[split])])) as ShardsRecord["splits"],
  };
  await writeJsonAtomic(join(out, RECORD_FILES[0]), record);
  await atomicWriteFile(join(out, RECORD_FILES[1]), lineageHtml(await readLineage([out], out)));
}
