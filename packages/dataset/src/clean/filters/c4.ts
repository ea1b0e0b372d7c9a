import { isSpace, codePoints, splitLines, strip } from "../words/characters.js";
import { SPACE_ID, countSentences } from "../words/words.js";
import type { Thresholds } from "./gopher.js";
import type { TextFilter } from "./trial.js";

/** Thresholds of {@link c4Quality}; null switches a rule off. */
export const C4_QUALITY = { lorem_ipsum: 0, curly_bracket: 0, too_few_sentences: 5 };

const CITATION = /\[\p{Nd}*\]|\[edit\]|\[citation needed\]/gu;
const POLICY = ["terms of use", "privacy policy", "cookie policy", "uses cookies", "use of cookies", "use cookies"];
const LONGEST_WORD = 1_000;
const FEWEST_WORDS = 3;

/** Chunks between white space, and whether one is longer than 1,000 code points. */
function chunks(line: string): { count: number; long: boolean } {
  let count = 0;
  let long = false;
  for (let i = 0; i < line.length; ) {
    if (isSpace(line.charCodeAt(i))) {
      i++;
      continue;
    }
    const start = i;
    while (i < line.length && !isSpace(line.charCodeAt(i))) i++;
    count++;
    if (i - start > LONGEST_WORD && codePoints(line, start, i) > LONGEST_WORD) long = true;
  }
  return { count, long };
}

/**
 * C4's rules (Raffel et al. 2020, section 2.2) as FineWeb uses them: drops lines with fewer than 3 words, a word of over 1,000
 * characters, "javascript" or a policy phrase, and marks of citations; rejects texts with "lorem ipsum", "{" or fewer than
 * 5 sentences left. Lines need no final punctuation. It rewrites the text.
 */
export function c4Quality(options: Partial<Thresholds<typeof C4_QUALITY>> = {}): TextFilter {
  const limit: Thresholds<typeof C4_QUALITY> = { ...C4_QUALITY, ...options };
  return {
    name: "c4",
    apply(trial) {
      const kept: string[] = [];
      let sentences = 0;
      let words = 0;
      let lorem = 0;
      let curly = 0;
      for (const raw of splitLines(trial.text)) {
        let line = strip(raw);
        const { count, long } = chunks(line);
        if (long) continue;
        if (line.includes("[")) line = line.replace(CITATION, "");
        if (count < FEWEST_WORDS) continue;
        const lower = line.toLowerCase();
        if (lower.includes("lorem ipsum")) {
          lorem = 1;
          if (trial.atMost("lorem_ipsum", 1, limit.lorem_ipsum)) return;
        }
        if (lower.includes("javascript")) continue;
        if (line.includes("{")) {
          curly = 1;
          if (trial.atMost("curly_bracket", 1, limit.curly_bracket)) return;
        }
        if ((lower.includes("cookie") || lower.includes("policy") || lower.includes("terms")) && POLICY.some((phrase) => lower.includes(phrase))) continue;
        const tokens = trial.table.split(line, true);
        sentences += countSentences(trial.table, tokens);
        words += tokens;
        for (let i = 0; i < tokens; i++) if (trial.table.ids[i] === SPACE_ID) words--;
        kept.push(line);
      }
      if (lorem === 0) trial.atMost("lorem_ipsum", 0, limit.lorem_ipsum);
      if (curly === 0) trial.atMost("curly_bracket", 0, limit.curly_bracket);
      if (trial.atLeast("too_few_sentences", sentences, limit.too_few_sentences)) return;
      trial.rewrite(strip(kept.join("\n")), words);
    },
  };
}
