import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdir, mkdtemp, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, it } from "vitest";
import { trainBpe } from "@llm/bpe";
import { collectTokenized, planTokenize, runTokenizeRank, saveTokenizer, tokenizeCorpus } from "@llm/bpe/corpus";
import { writeParquet, writePlan } from "@llm/dataset";
import { prose } from "./texts.js";

const BIN = join(import.meta.dirname, "../bin/llm-bpe.js");
let folder: string;
let source: string;
let options: { tokenizer: string; val: number; maxTokensPerShard: number; provenance: "full" };

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "bpe-ranks-"));
  source = join(folder, "source");
  await mkdir(source);
  const texts = prose(81, 3_000);
  await saveTokenizer(join(folder, "tokenizer.json"), await trainBpe(texts.slice(0, 300), { vocabSize: 400 }));
  for (let file = 0; file < 3; file++) await writeParquet(join(source, `${file}.parquet`), texts.slice(file * 900, (file + 1) * 900).map((text, index) => ({ id: `${file}-${index}`, text: index % 97 === 0 ? "" : `${text} `.repeat(4) })), { rowGroupSize: 150 });
  await writeFile(join(source, "chats.jsonl"), texts.slice(2_700).map((text) => `${JSON.stringify({ messages: [{ role: "user", content: text }, { role: "assistant", content: "So it is." }] })}\n`).join(""));
  options = { tokenizer: join(folder, "tokenizer.json"), val: 0.05, maxTokensPerShard: 60_000, provenance: "full" };
  await tokenizeCorpus(source, { ...options, out: join(folder, "whole"), threads: 0 });
});
afterAll(() => rm(folder, { recursive: true }));

async function snapshot(path: string): Promise<Record<string, string>> {
  const result: Record<string, string> = {};
  for (const name of (await readdir(path)).sort()) result[name] = createHash("sha256").update(await readFile(join(path, name))).digest("hex");
  return result;
}

async function planned(name: string, ranks: number, chat = false): Promise<{ out: string; path: string }> {
  const out = join(folder, name);
  const path = `${out}.plan.json`;
  const plan = await planTokenize(source, { ...options, chat, out, ranks, unitBytes: 25_000 });
  expect(plan.ranks).toHaveLength(ranks);
  await writePlan(path, plan);
  return { out, path };
}

it("ranks of parts of files, in any order, again, and killed with -9, give the shards of one process, to the byte", async () => {
  const { out, path } = await planned("ranks", 4);
  for (const rank of [3, 1]) expect((await runTokenizeRank(path, rank)).status).toBe("written");
  expect((await runTokenizeRank(path, 1)).status).toBe("complete");
  await expect(collectTokenized(path)).rejects.toThrow(/2 of 4 ranks of .* are not complete: 0, 2\./);
  // Killed while it writes, the same rank by another process at the same time.
  const child = spawn(process.execPath, [BIN, "run-rank", path, "--rank", "0"], { stdio: "ignore" });
  const ended = new Promise((done) => child.on("exit", done));
  const work = join(out, (await readdir(out))[0]!);
  while (child.exitCode === null && !(await readdir(work)).some((file) => file.startsWith(".attempt-"))) await sleep(1);
  child.kill("SIGKILL");
  await ended;
  expect((await Promise.all([runTokenizeRank(path, 0), runTokenizeRank(path, 0, { threads: 2 })])).map(({ status }) => status)).toEqual(["written", "written"]);
  await runTokenizeRank(path, 2);
  expect((await readdir(work)).filter((file) => file.startsWith("."))).toEqual([]);
  expect((await collectTokenized(path)).status).toBe("written");
  const whole = await snapshot(join(folder, "whole"));
  expect(Object.keys(whole).filter((file) => file.startsWith("train-")).length).toBeGreaterThan(2);
  expect(await snapshot(out)).toEqual(whole);
  expect((await collectTokenized(path)).status).toBe("unchanged");
  expect((await runTokenizeRank(path, 0)).status).toBe("complete");
});

it("a plan that cuts the same sources elsewhere takes nothing from one that was begun before", async () => {
  const begun = await planned("cut", 2);
  await runTokenizeRank(begun.path, 0);
  const plan = await planTokenize(source, { ...options, out: begun.out, ranks: 2, unitBytes: 60_000 });
  await writePlan(begun.path, plan);
  for (const rank of [0, 1]) expect((await runTokenizeRank(begun.path, rank)).status).toBe("written");
  await collectTokenized(begun.path);
  expect(await snapshot(begun.out)).toEqual(await snapshot(join(folder, "whole")));
});

it("chats with masks too; what is damaged or changed meanwhile is named and done again", async () => {
  await tokenizeCorpus(source, { ...options, chat: true, out: join(folder, "whole-chats"), threads: 0 });
  const { out, path } = await planned("chats", 2, true);
  for (const rank of [0, 1]) await runTokenizeRank(path, rank);
  const work = join(out, (await readdir(out))[0]!);
  const victim = join(work, (await readdir(work)).filter((file) => file.endsWith(".tokens")).at(-1)!);
  const bytes = await readFile(victim);
  bytes[bytes.length >> 1]! ^= 1;
  await writeFile(victim, bytes);
  await expect(collectTokenized(path)).rejects.toThrow(/1 of 2 ranks of .* left files that are no longer what they wrote: 1\./);
  await runTokenizeRank(path, 1);
  await collectTokenized(path);
  expect(await snapshot(out)).toEqual(await snapshot(join(folder, "whole-chats")));

  const other = await planned("other", 2);
  await writeFile(options.tokenizer, ` ${await readFile(options.tokenizer, "utf8")}`);
  await expect(runTokenizeRank(other.path, 0)).rejects.toThrow(/tokenizer\.json is not as it was when the plan was made/);
  await expect(planTokenize(source, { ...options, tokenizer: "{}", out })).rejects.toThrow(/names the tokenizer.json as a file/);
  await expect(runTokenizeRank(other.path, 2)).rejects.toThrow(/has the ranks 0 to 1/);
});
