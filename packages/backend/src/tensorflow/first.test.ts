import * as tf from "@tensorflow/tfjs-core";
import { expect, test } from "vitest";
import { openTensorFlow } from "./index.js";

test("works", async () => {
  const engine = await openTensorFlow({ library: process.env["LLM_LIBTENSORFLOW"]! });
  expect(process.env["TF_ENABLE_ONEDNN_OPTS"]).toBe("0");
  console.log(engine.version, engine.device, engine.memory());
  const a = tf.tensor2d([1, 2, 3, 4], [2, 2]);
  expect([...tf.matMul(a, a).dataSync()]).toEqual([7, 10, 15, 22]);
  const s = tf.tensor(["short", "a string that is longer than twenty-two bytes"]);
  expect(s.dataSync()).toEqual(["short", "a string that is longer than twenty-two bytes"]);
  expect(tf.reshape(s, [2, 1]).dataSync()).toEqual(["short", "a string that is longer than twenty-two bytes"]);
  const w = tf.variable(tf.tensor2d([1, 2, 3, 4], [2, 2]));
  const step = (x: tf.Tensor2D, lr: tf.Scalar) => {
    const { value, grads } = tf.variableGrads(() => tf.mean(tf.square(tf.matMul(x, w as tf.Tensor2D))) as tf.Scalar, [w]);
    w.assign(tf.sub(w, tf.mul(lr, grads[w.name]!)));
    return { loss: value, n: 3 };
  };
  for (const jit of [false, true]) {
    const c = engine.compile(step, { jit });
    for (let i = 0; i < 3; i++) {
      const r = tf.tidy(() => { const r = c(a, tf.scalar(0.01)); return r.loss; });
      console.log(r.dataSync(), w.dataSync(), engine.memory()); r.dispose();
    }
    const r = await c.callAsync(a, tf.scalar(0.01));
    console.log(r.loss.dataSync(), c.signatures);
  }
  engine.dispose();
});
