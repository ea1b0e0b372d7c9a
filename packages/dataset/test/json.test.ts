import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type Damage, DatasetError, readDocuments } from "@llm/dataset";
import fc from "fast-check";
import { expect, test } from "vitest";
import { openFile } from "../src/sources/access.js";
import { readJson } from "../src/sources/json.js";
import { all, temporaryFolder } from "./temporary.js";

const file = async (content: string | Buffer): Promise<string> => {
  const path = join(await temporaryFolder(), "a.json");
  await writeFile(path, content);
  return path;
};

test("a list of any objects, however it is written and cut into pieces, gives the rows that JSON.parse gives", async () => {
  const path = await file("");
  const row = fc.record({ text: fc.string({ unit: "grapheme" }), other: fc.jsonValue({ maxDepth: 3 }) });
  await fc.assert(
    fc.asyncProperty(fc.array(row, { maxLength: 8 }), fc.constantFrom(0, 1, "\t"), fc.integer({ min: 1, max: 40 }), fc.nat(8), async (rows, space, size, skip) => {
      const bytes = Buffer.from(` ${JSON.stringify(rows, null, space)}\r\n`);
      await writeFile(path, bytes);
      const access = await openFile(path);
      async function* stream(): AsyncGenerator<Uint8Array> {
        for (let at = 0; at < bytes.length; at += size) yield await Promise.resolve(bytes.subarray(at, at + size));
      }
      const found = await all(readJson({ ...access, stream }, "a.json", { skip }));
      await access.close();
      expect(found.map(({ text, source_row }) => [text, source_row])).toEqual(rows.map(({ text }, index) => [text, index]).slice(skip));
    }),
    { numRuns: 60 },
  );
});

test("larger than a piece, with a byte order mark, chats, and lines of JSON under the same name", async () => {
  const texts = Array.from({ length: 30 }, (_, i) => "🦊]}\\\"é".repeat(10_000 + i * 501));
  expect((await all(readDocuments(await file(`\uFEFF${JSON.stringify(texts.map((text) => ({ text })))}`)))).map(({ text }) => text)).toEqual(texts);
  const [chat] = await all(readDocuments(await file(JSON.stringify([{ instruction: "q", input: "", output: "a" }]))));
  expect(chat!.messages).toEqual([{ role: "user", content: "q" }, { role: "assistant", content: "a" }]);
  expect((await all(readDocuments(await file('\n{"text": "1"}\n{"text": "2"}\n')))).map(({ text }) => text)).toEqual(["1", "2"]);
});

test("is read where it is named, and passed over in a folder: records and settings have that name too", async () => {
  const folder = await temporaryFolder();
  await mkdir(join(folder, "b"));
  await writeFile(join(folder, "b/list.json"), '[{"text": "list"}]');
  await writeFile(join(folder, "a.jsonl"), '{"text": "lines"}');
  const texts = async (source: string): Promise<string[]> => (await all(readDocuments(source))).map(({ text }) => text);
  expect(await texts(folder)).toEqual(["lines"]);
  expect(await texts(join(folder, "**"))).toEqual(["lines"]);
  expect(await texts(join(folder, "**/*.json"))).toEqual(["list"]);
  expect(await texts(join(folder, "**/*.{json,jsonl}"))).toEqual(["lines", "list"]);
});

test.each([
  ['[{"text": "a"}, {"text": "b"', 1, /row 1 to the end: byte 28: expected the end of the list, found the end of the file/],
  ['[{"text": "a"} {"text": "b"}]', 1, /row 1 to the end: byte 15: expected a comma or the end of the list, found "\{"/],
  ['[{"text": "a"},]', 1, /row 1 to the end: byte 15: expected an object, found "\]"/],
  ['[{"text": "a"}] x', 1, /byte 16: expected nothing behind the list/],
  ['[{"text": "a"}, 5]', 1, /byte 16: expected an object, found "5"/],
  ['"text"', 0, /row 0 to the end: byte 0: expected a list of objects/],
  ["", 0, /found the end of the file/],
  ['[{"text": "a"}, {"text": }, {"text": "c"}]', 2, /row 1: not valid JSON/],
  ['[{"text": "a"}, {"words": "b"}, {"text": "c"}]', 2, /row 1: no "text" column/],
  [Buffer.from('[{"text": "a"}, {"text": "\xff"}, {"text": "c"}]', "latin1"), 2, /row 1: the bytes are not UTF-8/],
] as const)("%j is damaged: what is sound stays, and the rest is named", async (content, kept, message) => {
  const path = await file(content as string);
  const error = await all(readDocuments(path)).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(DatasetError);
  expect((error as Error).message).toMatch(message);
  const damages: Damage[] = [];
  const texts = (await all(readDocuments(path, { maxLost: 1, onDamage: (damage) => damages.push(damage) }))).map(({ text }) => text);
  expect(texts).toEqual(["a", "c"].slice(0, kept));
  expect(damages).toHaveLength(1);
  expect(`${damages[0]!.place}: ${damages[0]!.reason}`).toMatch(message);
});
