import { existsSync, readdirSync, readFileSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import * as tf from "@tensorflow/tfjs-core";
import { type Engine, openEngine } from "@llm/backend";
import { loadModel } from "@llm/model/node";
import { evaluate, listCheckpoints, readLog, train, type TrainOptions } from "@llm/trainer";
import { beforeAll, describe, expect, it } from "vitest";
import { collect, countingDocuments, lossesOf, makeShards, temporaryFolder, type TestDocument } from "./helpers.js";

let engine: Engine;
beforeAll(async () => {
  engine = await openEngine({ prefer: "cpu" });
});

const small = { preset: "test", batchSize: 2, sequenceLength: 24, checkpointMinutes: 0, evalEvery: 0 } as const;
const run = (options: Omit<TrainOptions, "preset"> & { preset?: string }, signal?: AbortSignal) => collect(train(options, { engine, ...(signal ? { signal } : {}) }));

describe("train", () => {
  it("learns two documents by heart", async () => {
    const folder = await temporaryFolder();
    const shards = await makeShards(join(folder, "shards"), { train: countingDocuments(2) });
    const losses = lossesOf(await run({ ...small, shards, out: join(folder, "run"), steps: 60, lr: 2e-2 }));
    expect(losses[0]).toBeGreaterThan(3);
    expect(losses.at(-1)).toBeLessThan(0.1);
  });

  it("leaves a run folder that opens as a Hugging Face model and says how it came about", async () => {
    const folder = await temporaryFolder();
    const shards = await makeShards(join(folder, "shards"), { train: countingDocuments(12), val: countingDocuments(4, { seed: 5 }) });
    const out = join(folder, "run");
    const before = tf.memory().numTensors;
    const events = await run({ ...small, shards, out, steps: 10, evalEvery: 4, checkpointSteps: 3 });
    expect(tf.memory().numTensors).toBe(before);

    expect(events[0]).toMatchObject({ type: "start", resumedFrom: null });
    expect(events.filter(({ type }) => type === "checkpoint").map((event) => "step" in event && event.step)).toEqual([0, 3, 6, 9, 10]);
    expect(await listCheckpoints(out)).toEqual(["step-00000009", "step-00000010"]);
    expect(readdirSync(out).sort()).toEqual(["config.json", "generation_config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json", "trainer"]);
    expect(readFileSync(join(out, "tokenizer.json"))).toEqual(readFileSync(join(shards, "tokenizer.json")));
    expect(JSON.parse(readFileSync(join(out, "config.json"), "utf8"))).toMatchObject({ architectures: ["LlamaForCausalLM"], vocab_size: 32, eos_token_id: 2 });
    const { params } = await loadModel(out);
    tf.dispose([...params.values()]);

    const log = await readLog(out);
    expect(log.filter(({ type }) => type === "step").map(({ step }) => step)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    expect(log.filter(({ type }) => type === "eval").map(({ step }) => step)).toEqual([4, 8, 10]);

    const end = events.at(-1)!;
    const evaluated = await evaluate({ run: out, shards }, { engine });
    expect(end).toMatchObject({ type: "end", reason: "finished", step: 10, validation: evaluated });
    // How many rows go at once changes nothing; shorter rows cut documents in other places, but count the same tokens.
    const otherBatches = await evaluate({ run: out, shards, batchSize: 3 }, { engine });
    expect(otherBatches.tokens).toBe(evaluated.tokens);
    expect(otherBatches.loss).toBeCloseTo(evaluated.loss, 5);
    const shortRows = await evaluate({ run: out, shards, batchSize: 3, sequenceLength: 16 }, { engine });
    expect(shortRows.tokens).toBe(evaluated.tokens);
    expect(shortRows.loss).not.toBe(evaluated.loss);
    const manifest = JSON.parse(readFileSync(join(shards, "manifest.json"), "utf8")) as { splits: { val: { textBytes: number } } };
    expect(evaluated.bitsPerByte).toBeCloseTo((evaluated.loss * evaluated.tokens) / Math.LN2 / manifest.splits.val.textBytes, 6);
  });

  it("counts a budget in tokens and starts with short rows when asked", async () => {
    const folder = await temporaryFolder();
    const shards = await makeShards(join(folder, "shards"), { train: countingDocuments(40) });
    const events = await run({ ...small, shards, out: join(folder, "run"), tokens: 600, shortStart: 0.5 });
    const end = events.at(-1)!;
    expect(end.type === "end" && end.tokens).toBeGreaterThanOrEqual(600);
    const before = events.filter((event) => event.type === "step").at(-2)!;
    expect(before.type === "step" && before.tokens).toBeLessThan(600);
  });

  it("stops at a budget in minutes", async () => {
    const folder = await temporaryFolder();
    const shards = await makeShards(join(folder, "shards"), { train: countingDocuments(12) });
    const events = await run({ ...small, shards, out: join(folder, "run"), minutes: 0.01 });
    const steps = events.filter((event) => event.type === "step");
    expect(steps.length).toBeGreaterThan(0);
    const last = steps.at(-1)!;
    expect(last.type === "step" && last.seconds).toBeLessThan(5);
    expect(events.at(-1)).toMatchObject({ reason: "finished" });
  });

  it("writes a checkpoint and ends when the signal fires", async () => {
    const folder = await temporaryFolder();
    const shards = await makeShards(join(folder, "shards"), { train: countingDocuments(12) });
    const out = join(folder, "run");
    const controller = new AbortController();
    const steps: number[] = [];
    for await (const event of train({ ...small, shards, out, steps: 50 }, { engine, signal: controller.signal })) {
      if (event.type === "step") steps.push(event.step);
      if (event.type === "step" && event.step === 4) controller.abort();
      if (event.type === "end") expect(event.reason).toBe("stopped");
    }
    expect(steps).toEqual([1, 2, 3, 4]);
    expect((await listCheckpoints(out)).at(-1)).toBe("step-00000004");
  });

  it.each([["during training", 4, false], ["at the end", 6, true]] as const)("a signal stops an evaluation %s before its next batch", async (_, step, final) => {
    const folder = await temporaryFolder();
    const shards = await makeShards(join(folder, "shards"), { train: countingDocuments(12), val: countingDocuments(40, { seed: 5 }) });
    const out = join(folder, "run");
    const controller = new AbortController();
    const events: string[] = [];
    for await (const event of train({ ...small, shards, out, steps: 6, evalEvery: 4, evalTokens: final ? 1 : 1000 }, { engine, signal: controller.signal })) {
      if (event.type === "evaluating" && event.final === final) controller.abort(new Error("enough"));
      if (controller.signal.aborted) events.push(event.type === "end" ? event.reason : event.type);
    }
    expect(events).toEqual(final ? ["evaluating", "stopped"] : ["evaluating", "checkpoint", "stopped"]);
    expect((await listCheckpoints(out)).at(-1)).toBe(`step-0000000${step}`);
    const resumed = await run({ shards, out, resume: true } as never);
    expect(resumed.at(-1)).toMatchObject({ type: "end", reason: "finished", step: 6 });
  });

  it("frees everything when its consumer leaves early", async () => {
    const folder = await temporaryFolder();
    const shards = await makeShards(join(folder, "shards"), { train: countingDocuments(12) });
    const before = tf.memory().numTensors;
    for await (const event of train({ ...small, shards, out: join(folder, "run"), steps: 50 }, { engine })) {
      if (event.type === "step" && event.step === 2) break;
    }
    expect(tf.memory().numTensors).toBe(before);
  });

  it("stops with a clear error and saves nothing when the loss breaks down", async () => {
    const folder = await temporaryFolder();
    const shards = await makeShards(join(folder, "shards"), { train: countingDocuments(12) });
    const out = join(folder, "run");
    await expect(run({ ...small, shards, out, steps: 50, lr: 1e30, clip: 0, warmup: 0, checkpointSteps: 1 })).rejects.toThrow(/broke down at step \d+.*lower --lr/s);
    const { params } = await loadModel(out);
    for (const parameter of params.values()) expect((await parameter.data()).every(Number.isFinite)).toBe(true);
    tf.dispose([...params.values()]);
  });

  it.each(["adamw", "muon"] as const)("gives the same losses twice with %s", async (optimizer) => {
    const folder = await temporaryFolder();
    const shards = await makeShards(join(folder, "shards"), { train: countingDocuments(12) });
    const losses = async (name: string, seed: number) => lossesOf(await run({ ...small, shards, out: join(folder, name), steps: 6, optimizer, seed }));
    const first = await losses("a", 1);
    expect(await losses("b", 1)).toEqual(first);
    expect(await losses("c", 2)).not.toEqual(first);
  });
});

it("computes layers again when asked, with the same losses, and resumes runs from before there was a choice", async () => {
  const folder = await temporaryFolder();
  const shards = await makeShards(join(folder, "shards"), { train: countingDocuments(12) });
  const [kept, again] = [join(folder, "kept"), join(folder, "again")];
  const losses = lossesOf(await run({ ...small, shards, out: kept, steps: 4 }));
  expect(lossesOf(await run({ ...small, shards, out: again, steps: 4, recompute: true }))).toEqual(losses);
  const state = join(kept, "trainer", "checkpoints", "step-00000004", "state.json");
  const { settings, ...rest } = JSON.parse(readFileSync(state, "utf8")) as { settings: Record<string, unknown> };
  const { recompute: _, precision: __, ...old } = settings;
  await writeFile(state, JSON.stringify({ ...rest, settings: old }));
  const events = await collect(train({ shards, out: kept, resume: true, steps: 6 }, { engine }));
  expect(events[0]).toMatchObject({ type: "start", settings: { recompute: false, precision: "float32" } });
  expect(events.at(-1)).toMatchObject({ reason: "finished", step: 6 });
  await expect(collect(train({ shards, out: kept, resume: true, steps: 8, precision: "bfloat16" }, { engine }))).rejects.toThrow(/precision is float32 in the run/);
});

describe("fine-tuning", () => {
  const chats = (answer: number): TestDocument[] =>
    Array.from({ length: 8 }, (_, i) => {
      const tokens = [0, 6, 8 + i, 9 + i, 7, answer, answer, 2];
      return { tokens, mask: [0, 0, 0, 0, 0, 1, 1, 1] };
    });

  it("starts from a run's weights and counts only the assistant's tokens", async () => {
    const folder = await temporaryFolder();
    const shards = await makeShards(join(folder, "shards"), { train: countingDocuments(12) });
    const chatShards = await makeShards(join(folder, "chats"), { train: chats(20), val: chats(20), lossMask: true });
    const base = join(folder, "base");
    await run({ ...small, shards, out: base, steps: 3 });
    const { preset: _, ...sized } = small;
    const events = await run({ ...sized, shards: chatShards, from: base, out: join(folder, "tuned"), steps: 40, lr: 1e-2 });
    const end = events.at(-1)!;
    const losses = lossesOf(events);
    // Every counted token can be known, the questions before them can't: near 0 only when they don't count.
    expect(losses.at(-1)).toBeLessThan(0.1);
    expect(end).toMatchObject({ reason: "finished", validation: { bitsPerByte: null, tokens: 24 } });
  });

  it("survives batches in which nothing counts, and refuses data in which nothing ever does", async () => {
    const folder = await temporaryFolder();
    const silent: TestDocument[] = Array.from({ length: 12 }, () => ({ tokens: [0, 6, 9, 7, 2], mask: [0, 0, 0, 0, 0] }));
    const base = join(folder, "base");
    await run({ ...small, shards: await makeShards(join(folder, "shards"), { train: countingDocuments(12) }), out: base, steps: 1 });
    const tune = (shards: string, out: string) => run({ batchSize: 1, sequenceLength: 8, checkpointMinutes: 0, shards, from: base, out, steps: 8 });
    const some = await makeShards(join(folder, "some"), { train: [...silent, ...chats(20)], lossMask: true });
    for (const loss of lossesOf(await tune(some, join(folder, "a")))) expect(loss).toBeGreaterThan(0);
    const none = await makeShards(join(folder, "none"), { train: silent, lossMask: true });
    await expect(tune(none, join(folder, "b"))).rejects.toThrow(/no training tokens/);
  });
});

describe("wrong input", () => {
  it("refuses shards of another tokenizer for fine-tuning and evaluation, and leaves nothing behind", async () => {
    const folder = await temporaryFolder();
    const base = join(folder, "base");
    await run({ ...small, shards: await makeShards(join(folder, "shards"), { train: countingDocuments(12) }), out: base, steps: 1 });
    const other = await makeShards(join(folder, "other"), { train: countingDocuments(12), val: countingDocuments(2), tokenizer: '{"version":"2.0"}' });
    await expect(run({ shards: other, from: base, out: join(folder, "tuned"), steps: 1 })).rejects.toThrow(/another tokenizer/);
    await expect(evaluate({ run: base, shards: other }, { engine })).rejects.toThrow(/another tokenizer/);
    expect(existsSync(join(folder, "tuned"))).toBe(false);
  });

  it("refuses a tokenizer.json that did not write the shards", async () => {
    const folder = await temporaryFolder();
    const shards = await makeShards(join(folder, "shards"), { train: countingDocuments(12) });
    await writeFile(join(shards, "tokenizer.json"), "{}");
    await expect(run({ ...small, shards, out: join(folder, "run"), steps: 1 })).rejects.toThrow(/not the tokenizer that/);
  });

  it("refuses an output folder in use", async () => {
    const folder = await temporaryFolder();
    const shards = await makeShards(join(folder, "shards"), { train: countingDocuments(12) });
    const out = join(folder, "run");
    await mkdir(out);
    await run({ ...small, shards, out, steps: 1 });
    await expect(run({ ...small, shards, out, steps: 1 })).rejects.toThrow(/holds a run already.*--resume/);
    await mkdir(join(folder, "photos"));
    await writeFile(join(folder, "photos", "cat.jpg"), "");
    await expect(run({ ...small, shards, out: join(folder, "photos"), steps: 1 })).rejects.toThrow(/not a run/);
  });

  it("refuses settings that can't work", async () => {
    const folder = await temporaryFolder();
    const shards = await makeShards(join(folder, "shards"), { train: countingDocuments(12) });
    const out = join(folder, "run");
    await expect(run({ ...small, shards, out, steps: 1, minutes: 1 })).rejects.toThrow(/more than once/);
    await expect(run({ ...small, shards, out, steps: 1, sequenceLength: 4096 })).rejects.toThrow(/context/);
    await expect(run({ ...small, shards, out, steps: 1, precision: "bfloat16" })).rejects.toThrow(/cpu computes in float32 only.*TensorFlow/);
    await expect(run({ ...small, shards, out, steps: 1, precision: "half" as "float32" })).rejects.toThrow(/no precision "half"/);
    await expect(run({ ...small, shards, out, steps: 1, preset: "huge" })).rejects.toThrow(/preset/);
    await expect(run({ ...small, shards: join(folder, "nothing"), out, steps: 1 })).rejects.toThrow(/nothing/);
    expect(existsSync(out)).toBe(false);
  });
});
