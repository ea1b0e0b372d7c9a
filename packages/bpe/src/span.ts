import { BpeError } from "./errors.js";
import type { Pattern } from "./regex.js";

const high = (unit: number): boolean => (unit & 0xfc00) === 0xd800;
const low = (unit: number): boolean => (unit & 0xfc00) === 0xdc00;

/** One character of a changed text: 0 where it replaces the next old one, -n where it replaces 1 + n, 1 where it is new. */
export type Change = readonly [character: string, change: number];

/** How the pieces between and of a pattern's matches become splits; the names of tokenizer.json. */
export type SplitBehavior = "Removed" | "Isolated" | "MergedWithPrevious" | "MergedWithNext" | "Contiguous";

/**
 * A part of a text that may have been changed, where each UTF-16 unit still knows the range of the original (in UTF-16 units)
 * that it comes from. The text has no lone surrogates.
 *
 * Source of the rules: huggingface/tokenizers, tokenizers/src/tokenizer/normalizer.rs (`NormalizedString`).
 */
export class Span {
  /**
   * @param base Where the part starts in the original.
   * @param starts Start of each unit's range; absent while the text is that of the original.
   */
  constructor(
    readonly text: string,
    readonly base = 0,
    private readonly starts?: Int32Array,
    private readonly ends?: Int32Array,
  ) {}

  /** The range of the original for the units from `from` to `to`, which must not be empty. */
  original(from: number, to: number): [start: number, end: number] {
    if (this.starts) return [this.starts[from]!, this.ends![to - 1]!];
    const { text, base } = this;
    const start = low(text.charCodeAt(from)) && from > 0 ? from - 1 : from;
    const end = high(text.charCodeAt(to - 1)) && to < text.length ? to + 1 : to;
    return [base + start, base + end];
  }

  slice(from: number, to: number): Span {
    if (from === 0 && to === this.text.length && (!this.starts || this.starts[0] === this.base)) return this;
    const base = from < to ? this.original(from, to)[0] : this.base;
    return new Span(this.text.slice(from, to), base, this.starts?.subarray(from, to), this.ends?.subarray(from, to));
  }

  /**
   * The span after changes of all its characters.
   *
   * @param skipped Old units at the front that no change replaces.
   */
  changed(changes: Iterable<Change>, skipped = 0): Span {
    const starts: number[] = [];
    const ends: number[] = [];
    let text = "";
    let at = skipped;
    for (const [character, change] of changes) {
      const from = change > 0 ? at - 1 : at;
      const [start, end] = from < 0 ? [this.base, this.base] : this.original(from, from + 1);
      for (let unit = 0; unit < character.length; unit++) {
        starts.push(start);
        ends.push(end);
      }
      text += character;
      for (let gone = change; gone <= 0; gone++) at += high(this.text.charCodeAt(at)) ? 2 : 1;
    }
    return new Span(text, this.base, Int32Array.from(starts), Int32Array.from(ends));
  }

  /** Puts a text before this one; it belongs to the first character. */
  prepended(text: string): Span {
    if (this.text === "" || text === "") return this;
    const [first] = this.text;
    const head = this.slice(0, first!.length).changed([...Array.from(text, (character, index): Change => [character, index ? 1 : 0]), [first!, 1]]);
    return Span.joined([head, this.slice(first!.length, this.text.length)], this.base);
  }

  /**
   * Puts `content` in the place of every match.
   *
   * @param most How long the text may become.
   * @throws BpeError where it would become longer.
   */
  replaced(pattern: Pattern, content: string, most = Infinity): Span {
    const parts: Span[] = [];
    let length = 0;
    for (const [from, to, matched] of matches(this.text, pattern)) {
      length += matched ? content.length : to - from;
      if (length > most) throw grownTooLong();
      if (!matched) parts.push(this.slice(from, to));
      else parts.push(this.changed(Array.from(content, (character): Change => [character, 1]), to));
    }
    return Span.joined(parts, this.base);
  }

  /** Splits at a pattern's matches; empty pieces are left out. */
  split(pattern: Pattern, behavior: SplitBehavior, invert = false): Span[] {
    let pieces = matches(this.text, pattern).map(([from, to, matched]) => ({ from, to, matched: matched !== invert }));
    if (behavior === "Removed") pieces = pieces.filter((piece) => !piece.matched);
    else if (behavior !== "Isolated") pieces = merged(pieces, behavior);
    return pieces.filter(({ from, to }) => from < to).map(({ from, to }) => this.slice(from, to));
  }

  private static joined(parts: readonly Span[], base: number): Span {
    const text = parts.map((part) => part.text).join("");
    const starts = new Int32Array(text.length);
    const ends = new Int32Array(text.length);
    let at = 0;
    for (const part of parts) {
      for (let unit = 0; unit < part.text.length; unit++, at++) [starts[at], ends[at]] = part.original(unit, unit + 1) as [number, number];
    }
    return new Span(text, base, starts, ends);
  }
}

/** The error for a text that normalization makes many times as long. */
export const grownTooLong = (): BpeError => new BpeError("The normalizer of this tokenizer.json makes the text more than 16 times as long; it can't be used.");

/**
 * The matches of a pattern and what lies between them, over the whole text.
 *
 * @throws BpeError where that needs too much time or memory.
 */
export function matches(text: string, pattern: Pattern): [from: number, to: number, matched: boolean][] {
  const pieces: [number, number, boolean][] = [];
  let done = 0;
  let last = -1;
  const add = (from: number, to: number): void => {
    // An empty match right after another one is none.
    if (from === to && from === last) return;
    if (done < from) pieces.push([done, from, false]);
    last = done = to;
    pieces.push([from, to, true]);
  };
  if (pattern instanceof RegExp) {
    try {
      for (const { index, 0: found } of text.matchAll(pattern)) add(index, index + found.length);
    } catch (cause) {
      throw new BpeError("A pattern of this tokenizer.json can't be applied to the text: it needs too much memory.", { cause });
    }
  } else pattern.each(text, add);
  if (done < text.length) pieces.push([done, text.length, false]);
  return pieces;
}

interface Piece {
  from: number;
  to: number;
  matched: boolean;
}

function merged(pieces: Piece[], behavior: SplitBehavior): Piece[] {
  const result: Piece[] = [];
  let previous = false;
  const backwards = behavior === "MergedWithNext";
  for (const piece of backwards ? pieces.reverse() : pieces) {
    const joins = behavior === "Contiguous" ? piece.matched === previous : piece.matched && !previous;
    const last = result[result.length - 1];
    if (joins && last) {
      if (backwards) last.from = piece.from;
      else last.to = piece.to;
    } else result.push({ ...piece });
    previous = piece.matched;
  }
  return backwards ? result.reverse() : result;
}
