import { expect, test } from "vitest";
import * as tf from "@tensorflow/tfjs-core";
import { openEngine } from "@llm/backend";

test("full WebAssembly memory is one clear error, and the engine works on", async () => {
  await openEngine({ prefer: "wasm", threads: 2 });
  // Memory that is only asked for and not written to costs nothing.
  const backend = tf.backend() as unknown as { makeOutput(shape: number[], dtype: "float32"): tf.TensorInfo; disposeData(id: object): boolean };
  const taken: tf.TensorInfo[] = [];
  expect(() => {
    while (taken.length < 8) taken.push(backend.makeOutput([2 ** 28], "float32"));
  }).toThrow(/WebAssembly memory is full: no room for 1073\.7 MB more/);
  expect(taken.length).toBeGreaterThanOrEqual(2);
  for (const info of taken) backend.disposeData(info.dataId);
  expect([...tf.matMul(tf.ones([2, 3]) as tf.Tensor2D, tf.ones([3, 2]) as tf.Tensor2D).dataSync()]).toEqual([3, 3, 3, 3]);
});
