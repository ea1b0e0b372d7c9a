import { mkdir, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { DatasetError, readDocuments, resolveSources, sampleDocuments } from "@llm/dataset";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { all, bare, temporaryFolder } from "./temporary.js";

async function folderWith(files: Record<string, string | Uint8Array>): Promise<string> {
  const folder = await temporaryFolder();
  for (const [name, content] of Object.entries(files)) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), content);
  }
  return folder;
}

const lines = (...rows: unknown[]): string => rows.map((row) => `${JSON.stringify(row)}\n`).join("");

describe("JSONL", () => {
  test("takes text, content, messages, prompt with response or completion, and FineWeb's columns", async () => {
    const folder = await folderWith({
      "a.jsonl": `\uFEFF${lines({ text: "one", language: "en", token_count: 3, language_score: 0.5, other: [1] }, { content: "two", id: "x" })}\r\n\n${lines(
        { messages: [{ role: "system", content: "s" }, { role: "user", content: "q" }, { role: "assistant", content: "a" }] },
        { prompt: "q", response: "a" },
        { prompt: "q", completion: "a", id: 7 },
        { text: null },
      ).trimEnd()}`,
    });
    const pair = [{ role: "user", content: "q" }, { role: "assistant", content: "a" }];
    const documents = await all(readDocuments(folder));
    expect(documents.map(({ source_file, source_row }) => [source_file, source_row])).toEqual([0, 1, 2, 3, 4, 5].map((row) => [join(folder, "a.jsonl"), row]));
    expect(await bare(documents)).toEqual([
      { text: "one", id: "a.jsonl#0", language: "en", token_count: 3, language_score: 0.5 },
      { text: "two", id: "x" },
      { text: "s\nq\na", id: "a.jsonl#2", messages: [{ role: "system", content: "s" }, ...pair] },
      { text: "q\na", id: "a.jsonl#3", messages: pair },
      { text: "q\na", id: "7", messages: pair },
      { text: "", id: "a.jsonl#5" },
    ]);
  });

  test.each([
    ['{"text": "a"}\n{"text": \n', /a\.jsonl, line 2: not valid JSON/],
    ["[1]\n", /line 1: expected a JSON object such as .* found a list/],
    ["\n\nnull\n", /line 3: expected a JSON object .* found null/],
    [lines({ texts: "a", id: 1 }), /line 1: no "text" column; expected "text".*found "texts", "id"/],
    [lines({ text: 5 }), /line 1: the column "text" must hold text; found number/],
    [lines({ messages: [{ role: "robot", content: "a" }] }), /line 1: message 0 must have a "role" of system, user or assistant.*"robot"/],
    [lines({ messages: [] }), /line 1: "messages" is empty/],
    [Buffer.from([0x7b, 0xff, 0x7d, 0x0a]), /line 1: the bytes are not UTF-8/],
  ])("%j is an error with its line", async (content, message) => {
    const folder = await folderWith({ "a.jsonl": content });
    const error = await all(readDocuments(folder)).then(String, (thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(DatasetError);
    expect((error as Error).message).toMatch(message);
  });

  test("lines survive any cut of the stream into chunks", async () => {
    // Longer than the reader's chunk of a MiB, with line ends and characters of several bytes across its edges.
    const texts = Array.from({ length: 40 }, (_, i) => "🦊é".repeat(10_000 + i * 501));
    const folder = await folderWith({ "a.jsonl": lines(...texts.map((text) => ({ text }))) });
    expect((await all(readDocuments(folder))).map((document) => document.text)).toEqual(texts);
  });

  test("a line above the limit is refused", async () => {
    const folder = await folderWith({ "a.jsonl": `{"text":"${"x".repeat(35 << 20)}"}` });
    await expect(all(readDocuments(folder))).rejects.toThrow(/line 1: longer than 32 MiB/);
  });
});

describe("text", () => {
  test("a small file is one document, but for form feeds", async () => {
    const folder = await folderWith({ "a.txt": "One.\n\nTwo.\n", "b.txt": "One.\fTwo.\n\f\f  \n", "empty.txt": "" });
    expect(await all(readDocuments(folder))).toEqual([
      { text: "One.\n\nTwo.", id: "a.txt#0", source_file: join(folder, "a.txt"), source_row: 0 },
      { text: "One.", id: "b.txt#0", source_file: join(folder, "b.txt"), source_row: 0 },
      { text: "Two.", id: "b.txt#1", source_file: join(folder, "b.txt"), source_row: 1 },
    ]);
  });

  test("a large file is cut at paragraphs, and nothing is lost", async () => {
    const paragraph = (i: number): string => `Paragraph ${i}: ${"some words ".repeat(20 + (i % 30))}end.`;
    const content = Array.from({ length: 600 }, (_, i) => paragraph(i)).join("\n\n");
    const documents = await all(readDocuments(await folderWith({ "a.txt": content })));
    expect(documents.length).toBeGreaterThan(20);
    expect(documents.map((document) => document.text).join("\n\n")).toBe(content);
    for (const { text } of documents.slice(0, -1)) {
      expect(text.length).toBeGreaterThanOrEqual(3_990);
      expect(text.length).toBeLessThan(5_000);
    }
  });

  test("a large file without paragraphs is cut at line ends", async () => {
    const content = Array.from({ length: 5_000 }, (_, i) => `Line ${i} of a file without blank lines.`).join("\n");
    const documents = await all(readDocuments(await folderWith({ "a.txt": content })));
    expect(documents.map((document) => document.text).join("\n")).toBe(content);
    expect(Math.max(...documents.map((document) => document.text.length))).toBeLessThan(16_100);
  });
});

describe("sources", () => {
  const tree = { "b/2.jsonl": lines({ text: "2" }), "b/10.jsonl": lines({ text: "10" }), "a.jsonl": lines({ text: "a" }), ".hidden.jsonl": "bad", "_private/x.jsonl": "bad", "rejected/r.jsonl": "bad", "notes.md": "bad", "c/d/e.txt": "e" };
  const texts = async (source: string | string[]): Promise<string[]> => (await all(readDocuments(source))).map((document) => document.text);

  test("a folder is read in the order of its names, without hidden, private and rejected files", async () => {
    expect(await texts(await folderWith(tree))).toEqual(["a", "10", "2", "e"]);
  });

  test("globs, and several sources in the order given", async () => {
    const folder = await folderWith(tree);
    expect(await texts(join(folder, "*/*.jsonl"))).toEqual(["10", "2"]);
    expect(await texts(join(folder, "**/*.{txt,jsonl}"))).toEqual(["a", "10", "2", "e"]);
    expect(await texts(join(folder, "b/[0-9].jsonl"))).toEqual(["2"]);
    expect(await texts(join(folder, "b/?.jsonl"))).toEqual(["2"]);
    expect(await texts([join(folder, "c"), join(folder, "a.jsonl")])).toEqual(["e", "a"]);
  });

  test("a file with wildcards in its name is taken as it is; linked files are read, linked folders are not", async () => {
    const folder = await folderWith({ "a[1].jsonl": lines({ text: "1" }), "sub/x.txt": "x" });
    await symlink(join(folder, "sub/x.txt"), join(folder, "link.txt"));
    await symlink(folder, join(folder, "loop"));
    expect(await texts(join(folder, "a[1].jsonl"))).toEqual(["1"]);
    expect(await texts(folder)).toEqual(["1", "x", "x"]);
  });

  test("what does not exist or can't be read is an error that says what was expected", async () => {
    const folder = await folderWith({ "notes.md": "x" });
    await expect(resolveSources(join(folder, "none.parquet"))).rejects.toThrow(/none\.parquet does not exist: expected a file, a folder, a glob or hf:/);
    await expect(resolveSources(join(folder, "*.parquet"))).rejects.toThrow(/has no file that can be read/);
    await expect(resolveSources(folder)).rejects.toThrow(/has no file that can be read: expected at least one whose name ends in \.parquet, \.jsonl or \.txt/);
    await expect(resolveSources(join(folder, "notes.md"))).rejects.toThrow(/expected a name that ends in/);
    await expect(resolveSources([])).rejects.toThrow(/No source was given/);
    await expect(resolveSources("hf://models/a/b")).rejects.toThrow(/expected hf:\/\/datasets\/OWNER\/NAME/);
  });

  test("an abort ends reading", async () => {
    const folder = await folderWith({ "a.jsonl": lines(...Array.from({ length: 50 }, (_, i) => ({ text: String(i) }))) });
    const controller = new AbortController();
    let read = 0;
    const reading = (async () => {
      for await (const _ of readDocuments(folder, { signal: controller.signal })) if (++read === 5) controller.abort();
    })();
    await expect(reading).rejects.toMatchObject({ name: "AbortError" });
    expect(read).toBe(5);
  });
});

describe("samples", () => {
  const documents = (n: number): { text: string; id: string }[] => Array.from({ length: n }, (_, i) => ({ text: String(i), id: String(i) }));
  const ids = async (n: number, options: Parameters<typeof sampleDocuments>[1]): Promise<number[]> => (await all(sampleDocuments(documents(n), options))).map(({ id }) => Number(id));

  test("the first N stop reading", async () => {
    let pulled = 0;
    function* source(): Generator<{ text: string; id: string }> {
      for (const document of documents(100)) {
        pulled++;
        yield document;
      }
    }
    expect((await all(sampleDocuments(source(), { documents: 3 }))).map(({ id }) => id)).toEqual(["0", "1", "2"]);
    expect(pulled).toBe(3);
  });

  test("a random N are in their order, without repeats, and the same for the same seed", async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(300), fc.nat(50), fc.integer(), async (n, count, seed) => {
        const chosen = await ids(n, { documents: count, seed });
        expect(chosen).toHaveLength(Math.min(n, count));
        expect(chosen).toEqual([...new Set(chosen)].sort((a, b) => a - b));
        expect(await ids(n, { documents: count, seed })).toEqual(chosen);
      }),
      { numRuns: 50 },
    );
  });

  test("every document has the same chance", async () => {
    const times = Array<number>(20).fill(0);
    for (let seed = 0; seed < 4_000; seed++) for (const id of await ids(20, { documents: 5, seed })) times[id]!++;
    // 4,000 draws of 1 in 4: 1,000 with a standard deviation of 27; 5 of them is a chance of one in 100,000 over all places.
    for (const count of times) expect(Math.abs(count - 1_000)).toBeLessThan(137);
  });
});
