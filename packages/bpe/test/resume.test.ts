import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { trainBpe } from "@llm/bpe";
import { saveTokenizer, tokenizeCorpus, type TokenizeProgress } from "@llm/bpe/corpus";
import { prose } from "./texts.js";

// A process that is killed, and worker threads, run what was built: `npm run build` comes first.
const BUILT = join(import.meta.dirname, "../dist/corpus.js");
let folder: string;
let source: string;
let options: { tokenizer: string; val: number; maxTokensPerShard: number; checkpointTokens: number };

beforeAll(async () => {
  expect(existsSync(BUILT), "npm run build first").toBe(true);
  folder = await mkdtemp(join(tmpdir(), "bpe-resume-"));
  source = join(folder, "source");
  await mkdir(source);
  const texts = prose(81, 12_000);
  await saveTokenizer(join(folder, "tokenizer.json"), await trainBpe(texts.slice(0, 500), { vocabSize: 500 }));
  for (let file = 0; file < 5; file++) {
    const rows = texts.slice(file * 2400, (file + 1) * 2400).map((text, index) => JSON.stringify(index % 50 === 0 ? { messages: [{ role: "user", content: text }, { role: "assistant", content: "So it is." }] } : { text: index % 97 === 0 ? "" : `${text} `.repeat(12) }));
    await writeFile(join(source, `${file}.jsonl`), rows.join("\n"));
  }
  options = { tokenizer: join(folder, "tokenizer.json"), val: 0.05, maxTokensPerShard: 300_000, checkpointTokens: 150_000 };
});
afterAll(() => rm(folder, { recursive: true }));

async function snapshot(path: string): Promise<Record<string, string>> {
  const result: Record<string, string> = {};
  for (const name of (await readdir(path)).sort()) result[name] = createHash("sha256").update(await readFile(join(path, name))).digest("hex");
  return result;
}

const parts = async (out: string): Promise<string[]> => {
  const hidden = (await readdir(out).catch(() => [])).find((name) => name.startsWith(".tokenize-"));
  return hidden ? (await readdir(join(out, hidden)).catch(() => [])).filter((name) => name.startsWith("part-")).map((name) => join(out, hidden, name)) : [];
};

/** Runs the tokenizing in a process of its own and kills it once `more` parts came to those that were there. */
async function killed(out: string, threads: number, more: number): Promise<void> {
  const before = (await parts(out)).length;
  const code = `import { tokenizeCorpus } from ${JSON.stringify(pathToFileURL(BUILT).href)}; await tokenizeCorpus(${JSON.stringify(source)}, ${JSON.stringify({ ...options, out, threads })});`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", code], { stdio: ["ignore", "ignore", "inherit"] });
  const ended = new Promise((resolve) => child.on("exit", resolve));
  while (child.exitCode === null && (await parts(out)).length < before + more) await sleep(2);
  child.kill("SIGKILL");
  await ended;
  expect(existsSync(join(out, "manifest.json")), "it was killed too late").toBe(false);
}

describe("tokenizeCorpus that is cut off", () => {
  it("gives the same shards with any number of threads", async () => {
    await tokenizeCorpus(source, { ...options, out: join(folder, "whole"), threads: 0 });
    await tokenizeCorpus(source, { ...options, out: join(folder, "threads"), threads: 3 });
    const whole = await snapshot(join(folder, "whole"));
    expect(Object.keys(whole).length).toBeGreaterThan(8);
    expect(await snapshot(join(folder, "threads"))).toEqual(whole);
  });

  it("goes on after kill -9, and after a part was damaged, and gives the same shards", async () => {
    const out = join(folder, "killed");
    await killed(out, 2, 2);
    await killed(out, 0, 2);
    const there = await parts(out);
    expect(there.length).toBeGreaterThanOrEqual(4);
    const damaged = await readFile(there[3]!);
    damaged[damaged.length >> 1]! ^= 1;
    await writeFile(there[3]!, damaged);
    const events: TokenizeProgress[] = [];
    await tokenizeCorpus(source, { ...options, out, threads: 2, onProgress: (event) => void (event.documents % 500 === 0 && events.push(event)) });
    const resumed = events.at(-1)!.resumed;
    expect(resumed).toBeGreaterThan(1000);
    expect(resumed).toBeLessThan(12_000);
    expect(await snapshot(out)).toEqual(await snapshot(join(folder, "whole")));
  });

  it("goes on after an abort, but not where an input has changed", async () => {
    const out = join(folder, "aborted");
    const controller = new AbortController();
    const onProgress = ({ documents }: TokenizeProgress): void => void (documents === 4000 && controller.abort());
    await expect(tokenizeCorpus(source, { ...options, out, threads: 2, signal: controller.signal, onProgress })).rejects.toThrow(/abort/i);
    expect((await parts(out)).length).toBeGreaterThan(0);
    let resumed = 0;
    await tokenizeCorpus(source, { ...options, out, val: 0.1, threads: 0, onProgress: (event) => (resumed = event.resumed) });
    expect(resumed).toBe(0);
    expect((await readdir(out)).filter((name) => name.startsWith("."))).toEqual([]);
  });
});
