import { stat } from "node:fs/promises";
import { resolve } from "node:path";
import { readUrlLists } from "../clean/filters/url.js";
import type { FilterOptions } from "../clean/pipeline.js";
import { isUrl } from "../download/probe.js";
import { isHubSource } from "../sources/hub.js";
import { resolveSources } from "../sources/resolve.js";
import type { ColumnNames, SourceFile } from "../sources/types.js";
import { sha256File, sha256Hex } from "../util/hash.js";

/** Raised when the same input would give other output. */
const PIPELINE_VERSION = 3;
/** Files up to this size are hashed in full. */
const FULL_HASH = 256 << 20;
const SAMPLE = 1 << 20;

/** A file's identity: its content in full up to 256 MiB; above, size, time of change, and a MiB of beginning, middle and end. */
export async function contentDigest(file: SourceFile): Promise<string> {
  if (file.digest) return file.digest;
  const path = await file.locate();
  if (file.size <= FULL_HASH) return sha256File(path);
  const samples = await Promise.all([0, Math.floor(file.size / 2), file.size - SAMPLE].map((start) => sha256File(path, { start, end: start + SAMPLE - 1 })));
  return sha256Hex([file.size, (await stat(path)).mtimeMs, ...samples].join(" "));
}

/** The filters with the paths of what they read as they are from a folder. */
export function fromFolder(filters: FilterOptions, cwd: string): FilterOptions {
  const { urlLists, decontaminate } = filters;
  return {
    ...filters,
    ...(urlLists === undefined ? {} : { urlLists: resolve(cwd, urlLists) }),
    ...(decontaminate === undefined ? {} : { decontaminate: decontaminate.map((source) => (isHubSource(source) || isUrl(source) ? source : resolve(cwd, source))) }),
  };
}

/** Digests of the files that filters read. */
async function referencesOf({ urlLists, decontaminate = [] }: FilterOptions, signal?: AbortSignal): Promise<[string, string][]> {
  const references: [string, string][] = urlLists === undefined ? [] : [["url-lists", sha256Hex(JSON.stringify(await readUrlLists(urlLists)))]];
  for (const file of decontaminate.length > 0 ? await resolveSources(decontaminate, { signal }) : []) references.push([file.name, await contentDigest(file)]);
  return references;
}

/**
 * Digest of everything that the result depends on: the files' names, places and contents, the settings, the version of the pipeline.
 * @param cwd Folder from which relative paths in the filters' settings are meant
 */
export async function fingerprintOf(files: readonly SourceFile[], settings: { filters?: FilterOptions | null; columns: ColumnNames; [setting: string]: unknown }, signal?: AbortSignal, cwd = process.cwd()): Promise<string> {
  const inputs: [string, string, string][] = [];
  for (const file of files) {
    signal?.throwIfAborted();
    // The address too: it stands in the result.
    inputs.push([file.name, await contentDigest(file), file.address]);
  }
  const references = settings.filters ? await referencesOf(fromFolder(settings.filters, cwd), signal) : [];
  return sha256Hex(JSON.stringify({ version: PIPELINE_VERSION, settings, inputs, ...(references.length > 0 ? { references } : {}) }));
}
