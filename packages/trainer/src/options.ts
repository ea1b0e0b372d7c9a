import type { LlamaConfig } from "@llm/model";
import { type Budget, budgetOf } from "./budget.js";
import { TrainerError } from "./errors.js";
import type { OptimizerKind } from "./optim/optimizer.js";
import { SCHEDULES, type ScheduleKind } from "./optim/schedule.js";
import { recipeFor } from "./recipes.js";
import { type Precision, PRECISIONS } from "./step.js";

/** What {@link train} is asked to do. What is left out comes from the run on a resume, else from the model's recipe. */
export interface TrainOptions {
  /** Folder of shards. */
  shards: string;
  /** The run folder to write; it must not exist or be empty, unless `resume`. */
  out: string;
  /** Go on from the newest checkpoint in `out`; starts anew when there is none. */
  resume?: boolean;
  /** Start from the weights of this run and fine-tune: lower learning rate, fewer steps. */
  from?: string;
  /** A preset's name of @llm/model; default "sample". Not with `from` or `config`. */
  preset?: string;
  /** A whole model config, instead of a preset; its vocabulary must be the shards'. */
  config?: LlamaConfig;
  /** The budget: exactly one of these three, or none for the recipe's steps. */
  steps?: number;
  /** Tokens that count in the loss. */
  tokens?: number;
  /** Minutes of training on the clock, evaluations during training included, the final one not. */
  minutes?: number;
  /** Rows of one microbatch. */
  batchSize?: number;
  /** Tokens of one row. */
  sequenceLength?: number;
  /** Microbatches per optimizer step; default 1. */
  accumulate?: number;
  /**
   * Compute layers again in the backward pass instead of keeping what they computed; default false. Takes less memory and a third
   * more time, and gives the same losses but for rounding.
   */
  recompute?: boolean;
  /** What matrix products are computed in; default "float32". "bfloat16" needs an engine that compiles, and pays where the processor has it. */
  precision?: Precision;
  /** First share of the budget that trains on rows of half length in batches twice as large; default 0. */
  shortStart?: number;
  /** Default "muon", which here needs about a third of AdamW's steps for the same loss (docs/benchmarks.md). */
  optimizer?: OptimizerKind;
  /** Highest learning rate. */
  lr?: number;
  /** Default "cosine". */
  schedule?: ScheduleKind;
  /** Steps of warmup, but never more than the first tenth of the budget; default 50. */
  warmup?: number;
  /** Lowest learning rate as a share of `lr`; default 0.1 for cosine, 0 for the others. */
  minLrRatio?: number;
  /** Share of the budget in which wsd decays; default 0.5. */
  decayFraction?: number;
  /** Weight decay of matrices; default 0.1. */
  weightDecay?: number;
  /** Bound of the gradient's global norm; default 1, 0 turns it off. */
  clip?: number;
  /** Seed of the first weights and of the data's order; default 0. */
  seed?: number;
  /** Steps between evaluations; default 200, 0 for none but the final one. */
  evalEvery?: number;
  /** Validation tokens of an evaluation during training; default 16,384. The final one reads the whole split. */
  evalTokens?: number;
  /** Minutes between checkpoints; default 5, 0 for none by time. */
  checkpointMinutes?: number;
  /** Steps between checkpoints; default none by steps. */
  checkpointSteps?: number;
}

/** The options of a run with every blank filled in. What is here decides the result, save for {@link FREE}. */
export interface Settings {
  preset: string | null;
  budget: Budget;
  batchSize: number;
  sequenceLength: number;
  accumulate: number;
  recompute: boolean;
  precision: Precision;
  shortStart: number;
  optimizer: OptimizerKind;
  lr: number;
  schedule: ScheduleKind;
  warmup: number;
  minLrRatio: number;
  decayFraction: number;
  weightDecay: number;
  clip: number;
  seed: number;
  evalEvery: number;
  evalTokens: number;
  checkpointMinutes: number;
  checkpointSteps: number;
}

/** These may change on a resume: they don't change what is learned. A larger budget prolongs a run. */
const FREE = new Set<keyof Settings>(["recompute", "budget", "evalEvery", "evalTokens", "checkpointMinutes", "checkpointSteps"]);

/** Settings that older runs don't have, as they were trained. */
const ADDED = { recompute: false, precision: "float32" } as const;

/** Muon bears a higher rate: 200 steps of sample-small on prose ended at 1.90 bits per byte with 1e-2, 1.95 with 4e-3. */
const MUON_LR = 2.5;

/** Fills the blanks for a new run. @throws {TrainerError} On values that can't work. */
export function newSettings(options: TrainOptions, config: LlamaConfig): Settings {
  const recipe = recipeFor(config);
  const tuning = options.from !== undefined;
  const budget = budgetOf(options) ?? { unit: "steps", amount: tuning ? recipe.sftSteps : recipe.steps };
  const schedule = options.schedule ?? "cosine";
  const settings: Settings = {
    preset: options.preset ?? null,
    budget,
    batchSize: options.batchSize ?? recipe.batchSize,
    sequenceLength: options.sequenceLength ?? recipe.sequenceLength,
    accumulate: options.accumulate ?? 1,
    recompute: options.recompute ?? false,
    precision: options.precision ?? "float32",
    shortStart: options.shortStart ?? 0,
    optimizer: options.optimizer ?? "muon",
    lr: options.lr ?? (tuning ? recipe.sftLr : recipe.lr) * (options.optimizer === "adamw" ? 1 : MUON_LR),
    schedule,
    warmup: options.warmup ?? 50,
    minLrRatio: options.minLrRatio ?? (schedule === "cosine" ? 0.1 : 0),
    decayFraction: options.decayFraction ?? 0.5,
    weightDecay: options.weightDecay ?? 0.1,
    clip: options.clip ?? 1,
    seed: options.seed ?? 0,
    evalEvery: options.evalEvery ?? 200,
    evalTokens: options.evalTokens ?? 16_384,
    checkpointMinutes: options.checkpointMinutes ?? 5,
    checkpointSteps: options.checkpointSteps ?? 0,
  };
  check(settings, config);
  return settings;
}

/**
 * The settings of a resumed run: the saved ones, and whatever of the options may change.
 *
 * @throws {TrainerError} If an option that decides the result differs from the run's, naming each.
 */
export function resumedSettings(options: TrainOptions, saved: Settings, config: LlamaConfig): Settings {
  const settings: Settings = { ...ADDED, ...saved, budget: budgetOf(options) ?? saved.budget };
  const differences: string[] = [];
  for (const key of Object.keys(settings) as (keyof Settings)[]) {
    if (key === "budget") continue;
    const asked = options[key];
    if (asked === undefined || asked === settings[key]) continue;
    if (FREE.has(key)) Object.assign(settings, { [key]: asked });
    else differences.push(`${key} is ${settings[key]} in the run, asked for ${asked}`);
  }
  if (settings.budget.unit !== saved.budget.unit) differences.push(`the budget is in ${saved.budget.unit} in the run, asked for ${settings.budget.unit}`);
  if (differences.length > 0) {
    throw new TrainerError(`${options.out} was trained with other options: ${differences.join("; ")}. Leave them out to resume, or choose another --out.`);
  }
  check(settings, config);
  return settings;
}

function check(settings: Settings, config: LlamaConfig): void {
  const fail = (message: string): never => {
    throw new TrainerError(message);
  };
  for (const key of ["batchSize", "sequenceLength", "accumulate"] as const) {
    if (!Number.isInteger(settings[key]) || settings[key] < 1) fail(`${key} must be a whole number of at least 1; got ${settings[key]}.`);
  }
  for (const key of ["warmup", "evalEvery", "checkpointMinutes", "checkpointSteps", "weightDecay", "clip", "seed"] as const) {
    if (!(settings[key] >= 0)) fail(`${key} must not be negative; got ${settings[key]}.`);
  }
  for (const key of ["shortStart", "minLrRatio", "decayFraction"] as const) {
    if (!(settings[key] >= 0 && settings[key] <= 1)) fail(`${key} must be from 0 to 1; got ${settings[key]}.`);
  }
  if (!(settings.lr > 0)) fail(`lr must be above 0; got ${settings.lr}.`);
  if (settings.shortStart > 0 && settings.sequenceLength < 2) fail("shortStart needs a sequenceLength of at least 2.");
  if (settings.sequenceLength > config.maxPositions) fail(`sequenceLength ${settings.sequenceLength} is more than the model's context of ${config.maxPositions}.`);
  if (!SCHEDULES.includes(settings.schedule)) fail(`There is no schedule "${settings.schedule}"; choose ${SCHEDULES.join(", ")}.`);
  if (!PRECISIONS.includes(settings.precision)) fail(`There is no precision "${String(settings.precision)}"; choose ${PRECISIONS.join(" or ")}.`);
  if (settings.optimizer !== "adamw" && settings.optimizer !== "muon") fail(`There is no optimizer "${String(settings.optimizer)}"; choose adamw or muon.`);
}
