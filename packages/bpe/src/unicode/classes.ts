import { INERT, KINDS, RUNS, SYMBOLS } from "./classes-data.js";

/** The class of a code point, the two low bits of its entry: a letter (\p{L}), number (\p{N}), whitespace (\s) or anything else. */
export const OTHER = 0;
export const LETTER = 1;
export const NUMBER = 2;
export const SPACE = 3;
export const CLASS = 3;
/** Further bits: [\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}], [\p{Ll}\p{Lm}\p{Lo}\p{M}], \p{M}, and what the pre-tokenizer Digits isolates. */
export const UPPER = 4;
export const LOWER = 8;
export const MARK = 16;
export const DIGIT = 32;

/** Code point ranges: first, last, first, last … in order. */
export type Ranges = readonly number[];

/** A kind of code point: two letters of general category, then the flags of classes-data.ts. */
const kinds: readonly string[] = KINDS.split(" ");

/** Calls `visit` for each run of code points of one kind, `end` exclusive. */
function eachRun(visit: (kind: string, start: number, end: number) => void): void {
  let at = 0;
  for (const [, length, symbol] of RUNS.matchAll(/([0-9a-z]*)([^0-9a-z])/g)) {
    const end = at + (length === "" ? 1 : parseInt(length!, 36));
    visit(kinds[SYMBOLS.indexOf(symbol!)]!, at, end);
    at = end;
  }
}

/**
 * One entry per code point, frozen to what the oracle does: the JavaScript engine's own \p{L} and \s change with its
 * Unicode version and differ from Hugging Face tokenizers on hundreds of code points.
 */
export const CLASSES: Uint8Array = /* @__PURE__ */ classes();

function classes(): Uint8Array {
  const table = new Uint8Array(0x110000);
  eachRun((kind, start, end) => {
    const main = kind.includes("s", 2) ? SPACE : kind[0] === "L" ? LETTER : kind[0] === "N" ? NUMBER : OTHER;
    const both = /^(L[mo]|M)/.test(kind);
    const upper = both || /^L[ut]/.test(kind) ? UPPER : 0;
    const lower = both || kind.startsWith("Ll") ? LOWER : 0;
    table.fill(main | upper | lower | (kind[0] === "M" ? MARK : 0) | (kind.includes("n", 2) ? DIGIT : 0), start, end);
  });
  return table;
}

/** The code points whose kind passes a test, as ranges. */
export function rangesOf(test: (kind: string) => boolean): number[] {
  const ranges: number[] = [];
  eachRun((kind, start, end) => {
    if (!test(kind)) return;
    if (ranges[ranges.length - 1] === start - 1) ranges[ranges.length - 1] = end - 1;
    else ranges.push(start, end - 1);
  });
  return ranges;
}

/** The code points that carry a flag of classes-data.ts. */
export const flagged = (flag: string): number[] => rangesOf((kind) => kind.includes(flag, 2));

/** The code points that the oracle's normalization forms leave alone although Unicode decomposes, composes or reorders some of them. */
export function inertRanges(): number[] {
  let at = 0;
  const ranges = rangesOf((kind) => kind.startsWith("Cn"));
  for (const run of INERT.split(" ")) {
    const [gap, length] = run.split(".").map((digits) => parseInt(digits, 36)) as [number, number];
    ranges.push(at + gap, at + gap + length - 1);
    at += gap + length;
  }
  return ranges;
}

/** Ranges as the inside of a character class of a regular expression with the flag u. */
export const classSource = (ranges: Ranges): string => {
  let source = "";
  for (let at = 0; at < ranges.length; at += 2) source += `\\u{${ranges[at]!.toString(16)}}-\\u{${ranges[at + 1]!.toString(16)}}`;
  return source;
};

/** Whether a code point lies in some ranges that are in order. */
export function inRanges(ranges: Ranges, code: number): boolean {
  let [low, high] = [0, ranges.length / 2 - 1];
  while (low <= high) {
    const middle = (low + high) >> 1;
    if (code > ranges[middle * 2 + 1]!) low = middle + 1;
    else if (code < ranges[middle * 2]!) high = middle - 1;
    else return true;
  }
  return false;
}
