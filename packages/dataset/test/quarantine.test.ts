import { spawnSync } from "node:child_process";
import { mkdir, readFile, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type Damage, type Document, prepare, readDocuments, writeParquet } from "@llm/dataset";
import { describe, expect, test } from "vitest";
import { root } from "./python.js";
import { all, temporaryFolder } from "./temporary.js";

const documents = (name: string, count: number): Document[] => Array.from({ length: count }, (_, i) => ({ text: `${name} ${i} is a document with some words that end here.`, id: `${name}-${i}`, language: "en", token_count: 9 }));

/** A folder with a sound file, one with a damaged row group, one that is cut off, and lines of which two are bad. */
async function damagedSources(): Promise<{ source: string; sound: string[] }> {
  const source = join(await temporaryFolder(), "in");
  await mkdir(source, { recursive: true });
  const sound = documents("sound", 400).map(({ id }) => id);
  await writeParquet(join(source, "a.parquet"), documents("sound", 400), { rowGroupSize: 50 });
  await writeParquet(join(source, "b.parquet"), documents("flipped", 400), { rowGroupSize: 50, codec: "UNCOMPRESSED" });
  const flipped = await readFile(join(source, "b.parquet"));
  // The length of a text in the second row group.
  flipped[flipped.indexOf("flipped 70 is") - 2] = 7;
  await writeFile(join(source, "b.parquet"), flipped);
  sound.push(...documents("flipped", 400).map(({ id }) => id).filter((_, i) => i < 50 || i >= 100));
  await writeParquet(join(source, "c.parquet"), documents("cut", 400), { rowGroupSize: 50 });
  const cut = await readFile(join(source, "c.parquet"));
  await writeFile(join(source, "c.parquet"), cut.subarray(0, cut.length >> 1));
  const lines = documents("line", 100).map((row) => JSON.stringify(row));
  lines[10] = "{";
  lines[20] = JSON.stringify({ title: "no text" });
  await writeFile(join(source, "d.jsonl"), `${lines.join("\n")}\n`);
  sound.push(...documents("line", 100).map(({ id }) => id).filter((_, i) => i !== 10 && i !== 20));
  return { source, sound };
}

describe("prepare with damaged sources", () => {
  test("keeps what is sound, names the rest, and the same however it is cut into parts", async () => {
    const { source, sound } = await damagedSources();
    const results: string[] = [];
    for (const partRows of [7, 64, 100_000]) {
      const out = join(await temporaryFolder(), "out");
      const { report } = await prepare(source, { out, maxLost: 0.5, partRows });
      const kept = (await all(readDocuments(join(out, "documents")))).map(({ id }) => id);
      const cut = kept.filter((id) => id.startsWith("cut"));
      expect(cut).toEqual(documents("cut", cut.length).map(({ id }) => id));
      expect(cut.length).toBeGreaterThanOrEqual(100);
      expect(kept.filter((id) => !id.startsWith("cut"))).toEqual(sound);
      const named: Damage[] = [];
      for (const name of (await readdir(join(out, "_damaged"))).sort()) named.push(...(await readFile(join(out, "_damaged", name), "utf8")).trim().split("\n").map((line) => JSON.parse(line) as Damage));
      expect(named.map(({ file, place }) => `${file}: ${place.replace(/\d{3,}/g, "N")}`)).toEqual(["b.parquet: row group 1, rows 50 to 99", expect.stringMatching(/^c\.parquet: bytes N to N \(the end\)/), "d.jsonl: line 11", "d.jsonl: line 21"]);
      expect(report.lost).toMatchObject({ places: 4, documents: 52 });
      expect(report.lost!.share).toBeGreaterThan(0);
      results.push(JSON.stringify([kept, named, report.lost]));
    }
    expect(new Set(results).size).toBe(1);
  });

  test("fails when more is lost than may be, and by default at the first damage", async () => {
    const { source } = await damagedSources();
    const out = join(await temporaryFolder(), "out");
    await expect(prepare(source, { out })).rejects.toThrow(/b\.parquet is damaged .*row group 1, rows from 50/);
    await expect(prepare(source, { out, maxLost: 0.001 })).rejects.toThrow(/More of the sources is damaged than may be lost: .*allowed are 0\.100%/);
    const run = (share: string): { status: number | null; stderr: string } => spawnSync(process.execPath, [join(root, "packages/dataset/bin/llm-dataset.js"), "prepare", source, "--out", out, "--max-lost", share], { encoding: "utf8" });
    expect(run("0.001")).toMatchObject({ status: 1, stderr: expect.stringMatching(/than may be lost/) as string });
    expect(run("0.5")).toMatchObject({ status: 0, stderr: expect.stringMatching(/damaged: 4 places, 52 documents known to be lost, .*% of the bytes; named in _damaged/) as string });
  });
});
