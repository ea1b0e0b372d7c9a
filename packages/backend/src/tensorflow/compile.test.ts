import * as tf from "@tensorflow/tfjs-core";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { OpenedEngine } from "../engine.js";
import { testLibrary } from "../../test/support/tensorflow.js";
import { openTensorFlow } from "./index.js";

let engine: OpenedEngine;
beforeAll(async () => {
  engine = await openTensorFlow({ library: await testLibrary() });
});
afterAll(() => engine.dispose());
beforeEach(() => {
  tf.disposeVariables();
});

const values = (tensor: tf.Tensor): number[] => Array.from(tensor.dataSync());
const vector = (...numbers: number[]): tf.Tensor1D => tf.tensor1d(numbers);

describe("signatures", () => {
  test("one trace per structure, dtypes, shapes and plain arguments", () => {
    let traces = 0;
    const scaled = engine.compile(
      ({ x }: { x: tf.Tensor }, factor: number) => {
        traces++;
        return tf.mul(x, factor);
      },
      { jit: false },
    );
    const call = (x: tf.Tensor, factor: number): number[] => tf.tidy(() => values(scaled({ x }, factor)) as never);
    expect(call(vector(1, 2), 3)).toEqual([3, 6]);
    expect(call(vector(5, 6), 3)).toEqual([15, 18]);
    expect(traces).toBe(1);
    expect(call(vector(5, 6), 4)).toEqual([20, 24]);
    expect(call(vector(1), 3)).toEqual([3]);
    expect(call(tf.tensor1d([1, 2], "int32"), 3)).toEqual([3, 6]);
    expect(traces).toBe(4);
    expect(scaled.signatures.map(({ key }) => key)).toEqual([
      "{x: float32[2]}, 3", "{x: float32[2]}, 4", "{x: float32[1]}, 3", "{x: int32[2]}, 3",
    ]);
    expect(scaled.signatures[0]).toMatchObject({ mode: "graph", calls: 2, inputs: 1, outputs: 1 });
    expect(scaled.signatures[0]!.nodes).toBeGreaterThan(1);
    expect(scaled.signatures[0]!.compileMs).toBeGreaterThan(0);
  });

  test("nested results, an argument that is returned, one tensor twice, plain values", () => {
    const fn = engine.compile((x: tf.Tensor, m: Map<string, tf.Tensor>) => {
      const y = tf.add(x, m.get("y")!);
      return { sum: y, list: [y, x, "text", 7, null], map: new Map([["z", tf.neg(y)]]) };
    });
    const x = vector(1, 2);
    const result = fn(x, new Map([["y", vector(10, 20)]]));
    expect(values(result.sum)).toEqual([11, 22]);
    expect(values(result.map.get("z")!)).toEqual([-11, -22]);
    expect(result.list.slice(2)).toEqual(["text", 7, null]);
    (result.list[1] as tf.Tensor).dispose();
    result.sum.dispose();
    expect(values(result.list[0] as tf.Tensor)).toEqual([11, 22]);
    expect(values(x)).toEqual([1, 2]);
  });

  test("a tensor given twice is two arguments", () => {
    const fn = engine.compile((a: tf.Tensor, b: tf.Tensor) => tf.sub(a, b), { jit: false });
    const x = vector(3);
    expect(values(fn(x, x))).toEqual([0]);
    expect(values(fn(x, vector(1)))).toEqual([2]);
    expect(fn.signatures).toHaveLength(1);
  });
});

describe.each([["graph", false], ["xla", true]] as const)("variables, %s", (_mode, jit) => {
  test("are read at each call and have their new values after it", () => {
    const w = tf.variable(vector(1, 2));
    const unchanged = tf.variable(vector(10, 10));
    const step = engine.compile((x: tf.Tensor) => {
      w.assign(tf.add(w, tf.mul(x, unchanged)));
      return tf.sum(w);
    }, { jit });
    expect(values(step(vector(1, 1)))).toEqual([23]);
    expect(values(w)).toEqual([11, 12]);
    expect(values(unchanged)).toEqual([10, 10]);
    w.assign(vector(0, 0)); // as loading a checkpoint does
    unchanged.assign(vector(2, 3));
    expect(values(step(vector(1, 1)))).toEqual([5]);
    expect(values(w)).toEqual([2, 3]);
    expect(step.signatures).toHaveLength(1);
    expect(step.signatures[0]).toMatchObject({ inputs: 3, outputs: 2, mode: jit ? "xla" : "graph" });
  });

  test("a clone keeps the old value; variables made of one tensor stay apart; so does that tensor", () => {
    const zeros = vector(0, 0);
    const a = tf.variable(zeros);
    const b = tf.variable(zeros);
    const step = engine.compile(() => {
      a.assign(tf.add(a, 1));
      b.assign(tf.add(b, tf.add(a, zeros)));
    }, { jit });
    step();
    const old = a.clone();
    step();
    expect([values(old), values(a), values(b), values(zeros)]).toEqual([[1, 1], [2, 2], [3, 3], [0, 0]]);
  });

  test("can be swapped, given as arguments, assigned twice, and returned", () => {
    const a = tf.variable(vector(1));
    const b = tf.variable(vector(2));
    const swap = engine.compile((parameters: Map<string, tf.Variable>) => {
      const [x, y] = [...parameters.values()] as [tf.Variable, tf.Variable];
      const held = x.clone();
      x.assign(y);
      y.assign(tf.mul(held, 5));
      y.assign(tf.mul(y, 2));
      return { x, held };
    }, { jit });
    const result = swap(new Map([["a", a], ["b", b]]));
    expect([values(a), values(b), values(result.x), values(result.held)]).toEqual([[2], [10], [2], [1]]);
    result.x.dispose();
    expect(values(a)).toEqual([2]);
    swap(new Map([["b", b], ["a", a]]));
    expect([values(a), values(b)]).toEqual([[100], [2]]);
    expect(swap.signatures).toHaveLength(2);
  });

  test("tf.train optimizers, after a first step of their own", () => {
    const w = tf.variable(vector(1, -2));
    const w2 = tf.variable(vector(1, -2));
    const loss = (v: tf.Variable, x: tf.Tensor) => (): tf.Scalar => tf.sum(tf.square(tf.sub(v, x)));
    const [adam, adam2] = [tf.train.adam(0.1), tf.train.adam(0.1)];
    const x = vector(3, 4);
    const plain = (): tf.Scalar => adam2.minimize(loss(w2, x), true, [w2])!;
    adam.minimize(loss(w, x), false, [w]);
    plain();
    const step = engine.compile((t: tf.Tensor) => adam.minimize(loss(w, t), true, [w])!, { jit });
    for (let i = 0; i < 5; i++) expect(values(step(x))[0]).toBeCloseTo(values(plain())[0]!, 4);
    values(w).forEach((value, i) => expect(value).toBeCloseTo(values(w2)[i]!, 5));
  });
});

describe("captured tensors", () => {
  test("live as long as the function, whatever happens to the caller's", () => {
    const table = vector(5, 6);
    const fn = engine.compile((x: tf.Tensor) => tf.mul(x, table), { jit: false });
    fn(vector(1, 1)).dispose();
    table.dispose();
    expect(values(fn(vector(2, 2)))).toEqual([10, 12]);
    const held = engine.memory();
    fn.dispose();
    expect(engine.memory()).toEqual({ tensors: held.tensors - 1, handles: held.handles - 1 });
  });

  test("are not frozen at the value that a scalar had", () => {
    const rate = tf.variable(tf.scalar(2));
    const fn = engine.compile((x: tf.Tensor) => tf.mul(x, rate), { jit: false });
    expect(values(fn(vector(1)))).toEqual([2]);
    rate.assign(tf.scalar(3));
    expect(values(fn(vector(1)))).toEqual([3]);
  });
});

describe("what can't be compiled says so", () => {
  test.each([
    ["a result's value", (x: tf.Tensor) => tf.sum(x).dataSync()[0]!, /reads the value of a tensor made by the op Sum/],
    ["an argument's value", (x: tf.Tensor) => x.arraySync() as number[], /reads the value of one of its arguments/],
  ])("reading %s", (_what, fn, message) => {
    const w = tf.variable(vector(1));
    for (const jit of ["auto", true, false] as const) {
      const compiled = engine.compile((x: tf.Tensor) => {
        w.assign(x as tf.Tensor1D);
        return fn(x);
      }, { jit });
      expect(() => compiled(vector(2))).toThrow(message);
      expect(values(w)).toEqual([1]);
    }
  });

  test("reading a variable, making one, being async, being differentiated", () => {
    const w = tf.variable(vector(1), true, "weight");
    const x = vector(1);
    expect(() => engine.compile(() => w.dataSync()[0])()).toThrow(/reads the value of the variable weight/);
    expect(() => engine.compile(() => tf.variable(tf.zeros([2])))()).toThrow(/makes variables/);
    expect(() => engine.compile(async () => tf.add(w, 1))()).toThrow(/must not be async/);
    const square = engine.compile((y: tf.Tensor) => tf.square(y));
    expect(() => tf.grad((y: tf.Tensor) => square(y))(x)).toThrow(/can't differentiate it/);
    expect(() => engine.compile((y: unknown) => y)(new Float32Array(2))).toThrow(/got a Float32Array.*Pass a tensor/);
    expect(Object.keys(tf.engine().registeredVariables)).toEqual(["weight"]);
  });

  test("errors carry the marker of this project's known errors", () => {
    const x = vector(1);
    let caught: unknown;
    try {
      engine.compile((y: tf.Tensor) => y.dataSync())(x);
    } catch (error) {
      caught = error;
    }
    expect((caught as Record<symbol, unknown>)[Symbol.for("@llm/error")]).toBe(true);
  });

  test("a tensor that leaks out of a trace has no value", () => {
    let leaked: tf.Tensor | undefined;
    engine.compile((x: tf.Tensor) => {
      leaked = tf.keep(tf.add(x, 1));
      return x;
    }, { jit: false })(vector(1));
    expect(() => leaked!.dataSync()).toThrow(/made inside a compiled function while it was traced/);
    leaked!.dispose();
  });

  test("a disposed variable is named", () => {
    const w = tf.variable(vector(1), true, "gone");
    const fn = engine.compile((x: tf.Tensor) => tf.add(x, w), { jit: false });
    fn(vector(1));
    w.dispose();
    expect(() => fn(vector(1))).toThrow(/variable gone, which was disposed/);
  });

  test("an error of the function itself comes through, and leaves nothing behind", () => {
    const w = tf.tidy(() => tf.variable(vector(1)));
    const x = vector(1);
    const start = engine.memory();
    const fn = engine.compile((y: tf.Tensor) => {
      w.assign(tf.add(y, 1) as tf.Tensor1D);
      throw new RangeError("mine");
    });
    expect(() => fn(x)).toThrow(RangeError);
    expect(values(w)).toEqual([1]);
    expect(engine.memory()).toEqual(start);
  });
});

describe("falling back", () => {
  test("to the graph when XLA refuses an op, with a note; jit: true throws instead", () => {
    const replace = (s: tf.Tensor): tf.Tensor => tf.string.staticRegexReplace(s, "l+", "L");
    const fn = engine.compile(replace);
    for (let i = 0; i < 2; i++) expect(fn(tf.tensor(["hello"], [1], "string")).dataSync()).toEqual(["heLo"]);
    expect(fn.signatures[0]!.mode).toBe("graph");
    expect(fn.notes).toHaveLength(1);
    expect(fn.notes[0]).toMatch(/runs as a graph without XLA/);
    expect(() => engine.compile(replace, { jit: true })(tf.tensor(["hello"], [1], "string"))).toThrow(/TensorFlow/);
  });

  test("to plain calls when a shape depends on values; jit: false throws instead", () => {
    const distinct = (x: tf.Tensor): tf.Tensor => tf.unique(x as tf.Tensor1D).values;
    const fn = engine.compile(distinct);
    expect(values(fn(vector(1, 2, 1)))).toEqual([1, 2]);
    expect(values(fn(vector(4, 4, 4)))).toEqual([4]);
    expect(fn.signatures[0]!.mode).toBe("eager");
    expect(fn.notes).toHaveLength(1);
    expect(() => engine.compile(distinct, { jit: false })(vector(1))).toThrow(/Unique.*values/);
  });
});

describe("asynchronous calls", () => {
  test("leave JavaScript running, in order, with eager work beside them", async () => {
    const w = tf.variable(tf.zeros([512, 512]));
    const slow = engine.compile((x: tf.Tensor2D) => {
      let y = x;
      for (let i = 0; i < 20; i++) y = tf.mul(tf.matMul(y, x), 1e-3);
      w.assign(tf.add(w, 1));
      return tf.mean(y);
    }, { jit: false });
    const x = tf.ones([512, 512]) as tf.Tensor2D;
    slow(x).dispose();
    let ticks = 0;
    const timer = setInterval(() => ticks++, 1);
    const calls = [slow.callAsync(x), slow.callAsync(x), slow.callAsync(x)];
    expect(() => slow(x)).toThrow(/while an asynchronous call runs/);
    expect(values(tf.add(vector(1), 2))).toEqual([3]);
    const results = await Promise.all(calls);
    clearInterval(timer);
    expect(ticks).toBeGreaterThan(2);
    expect(new Set(results.map((result) => values(result)[0])).size).toBe(1);
    expect(values(tf.max(w))).toEqual([4]);
    slow(x).dispose();
  });

  test("arguments may be disposed at once", async () => {
    const add = engine.compile((x: tf.Tensor, y: tf.Tensor) => tf.add(x, y), { jit: false });
    const start = engine.memory();
    const given = [vector(1), vector(2)] as const;
    const call = add.callAsync(...given);
    tf.dispose([...given]);
    const result = await call;
    expect(values(result)).toEqual([3]);
    result.dispose();
    expect(engine.memory()).toEqual(start);
  });

  test("a variable that is assigned meanwhile is a conflict, not a lost value", async () => {
    const w = tf.variable(vector(1), true, "contested");
    const step = engine.compile(() => w.assign(tf.add(w, 1)), { jit: false });
    const call = step.callAsync();
    await Promise.resolve().then(() => undefined); // the call has started
    w.assign(vector(50));
    await expect(call).rejects.toThrow(/contested was assigned/);
    expect(values(w)).toEqual([50]);
    await step.callAsync();
    expect(values(w)).toEqual([51]);
  });

  test("an error rejects", async () => {
    await expect(engine.compile((x: tf.Tensor) => x.dataSync()).callAsync(vector(1))).rejects.toThrow(/reads the value/);
  });
});

test("a compiled function inside another is a part of it", () => {
  const square = engine.compile((x: tf.Tensor) => tf.square(x), { jit: false });
  const outer = engine.compile((x: tf.Tensor) => tf.add(square(x), 1), { jit: false });
  expect(values(outer(vector(3)))).toEqual([10]);
  expect(square.signatures).toHaveLength(0);
});

test("nothing is left of 1,000 steps: no tensor, no handle, no memory; nor of the functions after dispose", () => {
  tf.disposeVariables();
  const start = engine.memory();
  const w = tf.tidy(() => tf.variable(tf.mul(tf.ones([128, 128]), 0.01)));
  const table = tf.ones([128]);
  const x = tf.ones([16, 128]);
  for (const jit of [false, true]) {
    const step = engine.compile((input: tf.Tensor, rate: tf.Scalar) => {
      const { value, grads } = tf.variableGrads(() => tf.mean(tf.square(tf.mul(tf.matMul(input as tf.Tensor2D, w as tf.Tensor2D), table))) as tf.Scalar, [w]);
      w.assign(tf.sub(w, tf.mul(rate, grads[w.name]!)));
      return value;
    }, { jit });
    const once = (): void => tf.tidy(() => void step(x, tf.scalar(1e-3)).dataSync());
    for (let i = 0; i < 200; i++) once();
    const settled = engine.memory();
    const resident = process.memoryUsage.rss();
    for (let i = 0; i < 1000; i++) once();
    expect(engine.memory()).toEqual(settled);
    // A copy of the weight that is lost at each step would be 65 MB; what grows is the heap between two collections.
    expect(process.memoryUsage.rss() - resident).toBeLessThan(32e6);
    step.dispose();
  }
  tf.dispose([w, table, x]);
  expect(engine.memory()).toEqual(start);
}, 60_000);

test("after the engine is disposed a function says so; a new engine works", async () => {
  const library = await testLibrary();
  const x = vector(1);
  const fn = engine.compile((y: tf.Tensor) => tf.add(y, 1), { jit: false });
  fn(x).dispose();
  const call = fn.callAsync(x);
  expect(() => engine.dispose()).toThrow(/still running/);
  await call;
  engine.dispose();
  engine.dispose();
  expect(() => fn(x)).toThrow(/belongs to an engine that was disposed/);
  fn.dispose();
  engine = await openTensorFlow({ library });
  expect(values(engine.compile((y: tf.Tensor) => tf.add(y, 1))(vector(1)))).toEqual([2]);
});
