// One training step of a small Llama (loss, gradients, clipping, AdamW) on the engine that @llm/backend opens; train-step.py is the same in
// PyTorch. Prints one JSON line. On a machine that does other work compare CPU time, and run the two in turn.
//   CFG=layers,width,heads,hidden,vocabulary,length,batch  MODE=xla|graph|eager  PRECISION=float32|bfloat16  STEPS=8  node tools/bench/train-step/train-step.mjs
import { openEngine } from "@llm/backend";
import * as tf from "@tensorflow/tfjs-core";

const [L, D, H, F, V, T, B] = (process.env.CFG ?? "4,128,4,384,2048,128,16").split(",").map(Number);
const mode = process.env.MODE ?? "xla";
const steps = Number(process.env.STEPS ?? 8);
const [hd, N] = [D / H, B * T];
const engine = await openEngine();

let seed = 1;
const matrix = (...shape) => tf.tidy(() => tf.variable(tf.randomNormal(shape, 0, 0.02, "float32", seed++)));
const vector = (size) => tf.tidy(() => tf.variable(tf.ones([size])));
const embedding = matrix(V, D);
const layers = Array.from({ length: L }, () => ({
  n1: vector(D), q: matrix(D, D), k: matrix(D, D), v: matrix(D, D), o: matrix(D, D), n2: vector(D), gate: matrix(F, D), up: matrix(F, D), down: matrix(D, F),
}));
const last = vector(D);
const weights = [embedding, ...layers.flatMap((layer) => Object.values(layer)), last];
const zeros = (w) => tf.tidy(() => tf.variable(tf.zerosLike(w), false));
const [first, second] = [weights.map(zeros), weights.map(zeros)];

const angle = (k) => Math.floor(k / hd) * 10000 ** ((-2 * ((k % hd) % (hd / 2))) / hd);
const table = (fn) => tf.tensor(Float32Array.from({ length: T * hd }, (_, k) => fn(angle(k))), [1, T, 1, hd]);
const [cos, sin] = [table(Math.cos), table(Math.sin)];
const causal = tf.tensor(Float32Array.from({ length: T * T }, (_, k) => (k % T > Math.floor(k / T) ? -1e9 : 0)), [1, 1, T, T]);
const rows = tf.range(0, V, 1, "int32");

const linear = (x, w) => tf.matMul(x, w, false, true);
const norm = (x, g) => tf.mul(tf.mul(x, tf.rsqrt(tf.add(tf.mean(tf.square(x), -1, true), 1e-5))), g);
const rope = (x) => {
  const [a, b] = tf.split(x, 2, 3);
  return tf.add(tf.mul(x, cos), tf.mul(tf.concat([tf.neg(b), a], 3), sin));
};
const heads = (x) => tf.transpose(x, [0, 2, 1, 3]);

/** Mean cross entropy with the tied head; the gradient needs no one-hot tensor: XLA fuses the comparison into its use. */
const crossEntropy = (x0, targets) =>
  tf.customGrad((x, e, save) => {
    const logits = linear(x, e);
    const top = tf.max(logits, -1, true);
    const logSum = tf.add(top, tf.log(tf.sum(tf.exp(tf.sub(logits, top)), -1, true)));
    const picked = tf.sum(tf.mul(x, tf.gather(e, targets)), -1, true);
    save([x, e, logits, logSum]);
    return {
      value: tf.mul(tf.sum(tf.sub(logSum, picked)), 1 / N),
      gradFunc: (dy, [x, e, logits, logSum]) => {
        const hit = tf.cast(tf.equal(tf.reshape(rows, [1, V]), tf.reshape(targets, [N, 1])), "float32");
        const d = tf.mul(tf.sub(tf.exp(tf.sub(logits, logSum)), hit), tf.mul(dy, 1 / N));
        return [tf.matMul(d, e), tf.matMul(d, x, true, false)];
      },
    };
  })(x0, embedding);

function loss(inputs, targets) {
  let x = tf.gather(embedding, inputs);
  for (const w of layers) {
    const h = norm(x, w.n1);
    const [q, k, v] = [w.q, w.k, w.v].map((m) => tf.reshape(linear(h, m), [B, T, H, hd]));
    const scores = tf.add(tf.mul(tf.matMul(heads(rope(q)), heads(rope(k)), false, true), hd ** -0.5), causal);
    const mixed = tf.reshape(heads(tf.matMul(tf.softmax(scores), heads(v))), [N, D]);
    x = tf.add(x, linear(mixed, w.o));
    const g = norm(x, w.n2);
    const gate = linear(g, w.gate);
    x = tf.add(x, linear(tf.mul(tf.mul(gate, tf.sigmoid(gate)), linear(g, w.up)), w.down));
  }
  return crossEntropy(norm(x, last), targets);
}

function step(inputs, targets, rate, t) {
  const { value, grads } = tf.variableGrads(() => loss(inputs, targets), weights);
  const size = tf.sqrt(tf.addN(weights.map((w) => tf.sum(tf.square(grads[w.name])))));
  const clip = tf.minimum(1, tf.div(1, tf.add(size, 1e-6)));
  const [c1, c2] = [0.9, 0.95].map((beta) => tf.div(1, tf.sub(1, tf.pow(beta, t))));
  weights.forEach((w, i) => {
    const g = tf.mul(grads[w.name], clip);
    first[i].assign(tf.add(tf.mul(first[i], 0.9), tf.mul(g, 0.1)));
    second[i].assign(tf.add(tf.mul(second[i], 0.95), tf.mul(tf.square(g), 0.05)));
    const update = tf.div(tf.mul(first[i], c1), tf.add(tf.sqrt(tf.mul(second[i], c2)), 1e-8));
    w.assign(tf.sub(w, tf.mul(rate, tf.add(update, w.shape.length > 1 ? tf.mul(w, 0.1) : 0))));
  });
  return value;
}

let state = 7;
const random = () => tf.tensor1d(Int32Array.from({ length: N }, () => (state = (state * 1103515245 + 12345) % 2147483648) % V), "int32");
const [inputs, targets] = [random(), random()];
const run = mode === "eager" ? step : engine.compile(step, { jit: mode === "xla", precision: process.env.PRECISION ?? "float32" });
const once = (t) => tf.tidy(() => run(inputs, targets, tf.scalar(1e-3), tf.scalar(t)).dataSync()[0]);

const start = performance.now();
const firstLoss = once(1);
const firstMs = performance.now() - start;
for (let t = 2; t < 4; t++) once(t);
const times = [];
const cpu = process.cpuUsage();
let lastLoss = 0;
for (let i = 0; i < steps; i++) {
  const before = performance.now();
  lastLoss = once(4 + i);
  times.push(performance.now() - before);
}
const { user, system } = process.cpuUsage(cpu);
times.sort((a, b) => a - b);
const median = times[Math.floor(steps / 2)];
process.stdout.write(
  `${JSON.stringify({
    engine: `${engine.name} ${engine.version} ${mode}`, medianMs: Math.round(median), minMs: Math.round(times[0]), cpuMs: Math.round((user + system) / 1000 / steps),
    systemMs: Math.round(system / 1000 / steps), tokensPerSecond: Math.round((N / median) * 1000), firstMs: Math.round(firstMs), firstLoss, lastLoss,
    residentMb: Math.round(process.memoryUsage.rss() / 1e6), parameters: weights.reduce((sum, w) => sum + w.size, 0),
  })}\n`,
);
engine.dispose();
