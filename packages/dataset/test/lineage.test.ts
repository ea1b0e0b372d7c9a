import { execFileSync } from "node:child_process";
import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatasetError, dedupe, lineageHtml, prepare, readDocuments, readLineage, sampleDocuments, sha256Hex, writeParquet } from "@llm/dataset";
import { beforeAll, expect, test } from "vitest";
import { writeSample } from "../src/corpus-files.js";
import { root } from "./python.js";
import { temporaryFolder } from "./temporary.js";

const sentence = (i: number): string => `Number ${i} is a text of its own about thing ${i * 7} and thing ${i * 13}, long enough for ${i} shingles of five words in all.`;

/** A download, a sample of it, what was prepared of that and of a damaged file, and what was left of it without near-duplicates. */
async function run(folder: string): Promise<void> {
  const at = (name: string): string => join(folder, name);
  await mkdir(at("got/data"), { recursive: true });
  await writeParquet(at("got/data/a.parquet"), Array.from({ length: 60 }, (_, i) => ({ text: sentence(i % 50), id: String(i), url: `https://example.org/<${i}>` })));
  await writeFile(at("got/download.json"), JSON.stringify({ format: "llm-dataset-download", version: 1, files: [{ file: "data/a.parquet", url: "https://server/<b>a.parquet", bytes: 1, sha256: "a".repeat(64), checked: "sha256" }] }));
  await writeSample(sampleDocuments(readDocuments(at("got")), { documents: 55 }), { out: at("sample"), source: { sources: ["got"], documents: 55 }, sources: [at("got")] });
  await writeFile(at("more.jsonl"), `${JSON.stringify({ text: sentence(99) })}\n{"text": "<script>alert(1)</script>\n${JSON.stringify({ text: "short" })}\n`);
  await prepare([at("sample"), at("more.jsonl")], { out: at("prepared"), maxLost: 0.9 });
  await dedupe(at("prepared"), { out: at("deduped"), similarity: 0.4 });
}

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "llm-lineage-"));
  await run(folder);
  return () => rm(folder, { recursive: true });
}, 60_000);

test("the last folder leads back to the first, each step by the digest of its record", async () => {
  const { steps, missing } = await readLineage([join(folder, "deduped")], folder);
  expect(missing).toEqual([]);
  expect(steps.map(({ step, folder: name, read, rows }) => [step, name, read, rows])).toEqual([
    ["download", "got", null, null],
    ["sample", "sample", null, 55],
    ["prepare", "prepared", 57, 51],
    ["dedupe", "deduped", 51, expect.any(Number)],
  ]);
  for (const [index, { folder: name, record, sha256, from }] of steps.entries()) {
    expect(sha256).toBe(sha256Hex(await readFile(join(folder, name, record))));
    expect(from).toEqual(index === 0 ? [] : [steps[index - 1]!.sha256]);
  }
  expect(steps[2]!.content.lost).toMatchObject({ places: 1, documents: 1, parts: [{ file: "more.jsonl", place: "line 2", reason: expect.stringMatching(/not valid JSON/) as string }] });
  await expect(readLineage([join(folder, "got/data")])).rejects.toThrow(DatasetError);
});

test("a step that is gone, one that was made anew, and one that was moved and is given", { timeout: 60_000 }, async () => {
  const other = await temporaryFolder();
  await run(other);
  const at = (name: string): string => join(other, name);
  const whole = await readLineage([at("deduped")], other);
  await rename(at("sample"), at("moved"));
  const { steps, missing } = await readLineage([at("deduped")], other);
  expect(steps.map(({ folder: name }) => name)).toEqual(["prepared", "deduped"]);
  expect(missing).toEqual([{ folder: "sample", record: "sample.json", sha256: whole.steps[1]!.sha256, neededBy: "prepared", reason: "absent" }]);
  const given = await readLineage([at("deduped"), at("moved")], other);
  expect([given.missing, given.steps.map(({ folder: name }) => name)]).toEqual([[], ["got", "moved", "prepared", "deduped"]]);
  await prepare(at("more.jsonl"), { out: at("prepared"), maxLost: 0.9 });
  const changed = await readLineage([at("deduped")], other);
  expect(changed.missing).toMatchObject([{ folder: "prepared", reason: "changed", neededBy: "deduped" }]);
  expect(lineageHtml(changed)).toMatch(/prepared with the record report\.json [0-9a-f]{12}…, which is another one by now/);
});

/** The tags of a page as a stack: everything that is opened is closed, in order. */
function unbalanced(html: string): string[] {
  const open: string[] = [];
  for (const [, end, name = ""] of html.matchAll(/<(\/?)([a-z][a-z0-9]*)\b[^<>]*?(?<!\/)>/g)) {
    if (name === "meta") continue;
    if (end === "") open.push(name);
    else if (open.pop() !== name) return [...open, `/${name}`];
  }
  return open;
}

test("the page: balanced, escaped, with the damaged places and every step's own report; on the command line", async () => {
  const html = lineageHtml(await readLineage([join(folder, "deduped")], folder));
  expect(unbalanced(html)).toEqual([]);
  expect(unbalanced(await readFile(join(folder, "prepared/report.html"), "utf8"))).toEqual([]);
  expect(html).not.toMatch(/<script|<b>|<http/);
  for (const part of ["download: got", "sample: sample", "prepare: prepared", "dedupe: deduped", "<h3>Damaged</h3>", "<td>more.jsonl</td><td>line 2</td><td>not valid JSON", "prepare: prepared: 1 place of its inputs could not be read", "<h3>Funnel</h3>", "<h3>Clusters by size</h3>", "&#60;b&#62;a.parquet"]) expect(html).toContain(part);
  expect(html).not.toContain("Not at hand");
  // Numbers stay on one line, words may be broken; the page follows the reader's colours.
  expect(html).toContain('<td>data/a.parquet</td><td class="n">1</td><td>https:');
  expect(html).toMatch(/<span class="name">prepare: prepared<\/span><span class="track"><span class="kept" style="width:[\d.]+%"><\/span><\/span><span class="note">51<\/span>/);
  expect(html).toContain("prefers-color-scheme:dark");
  // What was lost stands in the summary of the step itself, and where nothing was to be lost, that is said.
  expect(await readFile(join(folder, "prepared/report.html"), "utf8")).toMatch(/Damaged, could not be read<\/td><td class="n">1<.*1 place of the inputs could not be read/s);
  await prepare(join(folder, "sample"), { out: join(folder, "whole") });
  expect(await readFile(join(folder, "whole/report.html"), "utf8")).toContain("All of the inputs could be read: nothing was allowed to be lost");
  const args = [join(root, "packages/dataset/bin/llm-dataset.js"), "report", join(folder, "deduped"), "--out", join(folder, "told"), "--json"];
  const printed = JSON.parse(execFileSync(process.execPath, args, { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] })) as unknown;
  expect(printed).toEqual(JSON.parse(await readFile(join(folder, "told/lineage.json"), "utf8")));
  expect(printed).toEqual(JSON.parse(JSON.stringify(await readLineage([join(folder, "deduped")], join(folder, "told")))));
  expect(await readFile(join(folder, "told/lineage.html"), "utf8")).toContain("prepare: prepared");
});
