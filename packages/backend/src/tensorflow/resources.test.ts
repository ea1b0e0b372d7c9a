import * as tf from "@tensorflow/tfjs-core";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { OpenedEngine } from "../engine.js";
import { testLibrary } from "../../test/support/tensorflow.js";
import type { TracingBackend } from "./backend.js";
import { openTensorFlow } from "./index.js";

let engine: OpenedEngine;
beforeAll(async () => {
  engine = await openTensorFlow({ library: await testLibrary() });
});
afterAll(() => engine.dispose());
beforeEach(() => tf.disposeVariables());

const values = (tensor: tf.Tensor): number[] => Array.from(tensor.dataSync());
const backend = (): TracingBackend => tf.backend() as TracingBackend;
const inResource = (variable: tf.Variable): boolean => backend().tensorMap.get(variable.dataId).resource !== undefined;

describe.each([["graph", false], ["xla", true]] as const)("variables that a function updates are resources, %s", (_mode, jit) => {
  test("those that it only reads are not; both may be read, cloned, assigned and disposed at any time", () => {
    const [w, factor] = [tf.variable(tf.tensor1d([1, 2])), tf.variable(tf.scalar(2))];
    const double = engine.compile(() => w.assign(tf.mul(w, factor)), { jit });
    double();
    expect([inResource(w), inResource(factor)]).toEqual([true, false]);
    expect(values(w)).toEqual([2, 4]);
    const [clone, view] = [w.clone(), tf.reshape(w, [2, 1])];
    double();
    expect([values(w), values(clone), values(view)]).toEqual([[4, 8], [2, 4], [2, 4]]);
    double();
    expect([values(w), values(clone), values(view)]).toEqual([[8, 16], [2, 4], [2, 4]]);
    w.assign(tf.tensor1d([5, 6]));
    expect([inResource(w), values(w)]).toEqual([false, [5, 6]]);
    double();
    expect([inResource(w), values(w), values(tf.add(w, 1))]).toEqual([true, [10, 12], [11, 13]]);
  });

  test("two functions share one; one that reads sees what the other wrote", () => {
    const w = tf.variable(tf.scalar(1));
    const write = engine.compile(() => w.assign(tf.add(w, 1)), { jit });
    const read = engine.compile((x: tf.Tensor) => tf.mul(x, w), { jit });
    const set = engine.compile((x: tf.Scalar) => void w.assign(x), { jit }); // never reads it
    const ten = tf.scalar(10);
    expect(values(read(ten))).toEqual([10]);
    write();
    expect(values(read(ten))).toEqual([20]);
    set(ten);
    expect([values(read(ten)), values(w), values(ten)]).toEqual([[100], [10], [10]]);
    write();
    expect([values(w), values(ten)]).toEqual([[11], [10]]);
  });

  test("a step makes no tensor but its results, and frees all when variables go", () => {
    const start = engine.memory();
    const weights = Array.from({ length: 20 }, () => tf.tidy(() => tf.variable(tf.ones([4]))));
    const step = engine.compile(() => {
      for (const w of weights) w.assign(tf.add(w, 1));
      return tf.sum(weights[0]!);
    }, { jit });
    step().dispose();
    const settled = engine.memory();
    for (let i = 0; i < 20; i++) step().dispose();
    expect(engine.memory()).toEqual(settled);
    tf.dispose(weights);
    step.dispose();
    expect(engine.memory()).toEqual(start);
  });
});

test("a step that fails half-way has changed no variable", () => {
  const [a, b] = [tf.variable(tf.scalar(1)), tf.variable(tf.zeros([2]))];
  const table = tf.tensor1d([3, 4]);
  const step = engine.compile((i: tf.Tensor1D) => {
    a.assign(tf.add(a, 1));
    b.assign(tf.gather(table, i));
  }, { jit: false });
  step(tf.tensor1d([1, 0], "int32"));
  expect([values(a), values(b)]).toEqual([[2], [4, 3]]);
  for (let i = 0; i < 5; i++) expect(() => step(tf.tensor1d([1, 7], "int32"))).toThrow(/indices/);
  expect([values(a), values(b)]).toEqual([[2], [4, 3]]);
});

test("integers and TensorFlow builds without the functions for it go the plain way, with the same values", () => {
  const count = tf.variable(tf.scalar(1, "int32"));
  const add = engine.compile(() => count.assign(tf.add(count, tf.scalar(2, "int32"))), { jit: false });
  add();
  add();
  expect([inResource(count), values(count)]).toEqual([false, [5]]);

  const { api } = backend().binding;
  const missing = api.TF_GraphToFunctionWithControlOutputs;
  try {
    delete api.TF_GraphToFunctionWithControlOutputs;
    const w = tf.variable(tf.scalar(3));
    const twice = engine.compile(() => w.assign(tf.mul(w, 2)));
    twice();
    twice();
    expect([inResource(w), values(w)]).toEqual([false, [12]]);
  } finally {
    if (missing) api.TF_GraphToFunctionWithControlOutputs = missing;
  }
});

test("JavaScript's arrays are gone, and their memory is the system's again, before the first call of a function that took them over", () => {
  const before = process.memoryUsage();
  const variables = Array.from({ length: 12 }, (_, i) => tf.tidy(() => tf.variable(tf.tensor(new Float32Array(2 ** 22).fill(i), [2 ** 22]))));
  expect(process.memoryUsage().arrayBuffers - before.arrayBuffers).toBeGreaterThan(190e6);
  const total = engine.compile(() => tf.addN(variables.map((variable) => tf.mean(variable))), { jit: false });
  const result = total();
  const after = process.memoryUsage();
  expect(after.arrayBuffers - before.arrayBuffers).toBeLessThan(20e6);
  expect(after.rss - before.rss).toBeLessThan(300e6); // one copy, in TensorFlow, not two
  expect(result.dataSync()[0]).toBe(66);
});
