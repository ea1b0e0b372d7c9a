import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { trainBpe } from "@llm/bpe";
import { loadTokenizer, saveTokenizer, tokenizeCorpus } from "@llm/bpe/corpus";
import { openShards, prepare, readDocuments, readLineage } from "@llm/dataset";
import { prose } from "./texts.js";

let folder: string;
let source: string;
const texts = prose(7, 500);
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "bpe-provenance-"));
  source = join(folder, "source");
  await mkdir(join(source, "b"), { recursive: true });
  await saveTokenizer(join(folder, "tokenizer.json"), await trainBpe(texts, { vocabSize: 400 }));
  const row = (text: string, index: number): string => JSON.stringify({ text: index % 7 === 3 ? "" : text, id: `id ${index}`, ...(index % 2 ? { url: `https://example.org/${index}` } : {}) });
  await writeFile(join(source, "a.jsonl"), texts.slice(0, 300).map(row).join("\n"));
  await writeFile(join(source, "b/c.jsonl"), texts.slice(300).map(row).join("\n"));
});
afterAll(() => rm(folder, { recursive: true }));

/** Every document of a set, decoded, with what is said of where it is from. */
async function documentsOf(out: string): Promise<{ text: string; source: unknown }[]> {
  const tokenizer = await loadTokenizer(join(out, "tokenizer.json"));
  const set = await openShards(out);
  const found = [];
  for (const name of ["train", "val"] as const) {
    const split = set.split(name);
    for (let i = 0; i < split.documents; i++) found.push({ text: tokenizer.decode([...(await split.document(i)).tokens], { skipSpecialTokens: true }), source: await split.source(i) });
  }
  return found;
}

describe("where the documents of shards are from", () => {
  it.each(["rows", "full", "none"] as const)("is kept as asked for: %s", async (provenance) => {
    const out = join(folder, provenance);
    const manifest = await tokenizeCorpus(source, { tokenizer: join(folder, "tokenizer.json"), out, val: 0.1, threads: 0, ...(provenance === "rows" ? {} : { provenance }) });
    expect([manifest.provenance, manifest.sourceRows]).toEqual(provenance === "rows" ? [undefined, true] : [provenance === "full" || undefined, undefined]);
    const expected = new Map<string, unknown>();
    for await (const { text, id, url, source_file: file, source_row: row } of readDocuments(source)) expected.set(text, provenance === "none" ? undefined : { file, row, ...(provenance === "full" ? { id, ...(url ? { url } : {}) } : {}) });
    const found = await documentsOf(out);
    expect(found.length).toBeGreaterThan(400);
    for (const { text, source: from } of found) expect(from).toEqual(expected.get(text));
  });

  it("is the file that was read first, not what preparing made of it", async () => {
    const prepared = join(folder, "prepared");
    await prepare(source, { out: prepared, language: null });
    const out = join(folder, "of-prepared");
    await tokenizeCorpus(prepared, { tokenizer: join(folder, "tokenizer.json"), out, threads: 0 });
    const rows = new Map<string, string>();
    for await (const { text, source_file: file, source_row: row } of readDocuments(source)) rows.set(`${file} ${row}`, text);
    const found = await documentsOf(out);
    expect(found.length).toBeGreaterThan(300);
    for (const { text, source: from } of found) {
      const { file, row } = from as { file: string; row: number };
      expect(rows.get(`${file} ${row}`)?.trim()).toBe(text);
    }
  });
});

it("the report beside the shards tells what was done from the first source on, and is written by the next run where it is missing", async () => {
  const prepared = join(folder, "prepared-for-report");
  const { report } = await prepare(source, { out: prepared, language: null });
  const out = join(folder, "reported");
  const options = { tokenizer: join(folder, "tokenizer.json"), out, threads: 0 };
  const manifest = await tokenizeCorpus(prepared, options);
  const { steps, missing } = await readLineage([out], folder);
  expect(missing).toEqual([]);
  expect(steps.map(({ step, folder: name, rows, tokens }) => [step, name, rows, tokens])).toEqual([
    ["prepare", "prepared-for-report", report.documents, null],
    ["tokenize", "reported", manifest.splits.train.documents + manifest.splits.val.documents, manifest.splits.train.tokens + manifest.splits.val.tokens],
  ]);
  const html = await readFile(join(out, "report.html"), "utf8");
  for (const part of ["prepare: prepared-for-report", "Funnel", manifest.splits.train.tokens.toLocaleString("en-US")]) expect(html).toContain(part);
  await rm(join(out, "report.html"));
  await tokenizeCorpus(prepared, options);
  expect(await readFile(join(out, "report.html"), "utf8")).toBe(html);
});
