import { mkdtemp, rm } from "node:fs/promises";
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
