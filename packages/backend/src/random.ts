import * as tf from "@tensorflow/tfjs-core";
import { BackendError } from "./errors.js";
import { philox } from "./philox.js";
import { philoxBits } from "./tensorflow/random.js";

/**
 * Random numbers in [0, 1) that depend on nothing but `seed`: the same on every engine, eager and compiled. In a compiled function pass the
 * seed as an argument; a step's number makes a good second half.
 *
 * Philox 4x32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", 2011) with the seed as key, counted from 0; 23 bits a number.
 *
 * @param shape Of the result, which is float32.
 * @param seed Two int32 numbers. Each call needs a seed of its own: equal seeds give equal numbers.
 * @throws BackendError "compile" for a seed of another shape or type.
 */
export function statelessUniform<R extends tf.Rank>(shape: tf.ShapeMap[R], seed: tf.Tensor): tf.Tensor<R> {
  return tf.tidy(() => uniform(shape, seed) as tf.Tensor<R>);
}

/**
 * Standard normal random numbers that depend on nothing but `seed`; otherwise like {@link statelessUniform}. Box-Muller transform: engines
 * agree to the rounding of their logarithms and cosines.
 */
export function statelessNormal<R extends tf.Rank>(shape: tf.ShapeMap[R], seed: tf.Tensor): tf.Tensor<R> {
  return tf.tidy(() => {
    const [u, v] = tf.unstack(uniform([2, ...shape], seed)) as [tf.Tensor, tf.Tensor];
    // 1 - u lies in (0, 1]: its logarithm is finite.
    return tf.mul(tf.sqrt(tf.mul(tf.log(tf.sub(1, u)), -2)), tf.cos(tf.mul(v, 2 * Math.PI))) as tf.Tensor<R>;
  });
}

/** Uniform numbers out of the lower 23 bits of each, which float32 holds exactly. */
function uniform(shape: number[], seed: tf.Tensor): tf.Tensor {
  if (seed.dtype !== "int32" || seed.shape.length !== 1 || seed.shape[0] !== 2) {
    throw new BackendError("compile", `A seed must be two int32 numbers (tf.tensor1d([seed, step], "int32")), got ${seed.dtype}[${seed.shape.join()}].`);
  }
  const bits = philoxBits(shape, seed);
  if (bits) return tf.mul(tf.cast(tf.mod(bits, tf.scalar(1 << 23, "int32")), "float32"), 2 ** -23);
  const [first, second] = seed.dataSync();
  return tf.tensor(Float32Array.from(philox(tf.util.sizeFromShape(shape), first!, second!), (x) => (x & 0x7fffff) * 2 ** -23), shape);
}
