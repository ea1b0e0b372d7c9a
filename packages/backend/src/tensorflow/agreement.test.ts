import * as tf from "@tensorflow/tfjs-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { OpenedEngine } from "../engine.js";
import { testLibrary, uniform } from "../../test/support/tensorflow.js";
import { openTensorFlow } from "./index.js";

/**
 * The ops of a Llama's training and decoding steps, with their gradients, in four ways: TensorFlow.js's plain JavaScript backend (the
 * oracle), and TensorFlow op by op, as a graph, and by XLA.
 */
type Case = { shapes: number[][]; fn: (...inputs: tf.Tensor[]) => tf.Tensor; gradient?: false };

const int = (values: number[], shape?: number[]): tf.Tensor => tf.tensor(values, shape ?? [values.length], "int32");
const positive = (x: tf.Tensor): tf.Tensor => tf.add(tf.square(x), 0.1);
const positions = (n: number, shape: number[]): tf.Tensor => tf.reshape(tf.range(0, n, 1, "int32"), shape);

const CASES: Record<string, Case> = {
  "matMul": { shapes: [[3, 4], [4, 5]], fn: (a, b) => tf.matMul(a!, b!) },
  "matMul, b transposed": { shapes: [[3, 4], [5, 4]], fn: (a, b) => tf.matMul(a!, b!, false, true) },
  "matMul, a transposed": { shapes: [[4, 3], [4, 5]], fn: (a, b) => tf.matMul(a!, b!, true, false) },
  "matMul, both transposed": { shapes: [[4, 3], [5, 4]], fn: (a, b) => tf.matMul(a!, b!, true, true) },
  "matMul of batches": { shapes: [[2, 3, 4, 5], [2, 3, 6, 5]], fn: (a, b) => tf.matMul(a!, b!, false, true) },
  "gather rows": { shapes: [[6, 3]], fn: (x) => tf.gather(x!, int([5, 0, 5, 2])) },
  "gather with 2-D indices": { shapes: [[6, 3]], fn: (x) => tf.gather(x!, int([5, 0, 5, 2], [2, 2])) },
  "gather columns": { shapes: [[3, 6]], fn: (x) => tf.gather(x!, int([1, 1, 4]), 1) },
  "softmax": { shapes: [[2, 3, 7]], fn: (x) => tf.softmax(x!) },
  "logSoftmax": { shapes: [[3, 7]], fn: (x) => tf.logSoftmax(x!) },
  "logSumExp": { shapes: [[3, 7]], fn: (x) => tf.logSumExp(x!, -1, true) },
  "RMS norm": { shapes: [[3, 8], [8]], fn: (x, g) => tf.mul(tf.mul(x!, tf.rsqrt(tf.add(tf.mean(tf.square(x!), -1, true), 1e-5))), g!) },
  "SiLU": { shapes: [[3, 8]], fn: (x) => tf.mul(x!, tf.sigmoid(x!)) },
  "rotate half": { shapes: [[2, 3, 8]], fn: (x) => tf.concat([tf.neg(tf.slice(x!, [0, 0, 4], [-1, -1, 4])), tf.slice(x!, [0, 0, 0], [-1, -1, 4])], 2) },
  "cos and sin of positions": { shapes: [[5, 4]], fn: (x) => tf.mul(x!, tf.add(tf.cos(tf.cast(positions(5, [5, 1]), "float32")), tf.sin(x!))) },
  "transpose": { shapes: [[2, 3, 4, 5]], fn: (x) => tf.transpose(x!, [0, 2, 1, 3]) },
  "reshape": { shapes: [[2, 3, 4]], fn: (x) => tf.reshape(x!, [-1, 2]) },
  "split by slices": { shapes: [[4, 9]], fn: (x) => tf.add(tf.slice(x!, [0, 0], [-1, 3]), tf.slice(x!, [0, 6], [-1, 3])) },
  "split": { shapes: [[4, 9]], fn: (x) => tf.split(x!, 3, 1).reduce((a, b) => tf.mul(a, b)) },
  "stridedSlice": { shapes: [[4, 9]], fn: (x) => tf.stridedSlice(x!, [1, 0], [4, 9], [2, 3]), gradient: false },
  "concat": { shapes: [[2, 3], [2, 4]], fn: (a, b) => tf.concat([a!, b!], 1) },
  "stack and unstack": { shapes: [[2, 3], [2, 3]], fn: (a, b) => tf.sub(...(tf.unstack(tf.stack([a!, b!], 1), 1) as [tf.Tensor, tf.Tensor])) },
  "pad": { shapes: [[2, 3]], fn: (x) => tf.pad(x!, [[1, 0], [0, 2]], 0.5) },
  "expandDims and squeeze": { shapes: [[2, 3]], fn: (x) => tf.squeeze(tf.expandDims(x!, 1), [1]) },
  "broadcast add": { shapes: [[2, 3, 4], [4]], fn: (a, b) => tf.add(a!, b!) },
  "broadcast mul both ways": { shapes: [[3, 1], [1, 4]], fn: (a, b) => tf.mul(a!, b!) },
  "grouped heads by broadcasting": { shapes: [[2, 2, 1, 3], [2, 2, 4, 3]], fn: (k, q) => tf.reshape(tf.mul(k!, q!), [2, 8, 3]) },
  "div and sub": { shapes: [[3, 4], [3, 1]], fn: (a, b) => tf.div(tf.sub(a!, 1), positive(b!)) },
  "exp, log, sqrt, pow": { shapes: [[3, 4]], fn: (x) => tf.add(tf.exp(x!), tf.add(tf.log(positive(x!)), tf.pow(tf.sqrt(positive(x!)), 3))) },
  "tanh, relu, abs, erf": { shapes: [[3, 4]], fn: (x) => tf.add(tf.tanh(x!), tf.add(tf.relu(x!), tf.add(tf.abs(x!), tf.erf(x!)))) },
  "sums": { shapes: [[2, 3, 4]], fn: (x) => tf.add(tf.sum(x!, [0, 2], true), tf.sum(x!)) },
  "mean": { shapes: [[2, 3, 4]], fn: (x) => tf.add(tf.mean(x!, -1, true), tf.mean(x!)) },
  "max and min": { shapes: [[3, 5]], fn: (x) => tf.sub(tf.max(x!, -1, true), tf.min(x!, 0, true)) },
  "maximum, minimum, clip": { shapes: [[3, 5]], fn: (x) => tf.add(tf.maximum(x!, 0.2), tf.add(tf.minimum(x!, 0.1), tf.clipByValue(x!, -0.3, 0.3))) },
  "causal mask by where": { shapes: [[2, 4, 4]], fn: (x) => tf.where(tf.greaterEqual(positions(4, [4, 1]), positions(4, [1, 4])), x!, -1e9) },
  "softmax of masked scores": { shapes: [[2, 4, 4]], fn: (x) => tf.softmax(tf.where(tf.greaterEqual(positions(4, [4, 1]), positions(4, [1, 4])), x!, -1e9)) },
  "loss by oneHot": { shapes: [[3, 5]], fn: (x) => tf.neg(tf.sum(tf.mul(tf.logSoftmax(x!), tf.oneHot(int([4, 0, 2]), 5)), -1)) },
  "loss mask by equal and cast": { shapes: [[3, 5]], fn: (x) => tf.mul(x!, tf.cast(tf.equal(positions(5, [1, 5]), int([4, 0, 2], [3, 1])), "float32")) },
  "cache update by a mask": {
    shapes: [[2, 6, 3], [2, 1, 3]],
    fn: (cache, row) => tf.add(tf.mul(cache!, tf.cast(tf.notEqual(positions(6, [1, 6, 1]), 4), "float32")), tf.mul(row!, tf.cast(tf.equal(positions(6, [1, 6, 1]), 4), "float32"))),
  },
  "unsortedSegmentSum": { shapes: [[4, 3]], fn: (x) => tf.unsortedSegmentSum(x!, int([2, 0, 2, 1]) as tf.Tensor1D, 3) },
  "cumsum": { shapes: [[3, 5]], fn: (x) => tf.cumsum(x!, 1) },
  "tile": { shapes: [[2, 3]], fn: (x) => tf.tile(x!, [2, 1]) },
  "ones, zeros and fills of some size": { shapes: [[10, 10]], fn: (x) => tf.add(tf.mul(x!, tf.ones([10, 10])), tf.add(tf.zeros([10, 10]), tf.fill([10, 10], 0.25))) },
  "argMax": { shapes: [[3, 5]], fn: (x) => tf.argMax(x!, -1), gradient: false },
  "topk": { shapes: [[3, 5]], fn: (x) => tf.topk(x!, 2).values, gradient: false },
  "integer arithmetic": { shapes: [[3]], fn: () => tf.add(tf.mul(int([1, 2, 3]), 7), tf.floorDiv(int([7, 8, 9]), int([2, 3, 4]))), gradient: false },
  "comparisons and logic": { shapes: [[3, 4], [3, 4]], fn: (a, b) => tf.logicalOr(tf.logicalAnd(tf.less(a!, b!), tf.lessEqual(a!, 0)), tf.logicalNot(tf.greater(b!, 0))), gradient: false },
};

let engine: OpenedEngine;
const names = Object.keys(CASES);
const inputs: tf.Tensor[][] = [];
type Results = { value: tf.Tensor; grads: tf.Tensor[] }[];

/** Every case at once, so that XLA compiles one function. The gradient is of a sum with unequal weights: a plain sum hides mistakes. */
const all = (groups: tf.Tensor[][]): Results =>
  names.map((name, i) => {
    const { fn, gradient } = CASES[name]!;
    const group = groups[i]!;
    if (gradient === false) return { value: fn(...group), grads: [] };
    const weigh = (y: tf.Tensor): tf.Tensor => tf.sum(tf.mul(y, tf.reshape(tf.cos(tf.range(0, y.size)), y.shape)));
    return { value: fn(...group), grads: tf.grads((...xs: tf.Tensor[]) => weigh(fn(...xs)))(group) };
  });

const read = (results: Results): number[][][] =>
  results.map(({ value, grads }) => [value, ...grads].map((tensor) => Array.from(tensor.dataSync())));

const outcomes: Record<string, number[][][]> = {};

beforeAll(async () => {
  engine = await openTensorFlow({ library: await testLibrary() });
  names.forEach((name, i) => {
    inputs.push(CASES[name]!.shapes.map((shape, j) => tf.tensor(uniform(100 * i + j, tf.util.sizeFromShape(shape)), shape)));
  });
  const groups = inputs.map((group) => group.map((tensor) => tensor.arraySync() as tf.TensorLike));
  tf.setBackend("cpu");
  outcomes["oracle"] = tf.tidy(() => read(all(groups.map((group) => group.map((values) => tf.tensor(values))))) as never) as never;
  tf.setBackend("tensorflow");
  outcomes["eager"] = read(all(inputs));
  outcomes["graph"] = read(engine.compile(all, { jit: false })(inputs));
  outcomes["xla"] = read(engine.compile(all, { jit: true })(inputs));
}, 120_000);
afterAll(() => engine.dispose());

describe.each(["eager", "graph", "xla"])("%s agrees with plain JavaScript", (mode) => {
  test.each(names.map((name, i) => [name, i] as const))("%s", (_name, i) => {
    const expected = outcomes["oracle"]![i]!;
    const found = outcomes[mode]![i]!;
    expect(found.map((values) => values.length)).toEqual(expected.map((values) => values.length));
    expected.forEach((values, k) =>
      values.forEach((value, j) => expect(Math.abs(found[k]![j]! - value)).toBeLessThanOrEqual(2e-6 + 1e-5 * Math.abs(value))),
    );
  });
});
