import * as tf from "@tensorflow/tfjs-core";

/** A small Llama: grouped-query attention with RoPE, SwiGLU, RMSNorm, and the embedding as output head. */
export const SHAPE = { layers: 2, width: 32, heads: 4, kvHeads: 2, hidden: 48, vocabulary: 61, batch: 3, length: 10 };

/** Numbers in (-1, 1) from a linear congruential generator: the same on every engine. */
export function numbers(count: number, seed: number): Float32Array {
  let state = seed >>> 0;
  return Float32Array.from({ length: count }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 31 - 1;
  });
}

/** The model on the present engine: its weights and the loss of a batch. */
export function createDecoder() {
  const { layers, width: C, heads: H, kvHeads: K, hidden: F, vocabulary: V, batch: B, length: T } = SHAPE;
  const D = C / H;
  const params: tf.Variable[] = [];
  const weight = (shape: number[], scale = 0.2): tf.Variable => {
    const size = shape.reduce((a, b) => a * b, 1);
    const variable = tf.variable(tf.tensor(numbers(size, params.length + 1).map((x) => (shape.length === 1 ? 1 + 0.1 * x : scale * x)), shape));
    params.push(variable);
    return variable;
  };
  const embedding = weight([V, C]);
  const blocks = Array.from({ length: layers }, () => ({
    norm1: weight([C]), q: weight([C, C]), k: weight([K * D, C]), v: weight([K * D, C]), o: weight([C, C]),
    norm2: weight([C]), gate: weight([F, C]), up: weight([F, C]), down: weight([C, F]),
  }));
  const lastNorm = weight([C]);

  const tables = tf.tidy(() => {
    const inverse = tf.tensor1d(Float32Array.from({ length: D / 2 }, (_, i) => 10_000 ** ((-2 * i) / D)));
    const angles = tf.mul(tf.expandDims(tf.range(0, T), 1), inverse);
    return { cos: tf.concat([tf.cos(angles), tf.cos(angles)], 1), sin: tf.concat([tf.sin(angles), tf.sin(angles)], 1) };
  });
  const causal = tf.tidy(() => tf.greater(tf.linalg.bandPart(tf.ones([T, T]), -1, 0), 0));
  const hidden = tf.scalar(-1e9);

  const norm = (x: tf.Tensor, gain: tf.Tensor): tf.Tensor => tf.mul(tf.mul(x, tf.rsqrt(tf.add(tf.mean(tf.square(x), -1, true), 1e-5))), gain);
  const linear = (x: tf.Tensor, w: tf.Tensor): tf.Tensor => tf.matMul(x as tf.Tensor2D, w as tf.Tensor2D, false, true);
  const split = (x: tf.Tensor, heads: number): tf.Tensor => tf.transpose(tf.reshape(x, [B, T, heads, D]), [0, 2, 1, 3]);
  const rotate = (x: tf.Tensor): tf.Tensor => {
    const [a, b] = tf.split(x, 2, -1) as [tf.Tensor, tf.Tensor];
    return tf.add(tf.mul(x, tables.cos), tf.mul(tf.concat([tf.neg(b), a], -1), tables.sin));
  };
  // Queries of a group read one head of keys: the group becomes rows of one matrix.
  const group = (x: tf.Tensor): tf.Tensor => tf.reshape(x, [B, K, (H / K) * T, D]);

  const logits = (ids: tf.Tensor): tf.Tensor => {
    let x = tf.reshape(tf.gather(embedding, ids), [B * T, C]);
    for (const block of blocks) {
      const h = norm(x, block.norm1);
      const q = rotate(split(linear(h, block.q), H));
      const k = rotate(split(linear(h, block.k), K));
      const scores = tf.reshape(tf.mul(tf.matMul(group(q), k, false, true), 1 / Math.sqrt(D)), [B, H, T, T]);
      const weights = tf.softmax(tf.where(causal, scores, hidden));
      const mixed = tf.matMul(tf.reshape(weights, [B, K, (H / K) * T, T]), split(linear(h, block.v), K));
      x = tf.add(x, linear(tf.reshape(tf.transpose(tf.reshape(mixed, [B, H, T, D]), [0, 2, 1, 3]), [B * T, C]), block.o));
      const h2 = norm(x, block.norm2);
      const gate = linear(h2, block.gate);
      x = tf.add(x, linear(tf.mul(tf.mul(gate, tf.sigmoid(gate)), linear(h2, block.up)), block.down));
    }
    return linear(norm(x, lastNorm), embedding);
  };
  const loss = (ids: tf.Tensor, targets: tf.Tensor): tf.Scalar =>
    tf.neg(tf.mean(tf.sum(tf.mul(tf.logSoftmax(logits(ids)), tf.oneHot(tf.reshape(targets, [B * T]), V)), -1))) as tf.Scalar;
  return { params, logits, loss };
}

/** A batch with a pattern that can be learned: each token is followed by its double. */
export function createBatch(): { ids: tf.Tensor2D; targets: tf.Tensor2D } {
  const { batch, length, vocabulary } = SHAPE;
  const rows = Array.from({ length: batch }, (_, row) => {
    const tokens = [row + 3];
    while (tokens.length <= length) tokens.push((tokens.at(-1)! * 2 + 1) % vocabulary);
    return tokens;
  });
  return { ids: tf.tensor2d(rows.map((row) => row.slice(0, -1)), undefined, "int32"), targets: tf.tensor2d(rows.map((row) => row.slice(1)), undefined, "int32") };
}

/** One step of AdamW written in plain operations, with global-norm clipping; returns the loss before it. */
export function createStep(params: tf.Variable[], loss: () => tf.Scalar): () => number {
  const first = params.map((p) => tf.variable(tf.zerosLike(p), false));
  const second = params.map((p) => tf.variable(tf.zerosLike(p), false));
  let t = 0;
  return () =>
    tf.tidy(() => {
      t++;
      const { value, grads } = tf.variableGrads(loss, params);
      const gradients = params.map((p) => grads[p.name]!);
      const norm = tf.sqrt(tf.addN(gradients.map((g) => tf.sum(tf.square(g)))));
      const scale = tf.minimum(1, tf.div(1, tf.add(norm, 1e-6)));
      params.forEach((p, i) => {
        const g = tf.mul(gradients[i]!, scale);
        first[i]!.assign(tf.add(tf.mul(first[i]!, 0.9), tf.mul(g, 0.1)));
        second[i]!.assign(tf.add(tf.mul(second[i]!, 0.95), tf.mul(tf.square(g), 0.05)));
        const step = tf.div(tf.div(first[i]!, 1 - 0.9 ** t), tf.add(tf.sqrt(tf.div(second[i]!, 1 - 0.95 ** t)), 1e-8));
        p.assign(tf.sub(tf.mul(p, 1 - 0.01 * 0.1), tf.mul(step, 0.01)));
      });
      return value.dataSync()[0]!;
    });
}
