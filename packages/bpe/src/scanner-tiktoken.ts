import { kindAt, widthAt, wordEnd } from "./scanner.js";
import { CLASS, DIGIT, LETTER, LOWER, MARK, NUMBER, OTHER, SPACE, UPPER } from "./unicode/classes.js";

// The words of the patterns that follow cl100k and o200k, over UTF-8 bytes. Source of the patterns: openai/tiktoken
// tiktoken_ext/openai_public.py and the tokenizer.json of the models named in patterns.ts. A plain regular expression over the
// same classes stands beside each of them in the tests.

const QUOTE = 0x27;
const BLANK = 0x20;
const SLASH = 0x2f;

const isNewline = (byte: number): boolean => byte === 10 || byte === 13;

/** How a pattern of the family differs from cl100k. */
export interface TiktokenRules {
  /** Most digits of one word. */
  digits: number;
  /** Whether whitespace up to the end of the text is one word, newlines or not. */
  wholeTail: boolean;
  /** Whether marks count as letters. */
  marks: boolean;
  /** Whether words are cut where capitals follow small letters and contractions belong to the word before them (o200k). */
  cases: boolean;
}

/** Where the word that starts at `start` ends, by the rules of a pattern of the cl100k or o200k family; see `wordEnd`. */
export function tiktokenWordEnd(bytes: Uint8Array, start: number, end: number, rules: TiktokenRules): number {
  const first = bytes[start]!;
  if (!rules.cases && first === QUOTE) {
    const after = contractionEnd(bytes, start, end);
    if (after > start) return after;
  }
  const kind = kindAt(bytes, start);
  const main = kind & CLASS;
  const next = first < 0x80 ? start + 1 : start + widthAt(bytes, start);
  if (main === NUMBER) return digitsEnd(bytes, next, end, rules.digits);
  if (rules.cases) {
    const after = casedEnd(bytes, start, next, end, kind);
    if (after > start) return contractionEnd(bytes, after, end);
  } else {
    const letters = rules.marks ? LETTER | MARK : LETTER;
    if (isLetter(kind, letters)) return lettersEnd(bytes, next, end, letters);
    if (next < end && !isNewline(first) && isLetter(kindAt(bytes, next), letters)) return lettersEnd(bytes, next, end, letters);
  }
  const others = first === BLANK ? next : start;
  if (others < end && (kindAt(bytes, others) & CLASS) === OTHER) return othersEnd(bytes, others, end, rules);
  return spaceEnd(bytes, start, end, rules.wholeTail);
}

/** `letters` is LETTER, or LETTER with the bit of MARK. */
const isLetter = (kind: number, letters: number): boolean => (kind & CLASS) === LETTER || (kind & letters & MARK) !== 0;

function lettersEnd(bytes: Uint8Array, from: number, end: number, letters: number): number {
  let at = from;
  while (at < end && (bytes[at]! | 0x20) - 0x61 >>> 0 < 26) at++;
  while (at < end && isLetter(kindAt(bytes, at), letters)) at += widthAt(bytes, at);
  return at;
}

function digitsEnd(bytes: Uint8Array, from: number, end: number, most: number): number {
  let at = from;
  for (let count = 1; count < most && at < end && (kindAt(bytes, at) & CLASS) === NUMBER; count++) at += widthAt(bytes, at);
  return at;
}

function othersEnd(bytes: Uint8Array, from: number, end: number, { marks, cases }: TiktokenRules): number {
  let at = from;
  while (at < end) {
    const kind = kindAt(bytes, at);
    if ((kind & CLASS) !== OTHER || (marks && (kind & MARK) !== 0)) break;
    at += widthAt(bytes, at);
  }
  while (at < end && (isNewline(bytes[at]!) || (cases && bytes[at] === SLASH))) at++;
  return at;
}

/** `\s*[\r\n]+|\s+(?!\S)|\s+`, before them `\s+$` where the whole tail is one word. */
function spaceEnd(bytes: Uint8Array, start: number, end: number, wholeTail: boolean): number {
  let at = start;
  let last = start;
  let newline = 0;
  while (at < end && (kindAt(bytes, at) & CLASS) === SPACE) {
    last = at;
    if (isNewline(bytes[at]!)) newline = at + 1;
    at += widthAt(bytes, at);
  }
  if (at === end && wholeTail) return at;
  if (newline > 0) return newline;
  return at === end || last === start ? at : last;
}

/** After one of 's 't 'm 'd 're 've 'll in any case, where one starts at `at`; else `at`. */
function contractionEnd(bytes: Uint8Array, at: number, end: number): number {
  if (at + 1 >= end || bytes[at] !== QUOTE) return at;
  const first = bytes[at + 1]! | 0x20;
  if (first === 0x73 || first === 0x74 || first === 0x6d || first === 0x64) return at + 2;
  if (at + 2 >= end) return at;
  // The long s is an s in any case.
  if (bytes[at + 1] === 0xc5 && bytes[at + 2] === 0xbf) return at + 3;
  const second = bytes[at + 2]! | 0x20;
  return ((first === 0x72 || first === 0x76) && second === 0x65) || (first === 0x6c && second === 0x6c) ? at + 3 : at;
}

/**
 * `P?U*L+|P?U+L*`, where P is anything but a letter, number or newline, U a capital, caseless letter or mark and L a small or
 * caseless letter or mark; `start` where neither matches. Worked out as a backtracking matcher would come to it.
 */
function casedEnd(bytes: Uint8Array, start: number, next: number, end: number, kind: number): number {
  const prefix = (kind & CLASS) !== LETTER && !isNewline(bytes[start]!);
  if (!prefix && (kind & CLASS) !== LETTER) return start;
  const from = prefix ? next : start;
  let at = from;
  // End of the last character of the run of U that is an L too.
  let both = -1;
  while (at < end) {
    const here = kindAt(bytes, at);
    if ((here & UPPER) === 0) break;
    at += widthAt(bytes, at);
    if ((here & LOWER) !== 0) both = at;
  }
  const upperEnd = at;
  while (at < end && (kindAt(bytes, at) & LOWER) !== 0) at += widthAt(bytes, at);
  if (at > upperEnd) return at;
  if (both >= 0) return both;
  // A mark that could be P is an L by itself.
  if (prefix && (kind & MARK) !== 0) return next;
  return upperEnd > from ? upperEnd : start;
}

/**
 * Where the word that starts at `start` ends when the pre-tokenizer Digits cuts the text before GPT-2's pattern does.
 *
 * @param single Whether each digit stands alone, else each run of them.
 */
export function digitsWordEnd(bytes: Uint8Array, start: number, end: number, single: boolean): number {
  if ((kindAt(bytes, start) & DIGIT) !== 0) {
    let at = start + widthAt(bytes, start);
    while (!single && at < end && (kindAt(bytes, at) & DIGIT) !== 0) at += widthAt(bytes, at);
    // A run of digits goes through the pattern too, whose numbers are a little fewer.
    return single ? at : wordEnd(bytes, start, at);
  }
  const whole = wordEnd(bytes, start, end);
  for (let at = start; at < whole; at += widthAt(bytes, at)) {
    if ((kindAt(bytes, at) & DIGIT) !== 0) return wordEnd(bytes, start, at);
  }
  // Whitespace that ends where a digit begins ends its piece, and keeps its last character.
  const second = start + widthAt(bytes, start);
  const blank = (kindAt(bytes, start) & CLASS) === SPACE && (second === whole || (kindAt(bytes, second) & CLASS) === SPACE);
  if (blank && whole < end && (kindAt(bytes, whole) & CLASS) === SPACE) {
    const after = whole + widthAt(bytes, whole);
    if (after < end && (kindAt(bytes, after) & DIGIT) !== 0) return after;
  }
  return whole;
}
