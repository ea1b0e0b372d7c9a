import { spawn } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Engine, openEngine } from "@llm/backend";
import { train, type TrainEvent, type TrainOptions } from "@llm/trainer";
import { beforeAll, describe, expect, it } from "vitest";
import { collect, countingDocuments, makeShards, temporaryFolder } from "./helpers.js";

const BIN = fileURLToPath(new URL("../bin/llm-trainer.js", import.meta.url));

let engine: Engine;
beforeAll(async () => {
  engine = await openEngine({ prefer: "cpu" });
});

const small = { preset: "test", batchSize: 2, sequenceLength: 24, checkpointMinutes: 0, evalEvery: 0, steps: 3 } as const;
async function place(): Promise<{ options: TrainOptions; out: string; lock: string }> {
  const folder = await temporaryFolder();
  const shards = await makeShards(join(folder, "shards"), { train: countingDocuments(12) });
  const out = join(folder, "run");
  return { options: { ...small, shards, out }, out, lock: join(out, "trainer", "lock") };
}
const run = (options: TrainOptions): Promise<TrainEvent[]> => collect(train(options, { engine }));

describe("a run folder", () => {
  it("is held while it is trained, and free at the end, after a break and after an error", async () => {
    const { options, out, lock } = await place();
    const first = train(options, { engine });
    await first.next();
    expect(JSON.parse(readFileSync(lock, "utf8"))).toMatchObject({ pid: process.pid });
    await expect(run({ ...options, resume: true })).rejects.toThrow(new RegExp(`is being trained by process ${process.pid}\\.`));
    await first.return();
    expect(existsSync(lock)).toBe(false);

    await run({ ...options, resume: true });
    expect(existsSync(lock)).toBe(false);
    await expect(run({ ...options, resume: true, lr: 7 })).rejects.toThrow(/other options/);
    expect(readdirSync(join(out, "trainer")).filter((name) => name.includes("lock"))).toEqual([]);
  });

  it("goes to one of several that want it at once", async () => {
    const { options, lock } = await place();
    await mkdir(join(lock, ".."), { recursive: true });
    await writeFile(lock, '{"pid":999999999,"started":null}\n');
    const results = await Promise.allSettled(Array.from({ length: 5 }, () => run({ ...options, resume: true })));
    expect(results.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
    for (const result of results) if (result.status === "rejected") expect(String(result.reason)).toMatch(/is being trained/);
  });

  it("stays with a living process and is taken from a dead one", async () => {
    const { options, out, lock } = await place();
    const args = ["pretrain", "--shards", options.shards, "--out", out, "--preset", "test", "--steps", "1000000", "--batch-size", "2", "--sequence-length", "16", "--engine", "cpu"];
    const child = spawn(process.execPath, [BIN, ...args], { stdio: "ignore" });
    const ended = new Promise((done) => child.on("close", done));
    while (!existsSync(join(out, "trainer", "log.jsonl"))) await new Promise((done) => setTimeout(done, 5));
    await expect(run({ shards: options.shards, out, resume: true })).rejects.toThrow(new RegExp(`is being trained by process ${child.pid}\\.`));
    child.kill("SIGKILL");
    await ended;
    expect(existsSync(lock)).toBe(true);
    // Only the lock is of interest: this session ends at its first event.
    const next = train({ shards: options.shards, out, resume: true }, { engine });
    expect((await next.next()).value).toMatchObject({ type: "start" });
    await next.return();
    expect(existsSync(lock)).toBe(false);
  }, 120_000);

  // A number of a process says little: systems use them again, and containers start with the same ones.
  it.each([
    ["what is no lock", () => "half a li"],
    ["a dead process that had our number", () => JSON.stringify({ pid: process.pid, started: "another boot:1" })],
    ...(process.platform === "linux" ? [["a dead process whose number lives again", () => JSON.stringify({ pid: process.ppid, started: "another boot:1" })] as [string, () => string]] : []),
  ])("is not held by %s", async (_, content) => {
    const { options, lock } = await place();
    await mkdir(join(lock, ".."), { recursive: true });
    await writeFile(lock, content());
    expect((await run({ ...options, resume: true })).at(-1)).toMatchObject({ reason: "finished" });
  });

  it("is held by a process of which nothing but its number is known", async () => {
    const { options, lock } = await place();
    await mkdir(join(lock, ".."), { recursive: true });
    await writeFile(lock, JSON.stringify({ pid: process.ppid, started: null }));
    await expect(run({ ...options, resume: true })).rejects.toThrow(new RegExp(`trained by process ${process.ppid}\\.`));
  });
});
