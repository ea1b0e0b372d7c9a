import { access } from "node:fs/promises";
import { join } from "node:path";
import { type Manifest, type SourceFile, readManifest, sha256File, sha256Hex } from "@llm/dataset";

/** Raised when the same input would give other shards. */
const VERSION = 2;

/** Digest of everything that the shards depend on: the sources' names, places and contents, the tokenizer, the settings. */
export async function fingerprintOf(inputs: readonly SourceFile[], tokenizer: string, settings: object, signal?: AbortSignal): Promise<string> {
  const files: [string, string, string][] = [];
  for (const input of inputs) {
    signal?.throwIfAborted();
    files.push([input.name, input.digest || (await sha256File(await input.locate(signal))), input.address]);
  }
  return sha256Hex(JSON.stringify({ version: VERSION, tokenizer, settings, files }));
}

/**
 * The manifest of a finished set in `folder` that was made of the same inputs and is sound: its shards and tokenizer.json
 * have the checksums of the manifest. Else undefined, and the set is to be made anew.
 */
export async function findFinished(folder: string, fingerprint: string, signal?: AbortSignal): Promise<Manifest | undefined> {
  try {
    const manifest = await readManifest(folder);
    if (manifest.fingerprint !== fingerprint) return undefined;
    const shards = Object.values(manifest.splits).flatMap((split) => split.shards);
    for (const { file, sha256 } of [...shards, { file: "tokenizer.json", sha256: manifest.tokenizer.sha256 }]) {
      signal?.throwIfAborted();
      if ((await sha256File(join(folder, file))) !== sha256) return undefined;
    }
    for (const file of ["tokenizer_config.json", "special_tokens_map.json"]) await access(join(folder, file));
    return manifest;
  } catch {
    signal?.throwIfAborted();
    // No set, or one that can't be trusted.
    return undefined;
  }
}
