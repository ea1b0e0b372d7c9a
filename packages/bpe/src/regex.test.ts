import { describe, expect, it } from "vitest";
import { golden } from "../test/goldens.js";
import { unicodeMix } from "../test/texts.js";
import { BpeError } from "./errors.js";
import { GPT2_PATTERN, scannerOf, TIKTOKEN_PATTERNS } from "./patterns.js";
import { forEachWord } from "./pre-tokenizer.js";
import { compilePattern, literal } from "./regex.js";
import { matches, Span } from "./span.js";

const { cases } = golden<{ cases: [regex: string, text: string, isolated: string[], removed: string[]][] }>("regex");
const NEWLINES = String.raw`\s*[\r\n]+|\s+(?!\S)|\s+`;

/** Patterns that published tokenizers have. */
const PUBLISHED = {
  gpt2: GPT2_PATTERN,
  "gpt2 of tiktoken": String.raw`'(?:[sdmt]|ll|ve|re)| ?\p{L}++| ?\p{N}++| ?[^\s\p{L}\p{N}]++|\s++$|\s+(?!\S)|\s`,
  cl100k: TIKTOKEN_PATTERNS.cl100k_base,
  "cl100k of tiktoken": String.raw`'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}++|\p{N}{1,3}+| ?[^\s\p{L}\p{N}]++[\r\n]*+|\s++$|\s*[\r\n]|\s+(?!\S)|\s`,
  o200k: TIKTOKEN_PATTERNS.o200k_base,
  llama3: String.raw`(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|` + NEWLINES,
  qwen2: String.raw`(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|` + NEWLINES,
  "qwen3.5": String.raw`(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+|\p{N}| ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*|` + NEWLINES,
  deepseek: String.raw`[!"#$%&'()*+,\-./:;<=>?@\[\\\]^_${"`"}{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+[\r\n]*|` + NEWLINES,
  "deepseek's ideographs": "[一-龥぀-ゟ゠-ヿ]+",
  "deepseek's digits": String.raw`\p{N}{1,3}`,
  bloom: String.raw` ?[^(\s|[.,!?…。，、।۔،])]+`,
  falcon: "[0-9][0-9][0-9]",
  "digits from the right": String.raw`(?=(\d{3})+(?!\d))`,
};

describe("patterns of a tokenizer.json", () => {
  it.each(["plainly", "with what it remembers"])("split as Oniguruma does, %s", (how) => {
    let compared = 0;
    for (const [regex, text, isolated, removed] of cases) {
      const split = (behavior: "Isolated" | "Removed"): string[] => {
        const matcher = compilePattern(regex);
        // As after many steps.
        if (how !== "plainly") matcher["memory"] = [];
        return new Span(text).split(matcher, behavior).map((piece) => piece.text);
      };
      try {
        expect([split("Isolated"), split("Removed")], `${JSON.stringify(regex)} on ${JSON.stringify(text)}`).toEqual([isolated, removed]);
        compared++;
      } catch (error) {
        if (!(error instanceof BpeError)) throw error;
        expect(error.message).toMatch(/a repetition of what may match nothing/);
      }
    }
    expect(compared).toBeGreaterThan(cases.length * 0.9);
  });

  it.each(Object.entries(PUBLISHED))("are read where published tokenizers have them: %s", (_, regex) => {
    const matcher = compilePattern(regex);
    const scan = scannerOf(regex);
    for (const text of unicodeMix(31, 60)) {
      const pieces = matches(text, matcher).map(([from, to]) => text.slice(from, to));
      expect(pieces.join("")).toBe(text);
      if (!scan) continue;
      const words: string[] = [];
      forEachWord(text, { addPrefixSpace: false, useRegex: true, scan }, (bytes, start, end) => words.push(Buffer.from(bytes.subarray(start, end)).toString()));
      expect(pieces).toEqual(words);
    }
  });

  it("are found to be the same by both spellings", () => {
    for (const name of ["gpt2", "cl100k"] as const) {
      const [ours, theirs] = [compilePattern(PUBLISHED[name]), compilePattern(PUBLISHED[`${name} of tiktoken`])];
      for (const text of unicodeMix(32, 60)) expect(matches(text, theirs)).toEqual(matches(text, ours));
    }
  });

  it.each([
    ["(?:a*)*", /a repetition of what may match nothing/],
    ["(?:a|){2}", /a repetition of what may match nothing/],
    ["a{3,2}", /numbers run backwards/],
    ["a{1}{1}{1}{1}{1}", /so many quantifiers/],
    ["(?:(?:a{300}){300}){300}", /too large/],
    ["(?:(?:(?:){9000}){9000}){9000}", /a repetition of what may match nothing/],
    [String.raw`\x{110000}`, /not supported/],
    [String.raw`[${"\\p{L}".repeat(300)}]`, /so many classes/],
    ["a)", /closing bracket/],
  ])("are refused where they have no equal: %.30s", (regex, message) => {
    expect(() => compilePattern(regex)).toThrow(message);
    expect(() => compilePattern(regex)).toThrow(BpeError);
  });

  it("are no longer than what is compared in time, as texts", () => {
    expect(() => literal("a".repeat(1001))).toThrow(BpeError);
  });
});
