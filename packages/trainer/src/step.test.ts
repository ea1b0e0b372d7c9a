import * as tf from "@tensorflow/tfjs-core";
import { type Engine, openEngine } from "@llm/backend";
import { crossEntropyLoss, initParameters, presetConfig } from "@llm/model";
import { beforeAll, describe, expect, it } from "vitest";
import { type Microbatch, toInputs, toMicrobatch } from "./microbatch.js";
import { createAdamW } from "./optim/adamw.js";
import { createTrainStep } from "./step.js";

let engine: Engine;
beforeAll(async () => {
  engine = await openEngine({ prefer: "cpu" });
});

const config = presetConfig("test", { vocabSize: 24, maxPositions: 16 });
const T = 6;

/** Rows of T+1 made-up tokens; `counts[i]` targets of row i count. */
function rows(counts: readonly number[], seed: number): Microbatch {
  const tokens = Int32Array.from({ length: counts.length * (T + 1) }, (_, i) => (i * 7 + seed * 5 + ((i * i) % 11)) % 24);
  const mask = new Uint8Array(tokens.length);
  counts.forEach((count, row) => mask.fill(1, row * (T + 1) + 1, row * (T + 1) + 1 + count));
  return toMicrobatch({ tokens, mask, batchSize: counts.length, sequenceLength: T });
}

/** Several microbatches as one. */
function joined(parts: readonly Microbatch[]): Microbatch {
  const cat = <A extends Int32Array | Float32Array>(make: (values: number[]) => A, key: "ids" | "targets" | "mask"): A => make(parts.flatMap((part) => [...part[key]]));
  return {
    ids: cat((values) => Int32Array.from(values), "ids"),
    targets: cat((values) => Int32Array.from(values), "targets"),
    mask: cat((values) => Float32Array.from(values), "mask"),
    shape: [parts.reduce((sum, part) => sum + part.shape[0], 0), T],
    count: parts.reduce((sum, part) => sum + part.count, 0),
  };
}

async function steps(batches: readonly Microbatch[][], clip = 1) {
  const parameters = initParameters(config, { seed: 3 });
  const optimizer = createAdamW(parameters);
  const step = createTrainStep(engine, { config, parameters }, optimizer, { clip, accumulate: batches[0]!.length });
  const results = [];
  const tensors: number[] = [];
  for (const [i, microbatches] of batches.entries()) {
    results.push(await step.run(microbatches, { lr: 1e-3, step: i + 1 }));
    tensors.push(tf.memory().numTensors);
  }
  const weights = [...parameters].map(([name, parameter]) => [name, Array.from(parameter.dataSync())] as const);
  step.dispose();
  optimizer.dispose();
  tf.dispose([...parameters.values()]);
  return { results, weights, tensors };
}

describe("toMicrobatch", () => {
  it("shifts targets and mask by one token, row by row", () => {
    const batch = toMicrobatch({ tokens: Int32Array.from([0, 5, 6, 2, 0, 7, 2, 1]), mask: Uint8Array.from([0, 1, 1, 1, 0, 0, 1, 0]), batchSize: 2, sequenceLength: 3 });
    expect([...batch.ids]).toEqual([0, 5, 6, 0, 7, 2]);
    expect([...batch.targets]).toEqual([5, 6, 2, 7, 2, 1]);
    expect([...batch.mask]).toEqual([1, 1, 1, 0, 1, 0]);
    expect(batch.count).toBe(4);
  });
});

describe("createTrainStep", () => {
  // Very uneven counts: a mean of the microbatches' means would be far off.
  const parts = (seed: number): Microbatch[] => [rows([6, 6], seed), rows([1, 0], seed + 1), rows([0, 3], seed + 2)];

  it("takes the same step over microbatches as over their union", async () => {
    const accumulated = await steps([parts(1), parts(4), parts(9)]);
    const whole = await steps([[joined(parts(1))], [joined(parts(4))], [joined(parts(9))]]);
    accumulated.results.forEach((result, i) => {
      expect(result.loss).toBeCloseTo(whole.results[i]!.loss, 5);
      expect(result.gradNorm).toBeCloseTo(whole.results[i]!.gradNorm, 5);
    });
    for (const [i, [name, values]] of accumulated.weights.entries()) {
      const expected = whole.weights[i]![1];
      expect(Math.max(...values.map((value, j) => Math.abs(value - expected[j]!))), name).toBeLessThan(1e-5);
    }
  });

  it("learns nothing from tokens that are masked", async () => {
    const batch = rows([3, 2], 1);
    const other = { ...batch, targets: batch.targets.map((target, i) => (batch.mask[i] ? target : (target + 9) % 24)) };
    const [a, b] = [await steps([[batch]]), await steps([[other]])];
    expect(a.weights).toEqual(b.weights);
    expect(a.results).toEqual(b.results);
  });

  it("reports the mean loss over the tokens that count", async () => {
    const batch = rows([3, 2], 1);
    const parameters = initParameters(config, { seed: 3 });
    const mean = tf.tidy(() => crossEntropyLoss(config, parameters, ...toInputs(batch)).lossSum.dataSync()[0]! / 5);
    tf.dispose([...parameters.values()]);
    expect((await steps([[batch]])).results[0]!.loss).toBeCloseTo(mean, 5);
  });

  it("keeps the number of tensors constant over 50 steps, with and without accumulation", async () => {
    const before = tf.memory().numTensors;
    for (const batch of [[rows([6], 1)], [rows([6], 1), rows([2], 2)]]) {
      const { tensors } = await steps(Array.from({ length: 50 }, () => batch));
      expect(new Set(tensors).size).toBe(1);
      expect(tf.memory().numTensors).toBe(before);
    }
  });
});
