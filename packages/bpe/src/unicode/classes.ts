import { ENTRIES, INERT, RUNS, SYMBOLS } from "./classes-data.js";
import { KIND_RUNS, KINDS } from "./kinds-data.js";

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
/** What must not touch a single_word token, and \p{Cn}. */
export const WORD = 64;
export const UNASSIGNED = 128;

/** Code point ranges: first, last, first, last … in order. */
export type Ranges = readonly number[];

/** Calls `visit` for each run of a table of classes-data.ts or kinds-data.ts; `symbol` is a number, `end` exclusive. */
function eachRun(runs: string, visit: (symbol: number, start: number, end: number) => void): void {
  let at = 0;
  for (const [, length, symbol] of runs.matchAll(/([0-9a-z]*)([^0-9a-z])/g)) {
    const end = at + (length === "" ? 1 : parseInt(length!, 36));
    visit(SYMBOLS.indexOf(symbol!), at, end);
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
  eachRun(RUNS, (symbol, start, end) => table.fill(ENTRIES[symbol]!, start, end));
  return table;
}

/** Calls `visit` for each run of code points of one kind: two letters of general category, then the flags of kinds-data.ts. */
function eachKind(visit: (kind: string, start: number, end: number) => void): void {
  const kinds = KINDS.split(" ");
  const others: (readonly [symbol: number, end: number])[] = [];
  eachRun(KIND_RUNS, (symbol, _, end) => others.push([symbol, end]));
  let next = 0;
  eachRun(RUNS, (symbol, start, end) => {
    for (let at = start; at < end; ) {
      const [other, stop] = others[next]!;
      const to = Math.min(end, stop);
      visit(kinds[other === 0 ? symbol : ENTRIES.length - 1 + other]!, at, to);
      if (to === stop) next++;
      at = to;
    }
  });
}

/** The code points whose kind passes a test, as ranges. */
export function rangesOf(test: (kind: string) => boolean): number[] {
  const ranges: number[] = [];
  eachKind((kind, start, end) => {
    if (test(kind)) extend(ranges, start, end);
  });
  return ranges;
}

/** Adds a run that comes after all others. */
function extend(ranges: number[], start: number, end: number): void {
  if (ranges[ranges.length - 1] === start - 1) ranges[ranges.length - 1] = end - 1;
  else ranges.push(start, end - 1);
}

/** The code points that carry a flag of kinds-data.ts. */
export const flagged = (flag: string): number[] => rangesOf((kind) => kind.includes(flag, 2));

/** The code points that the oracle's normalization forms leave alone although Unicode decomposes, composes or reorders some of them. */
export function inertRanges(): number[] {
  let at = 0;
  const ranges: number[] = [];
  eachRun(RUNS, (symbol, start, end) => {
    if ((ENTRIES[symbol]! & UNASSIGNED) !== 0) extend(ranges, start, end);
  });
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
