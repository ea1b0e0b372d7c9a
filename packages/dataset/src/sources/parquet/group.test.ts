import { readdirSync } from "node:fs";
import { join } from "node:path";
import { parquetSchema } from "hyparquet";
import { expect, test } from "vitest";
import { openFile } from "../access.js";
import { physicalColumns, readFooter } from "./footer.js";
import { openGroup } from "./group.js";

const goldens = join(import.meta.dirname, "../../../test/goldens");
const files = ["gzip-one-group.parquet", "zstd-pages-v2.parquet", "plain.parquet", "chats.parquet", ...readdirSync(join(goldens, "codecs")).filter((name) => name.endsWith(".parquet")).map((name) => `codecs/${name}`)];

test.each(files)("%s gives the same rows in slices as in one piece", async (name) => {
  const access = await openFile(join(goldens, name));
  try {
    const metadata = await readFooter(access);
    const columns = physicalColumns(metadata);
    const all = parquetSchema(metadata).children.map((child) => child.element.name);
    const flat = all.filter((wanted) => columns.every(({ path, maxRepetition }) => path[0] !== wanted || maxRepetition === 0));
    const wanted = name === "chats.parquet" ? all : flat;
    let sliced = 0;
    for (const group of metadata.row_groups) {
      const count = Number(group.num_rows);
      const { rows } = await (await openGroup(access, metadata, group, columns, wanted)).read(0, count);
      const small = await openGroup(access, metadata, group, columns, wanted, 1_000);
      if (small.sliceRows < count) sliced++;
      const found = [];
      for (let from = 0; from < count; from += small.sliceRows) found.push(...(await small.read(from, Math.min(count, from + small.sliceRows))).rows);
      expect(found).toEqual(rows);
    }
    if (name === "gzip-one-group.parquet") expect(sliced).toBe(1);
    // A list's rows are only known from the beginning.
    if (name === "chats.parquet") expect(sliced).toBe(0);
  } finally {
    await access.close();
  }
});
