import type { Decides, Setting } from "./candidates.js";

/** The best times of one candidate's steps in one round, in milliseconds. */
export interface Timing {
  graphMs: number;
  xlaMs: number;
}

export interface Candidate {
  environment: Record<string, string>;
  /** One entry a round; rounds are interleaved with those of the other candidates. Empty where it did not run. */
  timings: Timing[];
}

/** A candidate must be faster than the default by this in every round: less may be chance, and is no reason to differ from other machines. */
const MARGIN = 0.9;

const TIME: Readonly<Record<Decides, (timing: Timing) => number>> = {
  graph: ({ graphMs }) => graphMs,
  xla: ({ xlaMs }) => xlaMs,
  both: ({ graphMs, xlaMs }) => graphMs + xlaMs,
};

/** Whether `other` is faster in every round, by the margin or, with `margin` 1, at all. */
export function faster(other: Candidate, standard: Candidate, decides: Decides, margin = MARGIN): boolean {
  const time = TIME[decides];
  return other.timings.length > 0 && other.timings.every((timing, round) => standard.timings[round] !== undefined && time(timing) < margin * time(standard.timings[round]));
}

/**
 * Chooses each setting on its own: of the values that are faster than the standard one in every round the fastest, else the standard one.
 * @param candidates The first is the standard one; the others differ from it in one setting of each kind of time at most.
 */
export function choose(settings: readonly Setting[], [standard, ...others]: readonly [Candidate, ...Candidate[]]): Record<string, string> {
  const total = (candidate: Candidate, decides: Decides): number => candidate.timings.reduce((sum, timing) => sum + TIME[decides](timing), 0);
  return Object.fromEntries(
    settings.map(({ name, standard: value, decides }) => {
      const better = others.filter((other) => other.environment[name] !== value && faster(other, standard, decides));
      better.sort((a, b) => total(a, decides) - total(b, decides));
      return [name, better[0]?.environment[name] ?? value];
    }),
  );
}
