import { BpeError } from "./errors.js";
import { sorted } from "./regex/code-points.js";
import { RegexMatcher } from "./regex/matcher.js";
import { compileProgram } from "./regex/program.js";
import { readRegex, shown } from "./regex/reader.js";
import { classSource, type Ranges } from "./unicode/classes.js";

/** Longest pattern that is taken from a file. */
const MAX_PATTERN = 20_000;
/** Longest text that is looked for; the time for a text grows with both lengths. */
const MAX_LITERAL = 1000;

/** What finds a pattern in texts: a matcher, or one of JavaScript's own with the flags gu where no text makes it slow. */
export type Pattern = RegexMatcher | RegExp;

/**
 * Reads a regular expression of a tokenizer.json, which may be a stranger's: whatever it is, a text takes a time that grows with
 * its length, or is refused when it is used.
 *
 * @throws BpeError where the pattern is broken, too large or uses syntax that has no equal here, which the message names.
 */
export function compilePattern(pattern: string): RegexMatcher {
  if (pattern.length > MAX_PATTERN) throw new BpeError(`A pattern of ${pattern.length} characters can't be used; at most ${MAX_PATTERN} are read.`);
  return new RegexMatcher(compileProgram(readRegex(pattern), shown(pattern)));
}

/** A regular expression, with the flags gu, for one code point of some ranges. */
export const oneOf = (ranges: Ranges): RegExp => new RegExp(`[${classSource(sorted(ranges))}]`, "gu");

/** A regular expression, with the flags gu, for runs of some ranges, and for runs of what is neither in them nor in others. */
export const runsOf = (ranges: Ranges, others: Ranges): RegExp => new RegExp(`[${classSource(ranges)}]+|[^${classSource(ranges)}${classSource(others)}]+`, "gu");

/**
 * A regular expression, with the flags gu, for a text as it is.
 *
 * @throws BpeError where it is too long.
 */
export function literal(text: string): RegExp {
  if (text.length > MAX_LITERAL) throw new BpeError(`A text of ${text.length} characters can't be looked for; at most ${MAX_LITERAL} are read.`);
  return new RegExp(text.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&"), "gu");
}
