import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Engine, openEngine } from "@llm/backend";
import { listCheckpoints, readLog, train, type TrainOptions } from "@llm/trainer";
import { beforeAll, describe, expect, it } from "vitest";
import { collect, countingDocuments, makeShards, temporaryFolder } from "./helpers.js";

const BIN = fileURLToPath(new URL("../bin/llm-trainer.js", import.meta.url));

/** Runs the real command line; `killAt` sends it the signal once its log holds that many lines. */
function llmTrainer(args: string[], { killAt, signal = "SIGKILL", out }: { killAt?: number; signal?: NodeJS.Signals; out: string }): Promise<number | NodeJS.Signals> {
  return new Promise((done, fail) => {
    const child = spawn(process.execPath, [BIN, ...args], { stdio: ["ignore", "ignore", "pipe"] });
    let errors = "";
    child.stderr.on("data", (chunk) => (errors += chunk));
    const log = join(out, "trainer", "log.jsonl");
    const watch = setInterval(() => {
      if (killAt === undefined || !existsSync(log) || readFileSync(log, "utf8").split("\n").length <= killAt) return;
      clearInterval(watch);
      child.kill(signal);
    }, 2);
    child.on("error", fail);
    child.on("close", (code, signal) => {
      clearInterval(watch);
      if (code !== 0 && code !== 130 && code !== null) process.stderr.write(errors);
      done(signal ?? code!);
    });
  });
}

/** What a run learned and what it measured on the way, without its times. */
async function outcome(out: string) {
  const log = (await readLog(out)).map(({ seconds: _, ...entry }) => entry);
  return { log, weights: createHash("sha256").update(readFileSync(join(out, "model.safetensors"))).digest("hex") };
}

// Each option that changes what a step does, and TensorFlow too where its library is at hand.
const cases: [engine: string, options: string[]][] = [
  ["cpu", ["--accumulate", "2", "--short-start", "0.3"]],
  ["cpu", ["--optimizer", "muon", "--schedule", "wsd"]],
  ...(process.env["LLM_LIBTENSORFLOW"] ? [["tensorflow", []] as [string, string[]]] : []),
];

describe("a killed and resumed run", () => {
  it.each(cases)("gives the same losses and weights as one that was never killed (%s %j)", async (engine, options) => {
    const folder = await temporaryFolder();
    const shards = await makeShards(join(folder, "shards"), { train: countingDocuments(40), val: countingDocuments(4, { seed: 5 }) });
    const shape = ["--preset", "test", "--steps", "20", "--batch-size", "2", "--sequence-length", "16", "--eval-every", "7", "--checkpoint-steps", "3"];
    const args = (out: string): string[] => ["pretrain", "--shards", shards, "--out", out, ...shape, "--engine", engine, ...options];
    const [whole, cut] = [join(folder, "whole"), join(folder, "cut")];
    // Killed once early, once late; each time somewhere within a step or a checkpoint.
    const killed = async (): Promise<void> => {
      expect(await llmTrainer(args(cut), { out: cut, killAt: 5 })).toBe("SIGKILL");
      expect(await llmTrainer([...args(cut), "--resume"], { out: cut, killAt: 15 })).toBe("SIGKILL");
      expect(await llmTrainer([...args(cut), "--resume"], { out: cut })).toBe(0);
    };
    expect(await Promise.all([llmTrainer(args(whole), { out: whole }), killed()])).toEqual([0, undefined]);
    expect((await readLog(cut)).filter(({ type }) => type === "step")).toHaveLength(20);
    expect(await outcome(cut)).toEqual(await outcome(whole));
  }, 180_000); // four processes, and on TensorFlow each compiles its step
});

it.each(["SIGINT", "SIGTERM"] as const)("%s leaves a checkpoint of the last step and exit code 130", async (signal) => {
  const folder = await temporaryFolder();
  const shards = await makeShards(join(folder, "shards"), { train: countingDocuments(12) });
  const out = join(folder, "run");
  const args = ["pretrain", "--shards", shards, "--out", out, "--preset", "test", "--steps", "100000", "--batch-size", "2", "--sequence-length", "16", "--engine", "cpu"];
  expect(await llmTrainer(args, { out, killAt: 4, signal })).toBe(130);
  const last = (await readLog(out)).at(-1)!;
  expect(await listCheckpoints(out)).toContain(`step-${String(last.step).padStart(8, "0")}`);
});

describe("resume", () => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await openEngine({ prefer: "cpu" });
  });
  const small = { batchSize: 2, sequenceLength: 24, checkpointMinutes: 0, evalEvery: 0 } as const;
  const run = (options: TrainOptions) => collect(train(options, { engine }));

  async function stoppedRun(): Promise<{ folder: string; shards: string; out: string }> {
    const folder = await temporaryFolder();
    const shards = await makeShards(join(folder, "shards"), { train: countingDocuments(12) });
    const out = join(folder, "run");
    for await (const event of train({ ...small, shards, out, preset: "test", steps: 8, checkpointSteps: 2 }, { engine })) {
      if (event.type === "step" && event.step === 5) break;
    }
    return { folder, shards, out };
  }

  it("needs no option repeated", async () => {
    const { shards, out } = await stoppedRun();
    const events = await run({ shards, out, resume: true });
    expect(events[0]).toMatchObject({ type: "start", resumedFrom: 4, settings: { preset: "test", batchSize: 2 } });
    expect(events.at(-1)).toMatchObject({ reason: "finished", step: 8 });
  });

  it("does nothing when the run is finished, and goes on when its budget grows", async () => {
    const { shards, out } = await stoppedRun();
    await run({ shards, out, resume: true });
    const before = await outcome(out);
    const again = await run({ shards, out, resume: true });
    expect(again.map(({ type }) => type)).toEqual(["start", "end"]);
    expect(again.at(-1)).toMatchObject({ reason: "finished already", step: 8 });
    expect(await outcome(out)).toEqual(before);
    expect((await run({ shards, out, resume: true, steps: 10 })).at(-1)).toMatchObject({ reason: "finished", step: 10 });
  });

  it("starts anew where there is nothing to go on from", async () => {
    const folder = await temporaryFolder();
    const shards = await makeShards(join(folder, "shards"), { train: countingDocuments(12) });
    const events = await run({ ...small, shards, out: join(folder, "run"), preset: "test", steps: 2, resume: true });
    expect(events[0]).toMatchObject({ resumedFrom: null });
  });

  it("refuses other data, another tokenizer, another model and other options, naming each", async () => {
    const { folder, shards, out } = await stoppedRun();
    const again = (options: Partial<TrainOptions>) => run({ shards, out, resume: true, ...options });
    const otherData = await makeShards(join(folder, "data"), { train: countingDocuments(12), fingerprint: "other" });
    await expect(again({ shards: otherData })).rejects.toThrow(/training data/);
    const otherTokenizer = await makeShards(join(folder, "tokenizer"), { train: countingDocuments(12), tokenizer: "{}" });
    await expect(again({ shards: otherTokenizer })).rejects.toThrow(/another tokenizer/);
    await expect(again({ preset: "sample-small" })).rejects.toThrow(/model config/);
    await expect(again({ lr: 0.5, optimizer: "adamw" })).rejects.toThrow(/optimizer is muon in the run.*; lr is/);
    await expect(again({ minutes: 3 })).rejects.toThrow(/budget is in steps/);
  });

  it("names a damaged checkpoint, and goes on from the one before once it is removed", async () => {
    const { shards, out } = await stoppedRun();
    const newest = join(out, "trainer", "checkpoints", (await listCheckpoints(out)).at(-1)!);
    const path = join(newest, "optimizer.safetensors");
    const bytes = readFileSync(path);
    bytes[bytes.length - 5]! ^= 1;
    writeFileSync(path, bytes);
    await expect(run({ shards, out, resume: true })).rejects.toThrow(/optimizer\.safetensors is damaged.*Remove/s);
    await rm(newest, { recursive: true });
    expect((await run({ shards, out, resume: true }))[0]).toMatchObject({ resumedFrom: 2 });
  });

  it("clears away what a killed session left half-written", async () => {
    const { shards, out } = await stoppedRun();
    writeFileSync(join(out, ".model.safetensors.tmp"), "half");
    writeFileSync(join(out, "trainer", "checkpoints", ".step-00000006.tmp"), "half");
    await run({ shards, out, resume: true });
    expect((await readdir(out, { recursive: true })).filter((name) => name.includes(".tmp"))).toEqual([]);
  });
});
