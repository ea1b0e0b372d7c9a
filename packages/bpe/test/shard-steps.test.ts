import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { trainBpe } from "@llm/bpe";
import { saveTokenizer, tokenizeCorpus } from "@llm/bpe/corpus";
import { exportShards, importShards, mergeShards, openShards, prepare, readLineage, sha256File, splitShards, traceToken } from "@llm/dataset";
import { afterAll, beforeAll, expect, it } from "vitest";
import { prose } from "./texts.js";

let folder: string;
const at = (...names: string[]): string => join(folder, ...names);
const texts = prose(83, 400);

/** download -> prepare -> tokenize -> split -> merge -> export -> import. */
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "bpe-steps-"));
  await mkdir(at("got"));
  await writeFile(at("got/web.jsonl"), texts.map((text, i) => `${JSON.stringify({ text: `${text} `.repeat(3), id: `id-${i}`, url: `https://example.org/${i}` })}\n`).join(""));
  await writeFile(at("got/download.json"), JSON.stringify({ format: "llm-dataset-download", version: 1, files: [{ file: "web.jsonl", url: "https://server/web.jsonl", bytes: 1 }] }));
  await prepare(at("got"), { out: at("prepared"), workers: 1 });
  await saveTokenizer(at("tokenizer.json"), await trainBpe(texts.slice(0, 100), { vocabSize: 400 }));
  await tokenizeCorpus(at("prepared"), { tokenizer: at("tokenizer.json"), out: at("shards"), val: 0.1, provenance: "full", threads: 0 });
  await splitShards(at("shards"), { out: at("parts"), parts: 3 });
  await mergeShards([0, 1, 2].map((part) => at("parts", `part-0000${part}`)), { out: at("merged") });
  await exportShards(at("merged"), { to: "nanogpt", out: at("exported") });
  await importShards(at("exported"), { from: "nanogpt", out: at("imported") });
}, 60_000);
afterAll(() => rm(folder, { recursive: true }));

it("the lineage of shards that were split, merged, exported and imported leads to the first source", async () => {
  const { steps, missing } = await readLineage([at("imported")], folder);
  expect(missing).toEqual([]);
  expect(steps.map(({ step, folder: name }) => `${step} ${name}`)).toEqual(["download got", "prepare prepared", "tokenize shards", "split parts/part-00000", "split parts/part-00001", "split parts/part-00002", "merge merged", "export exported", "import imported"]);
  const digest = (name: string): string => steps.find((step) => step.folder === name)!.sha256;
  expect(steps[3]!.from).toEqual([digest("shards")]);
  expect(steps[6]!.from).toEqual(steps.slice(3, 6).map(({ sha256 }) => sha256));
  const documents = steps[2]!.rows;
  expect(steps.slice(3, 6).reduce((sum, { rows }) => sum + rows!, 0)).toBe(documents);
  expect(steps[6]).toMatchObject({ read: documents, rows: documents, tokens: steps[2]!.tokens });
  expect(steps[6]!.content).toMatchObject({ inputs: [{ file: "../parts/part-00000/manifest.json", sha256: await sha256File(at("parts/part-00000/manifest.json")) }, {}, {}] });
  expect(steps[8]!.content).toMatchObject({ settings: { format: "nanogpt" }, inputs: [{ file: "train.bin", sha256: await sha256File(at("exported/train.bin")) }, { file: "val.bin" }] });
  const page = await readFile(at("imported/report.html"), "utf8");
  for (const part of ["download: got", "split: part-00001", "merge: merged", "<td>train.bin</td>", "../parts/part-00002/manifest.json"]) expect(page).toContain(part);
});

it("a token of the merged set names its document, row, file and URL, one of the imported set its file of tokens and byte", async () => {
  const merged = await openShards(at("merged"));
  const token = Math.floor(merged.split("train").tokens * 0.8);
  const found = await traceToken(merged, { token });
  const { row } = found.source!;
  expect(found.source).toEqual({ file: at("got/web.jsonl"), row, id: `id-${row}`, url: `https://example.org/${row}` });
  expect(found.fileUrl).toBe("https://server/web.jsonl");
  expect(found.original).toMatchObject({ url: `https://example.org/${row}` });
  expect(`${texts[row]!} `.repeat(3)).toContain(found.text!.before.slice(-20) + found.text!.token);

  const imported = await traceToken(at("imported"), { token });
  const byte = Number(/^train\.bin#byte=(\d+)$/.exec(imported.source!.id!)![1]);
  expect(imported).toMatchObject({ text: found.text, source: { file: at("exported/train.bin"), row: imported.document }, reason: expect.stringMatching(/holds tokens/) as string });
  const bin = await readFile(at("exported/train.bin"));
  const { tokens } = await merged.split("train").document(imported.document);
  expect([...tokens]).toEqual(Array.from(tokens, (_, i) => bin.readUInt16LE(byte + 2 * i)));
  merged.close();
});

it("a record that is about another set is not taken for this one's, and goes when the set is made anew", async () => {
  await mergeShards([at("merged")], { out: at("again") });
  expect((await readLineage([at("again")], folder)).steps.at(-1)).toMatchObject({ step: "merge", folder: "again" });
  // The record of the shards lies beside another set.
  await writeFile(at("again/report.json"), await readFile(at("shards/report.json")));
  await mergeShards([at("again")], { out: at("third") });
  const { steps } = await readLineage([at("third")], folder);
  expect(steps.map(({ folder: name }) => name)).toEqual(["third"]);
  await expect(mergeShards([at("merged")], { out: at("third"), onProgress: () => { throw new Error("stopped"); } })).rejects.toThrow("stopped");
  expect(JSON.parse(await readFile(at("third/report.json"), "utf8"))).toMatchObject({ inputs: [{ file: "../again/manifest.json" }] });
});
