import type * as tf from "@tensorflow/tfjs-core";

/** Which rule updates the weights. */
export type OptimizerKind = "adamw" | "muon";

/** What one update needs besides the gradients; tensors, so that a compiled step takes them as inputs. */
export interface UpdateInputs {
  /** Learning rate, scalar. */
  lr: tf.Scalar;
  /** The number of this update, counted from 1; float32 scalar. */
  step: tf.Scalar;
  /** Every gradient is multiplied by this first (1 / tokens, clipping); scalar. */
  scale: tf.Scalar;
}

/**
 * An optimizer over a fixed set of variables. Its state is named variables, so that a checkpoint can save and restore
 * it, and `apply` is plain tfjs code, so that it can run inside a compiled step.
 */
export interface Optimizer {
  readonly kind: OptimizerKind;
  /** State variables by name ("m.<parameter>", "v.<parameter>", "momentum.<parameter>"). */
  readonly state: ReadonlyMap<string, tf.Variable>;
  /**
   * Updates the parameters in place.
   *
   * @param gradients One tensor for each parameter, by the parameter's name.
   */
  apply(gradients: ReadonlyMap<string, tf.Tensor>, inputs: UpdateInputs): void;
  /** Frees the state. */
  dispose(): void;
}

/** Settings of the optimizers. */
export interface OptimizerOptions {
  /** Decoupled weight decay of matrices; default 0.1. Norms and other 1-D parameters never decay. */
  weightDecay?: number;
  /** AdamW's decay of the first moment; default 0.9. */
  beta1?: number;
  /** AdamW's decay of the second moment; default 0.95. */
  beta2?: number;
  /** AdamW's epsilon; default 1e-8. */
  epsilon?: number;
  /** Muon's momentum; default 0.95. */
  momentum?: number;
}
