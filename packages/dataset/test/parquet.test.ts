import { readFileSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { DatasetError, type Document, SeededRandom, readDocuments, writeParquet } from "@llm/dataset";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { golden, python3, pythonWith } from "./python.js";
import { all, bare, temporaryFolder } from "./temporary.js";

const goldens = join(import.meta.dirname, "goldens");
type Nullable = { [key in keyof Document]: Document[key] | null };
const rows = JSON.parse(readFileSync(join(goldens, "rows.json"), "utf8")) as Nullable[];

const python = await python3();
const withArrow = python && (await pythonWith(python, "pyarrow"));

/** A golden row as we give it: null columns are absent, a null text is empty. */
const expected = (row: Nullable): Document => ({ ...Object.fromEntries(Object.entries(row).filter(([, value]) => value !== null)), text: row.text ?? "" }) as Document;

/** Every other row of written.parquet says where it is from. */
const placed = (index: number): Pick<Nullable, "source_file" | "source_row"> => (index % 2 === 0 ? { source_file: `a-${index >> 4}.jsonl`, source_row: 3 * index } : { source_file: null, source_row: null });

describe("parquet files that pyarrow wrote", () => {
  test.each(["snappy", "zstd-pages-v2", "gzip-one-group", "plain"])("%s.parquet reads equal, row for row", async (name) => {
    expect(await all(readDocuments(join(goldens, `${name}.parquet`)))).toEqual(rows.map((row, index) => ({ ...expected(row), source_file: join(goldens, `${name}.parquet`), source_row: index })));
  });

  test("columns are found by name, whatever their order and string type", async () => {
    const documents = await bare(readDocuments(join(goldens, "reordered-large-string.parquet")));
    expect(documents).toEqual(rows.map(expected).map(({ text, id, token_count }) => ({ text, id, ...(token_count === undefined ? {} : { token_count }) })));
  });

  test("a column of another name is read when it is named", async () => {
    const documents = await bare(readDocuments(join(goldens, "body.parquet"), { columns: { text: "body" } }));
    expect(documents).toEqual(rows.map(expected));
  });

  test("a missing text column is an error that lists the columns", async () => {
    await expect(all(readDocuments(join(goldens, "body.parquet")))).rejects.toThrow(/body\.parquet: no "text" column.*found "body", "id", "dump"/);
    await expect(all(readDocuments(join(goldens, "body.parquet")))).rejects.toBeInstanceOf(DatasetError);
  });

  test("a list of messages makes a chat", async () => {
    const chats = JSON.parse(readFileSync(join(goldens, "chats.json"), "utf8")) as Document["messages"][];
    const documents = await all(readDocuments(join(goldens, "chats.parquet")));
    expect(documents.map((document) => document.messages)).toEqual(chats);
    expect(documents[3]!.text).toBe("Be brief.\nWhat is 3 + 3?\n6");
    expect(documents[3]!.id).toBe("chats.parquet#3");
  });

  test("a limit reads no more rows than it asks for", async () => {
    expect(await bare(readDocuments(join(goldens, "snappy.parquet"), { limit: 17 }))).toEqual(rows.map(expected).slice(0, 17));
    expect(await all(readDocuments(join(goldens, "snappy.parquet"), { limit: 0 }))).toEqual([]);
  });
});

describe("parquet files that we write", () => {
  const text = fc.oneof(fc.string({ unit: "grapheme", maxLength: 60 }), fc.string({ unit: "binary-ascii", maxLength: 20 }), fc.lorem());
  const optional = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> => fc.option(value, { nil: undefined });
  const document = fc
    .record({ text, id: text, dump: optional(text), url: optional(text), date: optional(text), file_path: optional(text), language: optional(fc.constantFrom("en", "de")), language_score: optional(fc.double({ noNaN: true, noDefaultInfinity: true })), token_count: optional(fc.nat()), place: optional(fc.record({ source_file: text, source_row: fc.nat() })) })
    .map(({ place, ...row }) => ({ ...row, ...place }))
    .map((row) => Object.fromEntries(Object.entries(row).filter(([, value]) => value !== undefined)) as unknown as Document);

  test("come back equal", async () => {
    const folder = await temporaryFolder();
    await fc.assert(
      fc.asyncProperty(fc.array(document, { maxLength: 30 }), fc.integer({ min: 1, max: 9 }), async (documents, rowGroupSize) => {
        const path = join(folder, "a.parquet");
        expect((await writeParquet(path, documents, { rowGroupSize })).documents).toBe(documents.length);
        const read = await all(readDocuments(path));
        // A document that says where it is from keeps its place; another one gets that of this file. -0 and 0 are the same score.
        expect(JSON.parse(JSON.stringify(read))).toEqual(JSON.parse(JSON.stringify(documents.map((given, index) => ({ source_file: path, source_row: index, ...given })))));
      }),
      { numRuns: 40 },
    );
  });

  test("have the bytes that pyarrow was seen to read equal", async () => {
    const folder = await temporaryFolder();
    const path = join(folder, "written.parquet");
    await writeParquet(path, rows.map((row, index) => ({ ...expected(row), ...(index % 2 === 0 ? placed(index) : {}) }) as Document), { rowGroupSize: 16 });
    expect((await readFile(path)).equals(await readFile(join(goldens, "written.parquet")))).toBe(true);
  });

  test.skipIf(!withArrow)("read equal in pyarrow", async () => {
    const found = await golden<{ schema: Record<string, string>; rowGroups: number; rows: Nullable[] }>(withArrow!, "dataset_check_parquet.py", join(goldens, "written.parquet"));
    expect(found.schema).toEqual({ text: "string", id: "string", dump: "string", url: "string", date: "string", file_path: "string", language: "string", language_score: "double", token_count: "int64", source_file: "string", source_row: "int64" });
    expect(found.rowGroups).toBe(3);
    expect(found.rows).toEqual(rows.map((row, index) => ({ ...row, text: row.text ?? "", ...placed(index) })));
  });

  test("refuse chats, and leave nothing behind", async () => {
    const folder = await temporaryFolder();
    const chat: Document = { text: "a", id: "1", messages: [{ role: "user", content: "a" }] };
    await expect(writeParquet(join(folder, "a.parquet"), [chat])).rejects.toThrow(/write chats as JSONL/);
    await expect(all(readDocuments(folder))).rejects.toThrow(/has no file that can be read/);
  });
});

describe("damaged parquet files", () => {
  const whole = readFileSync(join(goldens, "snappy.parquet"));
  const read = async (bytes: Uint8Array): Promise<unknown> => {
    const path = join(await temporaryFolder(), "damaged.parquet");
    await writeFile(path, bytes);
    return all(readDocuments(path)).then(
      () => undefined,
      (error: unknown) => error,
    );
  };

  test("cut off anywhere: one error that names the file", async () => {
    const lengths = [0, 1, 3, 4, 8, 11, 12, 100, ...Array.from({ length: 12 }, (_, i) => Math.floor((whole.length * (i + 1)) / 13)), whole.length - 9, whole.length - 1];
    for (const length of lengths) {
      const error = await read(whole.subarray(0, length));
      expect(error, `cut to ${length}`).toBeInstanceOf(DatasetError);
      expect((error as Error).message).toMatch(/^damaged\.parquet is damaged or not a parquet file.*Download or make it again\.$/);
    }
  });

  test("the middle missing or overwritten: an error, with the row group", async () => {
    const middle = Buffer.from(whole);
    middle.fill(0xff, 300, 900);
    expect(String(await read(middle))).toMatch(/row group 0/);
  });

  test("flipped bits: rows or a DatasetError, never anything else", async () => {
    const random = new SeededRandom(1);
    let errors = 0;
    for (let i = 0; i < 150; i++) {
      const bytes = Buffer.from(whole);
      for (let k = 0; k < 3; k++) bytes[random.below(bytes.length)]! ^= 1 << random.below(8);
      const error = await read(bytes);
      if (error === undefined) continue;
      errors++;
      expect(error).toBeInstanceOf(DatasetError);
    }
    expect(errors).toBeGreaterThan(10);
  });

  test("a footer that asks for too much is refused before it is read", async () => {
    const bytes = Buffer.from(whole);
    bytes.writeUInt32LE(0xf0000000, bytes.length - 8);
    expect(String(await read(bytes))).toMatch(/footer of 4026531840 bytes is larger than the limit/);
  });
});
