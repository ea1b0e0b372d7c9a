import { readFileSync } from "node:fs";
import * as tf from "@tensorflow/tfjs-core";
import { openEngine } from "@llm/backend";
import { beforeAll, describe, expect, it } from "vitest";
import { createAdamW } from "./adamw.js";
import { clipFactor, globalNorm } from "./clip.js";
import { createMuon, orthogonalize } from "./muon.js";
import type { Optimizer } from "./optimizer.js";

/** From tools/goldens/trainer_optimizers.py: torch.optim in float64. */
interface Golden {
  shapes: Record<string, number[]>;
  weightDecay: number;
  maxNorm: number;
  rates: number[];
  start: Record<string, number[]>;
  gradients: Record<string, number[]>[];
  adamw: { final: Record<string, number[]>; norms: number[] };
  muon: { final: Record<string, number[]>; norms: number[] };
}
const golden = JSON.parse(readFileSync(new URL("../../test/goldens/optimizers.json", import.meta.url), "utf8")) as Golden;

beforeAll(async () => {
  await openEngine({ prefer: "cpu" });
});

const variables = (): Map<string, tf.Variable> =>
  new Map(Object.entries(golden.start).map(([name, values]) => [name, tf.tidy(() => tf.variable(tf.tensor(values, golden.shapes[name]!)))]));

function run(create: (parameters: Map<string, tf.Variable>, options: { weightDecay: number }) => Optimizer) {
  const parameters = variables();
  const optimizer = create(parameters, { weightDecay: golden.weightDecay });
  const norms: number[] = [];
  let tensors = -1;
  golden.gradients.forEach((values, i) => {
    tf.tidy(() => {
      const gradients = new Map(Object.entries(values).map(([name, data]) => [name, tf.tensor(data, golden.shapes[name]!)]));
      const norm = globalNorm([...gradients.values()]);
      norms.push(norm.dataSync()[0]!);
      optimizer.apply(gradients, { lr: tf.scalar(golden.rates[i]!), step: tf.scalar(i + 1), scale: clipFactor(norm, golden.maxNorm) });
    });
    if (tensors >= 0) expect(tf.memory().numTensors).toBe(tensors);
    tensors = tf.memory().numTensors;
  });
  const final = Object.fromEntries([...parameters].map(([name, parameter]) => [name, Array.from(parameter.dataSync())]));
  optimizer.dispose();
  for (const parameter of parameters.values()) parameter.dispose();
  return { norms, final };
}

const largestDifference = (actual: number[], expected: number[]): number => Math.max(...expected.map((value, i) => Math.abs(value - actual[i]!)));

describe.each([
  ["adamw", createAdamW],
  ["muon", createMuon],
] as const)("%s", (kind, create) => {
  it("takes the same 20 clipped steps as PyTorch", () => {
    const { norms, final } = run(create);
    expect(largestDifference(norms, golden[kind].norms)).toBeLessThan(1e-5);
    for (const [name, expected] of Object.entries(golden[kind].final)) {
      expect(largestDifference(final[name]!, expected), name).toBeLessThan(1e-5);
    }
  });

  it("keeps nothing alive after dispose", () => {
    const before = tf.memory().numTensors;
    run(create);
    expect(tf.memory().numTensors).toBe(before);
  });
});

describe("orthogonalize", () => {
  it.each([[5, 3], [3, 5], [4, 4]])("brings the singular values of a %d x %d matrix near one", (rows, columns) => {
    tf.tidy(() => {
      const x = orthogonalize(tf.randomNormal([2, rows, columns], 0, 3, "float32", 11) as tf.Tensor3D);
      const short = Math.min(rows, columns);
      const gram = rows > columns ? tf.matMul(x, x, true, false) : tf.matMul(x, x, false, true);
      const trace = tf.sum(tf.mul(gram, tf.eye(short)), [1, 2]).dataSync(); // the sum of squared singular values
      for (const value of trace) {
        expect(value / short).toBeGreaterThan(0.4);
        expect(value / short).toBeLessThan(1.4);
      }
    });
  });
});

describe("clipFactor", () => {
  it("leaves small norms alone, brings large ones to the bound and can be turned off", () => {
    tf.tidy(() => {
      expect(clipFactor(tf.scalar(0.5), 1).dataSync()[0]).toBe(1);
      expect(clipFactor(tf.scalar(4), 1).dataSync()[0]).toBeCloseTo(0.25, 5);
      expect(clipFactor(tf.scalar(4), 0).dataSync()[0]).toBe(1);
    });
  });
});
