import { BpeError } from "../errors.js";
import { flagged, rangesOf, type Ranges } from "../unicode/classes.js";
import { complement, folded, intersection, sorted } from "./code-points.js";
import { choice, look, mayBeEmpty, sequence, set, type Node } from "./node.js";

/** How deeply groups may be nested, and how many quantifiers may follow one another. */
const MAX_DEPTH = 200;
const MAX_QUANTIFIERS = 4;
/** Most ranges of characters that all classes of a pattern may have together. */
const MAX_RANGES = 100_000;
const QUANTIFIER = /([*+?]|\{(?:\d+,?\d*|,\d+)\})([?+]?)/y;
const SIMPLE: Record<string, number> = { n: 10, r: 13, t: 9, f: 12, v: 11, a: 7, e: 27, 0: 0 };
const ANY = [0, 0x10ffff];
const NOT_NEWLINE = /* @__PURE__ */ complement([10, 10]);
const NEWLINES = [10, 13, 0x85, 0x85, 0x2028, 0x2029];

/** The ranges of the classes that were asked for, by their names. */
const classes = new Map<string, number[]>();

/** The inline flags of Ruby that are read: i, and m, by which a dot takes newlines too. */
interface Flags {
  ignoreCase: boolean;
  dotAll: boolean;
}

export const shown = (pattern: string): string => JSON.stringify(pattern.length > 120 ? `${pattern.slice(0, 120)}…` : pattern);

/**
 * Reads a regular expression of a tokenizer.json. Classes such as \p{L}, \s and \w become the frozen tables, so that the answer is
 * that of the oracle and not of the JavaScript engine's Unicode version.
 *
 * Source of the syntax: the documents of Oniguruma (its Ruby syntax).
 *
 * @throws BpeError where the pattern is broken or uses syntax that has no equal here, which the message names.
 */
export const readRegex = (pattern: string): Node => new Reader(pattern).all();

class Reader {
  private at = 0;
  private depth = 0;
  /** Ranges of characters that were read so far. */
  private read = 0;

  constructor(private readonly pattern: string) {}

  all(): Node {
    const node = this.alternatives({ ignoreCase: false, dotAll: false });
    if (this.at < this.pattern.length) throw this.refused("a closing bracket without an opening one");
    return node;
  }

  private alternatives(flags: Flags): Node {
    if (++this.depth > MAX_DEPTH) throw this.refused("groups that are nested too deeply");
    const options: Node[] = [];
    let parts: Node[] = [];
    for (;;) {
      const char = this.pattern[this.at];
      if (char === undefined || char === ")") break;
      if (char === "|") {
        this.at++;
        options.push(sequence(parts));
        parts = [];
        continue;
      }
      if (this.take(/\(\?([im]*)(?:-([im]*))?\)/y)) {
        // Inline flags hold to the end of the group, over all alternatives that follow.
        parts.push(this.alternatives(this.flags(flags)));
        break;
      }
      parts.push(this.quantified(this.atom(flags)));
    }
    this.depth--;
    return choice([...options, sequence(parts)]);
  }

  /** The flags that were just taken, over those that hold around them. */
  private flags(around: Flags): Flags {
    const [, on = "", off = ""] = this.taken!;
    const holds = (letter: string, before: boolean): boolean => on.includes(letter) || (before && !off.includes(letter));
    return { ignoreCase: holds("i", around.ignoreCase), dotAll: holds("m", around.dotAll) };
  }

  private taken: RegExpExecArray | null = null;

  private take(expression: RegExp): boolean {
    expression.lastIndex = this.at;
    this.taken = expression.exec(this.pattern);
    if (this.taken) this.at += this.taken[0].length;
    return this.taken !== null;
  }

  private quantified(atom: Node): Node {
    let node = atom;
    for (let count = 1; this.take(QUANTIFIER); count++) {
      if (count > MAX_QUANTIFIERS) throw this.refused("so many quantifiers one after another");
      const [, times, sign] = this.taken! as unknown as [string, string, string];
      // In Ruby's syntax {n,m}+ is no possessive quantifier but a second one.
      const second = sign === "+" && times.startsWith("{");
      if (second) this.at--;
      const [least, most] = bounds(times);
      if (most < least) throw this.refused("a repetition whose numbers run backwards");
      if (most > 1 && mayBeEmpty(node)) throw this.refused("a repetition of what may match nothing");
      node = { kind: "repeat", body: node, least, most, greedy: sign !== "?" };
      if (sign === "+" && !second) node = { kind: "atomic", body: node };
    }
    return node;
  }

  private atom(flags: Flags): Node {
    const char = this.pattern[this.at]!;
    if (char === "(") return this.group(flags);
    if (char === "[") return set(this.setRanges(flags.ignoreCase));
    if (char === ".") return this.skip(1, set(flags.dotAll ? ANY : NOT_NEWLINE));
    if (char === "^") {
      // After a newline that ends the text no line begins.
      return this.skip(1, choice([look(set(ANY), { behind: true, negative: true }), sequence([look(set([10, 10]), { behind: true }), look(set(ANY))])]));
    }
    if (char === "$") return this.skip(1, look(set(NOT_NEWLINE), { negative: true }));
    if (char === "\\") {
      const next = this.pattern[this.at + 1];
      if (next === "A") return this.skip(2, look(set(ANY), { behind: true, negative: true }));
      if (next === "z") return this.skip(2, look(set(ANY), { negative: true }));
      if (next === "Z") return this.skip(2, look(sequence([{ kind: "repeat", body: set([10, 10]), least: 0, most: 1, greedy: true }, look(set(ANY), { negative: true })])));
      if (next === "R") return this.skip(2, { kind: "atomic", body: choice([sequence([set([13, 13]), set([10, 10])]), set(NEWLINES)]) });
      if (next === "b" || next === "B") {
        const word = set(this.named("w", () => flagged("w")));
        // At a boundary one side is a word's character and the other is not.
        return this.skip(2, choice([true, false].map((negative) => sequence([look(word, { behind: true, negative }), look(word, { negative: negative !== (next === "b") })]))));
      }
      return this.folding(this.escape(), flags);
    }
    if (/[*+?]/.test(char)) throw this.refused("a quantifier with nothing before it");
    return this.folding(this.codePoint(), flags);
  }

  private skip(length: number, node: Node): Node {
    this.at += length;
    return node;
  }

  private group(flags: Flags): Node {
    const inner = (held = flags): Node => {
      const node = this.alternatives(held);
      if (this.pattern[this.at++] !== ")") throw this.refused("a group that is not closed");
      return node;
    };
    if (this.take(/\(\?(<?)([=!])/y)) {
      const [, behind, sign] = this.taken!;
      return look(inner(), { behind: behind !== "", negative: sign === "!" });
    }
    if (this.take(/\(\?>/y)) return { kind: "atomic", body: inner() };
    if (this.take(/\(\?([im]*)(?:-([im]*))?:/y)) return inner(this.flags(flags));
    if (this.take(/\((?!\?)|\(\?P?<\w+>/y)) return inner();
    throw this.refused(this.pattern.slice(this.at, this.at + 4));
  }

  /** A character class with nested classes and intersections. */
  private setRanges(ignoreCase: boolean): number[] {
    if (++this.depth > MAX_DEPTH) throw this.refused("classes that are nested too deeply");
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
        part = part.concat(this.setRanges(ignoreCase));
        continue;
      }
      if (this.pattern.startsWith("&&", this.at)) {
        this.at += 2;
        whole = this.counted(whole ? intersection(whole, part) : part);
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
      for (const end of this.counted(ignoreCase && low.length === 2 ? folded(low) : low)) part.push(end);
    }
    this.at++;
    this.depth--;
    const ranges = this.counted(sorted(whole ? intersection(whole, part) : part));
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
      if (code > 0x10ffff) throw this.refused(this.taken![0]);
      return [code, code];
    }
    if (this.take(/\\([pP])(?:\{(\^?)([\w ]+)\}|([A-Z]))/y)) {
      const [text, letter, not, long, short] = this.taken!;
      const ranges = this.named(long ?? short!, property);
      if (ranges.length === 0) throw this.refused(text);
      return (letter === "P") !== (not === "^") ? complement(ranges) : ranges;
    }
    const letter = this.pattern[this.at + 1];
    if (letter === undefined) throw this.refused("a backslash at the end");
    const small = letter.toLowerCase();
    if (small === "s" || small === "w" || small === "d") {
      this.at += 2;
      const ranges = this.named(inside ? `[${small}]` : small, () => {
        if (small === "s") return flagged("s");
        if (small === "d") return property("Nd");
        return inside ? rangesOf((kind) => kind.includes("w", 2) && !kind.startsWith("No")) : flagged("w");
      });
      return letter === small ? ranges : complement(ranges);
    }
    if (letter in SIMPLE) {
      this.at += 2;
      return [SIMPLE[letter]!, SIMPLE[letter]!];
    }
    if (/[0-9A-Za-z]/.test(letter)) throw this.refused(`\\${letter}`);
    this.at++;
    return this.codePoint();
  }

  /** The ranges of a class, which is worked out once. */
  private named(name: string, work: (name: string) => number[]): number[] {
    const ranges = classes.get(name) ?? work(name);
    if (ranges.length > 0) classes.set(name, ranges);
    return this.counted(ranges);
  }

  private counted(ranges: number[]): number[] {
    this.read += ranges.length / 2;
    if (this.read > MAX_RANGES) throw this.refused("what has so many classes");
    return ranges;
  }

  private folding(ranges: Ranges, { ignoreCase }: Flags): Node {
    return set(ignoreCase && ranges.length === 2 && ranges[0] === ranges[1] ? folded(ranges) : ranges);
  }

  private refused(what: string): BpeError {
    return new BpeError(`The pattern ${shown(this.pattern)} can't be used: ${what.slice(0, 100)} at character ${this.at} is not supported.`);
  }
}

/** The least and most times of a quantifier. */
function bounds(times: string): [least: number, most: number] {
  if (times === "*") return [0, Infinity];
  if (times === "+") return [1, Infinity];
  if (times === "?") return [0, 1];
  const [least = "", most] = times.slice(1, -1).split(",");
  return [Number(least), most === undefined ? Number(least) : most === "" ? Infinity : Number(most)];
}

/** The ranges of a property: a general category by its short name or first letter; none for an unknown one. */
function property(name: string): number[] {
  if (/^[A-Z][a-z]?$/.test(name)) return rangesOf((kind) => (name === "C" ? /^C[^n]/.test(kind) || kind.startsWith("Cn") : kind.startsWith(name)));
  const long: Record<string, string> = { Letter: "L", Number: "N", Punctuation: "P", Symbol: "S", Mark: "M", Separator: "Z" };
  return Object.hasOwn(long, name) ? property(long[name]!) : [];
}
