import { createHash } from "node:crypto";
import { mkdtemp, readFile, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";

/** A folder that is removed when the test ends. */
export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "llm-dataset-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** All documents of a stream, without the place that each is from. */
export async function bare<T extends { source_file?: string; source_row?: number }>(items: AsyncIterable<T> | Iterable<T>): Promise<Omit<T, "source_file" | "source_row">[]> {
  return (await all(items)).map(({ source_file: _file, source_row: _row, ...rest }) => rest);
}

/** All items of a stream. */
export async function all<T>(items: AsyncIterable<T> | Iterable<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const item of items) list.push(item);
  return list;
}

/** Every file below a folder with the digest of its bytes. */
export async function digests(folder: string): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    if (entry.isFile()) found[path.slice(folder.length)] = createHash("sha256").update(await readFile(path)).digest("hex");
  }
  return found;
}
