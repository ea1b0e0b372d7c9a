import * as tf from "@tensorflow/tfjs-core";
import { createAdamW } from "./adamw.js";
import type { Optimizer, OptimizerOptions, UpdateInputs } from "./optimizer.js";

/** Coefficients of the quintic iteration, tuned for the steepest slope at zero (Keller Jordan, https://kellerjordan.github.io/posts/muon/). */
const [A, B, C] = [3.4445, -4.775, 2.0315] as const;
const ITERATIONS = 5;

/**
 * Brings all singular values of each matrix near 1 (between about 0.7 and 1.2) by five Newton–Schulz steps:
 * `X ← aX + (bXXᵀ + c(XXᵀ)²)X`, from `X = G / ‖G‖`. Matrix products only, so it runs on every engine.
 *
 * @param matrices [n, rows, columns]: n matrices of one shape, taken together to save calls.
 * @returns The same shape.
 */
export function orthogonalize(matrices: tf.Tensor3D): tf.Tensor3D {
  return tf.tidy(() => {
    const [, rows, columns] = matrices.shape;
    const tall = rows > columns; // the product XXᵀ is smaller on the short side
    const norm = tf.sqrt(tf.sum(tf.square(matrices), [1, 2], true));
    let x = tf.div(matrices, tf.maximum(norm, 1e-7)) as tf.Tensor3D;
    if (tall) x = tf.transpose(x, [0, 2, 1]);
    for (let i = 0; i < ITERATIONS; i++) {
      const gram = tf.matMul(x, x, false, true); // [n, short, short]
      const polynomial = tf.add(tf.mul(gram, B), tf.mul(tf.matMul(gram, gram), C)) as tf.Tensor3D;
      x = tf.add(tf.mul(x, A), tf.matMul(polynomial, x)) as tf.Tensor3D;
    }
    return tall ? tf.transpose(x, [0, 2, 1]) : x;
  });
}

/** Muon takes the hidden matrices; embeddings (and a head tied to them) and 1-D parameters stay with AdamW. */
export function isHiddenMatrix(name: string, parameter: tf.Tensor): boolean {
  return parameter.rank === 2 && !name.includes("embed") && !name.startsWith("lm_head");
}

/**
 * Muon for the hidden matrices (Nesterov momentum, then {@link orthogonalize}), AdamW for everything else. The update
 * is scaled by `0.2·√max(rows, columns)`, which gives it AdamW's usual size, so both share one learning rate. Only
 * the hidden matrices decay (Liu et al., https://arxiv.org/abs/2502.16982; torch.optim.Muon's "match_rms_adamw").
 *
 * @param parameters The variables to update, by Hugging Face name.
 */
export function createMuon(parameters: ReadonlyMap<string, tf.Variable>, options: OptimizerOptions = {}): Optimizer {
  const { weightDecay = 0.1, momentum = 0.95 } = options;
  const hidden = [...parameters].filter(([name, parameter]) => isHiddenMatrix(name, parameter));
  // A token that is seen seldom would decay away between the batches that have it.
  const adamw = createAdamW(new Map([...parameters].filter(([name, parameter]) => !isHiddenMatrix(name, parameter))), { ...options, weightDecay: 0 });
  const buffers = new Map(hidden.map(([name, parameter]) => [`momentum.${name}`, tf.tidy(() => tf.variable(tf.zeros(parameter.shape)))]));
  const groups = new Map<string, [string, tf.Variable][]>();
  for (const entry of hidden) {
    const shape = entry[1].shape.join("x");
    groups.set(shape, [...(groups.get(shape) ?? []), entry]);
  }

  return {
    kind: "muon",
    state: new Map([...adamw.state, ...buffers]),
    apply(gradients: ReadonlyMap<string, tf.Tensor>, inputs: UpdateInputs): void {
      adamw.apply(gradients, inputs);
      for (const group of groups.values()) {
        tf.tidy(() => {
          const [rows, columns] = group[0]![1].shape as [number, number];
          const step = tf.mul(inputs.lr, 0.2 * Math.sqrt(Math.max(rows, columns)));
          const keep = tf.sub(1, tf.mul(inputs.lr, weightDecay));
          const directions = group.map(([name]) => {
            const buffer = buffers.get(`momentum.${name}`)!;
            const gradient = tf.mul(gradients.get(name)!, inputs.scale);
            const next = tf.add(tf.mul(buffer, momentum), tf.mul(gradient, 1 - momentum));
            buffer.assign(next);
            return tf.add(tf.mul(gradient, 1 - momentum), tf.mul(next, momentum));
          });
          const updates = tf.unstack(tf.mul(orthogonalize(tf.stack(directions) as tf.Tensor3D), step));
          group.forEach(([, parameter], i) => parameter.assign(tf.sub(tf.mul(parameter, keep), updates[i]!)));
        });
      }
    },
    dispose(): void {
      adamw.dispose();
      for (const variable of buffers.values()) variable.dispose();
    },
  };
}
