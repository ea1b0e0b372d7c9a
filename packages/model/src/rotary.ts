import * as tf from "@tensorflow/tfjs-core";
import { differentiable } from "./ops.js";

/** Cosines and signed sines for rotary positions, each [T, headDim]. */
export interface RotaryTables {
  cos: tf.Tensor2D;
  sin: tf.Tensor2D;
}

interface RotaryValues {
  cos: Float32Array;
  sin: Float32Array;
}

const cache = new Map<string, RotaryValues>();
const CACHED_TABLES = 8;

/**
 * The tables for positions 0…length-1 (Su et al. 2021, RoFormer), for the rotate-half layout: pair j is (j, j + headDim/2) and
 * turns by position · theta^(-2j/headDim). The sine of the first half is negative: y = x · cos + swapHalves(x) · sin.
 *
 * The numbers are kept between calls, the tensors are not: a tensor made while a function is traced belongs to that trace.
 */
export function rotaryTables(length: number, headDim: number, theta: number): RotaryTables {
  const { cos, sin } = rotaryValues(length, headDim, theta);
  return { cos: tf.tensor2d(cos, [length, headDim]), sin: tf.tensor2d(sin, [length, headDim]) };
}

/** The numbers of {@link rotaryTables}. */
export function rotaryValues(length: number, headDim: number, theta: number): RotaryValues {
  const key = `${length}:${headDim}:${theta}`;
  const known = cache.get(key);
  if (known !== undefined) return known;
  const half = headDim / 2;
  const cos = new Float32Array(length * headDim);
  const sin = new Float32Array(length * headDim);
  for (let j = 0; j < half; j++) {
    // Rounded to float32 step by step as transformers computes it: at position 1,000 the rounding of the angle shows.
    const frequency = Math.fround(1 / Math.fround(Math.pow(theta, Math.fround((2 * j) / headDim))));
    for (let t = 0; t < length; t++) {
      const angle = Math.fround(t * frequency);
      const at = t * headDim + j;
      cos[at] = cos[at + half] = Math.cos(angle);
      sin[at + half] = Math.sin(angle);
      sin[at] = -sin[at + half]!;
    }
  }
  if (cache.size >= CACHED_TABLES) cache.delete(cache.keys().next().value!);
  cache.set(key, { cos, sin });
  return { cos, sin };
}

/** The two halves of the last axis exchanged; x [B, H, T, D]. */
function swapHalves(x: tf.Tensor): tf.Tensor {
  const [b, h, t, d] = x.shape as [number, number, number, number];
  const half = d / 2;
  return tf.concat([tf.slice(x, [0, 0, 0, half], [b, h, t, half]), tf.slice(x, [0, 0, 0, 0], [b, h, t, half])], 3);
}

/** Turns each head's vectors to their positions; x [B, H, T, headDim]. Turning back by the same angles is the gradient. */
export function applyRotary(x: tf.Tensor4D, { cos, sin }: RotaryTables): tf.Tensor4D {
  return differentiable([x], (save) => {
    save([cos, sin]);
    return {
      value: tf.add(tf.mul(x, cos), tf.mul(swapHalves(x), sin)) as tf.Tensor4D,
      gradient: (dy, saved) => {
        const [cos, sin] = saved as [tf.Tensor, tf.Tensor];
        return [tf.sub(tf.mul(dy, cos), tf.mul(swapHalves(dy), sin))];
      },
    };
  });
}
