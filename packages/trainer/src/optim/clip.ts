import * as tf from "@tensorflow/tfjs-core";

/**
 * The Euclidean norm of all gradients taken as one long vector: `sqrt(Σ g²)`.
 *
 * @param gradients Tensors of any shapes; at least one.
 * @returns A scalar.
 */
export function globalNorm(gradients: readonly tf.Tensor[]): tf.Scalar {
  return tf.tidy(() => tf.sqrt(tf.addN(gradients.map((gradient) => tf.sum(tf.square(gradient))))) as tf.Scalar);
}

/**
 * The factor that brings a norm down to `maxNorm` and leaves smaller ones alone: `min(1, maxNorm / (norm + 1e-6))`, as
 * torch.nn.utils.clip_grad_norm_ does.
 *
 * @param norm Scalar from {@link globalNorm}.
 * @param maxNorm The bound; 0 or less turns clipping off.
 */
export function clipFactor(norm: tf.Scalar, maxNorm: number): tf.Scalar {
  if (!(maxNorm > 0)) return tf.onesLike(norm);
  return tf.tidy(() => tf.minimum(tf.div(maxNorm, tf.add(norm, 1e-6)), 1) as tf.Scalar);
}
