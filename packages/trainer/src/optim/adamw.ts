import * as tf from "@tensorflow/tfjs-core";
import type { Optimizer, OptimizerOptions, UpdateInputs } from "./optimizer.js";

/**
 * AdamW: Adam with decoupled weight decay (Loshchilov and Hutter, https://arxiv.org/abs/1711.05101), with the same
 * arithmetic as torch.optim.AdamW:
 *
 * `m ← β1·m + (1-β1)·g;  v ← β2·v + (1-β2)·g²;  p ← p·(1 - lr·wd) - lr · (m / (1-β1ᵗ)) / (√(v / (1-β2ᵗ)) + ε)`
 *
 * The two bias corrections are folded into scalars, so each parameter costs twelve elementwise operations.
 *
 * @param parameters The variables to update, by name; 1-D ones (norms) are not decayed.
 */
export function createAdamW(parameters: ReadonlyMap<string, tf.Variable>, options: OptimizerOptions = {}): Optimizer {
  const { weightDecay = 0.1, beta1 = 0.9, beta2 = 0.95, epsilon = 1e-8 } = options;
  const state = new Map<string, tf.Variable>();
  for (const prefix of ["m", "v"]) {
    for (const [name, parameter] of parameters) state.set(`${prefix}.${name}`, tf.tidy(() => tf.variable(tf.zeros(parameter.shape))));
  }

  return {
    kind: "adamw",
    state,
    apply(gradients: ReadonlyMap<string, tf.Tensor>, { lr, step, scale }: UpdateInputs): void {
      tf.tidy(() => {
        const correction1 = tf.sub(1, tf.pow(beta1, step));
        const correction2 = tf.sqrt(tf.sub(1, tf.pow(beta2, step)));
        // lr·(m/c1) / (√v/c2 + ε) = (lr·c2/c1)·m / (√v + ε·c2), with c2 the root of the second correction.
        const rate = tf.div(tf.mul(lr, correction2), correction1);
        const floor = tf.mul(epsilon, correction2);
        const keep = tf.sub(1, tf.mul(lr, weightDecay));
        const firstScale = tf.mul(1 - beta1, scale);
        const secondScale = tf.mul(1 - beta2, tf.square(scale));
        for (const [name, parameter] of parameters) {
          tf.tidy(() => {
            const gradient = gradients.get(name)!;
            const m = state.get(`m.${name}`)!;
            const v = state.get(`v.${name}`)!;
            const nextM = tf.add(tf.mul(m, beta1), tf.mul(gradient, firstScale));
            const nextV = tf.add(tf.mul(v, beta2), tf.mul(tf.square(gradient), secondScale));
            const update = tf.mul(tf.div(nextM, tf.add(tf.sqrt(nextV), floor)), rate);
            const decayed = parameter.rank > 1 && weightDecay > 0 ? tf.mul(parameter, keep) : parameter;
            const next = tf.sub(decayed, update);
            m.assign(nextM);
            v.assign(nextV);
            parameter.assign(next);
          });
        }
      });
    },
    dispose(): void {
      for (const variable of state.values()) variable.dispose();
    },
  };
}
