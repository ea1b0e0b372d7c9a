import type { TextFilter } from "./trial.js";

/** Windows of a text that are looked at, and their length in UTF-16 units. */
const WINDOWS = 6;
const WINDOW = 160;
/** Words that are frequent in English and in no other language. Three of them in a window settle it without the detector. */
const ENGLISH = /(?<![\p{L}'’-])(?:the|and|that|with|was|were|this|which|have|they|his|her|you|would|there|their|from|been|when|said)(?![\p{L}'’-])/giu;
const ENOUGH = 3;

/** Tells the language of a short text: an ISO 639-1 code, or "" where it can't. */
export type DetectLanguage = (text: string) => string;

/** A language with the share of a text that is in it. */
export interface IdentifiedLanguage {
  language: string;
  /** From 0 to 1. */
  score: number;
}

/**
 * Tells the language of a text from windows spread over it: the language of most of them, and their share as the score. A text that
 * is half in another language so gets half the score, wherever the halves are.
 */
export function identifyLanguage(text: string, detect: DetectLanguage): IdentifiedLanguage {
  const votes = new Map<string, number>();
  const count = Math.max(1, Math.min(WINDOWS, Math.ceil(text.length / WINDOW)));
  const step = count > 1 ? (text.length - WINDOW) / (count - 1) : 0;
  for (let k = 0; k < count; k++) {
    const from = Math.round(k * step);
    const window = text.slice(from, from + WINDOW);
    const language = (window.match(ENGLISH)?.length ?? 0) >= ENOUGH ? "en" : detect(window);
    votes.set(language, (votes.get(language) ?? 0) + 1);
  }
  let best = "";
  for (const [language, share] of votes) if (language !== "" && share > (votes.get(best) ?? 0)) best = language;
  if (best === "" && votes.size > 0) for (const language of votes.keys()) if (language !== "") best = language;
  return { language: best, score: best === "" ? 0 : votes.get(best)! / count };
}

/**
 * The detector of `eld` (Apache License 2.0; plain JavaScript, works offline, 60 languages), loaded on first use. Its smallest
 * table of n-grams is enough for windows of a sentence or two.
 */
export async function loadDetector(): Promise<DetectLanguage> {
  const { eld } = await import("eld/extrasmall");
  return (text) => eld.detect(text).language;
}

/** Thresholds of {@link languageFilter}: FineWeb's. */
export const LANGUAGE = { language_score: 0.65 };

/** Rejects texts of which too small a share is in `language`. The value is that share. */
export function languageFilter(language: string, detect: DetectLanguage, options: Partial<{ [K in keyof typeof LANGUAGE]: number | null }> = {}): TextFilter {
  const limit: { [K in keyof typeof LANGUAGE]: number | null } = { ...LANGUAGE, ...options };
  return {
    name: "language",
    apply(trial) {
      const found = identifyLanguage(trial.text, detect);
      trial.language = found;
      trial.atLeast("language_score", found.language === language ? found.score : 0, limit.language_score);
    },
  };
}
