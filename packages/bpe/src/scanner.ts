import { CLASS, CLASSES, LETTER, OTHER, SPACE } from "./unicode/classes.js";

const QUOTE = 0x27;
const BLANK = 0x20;

/**
 * Where the word that starts at `start` ends, by GPT-2's pattern
 * `'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`, over UTF-8 bytes.
 *
 * Source of the pattern: openai/gpt-2 encoder.py. A plain regular expression over the same classes stands beside it in
 * the tests.
 *
 * @param bytes Well-formed UTF-8 (as TextEncoder writes it).
 * @param start Where a word starts; less than `end`.
 * @param end Where the text ends.
 */
export function wordEnd(bytes: Uint8Array, start: number, end: number): number {
  const first = bytes[start]!;
  if (first === QUOTE) {
    const length = contraction(bytes, start + 1, end);
    if (length > 0) return start + 1 + length;
    return runEnd(bytes, start + 1, end, OTHER);
  }
  let at = start;
  if (first === BLANK) {
    at++;
    if (at === end) return end;
  }
  const kind = classAt(bytes, at);
  if (kind !== SPACE) return runEnd(bytes, at + widthAt(bytes, at), end, kind);
  return spaceEnd(bytes, start, end);
}

/** Bytes after the quote that make one of 's 't 'm 'd 're 've 'll, else 0. */
function contraction(bytes: Uint8Array, at: number, end: number): number {
  if (at >= end) return 0;
  const first = bytes[at]!;
  if (first === 0x73 || first === 0x74 || first === 0x6d || first === 0x64) return 1;
  if (at + 1 >= end) return 0;
  const second = bytes[at + 1]!;
  return ((first === 0x72 || first === 0x76) && second === 0x65) || (first === 0x6c && second === 0x6c) ? 2 : 0;
}

/** The end of the run of characters of one class; letters are by far the most frequent. */
function runEnd(bytes: Uint8Array, from: number, end: number, kind: number): number {
  let at = from;
  if (kind === LETTER) {
    // a-z without a look at the table
    while (at < end && bytes[at]! - 0x61 >>> 0 < 26) at++;
  }
  while (at < end) {
    const byte = bytes[at]!;
    if (byte < 0x80) {
      if ((CLASSES[byte]! & CLASS) !== kind) return at;
      at++;
    } else {
      if (classAt(bytes, at) !== kind) return at;
      at += widthAt(bytes, at);
    }
  }
  return at;
}

/** `\s+(?!\S)|\s+`: a run of whitespace gives its last character back when something follows it and it has more than one. */
function spaceEnd(bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  let last = start;
  while (at < end && classAt(bytes, at) === SPACE) {
    last = at;
    at += widthAt(bytes, at);
  }
  return at === end || last === start ? at : last;
}

export function widthAt(bytes: Uint8Array, at: number): number {
  const byte = bytes[at]!;
  return byte < 0x80 ? 1 : byte < 0xe0 ? 2 : byte < 0xf0 ? 3 : 4;
}

function classAt(bytes: Uint8Array, at: number): number {
  const byte = bytes[at]!;
  return (byte < 0x80 ? CLASSES[byte]! : kindAt(bytes, at)) & CLASS;
}

/** The entry of `CLASSES` for the character that starts at `at`. */
export function kindAt(bytes: Uint8Array, at: number): number {
  const byte = bytes[at]!;
  if (byte < 0x80) return CLASSES[byte]!;
  if (byte < 0xe0) return CLASSES[((byte & 0x1f) << 6) | (bytes[at + 1]! & 0x3f)]!;
  if (byte < 0xf0) return CLASSES[((byte & 0x0f) << 12) | ((bytes[at + 1]! & 0x3f) << 6) | (bytes[at + 2]! & 0x3f)]!;
  return CLASSES[((byte & 0x07) << 18) | ((bytes[at + 1]! & 0x3f) << 12) | ((bytes[at + 2]! & 0x3f) << 6) | (bytes[at + 3]! & 0x3f)]!;
}
