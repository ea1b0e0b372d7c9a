import type { Dirent } from "node:fs";
import { readdir, stat } from "node:fs/promises";
import { basename, join, resolve, sep } from "node:path";
import { DatasetError } from "../errors.js";
import { globToRegExp, isGlob, splitGlob } from "./glob.js";
import { isUrl } from "../download/probe.js";
import { isHubSource, resolveHub, resolveUrl } from "./hub.js";
import { ACCEPTED, type SourceFile, formatOf, isMeant } from "./types.js";

/** Options of {@link resolveSources}. */
export interface ResolveOptions {
  /** A folder to leave out, e.g. the one that is being written. */
  exclude?: string | undefined;
  signal?: AbortSignal | undefined;
}

/** Entries that a walk passes over: hidden, private by an underscore, and what cleaning rejected. */
const passedOver = (name: string): boolean => name.startsWith(".") || name.startsWith("_") || name === "rejected";

/** Files below a folder, as paths with "/" relative to it, sorted by code units. */
async function walk(folder: string, exclude: string | undefined): Promise<string[]> {
  const found: string[] = [];
  const visit = async (relative: string): Promise<void> => {
    const entries: Dirent[] = await readdir(join(folder, relative), { withFileTypes: true });
    for (const entry of entries) {
      const path = relative ? `${relative}/${entry.name}` : entry.name;
      const absolute = resolve(folder, path);
      if (passedOver(entry.name) || absolute === exclude) continue;
      const kind = entry.isSymbolicLink() ? await stat(absolute).catch(() => undefined) : entry;
      if (kind?.isDirectory() && !entry.isSymbolicLink()) await visit(path);
      else if (kind?.isFile()) found.push(path);
    }
  };
  await visit("");
  return found.sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
}

async function localFile(path: string, name: string): Promise<SourceFile> {
  const format = formatOf(name);
  if (!format) throw new DatasetError(`${path} is not a file that can be read: expected a name that ends in ${ACCEPTED}.`);
  return { name, address: path.split(sep).join("/"), ...format, size: (await stat(path)).size, locate: () => Promise.resolve(path) };
}

async function resolveOne(source: string, { exclude, signal }: ResolveOptions): Promise<SourceFile[]> {
  if (isHubSource(source)) return resolveHub(source, signal);
  if (isUrl(source)) return resolveUrl(source, signal);
  const found = await stat(source).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT" || error.code === "ENOTDIR") return undefined;
    throw error;
  });
  if (found?.isFile()) return [await localFile(source, basename(source))];
  const { base, pattern } = found ? { base: source, pattern: "**" } : splitGlob(source.split(sep).join("/"));
  if (!found && !isGlob(source)) throw new DatasetError(`The source ${source} does not exist: expected a file, a folder, a glob or hf://datasets/OWNER/NAME/PATH, or an address that begins with https://.`);
  const names = await walk(base, exclude && resolve(exclude)).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT" || error.code === "ENOTDIR") return [];
    throw error;
  });
  const matcher = globToRegExp(pattern);
  const files = await Promise.all(names.filter((name) => matcher.test(name) && isMeant(name, found ? "" : pattern)).map((name) => localFile(join(base, name), name)));
  if (files.length === 0) throw new DatasetError(`The source ${source} has no file that can be read: expected at least one whose name ends in ${ACCEPTED}.`);
  return files;
}

/**
 * The files behind sources, in the order in which they are read: sources as given, the files of a folder or glob by name.
 * Hidden files, names that begin with "_" and folders named "rejected" are passed over.
 * @throws DatasetError when a source does not exist or has nothing to read
 */
export async function resolveSources(sources: string | readonly string[], options: ResolveOptions = {}): Promise<SourceFile[]> {
  const list = typeof sources === "string" ? [sources] : sources;
  if (list.length === 0) throw new DatasetError("No source was given: expected a file, a folder, a glob or hf://datasets/OWNER/NAME/PATH, or an address that begins with https://.");
  const files: SourceFile[] = [];
  for (const source of list) files.push(...(await resolveOne(source, options)));
  return files;
}
