/** How the learning rate falls after the warmup. */
export type ScheduleKind = "cosine" | "wsd" | "wsd-sqrt" | "constant";

/** The names that `--schedule` takes. */
export const SCHEDULES: readonly ScheduleKind[] = ["cosine", "wsd", "wsd-sqrt", "constant"];

/** Where steps are slow, a warmup by steps alone could last for the whole budget. */
const WARMUP_SHARE = 0.1;

/** A learning-rate schedule. */
export interface Schedule {
  kind: ScheduleKind;
  /** The highest learning rate. */
  lr: number;
  /** Steps of linear warmup, but never more than the first tenth of the budget; the first step already has lr / warmup. */
  warmup: number;
  /** The end as a share of `lr`: cosine's usual 0.1, 0 for the warmup-stable-decay kinds. */
  minRatio: number;
  /** The last share of the budget in which wsd decays; 0.5 by default in the recipes. */
  decayFraction: number;
}

/**
 * The learning rate of one step. The decay goes by progress through the budget and not by a step count, so the same
 * schedule serves a budget in steps, in tokens or in minutes; the warmup goes by
 * steps.
 *
 * - cosine: `min + (1-min)·½(1 + cos πp)`
 * - wsd: 1 until the last `decayFraction`, then a straight line to min (https://arxiv.org/abs/2404.06395)
 * - wsd-sqrt: the same with `1 - √x` (https://arxiv.org/abs/2405.18392)
 *
 * @param step Steps done before this one, from 0.
 * @param progress Share of the budget that is used up, 0 to 1 (values outside are clamped).
 */
export function learningRate({ kind, lr, warmup, minRatio, decayFraction }: Schedule, step: number, progress: number): number {
  const p = Math.min(1, Math.max(0, progress));
  const rise = warmup > 0 ? Math.min(1, Math.max((step + 1) / warmup, p / WARMUP_SHARE)) : 1;
  const decayed = decayFraction > 0 ? Math.min(1, Math.max(0, (p - (1 - decayFraction)) / decayFraction)) : 0;
  const shape = {
    cosine: () => 0.5 * (1 + Math.cos(Math.PI * p)),
    wsd: () => 1 - decayed,
    "wsd-sqrt": () => 1 - Math.sqrt(decayed),
    constant: () => 1,
  }[kind]();
  return lr * rise * (minRatio + (1 - minRatio) * shape);
}
