import { CLASS_RUNS } from "./classes-data.js";

/** The class of a code point: a letter (\p{L}), number (\p{N}), whitespace (\s) or anything else. */
export const OTHER = 0;
export const LETTER = 1;
export const NUMBER = 2;
export const SPACE = 3;

const KINDS: Record<string, number> = { O: OTHER, L: LETTER, N: NUMBER, S: SPACE };

/**
 * One class per code point, frozen to what the oracle does: the JavaScript engine's own \p{L} and \s change with its
 * Unicode version and differ from Hugging Face tokenizers on hundreds of code points.
 */
export const CLASSES: Uint8Array = unpack(CLASS_RUNS);

function unpack(runs: string): Uint8Array {
  const classes = new Uint8Array(0x110000);
  let at = 0;
  for (const [, length, kind] of runs.matchAll(/([0-9a-z]*)([A-Z])/g)) {
    const end = at + (length === "" ? 1 : parseInt(length!, 36));
    classes.fill(KINDS[kind!]!, at, end);
    at = end;
  }
  return classes;
}
