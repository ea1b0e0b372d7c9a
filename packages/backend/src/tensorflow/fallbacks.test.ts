import * as tf from "@tensorflow/tfjs-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { testLibrary, uniform } from "../../test/support/tensorflow.js";
import type { OpenedEngine } from "../engine.js";
import type { TracingBackend } from "./backend.js";
import { openTensorFlow } from "./index.js";

let engine: OpenedEngine;
beforeAll(async () => {
  engine = await openTensorFlow({ library: await testLibrary() });
});
afterAll(() => engine.dispose());

/** How often TensorFlow was called. */
function ops(fn: () => tf.Tensor): number {
  const { binding } = tf.backend() as TracingBackend;
  const before = binding.executed;
  fn().dispose();
  return binding.executed - before;
}
const tensor = (seed: number, shape: number[]): tf.Tensor => tf.tensor(uniform(seed, shape.reduce((a, b) => a * b, 1)), shape);
const image = (): tf.Tensor4D => tensor(1, [2, 6, 6, 3]) as tf.Tensor4D;

describe("a fallback is chosen by the arguments", () => {
  test.each<[string, () => tf.Tensor, () => tf.Tensor]>([
    ["pooling with paddings in numbers", () => tf.maxPool(image(), 3, 1, "same"), () => tf.maxPool(image(), 3, 1, 1)],
    ["the smaller of strings", () => tf.less(tf.scalar(1), tf.scalar(2)), () => tf.less(tf.scalar("a"), tf.scalar("b"))],
    ["leaky relu of integers", () => tf.leakyRelu(tf.scalar(-1)), () => tf.leakyRelu(tf.scalar(-1, "int32"))],
    ["a diagonal of booleans", () => tf.diag(tf.tensor1d([1, 2])), () => tf.diag(tf.tensor1d([true, false], "bool"))],
  ])("%s", (_, taken, refused) => {
    expect(ops(taken)).toBeGreaterThan(0);
    expect(ops(refused)).toBe(0);
  });

  test("and gives what the TensorFlow op gives for the same paddings, with its gradient", () => {
    const x = image();
    const same = tf.valueAndGrad((y: tf.Tensor) => tf.sum(tf.square(tf.maxPool(y as tf.Tensor4D, 3, 1, "same"))))(x);
    const numbers = tf.valueAndGrad((y: tf.Tensor) => tf.sum(tf.square(tf.maxPool(y as tf.Tensor4D, 3, 1, 1))))(x);
    expect(numbers.value.dataSync()[0]).toBeCloseTo(same.value.dataSync()[0]!, 3);
    expect(tf.max(tf.abs(tf.sub(numbers.grad, same.grad))).dataSync()[0]).toBeLessThan(1e-4);
  });

  test("inside a compiled function it is an error that names the kernel", () => {
    const run = engine.compile((x: tf.Tensor4D) => tf.maxPool(x, 3, 1, 1), { jit: false });
    expect(() => run(image())).toThrow(/A compiled function calls MaxPool.* in a form that TensorFlow has no op for/);
  });

  test("leaves nothing behind", () => {
    const before = engine.memory();
    tf.tidy(() => void tf.maxPool(image(), 3, 1, 1).dataSync());
    expect(engine.memory()).toEqual(before);
  });
});

describe("mended kernels are TensorFlow ops, so they compile", () => {
  const first = (x: tf.Tensor): tf.Tensor4D => tf.transpose(x as tf.Tensor4D, [0, 3, 1, 2]);
  const filter = (): tf.Tensor4D => tensor(2, [3, 3, 3, 4]) as tf.Tensor4D;

  test.each<[string, (x: tf.Tensor) => tf.Tensor]>([
    ["sign", (x) => tf.sign(x)],
    ["tan", (x) => tf.tan(x)],
    ["bitwiseAnd", (x) => tf.bitwiseAnd(tf.cast(tf.mul(x, 100), "int32"), tf.onesLike(tf.cast(x, "int32")))],
    ["searchSorted", (x) => tf.searchSorted(tf.tensor2d([[-0.5, 0, 0.5]]), tf.reshape(x, [1, -1]))],
    ["scatterND with a vector of indices", (x) => tf.scatterND(tf.tensor1d([2, 0], "int32"), x as never, [5, 6, 6, 3])],
    ["a convolution, channels first", (x) => tf.conv2d(first(x), filter(), 2, "same", "NCHW")],
    ["a convolution, channels first, with explicit paddings", (x) => tf.conv2d(first(x), filter(), 1, [[0, 0], [0, 0], [1, 2], [0, 1]], "NCHW")],
    ["its gradients", (x) => {
      const [dx, df] = tf.grads((y: tf.Tensor, f: tf.Tensor) => tf.sum(tf.square(tf.conv2d(y as tf.Tensor4D, f as tf.Tensor4D, 1, "same", "NCHW"))))([first(x), filter()]);
      return tf.concat([tf.reshape(dx!, [-1]), tf.reshape(df!, [-1])]);
    }],
  ])("%s", (_, fn) => {
    const eager = fn(image());
    const compiled = engine.compile((x: tf.Tensor) => fn(x), { jit: false })(image()) as tf.Tensor;
    expect(compiled.shape).toEqual(eager.shape);
    expect(compiled.dtype).toBe(eager.dtype);
    expect(tf.max(tf.abs(tf.sub(compiled, eager))).dataSync()[0]).toBeLessThan(1e-4);
  });

  test("channels first is channels last, transposed", () => {
    const last = tf.conv2d(image(), filter(), 1, [[0, 0], [1, 2], [0, 1], [0, 0]]);
    const transposed = tf.conv2d(first(image()), filter(), 1, [[0, 0], [0, 0], [1, 2], [0, 1]], "NCHW");
    expect(tf.max(tf.abs(tf.sub(first(last), transposed))).dataSync()[0]).toBeLessThan(1e-5);
  });

  test("samples depend on the seed alone, whatever was drawn before", () => {
    const logits = tf.tensor2d([[0.1, 0.2, 0.3, 0.4]]);
    const draw = (seed: number): number[] => [...tf.multinomial(logits, 50, seed).dataSync()];
    const one = draw(0.25);
    expect(draw(0.75)).not.toEqual(one);
    expect(draw(0.25)).toEqual(one);
  });
});
