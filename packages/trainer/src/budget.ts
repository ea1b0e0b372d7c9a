import { TrainerError } from "./errors.js";

/** How long to train: optimizer steps, tokens that count in the loss, or minutes on the clock. */
export interface Budget {
  unit: "steps" | "tokens" | "minutes";
  amount: number;
}

/** How far a run has come. */
export interface Spent {
  step: number;
  tokens: number;
  /** Seconds of training, summed over all sessions of the run. */
  seconds: number;
}

/** The share of the budget that is used up; 1 or more means done. */
export function progressOf({ unit, amount }: Budget, { step, tokens, seconds }: Spent): number {
  return { steps: step, tokens, minutes: seconds / 60 }[unit] / amount;
}

/**
 * The one budget among the three options.
 *
 * @returns undefined when none is given.
 * @throws {TrainerError} If more than one is given, or one is not positive.
 */
export function budgetOf(options: { steps?: number; tokens?: number; minutes?: number }): Budget | undefined {
  const given = (["steps", "tokens", "minutes"] as const).filter((unit) => options[unit] !== undefined);
  if (given.length > 1) throw new TrainerError(`The budget is given more than once (${given.join(" and ")}); give steps, tokens or minutes.`);
  const unit = given[0];
  if (!unit) return undefined;
  const amount = options[unit]!;
  if (!(amount > 0) || !Number.isFinite(amount)) throw new TrainerError(`The budget must be a positive number of ${unit}; got ${amount}.`);
  return { unit, amount };
}
