import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { parquetSchema } from "hyparquet";
import { expect, test } from "vitest";
import { temporaryFolder } from "../../../test/temporary.js";
import { writeParquet } from "../../write/parquet.js";
import { type RandomAccess, openFile } from "../access.js";
import { chunkRange, physicalColumns, readFooter } from "./footer.js";
import { openGroup } from "./group.js";
import { readPageHeader } from "./pages.js";

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
      // In windows that hold less than a page, too, and as from a server, where nothing is read twice.
      for (const [local, windowBytes] of [[true, undefined], [true, 1], [false, 500]] as const) {
        const small = await openGroup({ ...access, local }, metadata, group, columns, wanted, 300, windowBytes);
        if (small.sliceRows < count) sliced++;
        const found = [];
        for (let from = 0; from < count; from += small.sliceRows) found.push(...(await small.read(from, Math.min(count, from + small.sliceRows))).rows);
        expect(found).toEqual(rows);
        expect((await small.read(0, 1)).rows).toEqual(rows.slice(0, 1));
      }
    }
    // A list's rows are only known from the beginning.
    expect(sliced).toBe(name.includes("chats") ? 0 : 3 * metadata.row_groups.length);
  } finally {
    await access.close();
  }
});

async function openFirst(path: string, changes: Partial<RandomAccess>, sliceBytes: number, windowBytes: number) {
  const access = await openFile(path);
  const metadata = await readFooter(access);
  const group = metadata.row_groups[0]!;
  return { access, group, count: Number(group.num_rows), open: () => openGroup({ ...access, ...changes }, metadata, group, physicalColumns(metadata), ["text", "id"], sliceBytes, windowBytes) };
}

test("of a large group only the pages of a slice are in memory", async () => {
  const path = join(await temporaryFolder(), "large.parquet");
  let state = 1;
  const word = (): string => ((state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0) >>> 0).toString(36);
  await writeParquet(path, Array.from({ length: 1_500 }, (_, i) => ({ id: `${i}`, text: Array.from({ length: 800 }, word).join(" ") })), { rowGroupSize: 1_500 });
  const [window, slice] = [64 << 10, 1 << 20];
  let longest = 0;
  const file = await openFile(path);
  const { access, group, count, open } = await openFirst(path, { read: (start, end) => ((longest = Math.max(longest, end - start)), file.read(start, end)) }, slice, window);
  setFlagsFromString("--expose-gc");
  const gc = runInNewContext("gc") as () => void;
  const held = (): number => {
    // What one collection finds is freed beside the program; the next one waits for it.
    for (let i = 0; i < 3; i++) gc();
    return process.memoryUsage().arrayBuffers;
  };
  try {
    const bytes = group.columns.reduce((sum, { meta_data: meta }) => sum + Number(meta!.total_compressed_size), 0);
    expect(bytes).toBeGreaterThan(8 << 20);
    const before = held();
    const large = await open();
    let most = held() - before;
    for (let from = 0; from < count; from += large.sliceRows) {
      const { rows } = await large.read(from, Math.min(count, from + large.sliceRows));
      expect(rows[0]!.id).toBe(`${from}`);
      most = Math.max(most, held() - before);
    }
    // Pages of about 1 MiB: those that a slice reaches into, and the one with which the window ends.
    expect(most).toBeLessThan(4 << 20);
    expect(longest).toBeLessThan(2 << 20);
  } finally {
    await access.close();
    await file.close();
  }
});

test("a damaged page of a large group is named before any row of a file, and behind the good slices of a server's", async () => {
  const golden = join(goldens, "codecs/small-pages.parquet");
  const path = join(await temporaryFolder(), "damaged.parquet");
  const whole = await openFirst(golden, {}, 400, 300);
  await whole.access.close();
  const bytes = readFileSync(golden);
  const chunk = whole.group.columns.find(({ meta_data: meta }) => meta!.path_in_schema[0] === "text")!;
  let last = readPageHeader(bytes, chunkRange(chunk).start);
  while (last.end < chunkRange(chunk).end) last = readPageHeader(bytes, last.end);
  bytes[(last.payload + last.end) >> 1]! ^= 0x10;
  writeFileSync(path, bytes);
  const place = new RegExp(`^page \\d+ of the column "text", at byte ${last.start}: `);
  const local = await openFirst(path, {}, 400, 300);
  await expect(local.open()).rejects.toThrow(place);
  await local.access.close();
  const remote = await openFirst(path, { local: false }, 400, 300);
  const group = await remote.open();
  let from = 0;
  const read = async (): Promise<void> => {
    for (; from < remote.count; from += group.sliceRows) await group.read(from, Math.min(remote.count, from + group.sliceRows));
  };
  await expect(read()).rejects.toThrow(place);
  expect(from).toBeGreaterThan(0);
  await remote.access.close();
});
