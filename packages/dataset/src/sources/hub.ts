import { createHash } from "node:crypto";
import { createWriteStream } from "node:fs";
import { mkdir, rename, rm, stat } from "node:fs/promises";
import { homedir } from "node:os";
import { basename, dirname, join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { ReadableStream } from "node:stream/web";
import { setTimeout as sleep } from "node:timers/promises";
import { type ListFileEntry, downloadFile, listFiles } from "@huggingface/hub";
import { DatasetError, reasonOf } from "../errors.js";
import { sha256File } from "../util/hash.js";
import { writeError } from "../util/files.js";
import { globToRegExp, isGlob, splitGlob } from "./glob.js";
import { type SourceFile, kindOf } from "./types.js";

const PREFIX = "hf://datasets/";
/** Attempts for one file; the wait doubles from one second, and what has arrived is kept. */
const ATTEMPTS = 5;

/** Whether a source names data on the Hugging Face Hub. */
export const isHubSource = (source: string): boolean => source.startsWith("hf://");

interface HubPath {
  repo: string;
  revision: string;
  path: string;
}

/** hf://datasets/OWNER/NAME[@REVISION][/PATH] */
function parseHubSource(source: string): HubPath {
  const match = /^([\w.-]+\/[\w.-]+)(?:@([^/]+))?(?:\/(.*))?$/.exec(source.startsWith(PREFIX) ? source.slice(PREFIX.length) : "");
  if (!match) throw new DatasetError(`${source} is not a data set on the Hub: expected ${PREFIX}OWNER/NAME[@REVISION]/PATH.`);
  return { repo: match[1]!, revision: match[2] ? decodeURIComponent(match[2]) : "main", path: (match[3] ?? "").replace(/\/+$/, "") };
}

const hub = (): { hubUrl?: string; accessToken?: string } => ({
  ...(process.env.HF_ENDPOINT ? { hubUrl: process.env.HF_ENDPOINT.replace(/\/+$/, "") } : {}),
  ...(process.env.HF_TOKEN ? { accessToken: process.env.HF_TOKEN } : {}),
});

const cacheFolder = (): string => join(process.env.LLM_CACHE ?? join(homedir(), ".cache", "llm"), "hub", "datasets");

const unreachable = (what: string, error: unknown): DatasetError => {
  const status = (error as { statusCode?: number }).statusCode;
  const advice = status === 401 || status === 403 ? "Set HF_TOKEN to a token that may read it" : status === 404 ? "Check the name" : "Check the connection and HF_ENDPOINT";
  const cause = error instanceof Error && error.cause instanceof Error ? ` (${error.cause.message})` : "";
  return new DatasetError(`${what} can't be read from the Hub: ${status ? `status ${status}, ` : ""}${reasonOf(error)}${cause}. ${advice}.`, { cause: error });
};

async function list({ repo, revision, path }: HubPath, source: string, signal?: AbortSignal): Promise<ListFileEntry[]> {
  const folder = isGlob(path) ? splitGlob(path).base.replace(/^\.$/, "") : path;
  const read = async (at: string): Promise<ListFileEntry[]> => {
    const entries: ListFileEntry[] = [];
    for await (const entry of listFiles({ repo: { type: "dataset", name: repo }, revision, recursive: true, ...(at ? { path: at } : {}), ...hub() })) {
      signal?.throwIfAborted();
      if (entry.type === "file") entries.push(entry);
    }
    return entries;
  };
  try {
    // The tree of a path lists what is below it; a path that names a file is looked up in the folder that holds it.
    const parent = dirname(path) === "." ? "" : dirname(path);
    return kindOf(path) && !isGlob(path) ? (await read(parent)).filter((entry) => entry.path === path) : await read(folder);
  } catch (error) {
    if (error instanceof Error && error.name === "AbortError") throw error;
    throw unreachable(source, error);
  }
}

/** The files of a data set on the Hub. Nothing is fetched before a file is read. @throws DatasetError */
export async function resolveHub(source: string, signal?: AbortSignal): Promise<SourceFile[]> {
  const place = parseHubSource(source);
  const matcher = isGlob(place.path) ? globToRegExp(place.path) : /^/;
  const files = (await list(place, source, signal))
    .filter((entry) => kindOf(entry.path) && matcher.test(entry.path))
    .sort((a, b) => (a.path < b.path ? -1 : 1))
    .map((entry): SourceFile => ({
      name: `${place.repo}/${entry.path}`,
      kind: kindOf(entry.path)!,
      size: entry.lfs?.size ?? entry.size,
      digest: entry.lfs?.oid ?? entry.oid ?? "",
      locate: (abort) => fetchFile(place, entry, abort),
    }));
  if (files.length === 0) throw new DatasetError(`${source} has no file whose name ends in .parquet, .jsonl or .txt.`);
  return files;
}

/** Whether a file is what the Hub lists: SHA-256 for large files, git's blob hash for small ones. */
async function isIntact(path: string, entry: ListFileEntry): Promise<boolean> {
  if ((await stat(path)).size !== (entry.lfs?.size ?? entry.size)) return false;
  if (entry.lfs) return (await sha256File(path)) === entry.lfs.oid;
  if (!entry.oid) return true;
  const hash = createHash("sha1").update(`blob ${entry.size}\0`);
  const { createReadStream } = await import("node:fs");
  for await (const chunk of createReadStream(path)) hash.update(chunk as Uint8Array);
  return hash.digest("hex") === entry.oid;
}

/** Fetches a file into the cache folder ($LLM_CACHE or ~/.cache/llm), going on where an earlier attempt stopped. */
async function fetchFile({ repo, revision }: HubPath, entry: ListFileEntry, signal?: AbortSignal): Promise<string> {
  const what = `hf://datasets/${repo}/${entry.path}`;
  const target = join(cacheFolder(), ...repo.split("/"), entry.lfs?.oid ?? entry.oid ?? revision, basename(entry.path));
  if (await stat(target).catch(() => undefined)) return target;
  const partial = `${target}.part`;
  await mkdir(dirname(target), { recursive: true });
  for (let attempt = 1; ; attempt++) {
    try {
      signal?.throwIfAborted();
      const blob = await downloadFile({ repo: { type: "dataset", name: repo }, path: entry.path, revision, xet: false, ...hub() });
      if (!blob) throw new DatasetError(`${what} does not exist any more.`);
      const have = (await stat(partial).catch(() => undefined))?.size ?? 0;
      if (have < blob.size) {
        const stream = Readable.fromWeb(blob.slice(have).stream() as ReadableStream);
        await pipeline(stream, createWriteStream(partial, { flags: have > 0 ? "a" : "w" }), signal ? { signal } : {});
      }
      if (await isIntact(partial, entry)) {
        await rename(partial, target);
        return target;
      }
      // More bytes than listed, or other ones: what is there is of no use.
      if ((await stat(partial)).size >= (entry.lfs?.size ?? entry.size)) await rm(partial, { force: true });
      throw new Error("what arrived differs from what the Hub lists");
    } catch (error) {
      const full = writeError(error, partial);
      if (full instanceof DatasetError || (error instanceof Error && error.name === "AbortError")) throw full;
      if (attempt >= ATTEMPTS) throw unreachable(what, error);
      await sleep(1_000 * 2 ** (attempt - 1), undefined, signal ? { signal } : {});
    }
  }
}
