import * as tf from "@tensorflow/tfjs-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { OpenedEngine } from "../engine.js";
import { testLibrary } from "../../test/support/tensorflow.js";
import { configProto } from "./context.js";
import { openTensorFlow, probeLibrary } from "./index.js";
import type { TracingBackend } from "./backend.js";

let engine: OpenedEngine;
beforeAll(async () => {
  engine = await openTensorFlow({ library: await testLibrary() });
});
afterAll(() => engine.dispose());

describe("opening", () => {
  test("says what it runs on, and sets TensorFlow's environment", () => {
    expect(engine.version).toMatch(/^2\./);
    expect(engine.device).toMatch(/CPU|GPU/);
    expect(tf.getBackend()).toBe("tensorflow");
    expect(process.env["TF_ENABLE_ONEDNN_OPTS"]).toBeDefined();
  });

  test("a second one is refused while the first is open", async () => {
    await expect(openTensorFlow({ library: await testLibrary() })).rejects.toThrow(/open in this process already/);
  });

  test("an absent library is a value with a reason", async () => {
    const probe = probeLibrary("/nowhere");
    expect(probe.available).toBe(false);
    expect(probe.reason).toMatch(/No libtensorflow in \/nowhere.*llm-backend install/s);
    expect(probeLibrary(await testLibrary()).available).toBe(true);
  });

  test("settings are ConfigProto bytes", () => {
    expect([...configProto({ threads: 300 })]).toEqual([0x10, 0xac, 0x02, 0x28, 0xac, 0x02, 0x32, 2, 0x20, 1]);
    expect([...configProto({ device: "cpu" })]).toEqual([0x0a, 7, 0x0a, 3, 0x47, 0x50, 0x55, 0x10, 0, 0x32, 2, 0x20, 1]);
  });
});

describe("tensors go in and out unchanged", () => {
  const through = (tensor: tf.Tensor): unknown => {
    const copy = tf.concat([tf.reshape(tensor, [-1]), tf.reshape(tensor, [-1])]); // forces it through TensorFlow
    return tf.slice(copy, [tensor.size], [tensor.size]).dataSync();
  };

  test("numbers", () => {
    expect(through(tf.tensor([1.5, -2, 3e38], [3, 1], "float32"))).toEqual(Float32Array.of(1.5, -2, 3e38));
    expect(through(tf.tensor([1, -2, 2 ** 31 - 1], [3], "int32"))).toEqual(Int32Array.of(1, -2, 2 ** 31 - 1));
    expect(through(tf.tensor([true, false], [2], "bool"))).toEqual(Uint8Array.of(1, 0));
    expect(through(tf.scalar(7))).toEqual(Float32Array.of(7));
    expect(tf.tensor([], [0, 3]).dataSync()).toEqual(new Float32Array(0));
  });

  test("complex numbers", () => {
    const z = tf.complex([1, 2], [3, -4]);
    expect(tf.imag(tf.mul(z, z)).dataSync()).toEqual(Float32Array.of(6, -16));
  });

  test("strings, long ones too, outlive the tensor they were made of", () => {
    const strings = ["", "short", "longer than the twenty-two bytes that fit inside", "ünïcödé 漢字"];
    const tensor = tf.tensor(strings, [2, 2], "string");
    expect(tensor.dataSync()).toEqual(strings);
    const alias = tf.reshape(tensor, [4]);
    tensor.dispose();
    for (let i = 0; i < 50; i++) tf.tidy(() => tf.reshape(tf.tensor(["x".repeat(40 + i)], [1], "string"), [1, 1]));
    expect(alias.dataSync()).toEqual(strings);
  });

  test("a shape that does not fit its values is refused", () => {
    const backend = tf.backend() as TracingBackend;
    expect(() => backend.binding.createTensor([3], backend.binding.TF_FLOAT, new Float32Array(2))).toThrow(/takes 12 bytes, found 8/);
  });
});

describe("kernels that are mended", () => {
  test("gather does not read its indices back, and TensorFlow refuses a bad one", () => {
    const { binding } = tf.backend() as TracingBackend;
    const x = tf.tensor2d([1, 2, 3, 4, 5, 6], [3, 2]);
    const read = binding.tensorDataSync.bind(binding);
    let reads = 0;
    binding.tensorDataSync = (id) => (reads++, read(id));
    const rows = tf.gather(x, tf.tensor2d([2, 0], [1, 2], "int32"));
    const columns = tf.gather(x, tf.tensor1d([1], "int32"), -1);
    expect(reads).toBe(0);
    binding.tensorDataSync = read;
    expect(rows.shape).toEqual([1, 2, 2]);
    expect([...rows.dataSync(), ...columns.dataSync()]).toEqual([5, 6, 1, 2, 2, 4, 6]);
    expect(() => tf.gather(x, tf.tensor1d([3], "int32"))).toThrow(/GatherV2.*InvalidArgument/s);
  });

  test("round leaves int32 alone", () => {
    expect(tf.round(tf.tensor1d([3, -4], "int32")).dataSync()).toEqual(Int32Array.of(3, -4));
    expect(tf.round(tf.tensor1d([2.5, -1.2])).dataSync()).toEqual(Float32Array.of(2, -1));
  });
});

test("TensorFlow does the work, and every handle is freed", () => {
  const { binding } = tf.backend() as TracingBackend;
  const before = engine.memory();
  const executed = binding.executed;
  for (let i = 0; i < 100; i++) {
    tf.tidy(() => {
      const x = tf.tensor2d([1, 2, 3, 4], [2, 2]);
      return tf.grad((y: tf.Tensor) => tf.sum(tf.softmax(tf.matMul(y as tf.Tensor2D, x))))(x).dataSync();
    });
  }
  expect(engine.memory()).toEqual(before);
  expect(binding.executed - executed).toBeGreaterThan(1000);
});

test("a refused op names itself and leaves the engine usable", () => {
  const backend = tf.backend() as TracingBackend;
  expect(() => backend.binding.executeOp("NoSuchOp", [], [], 1)).toThrow(/NoSuchOp/);
  expect(() => backend.binding.handle(10 ** 9)).toThrow(/no tensor with the id/);
  expect([...tf.add([1], [2]).dataSync()]).toEqual([3]);
});
