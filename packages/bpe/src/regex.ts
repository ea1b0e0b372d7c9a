import { BpeError } from "./errors.js";
import { classSource, flagged, rangesOf, type Ranges } from "./unicode/classes.js";

/** Longest pattern that is taken from a file. */
const MAX_PATTERN = 20_000;
/** Most ranges of characters that a pattern may come to, once its counted repetitions are written out. */
const MAX_RANGES = 100_000;
/** From so many times on a repetition counts as one without end. */
const MANY = 10;
const LAST = 0x10ffff;
const QUANTIFIER = /([*+?]|\{(?:\d+,?\d*|,\d+)\})([?+]?)/y;
const SIMPLE: Record<string, number> = { n: 10, r: 13, t: 9, f: 12, v: 11, a: 7, e: 27, 0: 0 };

const sorted = (ranges: Ranges): number[] => {
  const pairs = Array.from({ length: ranges.length / 2 }, (_, index) => [ranges[index * 2]!, ranges[index * 2 + 1]!] as const).sort((a, b) => a[0] - b[0]);
  const merged: number[] = [];
  for (const [first, last] of pairs) {
    const end = merged[merged.length - 1];
    if (end !== undefined && first <= end + 1) merged[merged.length - 1] = Math.max(end, last);
    else merged.push(first, last);
  }
  return merged;
};
/** All code points that are not in ranges. */
const complement = (ranges: Ranges): number[] => {
  const gaps: number[] = [];
  let next = 0;
  const inOrder = sorted(ranges);
  for (let at = 0; at < inOrder.length; at += 2) {
    if (inOrder[at]! > next) gaps.push(next, inOrder[at]! - 1);
    next = inOrder[at + 1]! + 1;
  }
  if (next <= LAST) gaps.push(next, LAST);
  return gaps;
};
const intersection = (a: Ranges, b: Ranges): number[] => complement([...complement(a), ...complement(b)]);

/**
 * Turns a regular expression of a tokenizer.json into one of JavaScript with the flags gu. Classes such as \p{L}, \s and \w
 * become the frozen tables, so that the answer is that of the oracle and not of the JavaScript engine's Unicode version.
 *
 * Source of the syntax: the documents of Oniguruma (its Ruby syntax).
 *
 * @throws BpeError where the pattern is broken or uses syntax that has no equal here, which the message names.
 */
export function compilePattern(pattern: string): RegExp {
  if (pattern.length > MAX_PATTERN) throw new BpeError(`A pattern of ${pattern.length} characters can't be used; at most ${MAX_PATTERN} are read.`);
  const source = new Translator(pattern).all();
  try {
    return new RegExp(source, "gu");
  } catch (cause) {
    throw new BpeError(`The pattern ${shown(pattern)} can't be used: it is no regular expression, or too large.`, { cause });
  }
}

/** A regular expression, with the flags gu, for one code point of some ranges. */
export const oneOf = (ranges: Ranges): RegExp => new RegExp(`[${classSource(sorted(ranges))}]`, "gu");

/** A regular expression, with the flags gu, for runs of some ranges, and for runs of what is neither in them nor in others. */
export const runsOf = (ranges: Ranges, others: Ranges): RegExp => new RegExp(`[${classSource(ranges)}]+|[^${classSource(ranges)}${classSource(others)}]+`, "gu");

/** A regular expression, with the flags gu, for a text as it is. */
export const literal = (text: string): RegExp => new RegExp(text.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&"), "gu");

const shown = (pattern: string): string => JSON.stringify(pattern.length > 120 ? `${pattern.slice(0, 120)}…` : pattern);

class Translator {
  private at = 0;
  private groups = 0;
  private depth = 0;

  constructor(private readonly pattern: string) {}

  all(): string {
    const source = this.alternatives(false);
    if (this.at < this.pattern.length) throw this.refused("a closing bracket without an opening one");
    return source;
  }

  private alternatives(ignoreCase: boolean): string {
    if (++this.depth > 200) throw this.refused("groups that are nested too deeply");
    let source = "";
    for (;;) {
      const char = this.pattern[this.at];
      if (char === undefined || char === ")") break;
      if (char === "|") {
        this.at++;
        source += "|";
        continue;
      }
      const flags = /\(\?([im]*)(?:-([im]*))?\)/y;
      if (this.take(flags)) {
        // Inline flags hold to the end of the group, over all alternatives that follow.
        const on = this.taken![1]!.includes("i") || (ignoreCase && !this.taken![2]?.includes("i"));
        source += `(?:${this.alternatives(on)})`;
        break;
      }
      const [loops, ranges] = [this.loops, this.written];
      source += this.quantified(this.atom(ignoreCase), loops, ranges);
    }
    this.depth--;
    return source;
  }

  private taken: RegExpExecArray | null = null;

  private take(expression: RegExp): boolean {
    expression.lastIndex = this.at;
    this.taken = expression.exec(this.pattern);
    if (this.taken) this.at += this.taken[0].length;
    return this.taken !== null;
  }

  /** Repetitions without end so far, save those that never give back what they took. */
  private loops = 0;
  /** Ranges of characters so far, counted repetitions written out. */
  private written = 0;

  /**
   * @param loops How many repetitions without end there were before the atom.
   * @param ranges How many ranges of characters.
   */
  private quantified(atom: string, loops: number, ranges: number): string {
    let source = atom;
    while (this.take(QUANTIFIER)) {
      let [, times, mode] = this.taken! as unknown as [string, string, string];
      if (times.startsWith("{,")) times = `{0${times.slice(1)}`;
      // In Ruby's syntax {n,m}+ is no possessive quantifier but a second one.
      if (mode === "+" && times.startsWith("{")) {
        this.at--;
        mode = "";
      }
      const most = Math.max(...(times.match(/\d+/g) ?? []).map(Number), 1);
      this.written = ranges + (this.written - ranges) * most;
      if (this.written > MAX_RANGES) throw this.refused("what becomes too large");
      const endless = /[*+]|,\}/.test(times) || most >= MANY;
      if (endless && this.loops > loops && mode !== "+") throw this.refused("a repetition within a repetition, which can take time without end,");
      if (mode === "+") this.loops = loops;
      else if (endless) this.loops++;
      source = mode === "+" ? this.atomic(`${source}${times}`) : `${source}${times}${mode}`;
      if (/[*+?{]/.test(this.pattern[this.at] ?? "")) source = `(?:${source})`;
    }
    return source;
  }

  /** A group that never gives back what it took; JavaScript has none, but its lookaheads are such. */
  private atomic(source: string): string {
    // Numbers are given from the inside out, and JavaScript counts opening brackets: names avoid the difference.
    const name = `a${this.groups++}`;
    return `(?:(?=(?<${name}>${source}))\\k<${name}>)`;
  }

  private atom(ignoreCase: boolean): string {
    const char = this.pattern[this.at]!;
    if (char === "(") return this.group(ignoreCase);
    if (char === "[") return this.set(ignoreCase);
    if (char === ".") return this.skip(1, "[^\\n]");
    if (char === "^") return this.skip(1, "(?<![^\\n])");
    if (char === "$") return this.skip(1, "(?![^\\n])");
    if (char === "\\") {
      const next = this.pattern[this.at + 1];
      if (next === "A") return this.skip(2, "(?<![^])");
      if (next === "z") return this.skip(2, "(?![^])");
      if (next === "Z") return this.skip(2, "(?=\\n?(?![^]))");
      if (next === "R") return this.skip(2, "(?:\\r\\n|[\\n-\\r\\x85\\u2028\\u2029])");
      if (next === "b" || next === "B") {
        const word = `[${classSource(flagged("w"))}]`;
        return this.skip(2, next === "b" ? `(?:(?<=${word})(?!${word})|(?<!${word})(?=${word}))` : `(?:(?<=${word})(?=${word})|(?<!${word})(?!${word}))`);
      }
      return this.ranges(this.escape(), ignoreCase);
    }
    if (/[*+?]/.test(char)) throw this.refused("a quantifier with nothing before it");
    return this.ranges(this.codePoint(), ignoreCase);
  }

  private skip(length: number, source: string): string {
    this.at += length;
    return source;
  }

  private group(ignoreCase: boolean): string {
    const close = (open: string, inner = ignoreCase): string => {
      const source = `${open}${this.alternatives(inner)})`;
      if (this.pattern[this.at++] !== ")") throw this.refused("a group that is not closed");
      return source;
    };
    if (this.take(/\(\?(?:[:=!]|<[=!])/y)) return close(this.taken![0]);
    if (this.take(/\(\?>/y)) {
      const loops = this.loops;
      const source = this.atomic(close("(?:"));
      this.loops = loops;
      return source;
    }
    if (this.take(/\(\?([im]*)(?:-([im]*))?:/y)) return close("(?:", this.taken![1]!.includes("i") || (ignoreCase && !this.taken![2]?.includes("i")));
    if (this.take(/\((?!\?)|\(\?P?<\w+>/y)) return close("(?:");
    throw this.refused(this.pattern.slice(this.at, this.at + 4));
  }

  /** A character class with nested classes and intersections. */
  private set(ignoreCase: boolean): string {
    return this.source(this.setRanges(ignoreCase), false);
  }

  private setRanges(ignoreCase: boolean): number[] {
    if (++this.depth > 200) throw this.refused("classes that are nested too deeply");
    this.at++;
    const negated = this.pattern[this.at] === "^";
    if (negated) this.at++;
    let whole: number[] | undefined;
    let part: number[] = [];
    for (let first = true; ; first = false) {
      const char = this.pattern[this.at];
      if (char === undefined) throw this.refused("a character class that is not closed");
      if (char === "]" && !first) break;
      if (char === "[") {
        if (this.pattern[this.at + 1] === ":") throw this.refused(this.pattern.slice(this.at, this.at + 10));
        part.push(...this.setRanges(ignoreCase));
        continue;
      }
      if (this.pattern.startsWith("&&", this.at)) {
        this.at += 2;
        whole = whole ? intersection(whole, part) : part;
        part = [];
        continue;
      }
      let low = char === "\\" ? this.escape(true) : this.codePoint();
      if (low.length === 2 && low[0] === low[1] && this.pattern[this.at] === "-" && this.pattern[this.at + 1] !== "]" && this.at + 1 < this.pattern.length) {
        this.at++;
        const high = this.pattern[this.at] === "\\" ? this.escape() : this.codePoint();
        if (high.length !== 2 || high[0] !== high[1] || high[0]! < low[0]!) throw this.refused("a range that runs backwards");
        low = [low[0]!, high[1]!];
      }
      part.push(...(ignoreCase && low.length === 2 ? folded(low) : low));
    }
    this.at++;
    this.depth--;
    const ranges = sorted(whole ? intersection(whole, part) : part);
    return negated ? complement(ranges) : ranges;
  }

  private codePoint(): number[] {
    const code = this.pattern.codePointAt(this.at)!;
    this.at += code > 0xffff ? 2 : 1;
    return [code, code];
  }

  /** @param inside Whether it stands in a character class, where Oniguruma's \\w lacks the few numbers such as ² that it has outside. */
  private escape(inside = false): number[] {
    if (this.take(/\\(?:x\{([0-9a-fA-F]{1,6})\}|x([0-9a-fA-F]{2})|u\{([0-9a-fA-F]{1,6})\}|u([0-9a-fA-F]{4}))/y)) {
      const code = parseInt(this.taken!.slice(1).find((digits) => digits)!, 16);
      return [code, code];
    }
    if (this.take(/\\([pP])(?:\{(\^?)([\w ]+)\}|([A-Z]))/y)) {
      const [text, letter, not, long, short] = this.taken!;
      const ranges = property(long ?? short!) ?? [];
      if (ranges.length === 0) throw this.refused(text);
      return (letter === "P") !== (not === "^") ? complement(ranges) : ranges;
    }
    const letter = this.pattern[this.at + 1];
    if (letter === undefined) throw this.refused("a backslash at the end");
    const set = letter === "s" || letter === "S" ? flagged("s") : letter === "w" || letter === "W" ? rangesOf((kind) => kind.includes("w", 2) && !(inside && kind.startsWith("No"))) : letter === "d" || letter === "D" ? property("Nd") : undefined;
    if (set) {
      this.at += 2;
      return letter < "a" ? complement(set) : set;
    }
    if (letter in SIMPLE) {
      this.at += 2;
      return [SIMPLE[letter]!, SIMPLE[letter]!];
    }
    if (/[0-9A-Za-z]/.test(letter)) throw this.refused(`\\${letter}`);
    this.at++;
    return this.codePoint();
  }

  private ranges(ranges: Ranges, ignoreCase: boolean): string {
    return this.source(ignoreCase && ranges.length === 2 && ranges[0] === ranges[1] ? folded(ranges) : ranges, true);
  }

  private source(ranges: Ranges, positive: boolean): string {
    this.written += ranges.length / 2;
    if (ranges.length === 0 && !positive) return "(?!)";
    return `[${classSource(ranges)}]`;
  }

  private refused(what: string): BpeError {
    return new BpeError(`The pattern ${shown(this.pattern)} can't be used: ${what.slice(0, 100)} at character ${this.at} is not supported.`);
  }
}

/** The ranges of a property: a general category by its short name or first letter. */
function property(name: string): number[] | undefined {
  if (/^[A-Z][a-z]?$/.test(name)) return rangesOf((kind) => (name === "C" ? /^C[^n]/.test(kind) || kind.startsWith("Cn") : kind.startsWith(name)));
  const long: Record<string, string> = { Letter: "L", Number: "N", Punctuation: "P", Symbol: "S", Mark: "M", Separator: "Z" };
  return long[name] === undefined ? undefined : property(long[name]);
}

/** Code points with their other cases; s and k have a third one in Unicode. */
function folded(ranges: Ranges): number[] {
  const result = [...ranges];
  if (ranges[1]! - ranges[0]! > 0x500) return result;
  for (let code = ranges[0]!; code <= ranges[1]!; code++) {
    const char = String.fromCodePoint(code);
    for (const other of [char.toLowerCase(), char.toUpperCase(), ...(/[sS\u017f]/.test(char) ? ["s", "S", "\u017f"] : /[kK\u212a]/.test(char) ? ["k", "K", "\u212a"] : [])]) {
      const [first] = other;
      if (first === other) result.push(other.codePointAt(0)!, other.codePointAt(0)!);
    }
  }
  return sorted(result);
}
