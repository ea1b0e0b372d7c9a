import * as tf from "@tensorflow/tfjs-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { OpenedEngine } from "../engine.js";
import { KERNEL_CASES } from "../../test/support/kernel-cases.js";
import { testLibrary, uniform } from "../../test/support/tensorflow.js";
import { openTensorFlow } from "./index.js";

/** XLA has no such op: the function runs as a graph. */
const GRAPH_ONLY = new Set(["CropAndResize", "Dilation2D", "StaticRegexReplace"]);
/** The shape of the result depends on values, or the kernel is JavaScript's: the function runs op by op. */
const EAGER_ONLY = new Set([
  "DenseBincount", "MaxPoolWithArgmax", "NonMaxSuppressionV3", "NonMaxSuppressionV5", "RaggedGather", "RaggedRange", "RaggedTensorToTensor",
  "SparseFillEmptyRows", "SparseReshape", "SparseSegmentMean", "SparseSegmentSum", "StringNGrams", "StringSplit", "StringToHashBucketFast",
  "Transform", "Unique",
]);
/** XLA draws other numbers from the same seed; the graph draws those of the eager op. */
const OTHER_BY_XLA = new Set(["Multinomial"]);

type Values = (number | string)[][];

let engine: OpenedEngine;
const names = Object.keys(KERNEL_CASES);
const inputs = new Map<string, tf.Tensor[]>();
const eager = new Map<string, Values>();
const called = new Map<string, string[]>();
let byXla: Map<string, Values>;

/** A case's value and, with unequal weights on the outputs, its gradients. */
function run(name: string, given: tf.Tensor[]): tf.Tensor[] {
  const { fn, gradient } = KERNEL_CASES[name]!;
  const result = [fn(...given)].flat();
  if (gradient === false) return result;
  const weigh = (y: tf.Tensor): tf.Tensor => tf.sum(tf.mul(y, tf.reshape(tf.cos(tf.range(0, y.size)), y.shape)));
  return [...result, ...tf.grads((...xs: tf.Tensor[]) => weigh([fn(...xs)].flat()[0]!))(given)];
}

const read = (tensors: tf.Tensor[]): Values => tensors.map((tensor) => Array.from(tensor.dataSync() as ArrayLike<number>));

function expectEqual(found: Values, expected: Values): void {
  expect(found.map((list) => list.length)).toEqual(expected.map((list) => list.length));
  expected.forEach((list, i) =>
    list.forEach((value, j) => {
      const other = found[i]![j]!;
      if (typeof value === "string" || !Number.isFinite(value)) expect(other).toEqual(value);
      else expect(Math.abs((other as number) - value), `output ${i}, element ${j}: ${other} for ${value}`).toBeLessThanOrEqual(1e-5 + 2e-5 * Math.abs(value));
    }),
  );
}

beforeAll(async () => {
  engine = await openTensorFlow({ library: await testLibrary() });
  for (const [i, name] of names.entries()) {
    const given = KERNEL_CASES[name]!.shapes.map((shape, j) => tf.tensor(uniform(100 * i + j + 1, tf.util.sizeFromShape(shape)), shape));
    inputs.set(name, given);
    const { kernelNames } = await tf.profile(() => tf.tidy(() => void eager.set(name, read(run(name, given)))) as never);
    called.set(name, kernelNames);
  }
  const compiled = names.filter((name) => !GRAPH_ONLY.has(name) && !EAGER_ONLY.has(name));
  const all = engine.compile((groups: tf.Tensor[][]) => groups.map((group, i) => run(compiled[i]!, group)), { jit: true });
  const results = all(compiled.map((name) => inputs.get(name)!));
  byXla = new Map(compiled.map((name, i) => [name, read(results[i]!)]));
}, 240_000);
afterAll(() => engine.dispose());

test("there is a case for every kernel that the engine registers, and it calls that kernel", () => {
  for (const name of names) expect(called.get(name)).toContain(name);
  const all = new Set([...called.values()].flat());
  const registered = tf.getKernelsForBackend("tensorflow").map(({ kernelName }) => kernelName);
  expect(registered.filter((name) => !all.has(name))).toEqual([]);
});

describe("compiled and eager give equal values and gradients", () => {
  test.each(names)("%s", (name) => {
    const given = inputs.get(name)!;
    const expected = eager.get(name)!;
    if (byXla.has(name) && !OTHER_BY_XLA.has(name)) expectEqual(byXla.get(name)!, expected);
    const fn = engine.compile((...xs: tf.Tensor[]) => run(name, xs), { jit: byXla.has(name) ? false : "auto", name });
    for (let i = 0; i < 2; i++) expectEqual(read(fn(...given)), expected);
    expect(fn.signatures[0]!.mode).toBe(EAGER_ONLY.has(name) ? "eager" : "graph");
    fn.dispose();
  });
});
