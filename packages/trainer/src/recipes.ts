import { countParameters, type LlamaConfig } from "@llm/model";

/** Hyperparameters that go with a size of model. */
export interface Recipe {
  /** Highest learning rate of pretraining. */
  lr: number;
  /** Highest learning rate of fine-tuning: lower, to keep what pretraining learned. */
  sftLr: number;
  batchSize: number;
  /** Tokens per row; never more than the model's context. */
  sequenceLength: number;
  /** Steps when no budget is given. */
  steps: number;
  sftSteps: number;
}

/**
 * Recipes by number of parameters (an upper bound of the band, in millions). Learning rates fall with size as in the
 * published small-model recipes (SmolLM2-135M: 3e-3 with batches of a million tokens; GPT-2 124M: 6e-4 to 1.8e-3 with
 * half a million); batches are sized for one machine.
 */
const BANDS: readonly [millions: number, recipe: Recipe][] = [
  [0.5, { lr: 5e-3, sftLr: 2e-3, batchSize: 16, sequenceLength: 128, steps: 2_000, sftSteps: 500 }],
  [2, { lr: 4e-3, sftLr: 1.5e-3, batchSize: 16, sequenceLength: 128, steps: 4_000, sftSteps: 800 }],
  [8, { lr: 2e-3, sftLr: 8e-4, batchSize: 8, sequenceLength: 256, steps: 5_000, sftSteps: 1_000 }],
  [40, { lr: 1.5e-3, sftLr: 5e-4, batchSize: 16, sequenceLength: 512, steps: 10_000, sftSteps: 1_500 }],
  [200, { lr: 1e-3, sftLr: 3e-4, batchSize: 16, sequenceLength: 1024, steps: 20_000, sftSteps: 2_000 }],
  [Infinity, { lr: 6e-4, sftLr: 2e-4, batchSize: 8, sequenceLength: 1024, steps: 40_000, sftSteps: 3_000 }],
];

/** The recipe for a model, by its number of parameters. */
export function recipeFor(config: LlamaConfig): Recipe {
  const millions = countParameters(config) / 1e6;
  const { sequenceLength, ...recipe } = BANDS.find(([bound]) => millions <= bound)![1];
  return { ...recipe, sequenceLength: Math.min(sequenceLength, config.maxPositions) };
}
