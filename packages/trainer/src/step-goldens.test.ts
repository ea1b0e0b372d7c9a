import { readFileSync } from "node:fs";
import * as tf from "@tensorflow/tfjs-core";
import { type CompileOptions, type Engine, openEngine } from "@llm/backend";
import { type LlamaConfig, parametersFrom, parameterShapes, presetConfig } from "@llm/model";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Microbatch, toMicrobatch } from "./microbatch.js";
import { createAdamW } from "./optim/adamw.js";
import { createTrainStep, type StepOptions } from "./step.js";

/** From tools/goldens/trainer_losses.py: transformers' Llama and torch.optim.AdamW. */
interface Golden {
  lr: number;
  weightDecay: number;
  maxNorm: number;
  batch: number;
  length: number;
  vocabulary: number;
  order: string[];
  losses: number[];
  norms: number[];
}
const golden = JSON.parse(readFileSync(new URL("../test/goldens/losses.json", import.meta.url), "utf8")) as Golden;
const config: LlamaConfig = presetConfig("test", { vocabSize: golden.vocabulary, maxPositions: 64 });

// The same numbers as in the script.
function bits(seed: number, count: number): Uint32Array {
  const start = Math.imul(seed, 40503);
  return Uint32Array.from({ length: count }, (_, i) => {
    let x = (Math.imul(i, 2654435761) + start) | 0;
    for (let round = 0; round < 2; round++) x = Math.imul(x ^ (x >>> 16), 0x45d9f3b);
    return x ^ (x >>> 16);
  });
}

function makeParameters() {
  const tensor = (name: string, shape: number[]) => {
    const uniform = bits(golden.order.indexOf(name), shape.reduce((a, b) => a * b, 1));
    const data = Float32Array.from(uniform, (x) => {
      const u = Math.fround(x / 2 ** 32 - 0.5);
      return shape.length === 1 ? 1 + 0.5 * u : 0.25 * u;
    });
    return { shape, data };
  };
  return parametersFrom(config, new Map([...parameterShapes(config)].map(([name, shape]) => [name, tensor(name, shape)])));
}

/** The rows of a step as microbatches of equally many rows. */
function batches(step: number, parts: number): Microbatch[] {
  const { batch, length, vocabulary } = golden;
  const noise = bits(1000 + step, batch * (length + 1));
  const start = bits(500 + step, batch);
  const tokens = Int32Array.from(noise, (x, i) => {
    const row = Math.floor(i / (length + 1));
    return x % 8 === 0 ? x % vocabulary : ((start[row]! % vocabulary) + (i % (length + 1)) * (1 + (row % 3))) % vocabulary;
  });
  // The first place of a row is never a target; the second half of one row does not count.
  const mask = Uint8Array.from(tokens, (_, i) => (Math.floor(i / (length + 1)) === step % batch && i % (length + 1) > length / 2 ? 0 : 1));
  const rows = batch / parts;
  return Array.from({ length: parts }, (_, part) => {
    const slice = <A extends Int32Array | Uint8Array>(all: A): A => all.subarray(part * rows * (length + 1), (part + 1) * rows * (length + 1)) as A;
    return toMicrobatch({ tokens: slice(tokens), mask: slice(mask), batchSize: rows, sequenceLength: length });
  });
}

async function train(engine: Engine, options: Partial<StepOptions> = {}) {
  const parameters = makeParameters();
  const optimizer = createAdamW(parameters, { weightDecay: golden.weightDecay });
  const accumulate = options.accumulate ?? 1;
  const step = createTrainStep(engine, { config, parameters }, optimizer, { clip: golden.maxNorm, accumulate, ...options });
  const results = [];
  for (let i = 0; i < golden.losses.length; i++) results.push(await step.run(batches(i, accumulate), { lr: golden.lr, step: i + 1 }));
  step.dispose();
  optimizer.dispose();
  tf.dispose([...parameters.values()]);
  return results;
}

/** The largest relative difference. */
const worst = (found: readonly number[], expected: readonly number[]): number => Math.max(...found.map((x, i) => Math.abs(x - expected[i]!) / expected[i]!));

/** An engine that runs every compiled function in a way of its own. */
const as = (engine: Engine, options: CompileOptions): Engine => ({ ...engine, compile: (fn, own) => engine.compile(fn, { ...own, ...options }) });

/** The plain functions, op by op. */
const eager = (engine: Engine): Engine => ({
  ...engine,
  compile(fn) {
    const call = (...args: Parameters<typeof fn>) => tf.tidy(() => fn(...args) as tf.TensorContainer) as ReturnType<typeof fn>;
    return Object.assign(call, { callAsync: async (...args: Parameters<typeof fn>) => call(...args), signatures: [], notes: [], dispose() {} }) as unknown as ReturnType<Engine["compile"]> as never;
  },
});

describe("50 steps give PyTorch's losses", () => {
  // Needs libtensorflow, as the tests of @llm/backend do.
  let tensorflow: Engine;
  beforeAll(async () => {
    tensorflow = await openEngine({ prefer: "tensorflow" });
  });
  afterAll(() => tensorflow.dispose());

  it.each<[string, (engine: Engine) => Engine, Partial<StepOptions>]>([
    ["eager", eager, {}],
    ["compiled", (engine) => as(engine, { jit: false }), {}],
    ["compiled with XLA", (engine) => as(engine, { jit: true }), {}],
    ["compiled, each step of two microbatches", (engine) => as(engine, { jit: false }), { accumulate: 2 }],
    ["compiled with XLA, each step of four microbatches", (engine) => as(engine, { jit: true }), { accumulate: 4 }],
    ["compiled, layers computed again", (engine) => as(engine, { jit: false }), { recompute: true }],
    ["compiled with XLA, layers computed again", (engine) => as(engine, { jit: true }), { recompute: true }],
  ])("%s", async (_, mode, options) => {
    const results = await train(mode(tensorflow), options);
    expect(worst(results.map(({ loss }) => loss), golden.losses)).toBeLessThan(1e-4);
    expect(worst(results.map(({ gradNorm }) => gradNorm), golden.norms)).toBeLessThan(2e-3);
    expect(golden.losses.at(-1)!).toBeLessThan(golden.losses[0]! * 0.8);
  }, 180_000);

  it.each([false, true])("with products in bfloat16 within two percent, and not exactly (XLA: %s)", async (jit) => {
    const results = await train(as(tensorflow, { jit }), { precision: "bfloat16" });
    const difference = worst(results.map(({ loss }) => loss), golden.losses);
    expect(difference).toBeLessThan(0.02);
    expect(difference).toBeGreaterThan(1e-5);
  }, 180_000);

  it("leaves JavaScript its turn while TensorFlow compiles and computes, for progress bars and Ctrl-C", async () => {
    const parameters = makeParameters();
    const optimizer = createAdamW(parameters);
    // Compiled anew in any case: with XLA that is most of the time of a first step.
    const step = createTrainStep(as(tensorflow, { jit: true }), { config: { ...config, normEps: 1.1e-5 }, parameters }, optimizer, { clip: 0.9, accumulate: 1 });
    let last = performance.now();
    let longest = 0;
    const ticker = setInterval(() => {
      longest = Math.max(longest, performance.now() - last);
      last = performance.now();
    }, 1);
    const started = performance.now();
    await step.run(batches(0, 1), { lr: golden.lr, step: 1 });
    const whole = performance.now() - started;
    clearInterval(ticker);
    expect(longest).toBeLessThan(whole / 2);
    step.dispose();
    optimizer.dispose();
    tf.dispose([...parameters.values()]);
  }, 180_000);
});
