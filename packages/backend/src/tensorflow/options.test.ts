import * as tf from "@tensorflow/tfjs-core";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { OpenedEngine } from "../engine.js";
import { plainCompile } from "../compile-plain.js";
import { statelessNormal, statelessUniform } from "../random.js";
import { testLibrary, uniform } from "../../test/support/tensorflow.js";
import { openTensorFlow } from "./index.js";

let engine: OpenedEngine;
beforeAll(async () => {
  engine = await openTensorFlow({ library: await testLibrary() });
});
afterAll(() => engine.dispose());
beforeEach(() => tf.disposeVariables());

const values = (tensor: tf.Tensor): number[] => Array.from(tensor.dataSync());
const vector = (...numbers: number[]): tf.Tensor1D => tf.tensor1d(numbers);

describe("random numbers", () => {
  const seed = (a: number, b: number): tf.Tensor1D => tf.tensor1d([a, b], "int32");

  test("Philox: the known answers of its authors, and the same numbers eager, as a graph, by XLA, and in JavaScript", () => {
    // kat_vectors of Random123: philox4x32-10, counter and key 0.
    const known = [0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8].map((x) => (x & 0x7fffff) * 2 ** -23);
    expect(values(statelessUniform([4], seed(0, 0)))).toEqual(known);
    const draw = (s: tf.Tensor1D): tf.Tensor => statelessUniform([3, 7], s);
    const [graph, xla] = [engine.compile(draw, { jit: false }), engine.compile(draw, { jit: true })];
    for (const [a, b] of [[1, 2], [-5, 2 ** 31 - 1]] as const) {
      const expected = values(draw(seed(a, b)));
      expect(values(graph(seed(a, b)))).toEqual(expected);
      expect(values(xla(seed(a, b)))).toEqual(expected);
      tf.setBackend("cpu");
      expect(values(draw(seed(a, b)))).toEqual(expected);
      tf.setBackend("tensorflow");
      expect(Math.min(...expected)).toBeGreaterThanOrEqual(0);
      expect(Math.max(...expected)).toBeLessThan(1);
    }
    expect(graph.signatures).toHaveLength(1);
  });

  test("normal numbers have the moments of a normal distribution", () => {
    const x = statelessNormal([20_000], seed(3, 4));
    const [mean, square, fourth] = [tf.mean(x), tf.mean(tf.square(x)), tf.mean(tf.pow(x, 4))].map((m) => values(m)[0]!) as [number, number, number];
    expect(Math.abs(mean)).toBeLessThan(0.03);
    expect(square).toBeCloseTo(1, 1);
    expect(Math.abs(fourth - 3)).toBeLessThan(0.25);
  });

  test("nothing is left behind; other seeds are refused", () => {
    const s = seed(1, 2);
    statelessNormal([5], s).dispose();
    const start = engine.memory();
    statelessNormal([5], s).dispose();
    expect(engine.memory()).toEqual(start);
    expect(() => statelessUniform([1], vector(1, 2))).toThrow(/two int32 numbers.*got float32\[2\]/);
  });
});

describe("what a compiled function may not do is an error with the op and the user's line", () => {
  const here = /options\.test\.ts:\d+:\d+/;
  const failing = (fn: (x: tf.Tensor) => unknown): string => {
    try {
      engine.compile(fn, { jit: true })(vector(1, 2, 1));
    } catch (error) {
      return (error as Error).message;
    }
    throw new Error("It was compiled.");
  };

  test.each([
    ["reading a value", (x: tf.Tensor) => tf.sum(x).dataSync(), /made by the op Sum/],
    ["reading a value within a gradient", (x: tf.Tensor) => tf.grad((y) => tf.mul(tf.square(y), tf.sum(y).dataSync()[0]!))(x), /made by the op Sum/],
    ["a shape that depends on values", (x: tf.Tensor) => tf.unique(tf.cast(x, "int32") as tf.Tensor1D).values, /Unique/],
    ["random numbers", (x: tf.Tensor) => tf.add(x, tf.randomUniform([3])), /by tf\.randomUniform.*statelessUniform/s],
    ["dropout", (x: tf.Tensor) => tf.dropout(x, 0.5), /tf\.randomUniform/],
    ["Math.random", (x: tf.Tensor) => tf.mul(x, Math.random()), /by Math\.random/],
    ["random choices", (x: tf.Tensor) => tf.multinomial(x as tf.Tensor1D, 2), /by tf\.multinomial/],
    ["shapes that do not fit", (x: tf.Tensor) => tf.gather(x, tf.tensor1d([0, 1], "int32"), 2), /axis|rank/i],
    ["a large constant", (x: tf.Tensor) => tf.mul(x, tf.tensor2d(Float32Array.from({ length: 3 * 2 ** 21 }, (_, i) => i), [2 ** 21, 3])), /constant of 24 MiB.*limit is 16 MiB/],
  ])("%s", (_what, fn, message) => {
    expect(failing(fn)).toMatch(message);
    if (!/do not fit/.test(_what)) expect(failing(fn)).toMatch(here);
  });

  test("seeded numbers are constants, as they are without compiling; Math.random works afterwards", () => {
    const fn = (x: tf.Tensor): tf.Tensor => tf.add(x, tf.randomNormal([3], 0, 1, "float32", 42));
    expect(values(engine.compile(fn, { jit: false })(vector(1, 2, 3)))).toEqual(values(fn(vector(1, 2, 3))));
    expect(Math.random()).not.toBe(Math.random());
  });

  test("options that make no sense", () => {
    for (const compile of [engine.compile, plainCompile]) {
      expect(() => compile(() => 1, { precision: "float16" as never })).toThrow(/precision of compile must be "float32" or "bfloat16", got "float16"/);
      expect(() => compile(() => 1, { donate: [-1] })).toThrow(/donate.*positions/);
      expect(() => compile(() => 1, { maxConstantBytes: 0 })).toThrow(/maxConstantBytes/);
    }
  });
});

describe.each([["graph", false], ["xla", true]] as const)("donated arguments, %s", (_mode, jit) => {
  const append = (cache: { k: tf.Tensor; v: tf.Tensor }, x: tf.Tensor): { k: tf.Tensor; v: tf.Tensor; sum: tf.Tensor } => {
    const k = tf.add(cache.k, x);
    return { k, v: tf.sub(cache.v, x), sum: tf.sum(k) };
  };

  test("become results of their shape: no handle is made, and the caller's tensors are gone", () => {
    const fn = engine.compile(append, { jit, donate: [0] });
    const x = vector(1, 1);
    let cache: { k: tf.Tensor; v: tf.Tensor } = { k: vector(1, 2), v: vector(0, 0) };
    let handles = 0;
    for (let i = 1; i <= 4; i++) {
      const { sum, ...next } = fn(cache, x);
      expect(values(sum)).toEqual([3 + 2 * i]);
      sum.dispose();
      expect([cache.k.isDisposed, cache.v.isDisposed]).toEqual([true, true]);
      cache = next;
      if (i === 2) ({ handles } = engine.memory());
      if (i > 2) expect(engine.memory().handles).toBe(handles);
    }
    expect([values(cache.k), values(cache.v), values(x)]).toEqual([[5, 6], [-4, -4], [1, 1]]);
    expect(fn.signatures[0]).toMatchObject({ outputs: 3, memory: { arguments: 24, results: 4, variables: 0, constants: 0 } });
  });

  test("that are shared keep their value for the others", () => {
    const fn = engine.compile((a: tf.Tensor, b: tf.Tensor) => [tf.add(a, 1), tf.mul(b, 10)], { jit, donate: [0, 1] });
    const a = vector(1, 2);
    const clone = a.clone();
    const [p, q] = fn(a, a) as [tf.Tensor, tf.Tensor];
    expect([values(p), values(q), values(clone)]).toEqual([[2, 3], [10, 20], [1, 2]]);
    expect(a.isDisposed).toBe(true);
    const w = tf.variable(vector(7));
    const [r] = fn(w.clone(), vector(1)) as [tf.Tensor];
    expect([values(r), values(w)]).toEqual([[8], [7]]);
  });

  test("asynchronously too, and nothing is left", async () => {
    const fn = engine.compile((a: tf.Tensor) => tf.add(a, 1), { jit, donate: [0] });
    fn(vector(0)).dispose();
    const start = engine.memory();
    let x: tf.Tensor = vector(1);
    for (let i = 0; i < 3; i++) x = await fn.callAsync(x);
    expect(values(x)).toEqual([4]);
    x.dispose();
    expect(engine.memory()).toEqual(start);
  });
});

test("donated arguments of engines that do not compile are disposed as well", () => {
  const fn = plainCompile((a: tf.Tensor, b: tf.Tensor) => tf.add(a, b), { donate: [0] });
  const [a, b] = [vector(1), vector(2)];
  expect(values(fn(a, b))).toEqual([3]);
  expect([a.isDisposed, b.isDisposed]).toEqual([true, false]);
});

describe("bfloat16", () => {
  const a = (): tf.Tensor2D => tf.tensor2d(uniform(1, 64 * 300), [64, 300]);
  const b = (): tf.Tensor2D => tf.tensor2d(uniform(2, 300 * 32), [300, 32]);

  test.each([["graph", false], ["xla", true]] as const)("rounds the factors and sums in float32, %s", (_mode, jit) => {
    const product = engine.compile((x: tf.Tensor2D, y: tf.Tensor2D) => tf.matMul(x, y), { jit, precision: "bfloat16" });
    // The oracle: factors rounded by hand to 8 bits of mantissa, to even, then multiplied in float32.
    const round = (x: tf.Tensor2D): tf.Tensor2D => {
      const bits = new Uint32Array(x.dataSync().slice().buffer);
      return tf.tensor2d(new Float32Array(bits.map((u) => (u + 0x7fff + ((u >>> 16) & 1)) & 0xffff0000).buffer), x.shape);
    };
    const found = product(a(), b());
    const distance = (other: tf.Tensor): number => values(tf.max(tf.abs(tf.sub(found, other))))[0]!;
    expect(distance(tf.matMul(round(a()), round(b())))).toBeLessThan(2e-5);
    expect(distance(tf.matMul(a(), b()))).toBeGreaterThan(1e-3);
    expect(found.dtype).toBe("float32");
  });

  test("stays when XLA refuses the function", () => {
    const fn = engine.compile((x: tf.Tensor2D, y: tf.Tensor2D, s: tf.Tensor) => [tf.matMul(x, y), tf.string.staticRegexReplace(s, "l+", "L")], { precision: "bfloat16" });
    const alone = engine.compile((x: tf.Tensor2D, y: tf.Tensor2D) => tf.matMul(x, y), { jit: false, precision: "bfloat16" });
    const [x, y] = [a(), b()];
    expect(values(fn(x, y, tf.tensor(["hello"], [1], "string"))[0]!)).toEqual(values(alone(x, y)));
    expect(fn.signatures[0]!.mode).toBe("graph");
    expect(fn.notes).toHaveLength(1);
  });

  test("50 steps of a small network stay within 2% of float32, weights and all else in float32", () => {
    const x = tf.tensor2d(uniform(3, 64 * 16), [64, 16]);
    const y = tf.tensor2d(uniform(4, 64 * 4), [64, 4]);
    const losses = (options: { precision?: "float32" | "bfloat16" }): number[] => {
      const [u, v] = [tf.variable(tf.mul(tf.tensor2d(uniform(5, 16 * 32), [16, 32]), 0.3)), tf.variable(tf.mul(tf.tensor2d(uniform(6, 32 * 4), [32, 4]), 0.3))];
      const step = engine.compile(() => {
        const { value, grads } = tf.variableGrads(() => tf.mean(tf.square(tf.sub(tf.matMul(tf.tanh(tf.matMul(x, u)), v), y))) as tf.Scalar, [u, v]);
        for (const w of [u, v]) w.assign(tf.sub(w, tf.mul(grads[w.name]!, 0.5)));
        return value;
      }, options);
      return Array.from({ length: 50 }, () => values(step())[0]!);
    };
    const [exact, rounded] = [losses({}), losses({ precision: "bfloat16" })];
    expect(exact.at(-1)!).toBeLessThan(exact[0]! * 0.8);
    rounded.forEach((loss, i) => expect(Math.abs(loss / exact[i]! - 1)).toBeLessThan(0.02));
    expect(rounded).not.toEqual(exact);
  });
});
