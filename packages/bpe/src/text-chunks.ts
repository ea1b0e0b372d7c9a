import { CLASS, CLASSES, SPACE } from "./unicode/classes.js";

/** Strings are turned into bytes in parts of about this many UTF-16 units, so that one huge text needs no huge buffer. */
const PART = 1 << 16;

/** Bytes behind a text that may be read and overwritten. */
export const BYTES_BEYOND = 16;

const utf8 = new TextEncoder();
let buffer = new Uint8Array(PART * 3 + BYTES_BEYOND);

/** Takes the bytes of a text: 0 to `length` of a buffer that is reused, valid during the call, which must not come back here. */
export type BytesVisitor = (bytes: Uint8Array, length: number) => void;

/**
 * Hands the UTF-8 of a text to `visit` in one or more parts that can be split into words each on its own. Lone
 * surrogates become U+FFFD.
 *
 * A part ends only before a blank that follows a character that is no whitespace: no word of the known patterns crosses that
 * place, and none looks beyond it.
 */
export function forEachPart(text: string, visit: BytesVisitor): void {
  for (let start = 0; start < text.length; ) {
    const end = partEnd(text, start);
    withBytes(start === 0 && end === text.length ? text : text.slice(start, end), visit);
    start = end;
  }
}

/** Hands the UTF-8 of a whole text to `visit`. */
export function withBytes(text: string, visit: BytesVisitor): void {
  if (text.length * 3 + BYTES_BEYOND > buffer.length) buffer = new Uint8Array(text.length * 3 + BYTES_BEYOND);
  visit(buffer, utf8.encodeInto(text, buffer).written);
  // The buffer of a rare giant is not kept.
  if (buffer.length > PART * 48) buffer = new Uint8Array(PART * 3 + BYTES_BEYOND);
}

const isSpace = (text: string, at: number): boolean => (CLASSES[text.charCodeAt(at)]! & CLASS) === SPACE;

function partEnd(text: string, start: number): number {
  if (text.length - start <= PART) return text.length;
  for (let at = start + PART; at < text.length; at++) {
    if (text.charCodeAt(at) === 0x20 && !isSpace(text, at - 1)) return at;
  }
  return text.length;
}
