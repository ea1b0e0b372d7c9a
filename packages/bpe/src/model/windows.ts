import { grown } from "../byte-table.js";

/** Symbols of a window, and how many of them it shares with the one before it. */
const WINDOW = 2048;
const SHARED = 64;

/** Merges `length` symbols in place, with what each covers; returns how many tokens are left. */
export type Merge = (symbols: Int32Array, length: number, lengths: Int32Array) => number;

/** The tokens of a window: their ids, and where each starts in the word. */
class Part {
  from = 0;
  to = 0;
  count = 0;
  ids = new Int32Array(0);
  starts = new Int32Array(0);
}

/**
 * Merges a very long word window by window, so that the work stays near the processor and takes time in proportion to the word.
 *
 * Tokens are those of the whole word if and only if each two neighbours, merged again by themselves, give the same two: the
 * first merge across a border would be the next one for these two as well, as nothing reached over their outer borders before.
 * So where two windows that overlap have a token in common, those before it in the one and those after it in the other are the
 * tokens of both together; and a window of the same symbols as the last one has the same tokens.
 *
 * Source of the observation: github/rust-gems, crates/bpe (README).
 */
export class Windows {
  private work = new Int32Array(0);
  private lengths = new Int32Array(0);
  /** The window before, whose last tokens are not sure yet, and the latest. */
  private last = new Part();
  private part = new Part();

  constructor(
    private readonly merge: Merge,
    private readonly window = WINDOW,
    private readonly shared = SHARED,
  ) {}

  /** Whether a word of some symbols has more than one window. */
  isLong(length: number): boolean {
    return length > this.window;
  }

  /** As `Merge`, for words of any length. */
  run(symbols: Int32Array, length: number, lengths?: Int32Array): number {
    const ids = new Int32Array(length);
    const starts = new Int32Array(lengths ? length + 1 : 0);
    let count = 0;
    /** The first token of `last` that is not among `ids` yet. */
    let first = 0;
    const take = (until: number): void => {
      const { last } = this;
      for (let index = first; index < until; index++, count++) {
        ids[count] = last.ids[index]!;
        if (lengths) starts[count] = last.starts[index]!;
      }
    };
    const next = (from: number, to: number): void => this.tokens(symbols, from, to);
    this.last.to = 0;
    next(0, Math.min(length, this.window));
    this.swap();
    while (this.last.to < length) {
      const { last } = this;
      const to = Math.min(length, last.to + this.window - this.shared);
      let common = -1;
      for (let shared = this.shared, begin = last.count; common < 0 && begin > first; shared *= 4) {
        // A window begins with a token of the last one.
        for (begin = last.count - 1; begin > first && last.starts[begin]! > last.to - shared; ) begin--;
        next(last.starts[begin]!, to);
        common = this.common(begin);
      }
      if (common >= 0) {
        take(common + 1);
        first = this.part.starts.indexOf(last.starts[common]!) + 1;
      } else {
        // They have nothing in common however far back the window begins: the whole word is one.
        count = first = 0;
        next(0, length);
      }
      this.swap();
    }
    take(this.last.count);
    symbols.set(ids.subarray(0, count));
    if (lengths) {
      starts[count] = length;
      for (let token = 0; token < count; token++) {
        let sum = 0;
        for (let at = starts[token]!; at < starts[token + 1]!; at++) sum += lengths[at]!;
        lengths[token] = sum;
      }
    }
    return count;
  }

  private swap(): void {
    [this.last, this.part] = [this.part, this.last];
  }

  /** The first token of the last window, from `begin` on, that the latest has too; or -1. */
  private common(begin: number): number {
    const { last, part } = this;
    for (let index = begin, other = 0; index < last.count && other < part.count; ) {
      const difference = last.starts[index]! - part.starts[other]!;
      if (difference === 0) {
        const ends = index + 1 < last.count ? last.starts[index + 1] : last.to;
        if (last.ids[index] === part.ids[other] && ends === (other + 1 < part.count ? part.starts[other + 1] : part.to)) return index;
      }
      if (difference <= 0) index++;
      if (difference >= 0) other++;
    }
    return -1;
  }

  /** Merges `symbols[from, to)` into `part`. */
  private tokens(symbols: Int32Array, from: number, to: number): void {
    const { last, part } = this;
    const length = to - from;
    if (part.ids.length < length) for (const name of ["ids", "starts"] as const) part[name] = grown(part[name], length);
    part.from = from;
    part.to = to;
    if (length === last.to - last.from && same(symbols, from, last.from, length)) {
      part.count = last.count;
      part.ids.set(last.ids.subarray(0, last.count));
      for (let index = 0; index < last.count; index++) part.starts[index] = last.starts[index]! - last.from + from;
      return;
    }
    if (this.work.length < length) for (const name of ["work", "lengths"] as const) this[name] = grown(this[name], length);
    const { work, lengths } = this;
    for (let at = 0; at < length; at++) work[at] = symbols[from + at]!;
    lengths.fill(1, 0, length);
    part.count = this.merge(work, length, lengths);
    let start = from;
    for (let index = 0; index < part.count; index++) {
      part.ids[index] = work[index]!;
      part.starts[index] = start;
      start += lengths[index]!;
    }
  }
}

function same(symbols: Int32Array, one: number, other: number, length: number): boolean {
  for (let at = 0; at < length; at++) if (symbols[one + at] !== symbols[other + at]) return false;
  return true;
}
