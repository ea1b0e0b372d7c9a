import { simplifyText } from "../../dedupe/simplify.js";
import { HashSet64 } from "../hash-set.js";
import { BASE_A, BASE_B, WordTable } from "../words/words.js";
import type { Thresholds } from "./gopher.js";
import type { TextFilter } from "./trial.js";

/** Thresholds of {@link decontaminate}: a single n-gram in common is too much. */
export const DECONTAMINATION = { contaminated_n_grams: 0 };

/** Words of an n-gram: datatrove's choice. */
export const DECONTAMINATION_WORDS = 12;

/** Calls back with a 64-bit hash of every n-gram of a text in its simple form. @returns how many there are */
function eachNgram(text: string, n: number, table: WordTable, each: (high: number, low: number) => void): number {
  table.trim();
  const count = table.split(simplifyText(text));
  const { ids, hashesA, hashesB } = table;
  for (let i = 0; i + n <= count; i++) {
    let high = 0;
    let low = 0;
    for (let k = i; k < i + n; k++) {
      high = (Math.imul(high ^ (high >>> 15), BASE_A) + hashesA[ids[k]!]!) | 0;
      low = (Math.imul(low ^ (low >>> 13), BASE_B) + hashesB[ids[k]!]!) | 0;
    }
    each(high >>> 0, low >>> 0);
  }
  return Math.max(0, count - n + 1);
}

/** The n-grams of evaluation texts, 16 to 32 bytes each. */
export class EvaluationNgrams {
  readonly #hashes = new HashSet64();
  readonly #table = new WordTable();
  /** Texts that were too short for one n-gram: they can't be found. */
  tooShort = 0;

  constructor(readonly n = DECONTAMINATION_WORDS) {}

  get size(): number {
    return this.#hashes.size;
  }

  add(text: string): void {
    if (eachNgram(text, this.n, this.#table, (high, low) => void this.#hashes.add(high, low)) === 0) this.tooShort++;
  }

  /** How many of a text's n-grams are in evaluation texts. */
  count(text: string): number {
    let found = 0;
    eachNgram(text, this.n, this.#table, (high, low) => {
      if (this.#hashes.has(high, low)) found++;
    });
    return found;
  }
}

/**
 * Rejects documents that share an n-gram of words (12, as GPT-3's and datatrove's decontamination) with a text by which models are
 * evaluated, case, punctuation, numbers, and accents aside.
 */
export function decontaminate(evaluation: EvaluationNgrams, options: Partial<Thresholds<typeof DECONTAMINATION>> = {}): TextFilter {
  const limit: Thresholds<typeof DECONTAMINATION> = { ...DECONTAMINATION, ...options };
  return {
    name: "decontamination",
    apply(trial) {
      trial.atMost("contaminated_n_grams", evaluation.count(trial.text), limit.contaminated_n_grams);
    },
  };
}
