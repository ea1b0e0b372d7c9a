import * as tf from "@tensorflow/tfjs-core";
import { type LlamaConfig, validateConfig } from "./config.js";
import { layerShapes, type Parameters, parameterShapes } from "./parameters.js";
import { normalGenerator, seedFrom } from "./random.js";

export interface InitOptions {
  /** Same seed, same weights, whatever the engine. Default 0. */
  seed?: number;
  /**
   * Standard deviation of embeddings and matrices. Default 1/sqrt(hiddenSize), as SmolLM2 has it: GPT-2's fixed 0.02 suits a
   * width of 768 or more, and leaves a narrow model's attention all but uniform for hundreds of steps.
   */
  std?: number;
}

const RESIDUAL = layerShapes({ hiddenSize: 1, intermediateSize: 1, heads: 1, kvHeads: 1, headDim: 1 } as LlamaConfig)
  .filter(({ residual }) => residual)
  .map(({ name }) => `.${name}`);

/**
 * The initial values of one weight: norms 1; embeddings and matrices normal with standard deviation `std`; the two
 * projections that end on the residual stream scaled down by 1/sqrt(2 · layers), so that the stream's variance does not grow
 * with depth (Radford et al. 2019, GPT-2). Each weight has its own generator, seeded by seed and name, so a model with more
 * layers starts with the same first layers up to that scale.
 */
export function initialValues(config: LlamaConfig, name: string, shape: readonly number[], { seed = 0, std = config.hiddenSize ** -0.5 }: InitOptions = {}): Float32Array {
  const values = new Float32Array(shape.reduce((product, size) => product * size, 1));
  if (shape.length === 1) return values.fill(1);
  const scale = RESIDUAL.some((suffix) => name.endsWith(suffix)) ? std / Math.sqrt(2 * config.layers) : std;
  const next = normalGenerator(seedFrom(seed, name));
  for (let i = 0; i < values.length; i++) values[i] = next() * scale;
  return values;
}

/**
 * New weights for a model, as tfjs variables on the present engine.
 *
 * @throws {ModelError} `config` if the configuration can't be used.
 */
export function initParameters(config: LlamaConfig, options: InitOptions = {}): Parameters {
  const checked = validateConfig(config);
  const params: Parameters = new Map();
  for (const [name, shape] of parameterShapes(checked)) params.set(name, makeVariable(initialValues(checked, name, shape, options), shape));
  return params;
}

/** A trainable float32 variable. tfjs refuses a name used twice in a process, so variables keep tfjs's own numbered names. */
export function makeVariable(values: Float32Array, shape: readonly number[]): tf.Variable {
  const tensor = tf.tensor(values, shape.slice(), "float32");
  const variable = tf.variable(tensor, true);
  tensor.dispose();
  return variable;
}
