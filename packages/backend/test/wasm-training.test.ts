import { beforeAll, describe, expect, test } from "vitest";
import * as tf from "@tensorflow/tfjs-core";
import { openEngine, type Engine } from "@llm/backend";
import { createBatch, createDecoder, createStep } from "./support/decoder.js";

const engines = new Map<string, Engine>();
beforeAll(async () => {
  delete process.env["LLM_ENGINE"];
  for (const prefer of ["wasm", "cpu"] as const) engines.set(prefer, await openEngine({ prefer, threads: 2 }));
});

async function on<T>(name: "wasm" | "cpu", run: () => T): Promise<T> {
  await openEngine({ prefer: name });
  expect(tf.getBackend()).toBe(name);
  return run();
}

/** Largest difference, relative to the largest value. */
function difference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  expect(a.length).toBe(b.length);
  let most = 0;
  let scale = 1e-6;
  for (let i = 0; i < a.length; i++) {
    if (!Number.isFinite(a[i]!)) return Infinity;
    most = Math.max(most, Math.abs(a[i]! - b[i]!));
    scale = Math.max(scale, Math.abs(b[i]!));
  }
  return most / scale;
}

describe("a decoder on the WebAssembly engine", () => {
  test("has the logits, the loss and every gradient of the plain JavaScript engine", async () => {
    const run = () => {
      const { params, logits, loss } = createDecoder();
      const { ids, targets } = createBatch();
      const { value, grads } = tf.variableGrads(() => loss(ids, targets), params);
      return { logits: logits(ids).dataSync(), loss: value.dataSync()[0]!, gradients: params.map((p) => grads[p.name]!.dataSync()) };
    };
    const wasm = await on("wasm", run);
    const cpu = await on("cpu", run);
    expect(difference(wasm.logits, cpu.logits)).toBeLessThan(1e-5);
    expect(wasm.loss).toBeCloseTo(cpu.loss, 5);
    expect(wasm.gradients.length).toBe(20);
    for (const [i, gradient] of wasm.gradients.entries()) {
      expect(cpu.gradients[i]!.some((x) => x !== 0), `gradient ${i} is not all zeros`).toBe(true);
      expect(difference(gradient, cpu.gradients[i]!), `gradient ${i}`).toBeLessThan(1e-4);
    }
  });

  test("learns over 20 steps of AdamW, with the same losses, and leaks nothing", async () => {
    const run = () => {
      const { params, loss } = createDecoder();
      const { ids, targets } = createBatch();
      const step = createStep(params, () => loss(ids, targets));
      const losses = [step()];
      const before = tf.memory().numTensors;
      while (losses.length < 20) losses.push(step());
      expect(tf.memory().numTensors).toBe(before);
      return losses;
    };
    const wasm = await on("wasm", run);
    const cpu = await on("cpu", run);
    expect(wasm[0]).toBeGreaterThan(3.5);
    expect(wasm.at(-1)).toBeLessThan(wasm[0]! / 3);
    for (const [i, loss] of wasm.entries()) expect(Math.abs(loss - cpu[i]!) / cpu[i]!, `loss ${i}: ${loss} and ${cpu[i]}`).toBeLessThan(1e-3);
  });

  test("uses more than one thread, and says so", () => {
    expect(engines.get("wasm")!.device).toMatch(/^CPU, 2 threads, WebAssembly SIMD$/);
  });
});

describe("compile on an engine that can't compile", () => {
  test.each(["wasm", "cpu"] as const)("has the meaning of the plain function on %s", async (name) => {
    const engine = await openEngine({ prefer: name });
    const counter = tf.variable(tf.scalar(0));
    const x = tf.tensor1d([1, 2, 3]);
    const before = tf.memory().numTensors;
    const fn = engine.compile((input: { x: tf.Tensor1D }, factor: number) => {
      counter.assign(tf.add(counter, 1) as tf.Scalar);
      return { doubled: [tf.mul(input.x, factor)], same: input.x, counter, text: "kept as it is" };
    });
    const result = fn({ x }, 2);
    expect([...result.doubled[0]!.dataSync()]).toEqual([2, 4, 6]);
    expect(result.text).toBe("kept as it is");
    expect(counter.dataSync()[0]).toBe(1);
    // Results belong to the caller: disposing one that is an argument or a variable leaves those alone.
    tf.dispose([result.doubled[0]!, result.same, result.counter as unknown as tf.Tensor]);
    expect([...x.dataSync()]).toEqual([1, 2, 3]);
    expect(counter.dataSync()[0]).toBe(1);
    expect(tf.memory().numTensors).toBe(before);
    expect(fn.signatures).toEqual([]);
    expect(fn.notes).toEqual([]);
    tf.dispose(await fn.callAsync({ x }, 3));
    expect(() => engine.compile(async () => 1)()).toThrow(/synchronous/);
    tf.dispose([x, counter]);
  });
});
