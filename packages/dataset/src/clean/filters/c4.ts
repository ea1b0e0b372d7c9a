import { codePoints, isLineEnd, strip } from "../words/characters.js";
import { type WordTable, countSentences } from "../words/words.js";
import type { Thresholds } from "./gopher.js";
import type { TextFilter } from "./trial.js";

/** Thresholds of {@link c4Quality}; null switches a rule off. */
export const C4_QUALITY = { lorem_ipsum: 0, curly_bracket: 0, too_few_sentences: 5 };

const CITATION = /\[\p{Nd}*\]|\[edit\]|\[citation needed\]/gu;
const POLICY = ["terms of use", "privacy policy", "cookie policy", "uses cookies", "use of cookies", "use cookies"];
const LONGEST_WORD = 1_000;
const FEWEST_WORDS = 3;

/** What may make a line be dropped, changed, or the text be rejected; most texts have none of it. */
const SUSPICIOUS = /[[{]|lorem ipsum|javascript|cookie|policy|terms/;

/** Whether a chunk of a range is longer than 1,000 code points. */
function hasLongWord(text: string, { chunkStarts, chunkEnds }: WordTable, from: number, to: number): boolean {
  for (let k = from; k < to; k++) {
    const [start, end] = [chunkStarts[k]!, chunkEnds[k]!];
    if (end - start > LONGEST_WORD && codePoints(text.slice(start, end)) > LONGEST_WORD) return true;
  }
  return false;
}

/** The first chunk of the line behind the one that begins with chunk `from`. White space is all that can be a line end. */
function endOfLine(text: string, { chunkStarts, chunkEnds, chunkCount }: WordTable, from: number): number {
  for (let k = from + 1; k < chunkCount; k++) {
    const next = chunkStarts[k]!;
    const at = chunkEnds[k - 1]!;
    if (next === at + 1 && text.charCodeAt(at) === 32) continue;
    for (let i = at; i < next; i++) if (isLineEnd(text.charCodeAt(i))) return k;
  }
  return chunkCount;
}

/** The lines that are left of a text, put together; neighbouring ones are taken over in one piece. */
class LineJoiner {
  readonly #pieces: string[] = [];
  #start = -1;
  #end = -1;

  constructor(private readonly text: string) {}

  /** Adds the line from `start` to `end` of the text. */
  keep(start: number, end: number): void {
    if (this.#start >= 0 && start === this.#end + 1 && this.text.charCodeAt(this.#end) === 10) this.#end = end;
    else {
      this.#flush();
      [this.#start, this.#end] = [start, end];
    }
  }

  /** Adds another line. */
  add(line: string): void {
    this.#flush();
    this.#pieces.push(line);
  }

  #flush(): void {
    if (this.#start >= 0) this.#pieces.push(this.text.slice(this.#start, this.#end));
    this.#start = -1;
  }

  toString(): string {
    this.#flush();
    return strip(this.#pieces.join("\n"));
  }
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
      const { text, table } = trial;
      const count = trial.splitWords() === 0 ? 0 : table.chunkCount;
      const { chunkStarts, chunkEnds, chunkWords } = table;
      const suspicious = SUSPICIOUS.test(text.toLowerCase());
      const joiner = new LineJoiner(text);
      /** Lines that citations were taken from, which are split at the end: the table has the words of one text. */
      const changed: string[] = [];
      let sentences = 0;
      let words = 0;
      let lorem = 0;
      let curly = 0;
      for (let first = 0, next: number; first < count; first = next) {
        next = endOfLine(text, table, first);
        if (next - first < FEWEST_WORDS || hasLongWord(text, table, first, next)) continue;
        const [start, end] = [chunkStarts[first]!, chunkEnds[next - 1]!];
        if (suspicious) {
          const raw = text.slice(start, end);
          const line = raw.includes("[") ? raw.replace(CITATION, "") : raw;
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
          if (line !== raw) {
            changed.push(line);
            joiner.add(line);
            continue;
          }
        }
        sentences += countSentences(table, text, first, next, end);
        words += chunkWords[next]! - chunkWords[first]!;
        joiner.keep(start, end);
      }
      for (const line of changed) {
        words += table.split(line);
        sentences += countSentences(table, line, 0, table.chunkCount, line.length);
      }
      if (lorem === 0) trial.atMost("lorem_ipsum", 0, limit.lorem_ipsum);
      if (curly === 0) trial.atMost("curly_bracket", 0, limit.curly_bracket);
      if (trial.atLeast("too_few_sentences", sentences, limit.too_few_sentences)) return;
      trial.rewrite(joiner.toString(), words);
    },
  };
}
