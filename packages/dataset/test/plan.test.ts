import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { appendFile, copyFile, mkdir, readFile, readdir, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type Document, type PrepareOptions, SeededRandom, collectPrepared, planPrepare, prepare, readDocuments, runPrepareRank, writeParquet, writePlan } from "@llm/dataset";
import { describe, expect, test } from "vitest";
import { root } from "./python.js";
import { all, digests, temporaryFolder } from "./temporary.js";

const bin = join(root, "packages/dataset/bin/llm-dataset.js");
const WORDS = "the of and to a in that is was he for it with as his on be at by had not are but from or have an they which one you were all her she there would their we him been has when who will more no if out so said what up its about into than them can only other time new some could these two may first then do any like my now over such our man me even most made after also did many off before must well back through years where much your way down should because long each just state those people too how good world still see own work".split(" ");

/** Prose by chance; every 5th row repeats one of long before, every 9th is short, every 11th is German. */
function rows(count: number, seed: number): Document[] {
  const random = new SeededRandom(seed);
  const prose = (from: SeededRandom): string => Array.from({ length: 4 + from.below(12) }, () => `${Array.from({ length: 8 + from.below(12) }, () => WORDS[from.below(WORDS.length)]!).join(" ")}.`).join(" ");
  return Array.from({ length: count }, (_, i) => {
    const text = i % 9 === 4 ? "short" : i % 5 === 3 ? prose(new SeededRandom(1_000 + random.below(40))) : `Row ${seed} ${i}. ${prose(random)}`;
    return { text, id: `${seed}-${i}`, language: i % 11 === 0 ? "de" : "en", url: `https://host-${i % 7}.example.org/${i}`, token_count: i };
  });
}

const chats = (count: number): string => Array.from({ length: count }, (_, i) => `${JSON.stringify({ id: `chat-${i}`, messages: [{ role: "user", content: `What is ${i % 30}?` }, { role: "assistant", content: `It is ${i % 30}.` }] })}\n`).join("");

/** FOLDER/in: parquet files of several row groups, and two files of chats. */
async function inputs(): Promise<{ folder: string; source: string }> {
  const folder = await temporaryFolder();
  const source = join(folder, "in");
  for (const [index, name] of ["a", "b", "c"].entries()) await writeParquet(join(source, `${name}.parquet`), rows(160, index), { rowGroupSize: 40 });
  await writeFile(join(source, "chats-0.jsonl"), chats(50));
  await writeFile(join(source, "chats-1.jsonl"), chats(80));
  return { folder, source };
}

const linesOf = async (folder: string): Promise<string[]> => (await Promise.all((await readdir(folder)).sort().map((name) => readFile(join(folder, name), "utf8")))).join("").trim().split("\n");

/** Units of about one row group. */
const SMALL = { unitBytes: 20_000, partRows: 50 } satisfies Partial<PrepareOptions>;
const FILTERS = { filters: { set: "fineweb", measures: true, thresholds: { "fineweb.char_dup_ratio": null } } } satisfies Partial<PrepareOptions>;

async function planned(options: Partial<PrepareOptions> = {}, ranks = 4): Promise<{ folder: string; source: string; out: string; path: string; ranks: number }> {
  const { folder, source } = await inputs();
  const out = join(folder, "ranks");
  const path = join(folder, "plan.json");
  const plan = await planPrepare(source, { ...SMALL, ...options, out, ranks });
  await writePlan(path, plan);
  expect(plan.ranks).toHaveLength(ranks);
  return { folder, source, out, path, ranks };
}

const command = (...args: string[]): { done: Promise<{ status: number | null; stderr: string }>; kill: () => void } => {
  const child = spawn(process.execPath, [bin, ...args], { stdio: ["ignore", "ignore", "pipe"] });
  let stderr = "";
  child.stderr.on("data", (piece) => (stderr += String(piece)));
  return { done: new Promise((done) => child.on("close", (status) => done({ status, stderr }))), kill: () => child.kill("SIGKILL") };
};

describe("units", () => {
  test("cut finely, the same rows are kept and rejected, in the same order, as by one reader of everything", async () => {
    const { folder, source } = await inputs();
    for (const options of [{}, FILTERS]) {
      const whole = await prepare(source, { ...options, out: join(folder, "whole") });
      const cut = await prepare(source, { ...options, ...SMALL, out: join(folder, "cut"), workers: 1 });
      expect(cut.report.outputs.length).toBeGreaterThan(2 * whole.report.outputs.length);
      expect(whole.report.rejected.duplicate).toBeGreaterThan(100);
      const { fingerprint: _a, outputs: _b, details: before, ...expected } = whole.report;
      const { fingerprint: _c, outputs: _d, details: after, ...found } = cut.report;
      expect(found).toEqual(expected);
      expect(after).toEqual(before);
      expect(await all(readDocuments(join(folder, "cut")))).toEqual(await all(readDocuments(join(folder, "whole"))));
      // Within a unit a duplicate is found as it is read, across units at the end, when it is as the parquet file has it.
      const rejected = async (name: string): Promise<unknown[]> => (await linesOf(join(folder, name, "rejected"))).map((line) => JSON.parse(line) as unknown);
      expect(await rejected("cut")).toEqual(await rejected("whole"));
      if (options === FILTERS) expect(await linesOf(join(folder, "cut/_measures"))).toEqual(await linesOf(join(folder, "whole/_measures")));
    }
  });

  test("the bytes are the same with any number of workers, and after they were stopped", async () => {
    const { folder, source } = await inputs();
    await prepare(source, { ...SMALL, out: join(folder, "one"), workers: 1 });
    const one = await digests(join(folder, "one"));
    const controller = new AbortController();
    await expect(prepare(source, { ...SMALL, out: join(folder, "three"), workers: 3, signal: controller.signal, onProgress: ({ read }) => read > 0 && controller.abort() })).rejects.toThrow(/abort/);
    await prepare(source, { ...SMALL, out: join(folder, "three"), workers: 3 });
    expect(await digests(join(folder, "three"))).toEqual(one);
  });

  test("one large file of JSONL or text is shared: rows, their numbers and what is damaged are as by one reader, the bytes as by one worker", async () => {
    const folder = await temporaryFolder();
    const source = join(folder, "in");
    await mkdir(source);
    const lines = rows(400, 5).map((row, i) => (i === 250 ? "no JSON" : JSON.stringify(row)) + (i % 50 === 0 ? "\r\n\n" : "\n"));
    await writeFile(join(source, "all.jsonl"), `\ufeff${lines.join("")}`);
    await writeFile(join(source, "prose.txt"), rows(300, 6).map(({ text }) => text).join("\n\n"));
    const options = { maxLost: 0.1, partRows: 30 } satisfies Partial<PrepareOptions>;
    const whole = await prepare(source, { ...options, unitBytes: 1e9, workers: 1, out: join(folder, "whole") });
    const path = join(folder, "plan.json");
    const plan = await planPrepare(source, { ...options, unitBytes: 20_000, out: join(folder, "ranks"), ranks: 3 });
    await writePlan(path, plan);
    for (const file of [0, 1]) expect(plan.units.filter(({ ranges }) => ranges.some((range) => range.file === file && range.lines)).length).toBeGreaterThan(4);
    // Nearly equal, so that no worker has much more to do than another.
    for (const { bytes } of plan.units.slice(0, -1)) expect(bytes).toBeGreaterThan(12_000);
    const cut = await prepare(source, { ...options, unitBytes: 20_000, workers: 2, out: join(folder, "two") });
    const { fingerprint: _a, outputs: _b, details: _c, ...expected } = whole.report;
    expect(cut.report).toMatchObject(expected);
    expect(cut.report.lost).toMatchObject({ places: 1, parts: [{ file: "all.jsonl", place: "line 256" }] });
    const found = await all(readDocuments(join(folder, "two")));
    expect(found).toEqual(await all(readDocuments(join(folder, "whole"))));
    expect(found.find(({ id }) => id === "5-399")).toMatchObject({ source_row: 399 });
    for (const rank of [2, 0, 1]) await runPrepareRank(path, rank);
    await collectPrepared(path);
    await prepare(source, { ...options, unitBytes: 20_000, workers: 1, out: join(folder, "one") });
    for (const name of ["two", "ranks"]) expect(await digests(join(folder, name))).toEqual(await digests(join(folder, "one")));
  });

  test("an error of a worker is the user's error, and names the file", async () => {
    const { folder, source } = await inputs();
    const bytes = await readFile(join(source, "b.parquet"));
    const middle = bytes.length >> 1;
    bytes.fill(0xff, middle, middle + 2_000);
    await writeFile(join(source, "b.parquet"), bytes);
    await expect(prepare(source, { ...SMALL, out: join(folder, "out"), workers: 2 })).rejects.toThrow(/b\.parquet is damaged/);
    const { report } = await prepare(source, { ...SMALL, out: join(folder, "out"), workers: 2, maxLost: 0.5 });
    expect(report.lost).toMatchObject({ places: 1 });
    expect(report.read).toBe(3 * 160 - report.lost!.documents + 130);
    await expect(prepare(source, { ...SMALL, out: join(folder, "out"), workers: 2, maxLost: 0.01 })).rejects.toThrow(/More of the sources is damaged than may be lost/);
  });
});

describe("ranks", () => {
  test("run in any order, again, and by two processes at once, give what prepare gives, to the byte", async () => {
    const { folder, source, out, path } = await planned(FILTERS);
    await prepare(source, { ...SMALL, ...FILTERS, out: join(folder, "plain") });
    for (const rank of [2, 0]) expect((await runPrepareRank(path, rank)).status).toBe("written");
    expect((await runPrepareRank(path, 2)).status).toBe("complete");
    await expect(collectPrepared(path)).rejects.toThrow(/2 of 4 ranks of .*plan\.json are not complete: 1, 3\. Run these again/);
    await expect(runPrepareRank(path, 4)).rejects.toThrow(/has the ranks 0 to 3; there is no rank 4/);
    const twins = [3, 1, 3, 1].map((rank) => command("run-rank", path, "--rank", String(rank)));
    for (const { done } of twins) expect(await done).toMatchObject({ status: 0 });
    expect((await collectPrepared(path, { workers: 2 })).status).toBe("written");
    expect(await digests(out)).toEqual(await digests(join(folder, "plain")));
    expect((await collectPrepared(path)).status).toBe("unchanged");
    expect((await runPrepareRank(path, 1)).status).toBe("complete");
  });

  test("killed with -9 anywhere, a rank goes on, and leaves nothing behind", async () => {
    const { folder, source, out, path, ranks } = await planned(FILTERS, 2);
    await prepare(source, { ...SMALL, ...FILTERS, out: join(folder, "plain") });
    for (const reached of ["unit-00000", "unit-00001/part-00000"]) {
      const { done, kill } = command("run-rank", path, "--rank", "0");
      const here = async (): Promise<boolean> => (await readdir(out).catch(() => [])).some((work) => existsSync(join(out, work, reached)));
      while (!(await here())) await sleep(5);
      kill();
      expect((await done).status).toBeNull();
    }
    const last = runPrepareRank(path, 0);
    await expect(last).resolves.toMatchObject({ status: "written" });
    expect((await last).resumedRows).toBeGreaterThan(0);
    for (let rank = 1; rank < ranks; rank++) await runPrepareRank(path, rank);
    await collectPrepared(path);
    expect(await digests(out)).toEqual(await digests(join(folder, "plain")));
  });

  test("what a rank wrote and is no longer so is found before it is used, and done again", async () => {
    const { folder, source, out, path, ranks } = await planned({}, 3);
    for (let rank = 0; rank < ranks; rank++) await runPrepareRank(path, rank);
    const work = join(out, (await readdir(out))[0]!);
    const completion = JSON.parse(await readFile(join(work, "completions/rank-00001-of-00003.json"), "utf8")) as { files: { file: string }[] };
    const victim = join(work, completion.files.find(({ file }) => file.endsWith("documents.parquet"))!.file);
    const bytes = await readFile(victim);
    bytes[100]! ^= 1;
    await writeFile(victim, bytes);
    await expect(collectPrepared(path)).rejects.toThrow(/1 of 3 ranks of .* left files that are no longer what they wrote: 1\./);
    await expect(collectPrepared(path)).rejects.toThrow(/1 of 3 ranks of .* is not complete: 1\./);
    await runPrepareRank(path, 1);
    await collectPrepared(path);
    await prepare(source, { ...SMALL, out: join(folder, "plain") });
    expect(await digests(out)).toEqual(await digests(join(folder, "plain")));
  });

  test("a plan is frozen: other sources, other versions and other files are refused, other times are not", async () => {
    const { folder, source, path, out } = await planned({}, 2);
    // A file that came later is none of the plan's.
    await writeParquet(join(source, "d.parquet"), rows(10, 9));
    await utimes(join(source, "a.parquet"), 1, 1);
    await runPrepareRank(path, 0);
    await appendFile(join(source, "chats-1.jsonl"), "\n");
    await expect(runPrepareRank(path, 1)).rejects.toThrow(/chats-1\.jsonl is not as it was when the plan was made/);
    const plan = JSON.parse(await readFile(path, "utf8")) as { package: string; task: string };
    const altered = async (name: string, change: object): Promise<string> => {
      await writeFile(join(folder, name), JSON.stringify({ ...plan, ...change }));
      return join(folder, name);
    };
    await expect(runPrepareRank(await altered("version.json", { package: "@llm/dataset@9.9.9" }), 0)).rejects.toThrow(/was made by @llm\/dataset@9\.9\.9, this is @llm\/dataset@/);
    await expect(runPrepareRank(await altered("task.json", { task: "tokenize" }), 0)).rejects.toThrow(/is a plan to tokenize.*Use `llm-bpe`/);
    await expect(runPrepareRank(await altered("none.json", { format: "x" }), 0)).rejects.toThrow(/no plan of version 1/);
    await expect(runPrepareRank(join(folder, "absent.json"), 0)).rejects.toThrow(/not a plan that can be read/);
    // The plan itself is the same bytes each time, and its ranks are at most its units.
    await mkdir(join(folder, "two"));
    await copyFile(join(source, "a.parquet"), join(folder, "two/a.parquet"));
    const again = async (): Promise<unknown> => planPrepare(join(folder, "two"), { out, ranks: 64, unitBytes: 1 << 30 });
    expect(await again()).toEqual(await again());
    expect(await again()).toMatchObject({ ranks: [[0, 1]], units: [{ ranges: [{ file: 0, from: 0, to: null }] }] });
  });
});
