import { readFile, realpath } from "node:fs/promises";
import { dirname, join, relative, sep } from "node:path";
import { isUrl } from "../download/probe.js";
import { isHubSource } from "../sources/hub.js";
import { resolveSources } from "../sources/resolve.js";
import type { SourceFile } from "../sources/types.js";
import { sha256Hex } from "../util/hash.js";

/** What a result was made from: the record of another step's result. */
export interface Origin {
  /** The folder of that result, as a path from the folder of this one. */
  folder: string;
  /** The record's name. */
  record: string;
  /** SHA-256 of the record's bytes. */
  sha256: string;
}

/** The records that steps leave in their folders, by their "format". */
export const RECORDS = {
  "llm-dataset-download": "download.json",
  "llm-dataset-sample": "sample.json",
  "llm-dataset-report": "report.json",
  "llm-dataset-dedupe": "report.json",
  "llm-bpe-tokenize": "report.json",
  "llm-dataset-shards": "report.json",
  "llm-shards-export": "export.json",
} as const;
export type RecordFormat = keyof typeof RECORDS;
const NAMES = [...new Set(Object.values(RECORDS))];

/** The record in a folder, if a step left one there. */
export async function recordIn(folder: string): Promise<{ record: string; sha256: string; content: { format: RecordFormat; [key: string]: unknown } } | undefined> {
  for (const record of NAMES) {
    try {
      const bytes = await readFile(join(folder, record));
      const content = JSON.parse(bytes.toString("utf8")) as { format?: unknown } | null;
      if (typeof content?.format === "string" && RECORDS[content.format as RecordFormat] === record) return { record, sha256: sha256Hex(bytes), content: content as { format: RecordFormat } };
    } catch {
      // Not there, or someone else's.
    }
  }
  return undefined;
}

/** Levels above a source file at which a record is looked for: a download has the folders of the Hub. */
const LEVELS = 12;

/**
 * The results of earlier steps that source files are part of, each once, in the order in which the files come.
 * @param out The folder of the result; it must exist
 */
export async function originsOf(out: string, files: readonly Pick<SourceFile, "address" | "locate">[]): Promise<Origin[]> {
  const base = await realpath(out);
  const known = new Map<string, Promise<Origin | undefined>>();
  const above = async (folder: string, level: number): Promise<Origin | undefined> => {
    const found = await recordIn(folder);
    if (found) return { folder: relative(base, folder).split(sep).join("/"), record: found.record, sha256: found.sha256 };
    const parent = dirname(folder);
    return parent === folder || level === LEVELS ? undefined : originOf(parent, level + 1);
  };
  const originOf = (folder: string, level = 0): Promise<Origin | undefined> => {
    const origin = known.get(folder) ?? above(folder, level);
    known.set(folder, origin);
    return origin;
  };
  const origins = new Map<string, Origin>();
  for (const file of files) {
    if (isHubSource(file.address) || isUrl(file.address)) continue;
    const origin = await originOf(dirname(await realpath(await file.locate())));
    if (origin) origins.set(origin.folder, origin);
  }
  return [...origins.values()];
}

/** {@link originsOf} of sources as they are given; those on a server have no record. */
export async function originsOfSources(out: string, sources: readonly string[], signal?: AbortSignal): Promise<Origin[]> {
  const local = sources.filter((source) => !isHubSource(source) && !isUrl(source));
  return local.length === 0 ? [] : originsOf(out, await resolveSources(local, { exclude: out, signal }));
}
