import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { ShardError, reasonOf } from "../errors.js";
import { sha256Hex } from "../util/hash.js";
import { isCount } from "./decode.js";
import { FORMAT_MAJOR, MANIFEST_FILE, type Manifest, SHARD_NAME, SPLITS, type ShardEntry, type TokenizerInfo } from "./types.js";

const MAX_MANIFEST = 64 << 20;
const isDigest = (value: unknown): boolean => typeof value === "string" && /^[0-9a-f]{64}$/.test(value);

function problemOfTokenizer(info: Partial<TokenizerInfo> | undefined): string | undefined {
  if (!info || !isDigest(info.sha256)) return '"tokenizer.sha256" is not a SHA-256';
  if (![info.vocabSize, info.bos, info.eos, info.pad].every(isCount)) return '"tokenizer" lacks vocabSize, bos, eos or pad';
  if (typeof info.special !== "object" || info.special === null) return '"tokenizer.special" is missing';
  return undefined;
}

function problemOfEntry(entry: Partial<ShardEntry>): string | undefined {
  if (typeof entry.file !== "string" || !SHARD_NAME.test(entry.file)) return `${JSON.stringify(entry.file)} is not the name of a shard`;
  if (![entry.documents, entry.tokens, entry.bytes].every(isCount) || !isDigest(entry.sha256)) return `the entry of ${entry.file} lacks counts or its SHA-256`;
  return undefined;
}

/** What is wrong with a manifest, or undefined. */
function problemOf(manifest: Partial<Manifest>): string | undefined {
  if (manifest.format !== "llm-shards") return `"format" is ${JSON.stringify(manifest.format)}, expected "llm-shards"`;
  const major: unknown = manifest.version?.major;
  if (major !== FORMAT_MAJOR) return `it has format version ${String(major)}.${String(manifest.version?.minor)}; this program reads ${FORMAT_MAJOR}.x. Use a newer program, or write the shards anew`;
  if (manifest.dtype !== "u16" && manifest.dtype !== "u32") return `"dtype" is ${JSON.stringify(manifest.dtype)}, expected "u16" or "u32"`;
  if (typeof manifest.lossMask !== "boolean" || typeof manifest.fingerprint !== "string" || typeof manifest.bytesPerToken !== "number") return '"lossMask", "fingerprint" or "bytesPerToken" is missing';
  if (manifest.provenance !== undefined && (manifest.provenance as unknown) !== true) return `"provenance" is ${JSON.stringify(manifest.provenance)}, expected true or nothing`;
  if (manifest.sourceRows !== undefined && (manifest.sourceRows as unknown) !== true) return `"sourceRows" is ${JSON.stringify(manifest.sourceRows)}, expected true or nothing`;
  const tokenizer = problemOfTokenizer(manifest.tokenizer);
  if (tokenizer) return tokenizer;
  for (const name of SPLITS) {
    const split = manifest.splits?.[name];
    if (!split || !Array.isArray(split.shards)) return `"splits.${name}" is missing`;
    for (const entry of split.shards) {
      const problem = problemOfEntry(entry);
      if (problem) return problem;
    }
    for (const key of ["documents", "tokens"] as const) {
      const sum = split.shards.reduce((total, entry) => total + entry[key], 0);
      if (split[key] !== sum) return `"splits.${name}.${key}" is ${split[key]}, its shards have ${sum}`;
    }
    if (!isCount(split.lossTokens) || !isCount(split.textBytes)) return `"splits.${name}" lacks counts`;
  }
  const { train, val } = manifest.splits!;
  const tokens = train.tokens + val.tokens;
  const bytesPerToken = tokens > 0 ? (train.textBytes + val.textBytes) / tokens : 0;
  if (Math.abs(manifest.bytesPerToken - bytesPerToken) > 1e-9 * bytesPerToken) return `"bytesPerToken" is ${manifest.bytesPerToken}, its splits make ${bytesPerToken}`;
  return undefined;
}

/**
 * The manifest of a folder of shards.
 * @throws ShardError when there is none, or it can't be trusted
 */
export async function readManifest(folder: string): Promise<Manifest> {
  const path = join(folder, MANIFEST_FILE);
  const info = await stat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== "ENOENT" && error.code !== "ENOTDIR") throw error;
    throw new ShardError(folder, `there is no ${MANIFEST_FILE}, so this is no complete set of shards. Give the folder that tokenizing wrote, or run it again: the manifest is written last.`);
  });
  if (info.size > MAX_MANIFEST) throw new ShardError(path, `${info.size} bytes; the limit is ${MAX_MANIFEST}.`);
  let manifest: Manifest;
  try {
    manifest = JSON.parse(await readFile(path, "utf8")) as Manifest;
  } catch (error) {
    throw new ShardError(path, `it is not valid JSON (${reasonOf(error)}). Write the shards anew.`, { cause: error });
  }
  const problem = problemOf(manifest ?? {});
  if (problem) throw new ShardError(path, `${problem}.`);
  return manifest;
}

/** Refuses a tokenizer.json beside the shards that is not the one they were made with. */
export async function checkTokenizerFile(folder: string, manifest: Manifest): Promise<void> {
  const path = join(folder, "tokenizer.json");
  const bytes = await readFile(path).catch(() => undefined);
  if (!bytes) return;
  const found = sha256Hex(bytes);
  if (found !== manifest.tokenizer.sha256) throw new ShardError(path, `it is not the tokenizer that the shards were made with: expected SHA-256 ${manifest.tokenizer.sha256}, found ${found}. Put the right one back, or tokenize again.`);
}
