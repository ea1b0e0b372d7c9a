import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { parquetInfo } from "../sources/parquet.js";
import { writeParquet } from "./parquet.js";

test("row groups of long texts end before they have their number of rows", async () => {
  const folder = await mkdtemp(join(tmpdir(), "llm-dataset-"));
  try {
    const path = join(folder, "a.parquet");
    const text = "All work and no play. ".repeat(400_000);
    // 8.8 million characters each: four of them are more than 32 Mi.
    await writeParquet(path, Array.from({ length: 6 }, (_, i) => ({ id: String(i), text })));
    expect(await parquetInfo(path)).toMatchObject({ rows: 6, rowGroups: 2 });
  } finally {
    await rm(folder, { recursive: true });
  }
});
