import { wordEnd } from "./scanner.js";
import { tiktokenWordEnd } from "./scanner-tiktoken.js";

/** Where the word that starts at `start` ends; a word never reaches beyond `end`. */
export type Scanner = (bytes: Uint8Array, start: number, end: number) => number;

/** GPT-2's pattern as its tokenizer.json has it; also r50k_base and p50k_base, whose own spelling means the same. */
export const GPT2_PATTERN = String.raw`'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`;
const CONTRACTIONS = "(?i:'s|'t|'re|'ve|'m|'ll|'d)";
const SPACES = String.raw`\s*[\r\n]+|\s+(?!\S)|\s+`;

/** The patterns of tiktoken's encodings, by their names there, in a spelling that means the same to Hugging Face tokenizers. */
export const TIKTOKEN_PATTERNS = {
  gpt2: GPT2_PATTERN,
  cl100k_base: `${CONTRACTIONS}|` + String.raw`[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s+\z|\s*[\r\n]|\s+(?!\S)|\s`,
  o200k_base:
    String.raw`[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+` +
    `${CONTRACTIONS}?|` +
    String.raw`[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*` +
    `${CONTRACTIONS}?|` +
    String.raw`\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|` +
    SPACES,
};

/** The words of Llama-3's pattern (three digits), Qwen2's (one) and their like, with `#` for the digits. */
const LETTERS = `${CONTRACTIONS}|` + String.raw`[^\r\n\p{L}\p{N}]?\p{L}+|#| ?[^\s\p{L}\p{N}]+[\r\n]*|` + SPACES;
/** Qwen3.5's: marks count as letters. */
const MARKS = `${CONTRACTIONS}|` + String.raw`[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+|#| ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*|` + SPACES;

/**
 * The hand-written scanner for a pattern, or undefined for a pattern that has none.
 *
 * A scanner may be given a text in parts that begin with a blank after another character that is no whitespace: no word of
 * these patterns crosses such a place.
 */
export function scannerOf(pattern: string): Scanner | undefined {
  if (pattern === GPT2_PATTERN) return wordEnd;
  if (pattern === TIKTOKEN_PATTERNS.cl100k_base) return tiktoken({ digits: 3, wholeTail: true });
  if (pattern === TIKTOKEN_PATTERNS.o200k_base) return tiktoken({ digits: 3, cases: true });
  const [, before, many, , after] = /^(.*?)\|\\p\{N\}(\+|\{1,(\d)\}|)\|( \?.*)$/.exec(pattern) ?? [];
  if (after === undefined) return undefined;
  const digits = many === "" ? 1 : many === "+" ? Infinity : Number(many!.slice(3, -1));
  const rest = `${before}|#|${after}`;
  return rest === LETTERS ? tiktoken({ digits }) : rest === MARKS ? tiktoken({ digits, marks: true }) : undefined;
}

function tiktoken({ digits, wholeTail = false, marks = false, cases = false }: { digits: number; wholeTail?: boolean; marks?: boolean; cases?: boolean }): Scanner {
  const rules = { digits, wholeTail, marks, cases };
  return (bytes, start, end) => tiktokenWordEnd(bytes, start, end, rules);
}
