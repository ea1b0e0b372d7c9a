import * as tf from "@tensorflow/tfjs-core";
import type { Engine } from "@llm/backend";
import { crossEntropyLoss, type LlamaConfig, type LossOptions, type Parameters } from "@llm/model";
import { clipFactor, globalNorm } from "./optim/clip.js";
import type { Optimizer } from "./optim/optimizer.js";
import { disposeInputs, type Microbatch, toInputs } from "./microbatch.js";

/** The figures of one optimizer step. */
export interface StepResult {
  /** Mean cross-entropy in nats over every token that counted in this step. */
  loss: number;
  /** Norm of the mean gradient before clipping. */
  gradNorm: number;
}

/** One optimizer step over one or more microbatches. */
export interface TrainStep {
  /**
   * @param microbatches All the data of the step; at least one token counts in each.
   * @param at The learning rate and the number of this step, counted from 1.
   */
  run(microbatches: readonly Microbatch[], at: { lr: number; step: number }): Promise<StepResult>;
  dispose(): void;
}

/** What is trained: a configuration and its weights as variables of the engine. */
export interface Model {
  config: LlamaConfig;
  parameters: Parameters;
}

/** How the step is made. */
export interface StepOptions {
  /** Bound of the gradient's global norm; 0 turns clipping off. */
  clip: number;
  /** Microbatches of each step. */
  accumulate: number;
  /** Compute layers again in the backward pass instead of keeping what they computed; default false. */
  recompute?: boolean;
  /** Of the matrix products; default "float32". See `CompileOptions` of @llm/backend. */
  precision?: Precision;
}

/** What matrix products are computed in; weights, sums and optimizer state are float32 either way. */
export type Precision = (typeof PRECISIONS)[number];
export const PRECISIONS = ["float32", "bfloat16"] as const;

/** The gradient of the summed loss of one microbatch, by parameter name. Runs inside a compiled function. */
function sumGradients({ config, parameters }: Model, options: LossOptions, ids: tf.Tensor2D, targets: tf.Tensor2D, mask: tf.Tensor2D) {
  const { value, grads } = tf.variableGrads(() => crossEntropyLoss(config, parameters, ids, targets, mask, options).lossSum, [...parameters.values()]);
  const gradients = new Map<string, tf.Tensor>();
  for (const [name, variable] of parameters) gradients.set(name, grads[variable.name]!);
  return { lossSum: value, gradients };
}

/**
 * Builds the training step as compiled functions. With one microbatch a step is a single call; with several, each adds
 * its summed gradient to accumulators and a last call applies them. Either way losses are summed over tokens and divided
 * once by the number of tokens of the whole step, so a step over A microbatches equals one over their union, however
 * unevenly the tokens fall (a mean of means would not; see https://huggingface.co/blog/gradient_accumulation).
 */
export function createTrainStep(engine: Engine, model: Model, optimizer: Optimizer, { clip, accumulate, recompute = false, precision = "float32" }: StepOptions): TrainStep {
  const { parameters } = model;

  const update = (lossSum: tf.Scalar, gradients: ReadonlyMap<string, tf.Tensor>, count: tf.Scalar, lr: tf.Scalar, step: tf.Scalar) => {
    const gradNorm = tf.div(globalNorm([...gradients.values()]), count) as tf.Scalar;
    optimizer.apply(gradients, { lr, step, scale: tf.div(clipFactor(gradNorm, clip), count) as tf.Scalar });
    return { loss: tf.div(lossSum, count) as tf.Scalar, gradNorm };
  };

  const whole = engine.compile((ids: tf.Tensor2D, targets: tf.Tensor2D, mask: tf.Tensor2D, count: tf.Scalar, lr: tf.Scalar, step: tf.Scalar) => {
    const { lossSum, gradients } = sumGradients(model, { recompute }, ids, targets, mask);
    return update(lossSum, gradients, count, lr, step);
  }, { precision, name: "train_step" });

  const zero = (shape: number[]): tf.Variable => tf.tidy(() => tf.variable(tf.zeros(shape)));
  const sums = accumulate > 1 ? new Map([...parameters].map(([name, parameter]) => [name, zero(parameter.shape)])) : new Map<string, tf.Variable>();
  const lossSums = zero([]);

  const add = engine.compile((ids: tf.Tensor2D, targets: tf.Tensor2D, mask: tf.Tensor2D) => {
    const { lossSum, gradients } = sumGradients(model, { recompute }, ids, targets, mask);
    for (const [name, sum] of sums) sum.assign(tf.add(sum, gradients.get(name)!));
    lossSums.assign(tf.add(lossSums, lossSum));
    return { lossSum };
  }, { precision, name: "accumulate_gradients" });

  const apply = engine.compile((count: tf.Scalar, lr: tf.Scalar, step: tf.Scalar) => {
    const result = update(lossSums as unknown as tf.Scalar, sums, count, lr, step);
    for (const sum of sums.values()) sum.assign(tf.zerosLike(sum));
    lossSums.assign(tf.zerosLike(lossSums));
    return result;
  }, { precision, name: "apply_gradients" });

  return {
    async run(microbatches, { lr, step }) {
      const scalars = [microbatches.reduce((sum, { count }) => sum + count, 0), lr, step].map((value) => tf.scalar(value)) as [tf.Scalar, tf.Scalar, tf.Scalar];
      let result: { loss: tf.Scalar; gradNorm: tf.Scalar } | undefined;
      if (accumulate === 1) {
        const inputs = toInputs(microbatches[0]!);
        result = await whole.callAsync(...inputs, ...scalars);
        disposeInputs(inputs);
      } else {
        for (const microbatch of microbatches) {
          const inputs = toInputs(microbatch);
          (await add.callAsync(...inputs)).lossSum.dispose();
          disposeInputs(inputs);
        }
        result = await apply.callAsync(...scalars);
      }
      const [loss, gradNorm] = await Promise.all([result.loss.data(), result.gradNorm.data()]);
      tf.dispose([result.loss, result.gradNorm, ...scalars]);
      return { loss: loss[0]!, gradNorm: gradNorm[0]! };
    },
    dispose() {
      tf.dispose([...sums.values(), lossSums]);
      for (const compiled of [whole, add, apply]) compiled.dispose();
    },
  };
}
