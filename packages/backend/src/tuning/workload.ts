import type * as tfcore from "@tensorflow/tfjs-core";
import type { Engine } from "../engine.js";
import type { Timing } from "./choose.js";

const [ROWS, LENGTH, WIDTH, HEADS, HIDDEN, VOCABULARY] = [4, 256, 384, 6, 1024, 8192];

/**
 * Times a training step of a small model (two transformer blocks with attention and gated MLP, a head with a vocabulary, gradients, update)
 * on an open engine, as a graph and by XLA: the shortest of some runs each, which is what the machine can do when nothing else runs. Its
 * largest buffers, 34 MB, are of a size that the C library maps and unmaps each time, as real steps' are.
 */
export function timeStep({ tf, compile }: Engine, runs = 6): Timing {
  const matrix = (rows: number, columns: number): tfcore.Variable => tf.tidy(() => tf.variable(tf.randomNormal([rows, columns], 0, 0.05, "float32", 1)));
  const layers = Array.from({ length: 2 }, () => ({ qkv: matrix(WIDTH, 3 * WIDTH), out: matrix(WIDTH, WIDTH), gate: matrix(WIDTH, HIDDEN), up: matrix(WIDTH, HIDDEN), down: matrix(HIDDEN, WIDTH) }));
  const head = matrix(VOCABULARY, WIDTH);
  const weights = [head, ...layers.flatMap((layer) => Object.values(layer))];
  const x = tf.randomNormal([ROWS * LENGTH, WIDTH], 0, 1, "float32", 2);
  const norm = (h: tfcore.Tensor): tfcore.Tensor => tf.mul(h, tf.rsqrt(tf.add(tf.mean(tf.square(h), -1, true), 1e-5)));
  const heads = (h: tfcore.Tensor): tfcore.Tensor => tf.transpose(tf.reshape(h, [ROWS, LENGTH, HEADS, WIDTH / HEADS]), [0, 2, 1, 3]);
  const loss = (): tfcore.Scalar => {
    let h: tfcore.Tensor = x;
    for (const { qkv, out, gate, up, down } of layers) {
      const [q, k, v] = tf.split(tf.matMul(norm(h), qkv), 3, 1).map(heads);
      const mixed = tf.matMul(tf.softmax(tf.mul(tf.matMul(q!, k!, false, true), 0.125)), v!);
      h = tf.add(h, tf.matMul(tf.reshape(tf.transpose(mixed, [0, 2, 1, 3]), [-1, WIDTH]), out));
      const n = norm(h);
      const g = tf.matMul(n, gate);
      h = tf.add(h, tf.matMul(tf.mul(tf.mul(g, tf.sigmoid(g)), tf.matMul(n, up)), down));
    }
    return tf.mean(tf.logSumExp(tf.matMul(norm(h), head, false, true), -1));
  };
  const step = (): tfcore.Scalar => {
    const { value, grads } = tf.variableGrads(loss, weights);
    for (const w of weights) w.assign(tf.sub(w, tf.mul(grads[w.name]!, 1e-3)) as tfcore.Tensor2D);
    return value;
  };
  const best = (jit: boolean): number => {
    const run = compile(step, { jit });
    let shortest = Infinity;
    for (let i = 0; i < runs + 2; i++) {
      const started = performance.now();
      tf.tidy(() => void run().dataSync());
      // The first two trace, compile and warm up.
      if (i >= 2) shortest = Math.min(shortest, performance.now() - started);
    }
    run.dispose();
    return shortest;
  };
  try {
    return { graphMs: best(false), xlaMs: best(true) };
  } finally {
    tf.dispose([x, ...weights]);
  }
}
