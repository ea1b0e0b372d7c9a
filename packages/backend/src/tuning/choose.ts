/** The best times of one candidate's steps in one round, in milliseconds. */
export interface Timing {
  graphMs: number;
  xlaMs: number;
}

export interface Candidate {
  environment: Record<string, string>;
  /** One entry a round; rounds are interleaved with those of the other candidates. */
  timings: Timing[];
}

/** A candidate must be faster than the default by this in every round: less may be chance, and is no reason to differ from other machines. */
const MARGIN = 0.9;

/**
 * Chooses each variable on its own: oneDNN by the step run as a graph, XLA's flags by the step compiled by XLA. The first candidate is the
 * default, the second has both changed.
 */
export function choose([standard, other]: readonly [Candidate, Candidate]): Record<string, string> {
  const faster = (time: (timing: Timing) => number): boolean =>
    other.timings.length > 0 && other.timings.every((timing, round) => standard.timings[round] !== undefined && time(timing) < MARGIN * time(standard.timings[round]));
  const pick = (name: string, changed: boolean): [string, string][] => {
    const value = (changed ? other : standard).environment[name];
    return value === undefined ? [] : [[name, value]];
  };
  return Object.fromEntries([...pick("TF_ENABLE_ONEDNN_OPTS", faster(({ graphMs }) => graphMs)), ...pick("XLA_FLAGS", faster(({ xlaMs }) => xlaMs))]);
}
