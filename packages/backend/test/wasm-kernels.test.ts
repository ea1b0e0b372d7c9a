import { beforeAll, describe, expect, test } from "vitest";
import * as tf from "@tensorflow/tfjs-core";
import fc from "fast-check";
import { openEngine } from "@llm/backend";
import { numbers } from "./support/decoder.js";

beforeAll(async () => {
  delete process.env["LLM_ENGINE"];
  await openEngine({ prefer: "cpu" });
  await openEngine({ prefer: "wasm", threads: 2 });
});

/** The values of an expression on one engine. */
async function values(name: "wasm" | "cpu", make: () => tf.Tensor | tf.Tensor[]): Promise<number[][]> {
  await openEngine({ prefer: name });
  const made = tf.tidy(make);
  const tensors = Array.isArray(made) ? made : [made];
  const result = tensors.map((tensor) => [...tensor.shape, ...tensor.dataSync()]);
  tf.dispose(tensors);
  return result;
}

const f = (shape: number[], seed = 1, scale = 1): tf.Tensor => tf.tensor(numbers(shape.reduce((a, b) => a * b, 1), seed).map((x) => x * scale), shape);
const positive = (shape: number[], seed = 1): tf.Tensor => tf.add(tf.abs(f(shape, seed)), 0.1);
const ints = (shape: number[], below: number, seed = 1): tf.Tensor => tf.cast(tf.floor(tf.mul(tf.abs(f(shape, seed)), below)), "int32");
const grad = (fn: (x: tf.Tensor) => tf.Tensor, x: tf.Tensor): tf.Tensor => tf.grad(fn)(x);

/** Every operation that a decoder's forward and backward pass, its optimizers and its sampling touch. */
const CASES: Record<string, () => tf.Tensor | tf.Tensor[]> = {
  "gather rows": () => tf.gather(f([7, 3]), ints([2, 4], 7)),
  "gather along axis 1": () => tf.gather(f([2, 5, 3]), ints([4], 5), 1),
  "gradient of gather, ids repeated": () => grad((x) => tf.mul(tf.gather(x, tf.tensor1d([1, 1, 4, 0, 1], "int32")), f([5, 3], 9)), f([6, 3])),
  "gradient of gather along axis 1": () => grad((x) => tf.mul(tf.gather(x, tf.tensor1d([1, 1, 0], "int32"), 1), f([2, 3, 4], 9)), f([2, 3, 4])),
  unsortedSegmentSum: () => tf.unsortedSegmentSum(f([6, 4]), tf.tensor1d([2, 0, 2, 5, -1, 2], "int32"), 5),
  "unsortedSegmentSum of int32": () => tf.unsortedSegmentSum(ints([6], 100) as tf.Tensor1D, tf.tensor1d([1, 0, 1, 1, 0, 2], "int32"), 3),
  einsum: () => tf.einsum("bhtd,bhsd->bhts", f([2, 3, 4, 5]), f([2, 3, 6, 5], 2)),
  rsqrt: () => tf.rsqrt(positive([3, 5])),
  step: () => tf.step(f([9])),
  where: () => tf.where(tf.greater(f([3, 4]), 0), f([3, 4], 2), f([3, 4], 3)),
  "where with a broadcast condition": () => tf.where(tf.greater(f([4, 4]), 0), f([2, 3, 4, 4], 2), tf.scalar(-1e9)),
  oneHot: () => tf.oneHot(ints([2, 3], 5) as tf.Tensor1D, 5),
  range: () => [tf.range(0, 10), tf.range(3, -4, -2, "int32")],
  logic: () => [tf.logicalAnd(tf.greater(f([9]), 0), tf.less(f([9], 2), 0.5)), tf.logicalOr(tf.greater(f([9]), 0), tf.less(f([9], 2), 0)), tf.logicalNot(tf.greater(f([9]), 0))],
  comparisons: () => [tf.greaterEqual(ints([9], 3), ints([9], 3, 2)), tf.lessEqual(ints([9], 3), 1), tf.equal(ints([9], 3), ints([9], 3, 2)), tf.notEqual(ints([9], 3), 1)],
  "comparisons that broadcast": () =>
    [tf.equal, tf.notEqual, tf.greater, tf.greaterEqual, tf.less, tf.lessEqual].flatMap((compare) => [
      compare(ints([5, 1], 4), ints([1, 6], 4, 2)),
      compare(ints([2, 1, 4], 3), ints([3, 1], 3, 2)),
      compare(tf.tensor1d([1, NaN, 2, Infinity]), 1),
      compare(tf.scalar(NaN), f([2, 3])),
      compare(f([2, 3, 4]), f([4], 2)),
    ]),
  "cumsum and cumprod": () => [tf.cumsum(f([3, 5]), 1, true), tf.cumsum(f([3, 5]), 0, false, true), tf.cumprod(positive([3, 4]), 1)],
  topk: () => Object.values(tf.topk(f([3, 20]), 5)),
  "sign, neg, abs": () => [tf.sign(f([9])), tf.neg(f([9])), tf.abs(f([9]))],
  "squares and roots": () => [tf.sqrt(positive([9])), tf.square(f([9])), tf.squaredDifference(f([3, 4]), f([4], 2)), tf.pow(positive([9]), 1.7)],
  softmax: () => [tf.softmax(f([3, 7], 1, 30)), grad((x) => tf.mul(tf.softmax(x), f([3, 7], 2)), f([3, 7]))],
  "softmax with masked entries": () => tf.softmax(tf.where(tf.greater(f([4, 8]), 0), f([4, 8], 2, 10), tf.scalar(-1e9))),
  logSoftmax: () => [tf.logSoftmax(f([3, 7], 1, 30)), grad((x) => tf.mul(tf.logSoftmax(x), f([3, 7], 2)), f([3, 7]))],
  logSumExp: () => tf.logSumExp(f([3, 7], 1, 30), 1),
  reductions: () => [tf.max(f([3, 7]), 1), tf.min(f([3, 7]), 0), tf.sum(f([3, 7, 2]), [0, 2], true), tf.mean(f([3, 7]), -1, true), tf.prod(f([3, 4]), 1), tf.any(tf.greater(f([3, 4]), 0.5), 1), tf.all(tf.greater(f([3, 4]), -0.9), 1)],
  "sum over the first axis": () => tf.sum(f([300, 5]), 0),
  "sum of int32": () => tf.sum(ints([300], 1000)),
  argMax: () => [tf.argMax(f([3, 7]), 1), tf.argMin(f([3, 7]), 0)],
  "exponentials and logarithms": () => [tf.exp(f([9])), tf.log(positive([9])), tf.log1p(positive([9])), tf.expm1(f([9])), tf.sigmoid(f([9], 1, 20)), tf.tanh(f([9], 1, 3)), tf.softplus(f([9])), tf.erf(f([9])), tf.elu(f([9])), tf.relu(f([9])), tf.selu(f([9]))],
  "sines and cosines": () => [tf.sin(f([50], 1, 1000)), tf.cos(f([50], 1, 1000))],
  reciprocal: () => tf.reciprocal(positive([9])),
  finiteness: () => [tf.isNaN(tf.tensor1d([NaN, 1, Infinity])), tf.isFinite(tf.tensor1d([NaN, 1, -Infinity])), tf.isInf(tf.tensor1d([NaN, 1, -Infinity]))],
  linspace: () => tf.linspace(0, 5, 11),
  broadcastTo: () => [tf.broadcastTo(f([3, 1]), [2, 3, 4]), tf.tile(f([2, 3]), [2, 2])],
  bandPart: () => tf.linalg.bandPart(f([6, 6]), -1, 0),
  "slices and joins": () => [tf.slice(f([4, 6]), [1, 2], [2, 3]), tf.concat([f([2, 3]), f([2, 2], 2)], 1), tf.stack([f([2]), f([2], 2)]), tf.pad(f([2, 3]), [[1, 0], [0, 2]]), tf.reverse(f([2, 5]), 1), ...tf.split(f([4, 6]), 3, 1), ...tf.unstack(f([2, 3]))],
  stridedSlice: () => tf.stridedSlice(f([4, 6]), [0, 1], [4, 6], [2, 2]),
  transpose: () => [tf.transpose(f([2, 3, 4, 5]), [0, 2, 1, 3]), tf.transpose(f([5, 4])), tf.transpose(f([2, 3, 4]), [2, 0, 1])],
  "gatherND and scatterND": () => [tf.gatherND(f([4, 5]), ints([3, 2], 4)), tf.scatterND(tf.tensor2d([[1], [4], [1]], undefined, "int32"), f([3, 2]), [6, 2]), tf.tensorScatterUpdate(f([6, 2]), tf.tensor2d([[1], [4]], undefined, "int32"), f([2, 2], 3))],
  "clipping and extremes": () => [tf.clipByValue(f([9]), -0.3, 0.4), tf.maximum(f([3, 4]), f([4], 2)), tf.minimum(f([3, 4]), 0)],
  division: () => [tf.div(f([9]), positive([9], 2)), tf.floorDiv(ints([9], 100), tf.scalar(7, "int32")), tf.mod(ints([9], 100), tf.scalar(7, "int32")), tf.divNoNan(f([9]), tf.cast(tf.greater(f([9], 2), 0), "float32"))],
  casts: () => [tf.cast(f([9], 1, 10), "int32"), tf.cast(ints([9], 3), "bool"), tf.cast(tf.greater(f([9]), 0), "float32"), tf.floor(f([9], 1, 5)), tf.ceil(f([9], 1, 5)), tf.round(f([9], 1, 5))],
  fills: () => [tf.zeros([3, 2]), tf.ones([4]), tf.fill([2, 2], 7), tf.onesLike(f([3])), tf.zerosLike(f([3]))],
  "gradients of the arithmetic": () => [
    ...tf.grads((a, b) => tf.mul(tf.sub(a!, b!), tf.div(a!, b!)))([f([3, 4]), positive([4], 2)]),
    ...tf.grads((a, b) => tf.maximum(a!, b!))([f([3, 4]), f([3, 4], 2)]),
    grad((x) => tf.slice(tf.concat([x, tf.square(x)], 1), [0, 1], [2, 3]), f([2, 3])),
    grad((x) => tf.mul(tf.mean(x, 1, true), tf.rsqrt(tf.add(tf.mean(tf.square(x), -1, true), 1e-5))), f([4, 6])),
    grad((x) => tf.where(tf.greater(f([3, 3], 2), 0), tf.square(x), tf.neg(x)), f([3, 3])),
    grad((x) => tf.logSumExp(x, 1), f([3, 5])),
    grad((x) => tf.cumsum(x, 1), f([3, 5])),
  ],
};

describe("the WebAssembly engine agrees with plain JavaScript on", () => {
  test.each(Object.keys(CASES))("%s", async (name) => {
    const wasm = await values("wasm", CASES[name]!);
    const cpu = await values("cpu", CASES[name]!);
    expect(wasm.length).toBe(cpu.length);
    for (const [i, expected] of cpu.entries()) {
      const actual = wasm[i]!;
      expect(actual.length).toBe(expected.length);
      for (const [j, value] of expected.entries()) {
        if (!Number.isFinite(value)) expect(actual[j]).toEqual(value);
        else expect(Math.abs(actual[j]! - value), `output ${i}, number ${j}: ${actual[j]} and ${value}`).toBeLessThanOrEqual(1e-5 * Math.max(1, Math.abs(value)));
      }
    }
  });
});

describe("matMul on the WebAssembly engine", () => {
  /** In double precision, from the definition. */
  const product = (a: Float32Array, b: Float32Array, m: number, k: number, n: number, ta: boolean, tb: boolean, atA: number, atB: number): number[] => {
    const out: number[] = [];
    for (let i = 0; i < m; i++)
      for (let j = 0; j < n; j++) {
        let sum = 0;
        for (let l = 0; l < k; l++) sum += a[atA + (ta ? l * m + i : i * k + l)]! * b[atB + (tb ? j * k + l : l * n + j)]!;
        out.push(sum);
      }
    return out;
  };

  test("equals the definition for every shape, transpose and broadcast", async () => {
    await openEngine({ prefer: "wasm" });
    const size = fc.oneof(fc.integer({ min: 1, max: 40 }), fc.constantFrom(1, 2, 3, 4, 5, 8, 64, 65));
    const outer = fc.constantFrom([[], []], [[3], [3]], [[3], [1]], [[1], [3]], [[2, 3], [2, 3]], [[2, 1], [1, 3]], [[2, 3], [3]], [[3], []]);
    fc.assert(
      fc.property(size, size, size, outer, fc.boolean(), fc.boolean(), (m, k, n, shapes, ta, tb) => {
        const [oa, ob] = shapes as unknown as [number[], number[]];
        const count = (shape: number[]): number => shape.reduce((x, y) => x * y, 1);
        const a = numbers(count(oa) * m * k, m + k);
        const b = numbers(count(ob) * k * n, k + n + 5);
        const before = tf.memory().numTensors;
        const { shape, data } = tf.tidy(() => {
          const out = tf.matMul(tf.tensor(a, [...oa, ...(ta ? [k, m] : [m, k])]), tf.tensor(b, [...ob, ...(tb ? [n, k] : [k, n])]), ta, tb);
          return { shape: out.shape as number[], data: out.dataSync() };
        });
        expect(tf.memory().numTensors).toBe(before);
        const outerShape = tf.broadcast_util.assertAndGetBroadcastShape(oa, ob);
        expect(shape).toEqual([...outerShape, m, n]);
        const rank = outerShape.length;
        const expected: number[] = [];
        for (let flat = 0; flat < count(outerShape); flat++) {
          const at = (own: number[]): number => {
            let index = 0;
            let rest = flat;
            const positions = Array<number>(rank).fill(0);
            for (let d = rank - 1; d >= 0; d--) {
              positions[d] = rest % outerShape[d]!;
              rest = Math.floor(rest / outerShape[d]!);
            }
            own.forEach((length, d) => (index = index * length + (length === 1 ? 0 : positions[d + rank - own.length]!)));
            return index;
          };
          expected.push(...product(a, b, m, k, n, ta, tb, at(oa) * m * k, at(ob) * k * n));
        }
        expected.forEach((value, i) => expect(Math.abs(data[i]! - value)).toBeLessThan(1e-5 * k));
      }),
      { numRuns: 60, seed: 7 },
    );
  });

  test("does not mistake a tensor for its reshaped twin, which shares its data", async () => {
    await openEngine({ prefer: "wasm" });
    const b = f([4, 6]);
    const twin = tf.reshape(b, [6, 4]);
    tf.matMul(f([2, 4]) as tf.Tensor2D, b as tf.Tensor2D).dataSync();
    const left = numbers(12, 3);
    const actual = tf.matMul(tf.tensor2d(left, [2, 6]), twin as tf.Tensor2D).dataSync();
    product(left, Float32Array.from(b.dataSync()), 2, 6, 4, false, false, 0, 0).forEach((value, i) => expect(actual[i]).toBeCloseTo(value, 5));
  });

  test("refuses what it can't multiply", async () => {
    await openEngine({ prefer: "wasm" });
    expect(() => tf.matMul(f([2, 3]) as tf.Tensor2D, f([4, 2]) as tf.Tensor2D)).toThrow(/inner/i);
    expect(() => tf.matMul(ints([2, 2], 3) as tf.Tensor2D, ints([2, 2], 3) as tf.Tensor2D)).toThrow(/float32/);
    expect([...tf.matMul(tf.zeros([2, 0]) as tf.Tensor2D, tf.zeros([0, 3]) as tf.Tensor2D).dataSync()]).toEqual([0, 0, 0, 0, 0, 0]);
  });
});
