import { codePoints, countOf, isSpace, splitAtNewlines, splitLines, strip } from "../words/characters.js";
import { FIRST_STOP_WORD, HAS_LETTER, IS_SYMBOL } from "../words/words.js";
import { RepeatCounter, duplicates } from "./repeats.js";
import type { TextFilter } from "./trial.js";

/** Thresholds of {@link gopherRepetition}; null switches a rule off. */
export const GOPHER_REPETITION = {
  dup_para_frac: 0.3,
  dup_para_char_frac: 0.2,
  dup_line_frac: 0.3,
  dup_line_char_frac: 0.2,
  top_2_gram: 0.2,
  top_3_gram: 0.18,
  top_4_gram: 0.16,
  duplicated_5_n_grams: 0.15,
  duplicated_6_n_grams: 0.14,
  duplicated_7_n_grams: 0.13,
  duplicated_8_n_grams: 0.12,
  duplicated_9_n_grams: 0.11,
  duplicated_10_n_grams: 0.1,
};
export type Thresholds<T> = { [K in keyof T]: number | null };

/**
 * Rejects texts that repeat themselves: paragraphs, lines and n-grams of words (Rae et al. 2021, "Scaling Language Models",
 * table A1, as datatrove has it). Shares are of the code points of the whole text.
 */
export function gopherRepetition(options: Partial<Thresholds<typeof GOPHER_REPETITION>> = {}): TextFilter {
  const most: Thresholds<typeof GOPHER_REPETITION> = { ...GOPHER_REPETITION, ...options };
  const counter = new RepeatCounter();
  return {
    name: "gopher-repetition",
    apply(trial) {
      const { text } = trial;
      if (trial.atLeast("characters", trial.characters, 1) || text === "") return;
      for (const [unit, items] of [["para", () => splitAtNewlines(strip(text), 2)], ["line", () => splitAtNewlines(text, 1)]] as const) {
        const list = items();
        const { count, characters }: { count: number; characters: number } = duplicates(list);
        if (trial.atMost(`dup_${unit}_frac`, count / list.length, most[`dup_${unit}_frac`])) return;
        if (trial.atMost(`dup_${unit}_char_frac`, characters / trial.characters, most[`dup_${unit}_char_frac`])) return;
      }
      const words = trial.splitWords();
      counter.load(trial.table, words);
      for (const n of [2, 3, 4] as const) {
        const characters = counter.topCharacters(trial.table.ids, words, n);
        if (characters !== undefined && trial.atMost(`top_${n}_gram`, characters / trial.characters, most[`top_${n}_gram`])) return;
      }
      let repeats = true;
      for (const n of [5, 6, 7, 8, 9, 10] as const) {
        // Where no n-gram repeats, no longer one does.
        const characters: number = repeats ? counter.duplicateCharacters(words, n) : 0;
        repeats = characters > 0;
        if (trial.atMost(`duplicated_${n}_n_grams`, characters / trial.characters, most[`duplicated_${n}_n_grams`])) return;
      }
    },
  };
}

/** Thresholds of {@link gopherQuality}; null switches a rule off. */
export const GOPHER_QUALITY = {
  gopher_short_doc: 50,
  gopher_long_doc: 100_000,
  gopher_below_avg_threshold: 3,
  gopher_above_avg_threshold: 10,
  gopher_too_many_hashes: 0.1,
  gopher_too_many_ellipsis: 0.1,
  gopher_too_many_bullets: 0.9,
  gopher_too_many_end_ellipsis: 0.3,
  gopher_below_alpha_threshold: 0.8,
  gopher_enough_stop_words: 2,
};

const firstOf = (line: string): number => {
  for (let i = 0; i < line.length; i++) if (!isSpace(line.charCodeAt(i))) return line.charCodeAt(i);
  return 0;
};

function endsInEllipsis(line: string): boolean {
  let end = line.length;
  while (end > 0 && isSpace(line.charCodeAt(end - 1))) end--;
  return line.endsWith("…", end) || line.endsWith("...", end);
}

/**
 * Rejects texts that are no prose by their words: too few or many, too short or long on average, too many "#", ellipses and
 * bullets, too few with a letter, too few of the most common words (Rae et al. 2021, section A.1, as datatrove has it).
 */
export function gopherQuality(options: Partial<Thresholds<typeof GOPHER_QUALITY>> = {}): TextFilter {
  const limit: Thresholds<typeof GOPHER_QUALITY> = { ...GOPHER_QUALITY, ...options };
  return {
    name: "gopher-quality",
    apply(trial) {
      const { text, table } = trial;
      const words = trial.splitWords();
      const { ids, flags, lengths } = table;
      let plain = 0;
      let length = 0;
      let lettered = 0;
      let stop = 0;
      for (let i = 0; i < words; i++) {
        const flag = flags[ids[i]!]!;
        if (!(flag & IS_SYMBOL)) {
          plain++;
          length += lengths[ids[i]!]!;
        }
        if (flag & HAS_LETTER) lettered++;
        stop |= flag;
      }
      if (trial.atLeast("gopher_short_doc", plain, limit.gopher_short_doc)) return;
      if (trial.atMost("gopher_long_doc", plain, limit.gopher_long_doc)) return;
      const average = plain > 0 ? length / plain : 0;
      if (trial.atLeast("gopher_below_avg_threshold", average, limit.gopher_below_avg_threshold)) return;
      if (trial.atMost("gopher_above_avg_threshold", average, limit.gopher_above_avg_threshold)) return;
      const share = (count: number, of: number): number => (of > 0 ? count / of : 0);
      if (trial.atMost("gopher_too_many_hashes", share(countOf(text, "#"), words), limit.gopher_too_many_hashes)) return;
      if (trial.atMost("gopher_too_many_ellipsis", share(countOf(text, "...") + countOf(text, "…"), words), limit.gopher_too_many_ellipsis)) return;
      const lines = splitLines(text, table.plainLines);
      const bullets = lines.filter((line) => [0x2022, 0x2d].includes(firstOf(line))).length;
      if (trial.atMost("gopher_too_many_bullets", share(bullets, lines.length), limit.gopher_too_many_bullets)) return;
      if (trial.atMost("gopher_too_many_end_ellipsis", share(lines.filter(endsInEllipsis).length, lines.length), limit.gopher_too_many_end_ellipsis)) return;
      if (trial.atLeast("gopher_below_alpha_threshold", share(lettered, words), limit.gopher_below_alpha_threshold)) return;
      let different = 0;
      for (let bit = 0; bit < 8; bit++) if (stop & (FIRST_STOP_WORD << bit)) different++;
      trial.atLeast("gopher_enough_stop_words", different, limit.gopher_enough_stop_words);
    },
  };
}

/** Code points of a text but its newlines. */
export const withoutNewlines = (text: string): number => codePoints(text) - countOf(text, "\n");
