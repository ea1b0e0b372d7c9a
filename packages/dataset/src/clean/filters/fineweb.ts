import { TERMINAL, codePoints, countOf, isSpace } from "../words/characters.js";
import { type Thresholds, withoutNewlines } from "./gopher.js";
import { duplicates } from "./repeats.js";
import type { TextFilter } from "./trial.js";

/** Thresholds of {@link finewebQuality}; null switches a rule off. FineWeb's paper says 0.1 for char_dup_ratio, its code 0.01. */
export const FINEWEB_QUALITY = { line_punct_ratio: 0.12, short_line_ratio: 0.67, char_dup_ratio: 0.01, list_ratio: 0.3 };

/** Lines of at most so many code points are short. */
const SHORT_LINE = 30;
const ENDS = new RegExp(`[${TERMINAL}]$`, "u");

/** Whether a line's last character may end a sentence. */
function isEnded(line: string): boolean {
  const last = line.charCodeAt(line.length - 1);
  return last < 0x80 ? last === 46 || last === 63 || last === 33 : ENDS.test(line);
}

const isBlank = (line: string): boolean => {
  for (let i = 0; i < line.length; i++) if (!isSpace(line.charCodeAt(i))) return false;
  return true;
};

/**
 * FineWeb's own rules (Penedo et al. 2024, section 3.6): rejects texts where few lines end in punctuation, most lines are short, lines
 * repeat, or a line has few words.
 */
export function finewebQuality(options: Partial<Thresholds<typeof FINEWEB_QUALITY>> = {}): TextFilter {
  const limit: Thresholds<typeof FINEWEB_QUALITY> = { ...FINEWEB_QUALITY, ...options };
  return {
    name: "fineweb",
    apply(trial) {
      const { text } = trial;
      const lines = text.split("\n").filter((line) => !isBlank(line));
      if (trial.atLeast("lines", lines.length, 1) || lines.length === 0) return;
      const ended = lines.filter(isEnded).length;
      if (trial.atLeast("line_punct_ratio", ended / lines.length, limit.line_punct_ratio)) return;
      const short = lines.filter((line) => line.length <= SHORT_LINE || (line.length <= 2 * SHORT_LINE && codePoints(line) <= SHORT_LINE)).length;
      if (trial.atMost("short_line_ratio", short / lines.length, limit.short_line_ratio)) return;
      if (trial.atMost("char_dup_ratio", duplicates(lines).characters / withoutNewlines(text), limit.char_dup_ratio)) return;
      trial.atMost("list_ratio", trial.words > 0 ? countOf(text, "\n") / trial.words : 0, limit.list_ratio);
    },
  };
}
