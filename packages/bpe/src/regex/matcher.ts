import { BpeError } from "../errors.js";
import { ATOMIC, JUMP, LOOK, LOOK_NOT, MATCH, RUN, SPLIT, SPLIT_LAZY, STRIDE, TAKE, TAKE_BEFORE, type Program } from "./program.js";

/** Numbers of an entry of the stack: a place to go on at, where in the text, and for a RUN how far back it may give; or what is to be remembered. */
const ENTRY = 3;
/** Added to the place where a RUN goes on. */
const GIVES_BACK = 1 << 29;
/** Steps before results are remembered: so many for any text, and for each character. Known patterns take about ten for a character. */
const FREE_STEPS = 100_000;
const FREE_STEPS_PER_UNIT = 30;
/** Steps that a text may take in all. */
const MOST_STEPS = 3_000_000;
const MOST_STEPS_PER_UNIT = 50;
/** Results are remembered in pages of so many numbers, and at most so many pages: 256 MiB. */
const PAGE_BITS = 10;
const MOST_PAGES = 1 << 16;
/** Most entries that may wait: 192 MiB. */
const MOST_ENTRIES = 1 << 24;

const FAILED = -1;

/**
 * Finds the leftmost match of a pattern, of several the one that a backtracking matcher comes to first, as Oniguruma does.
 *
 * It backtracks; where that takes many steps, it remembers for each choice and place of the text how it ended, so that no choice
 * is made twice at a place, and the time grows with the length of the text for every pattern, ambiguous ones included.
 *
 * Source of the method: J. C. Davis, F. Servant, D. Lee, "Using Selective Memoization to Defeat Regular Expression Denial of
 * Service", 2021; H. Fujinami, I. Hasuo, "Efficient Matching with Memoization for Regexes with Look-around and Atomic Grouping", 2024.
 */
export class RegexMatcher {
  private text = "";
  private stack = new Int32Array(ENTRY << 6);
  private top = 0;
  private left = 0;
  /** For each choice pages over the places of the text, once steps are many: 0 not known, -1 no match from here, else 1 more than its end. */
  private memory: (Int32Array | undefined)[][] | undefined;
  private pages = 0;

  constructor(private readonly program: Program) {}

  /**
   * Calls `visit` for all matches in a text, each from where the one before it ends, or a character later after an empty one.
   *
   * @throws BpeError where they take too many steps or too much memory.
   */
  each(text: string, visit: (start: number, end: number) => void): void {
    this.text = text;
    this.left = FREE_STEPS + text.length * FREE_STEPS_PER_UNIT;
    try {
      for (let at = 0; at <= text.length; ) {
        const end = this.run(0, at);
        if (end !== FAILED) visit(at, end);
        at = end > at ? end : at + widthAt(text, at);
      }
    } finally {
      this.text = "";
      this.top = 0;
      this.memory = undefined;
      this.pages = 0;
      // The room of a rare giant is not kept.
      if (this.stack.length > ENTRY << 16) this.stack = new Int32Array(ENTRY << 6);
    }
  }

  /** Runs instructions from one on, at a place of the text. @returns where the match ends, or FAILED */
  private run(first: number, from: number): number {
    const { text, program } = this;
    const { code, sets } = program;
    const { length } = text;
    const base = this.top;
    let [at, place] = [from, first * STRIDE];
    for (;;) {
      if (--this.left < 0) this.spent();
      let failed = false;
      switch (code[place]) {
        case MATCH:
          return this.succeeded(base, at);
        case TAKE: {
          const width = at < length ? taken(text, at, sets[code[place + 1]!]!) : 0;
          if (width === 0) failed = true;
          at += width;
          place += STRIDE;
          break;
        }
        case TAKE_BEFORE: {
          const before = at > 0 ? at - widthBefore(text, at) : at;
          if (before === at || taken(text, before, sets[code[place + 1]!]!) === 0) failed = true;
          at = before;
          place += STRIDE;
          break;
        }
        case SPLIT:
        case SPLIT_LAZY: {
          let [next, other] = [place + STRIDE, code[place + 1]! * STRIDE];
          if (code[place] === SPLIT_LAZY) [next, other] = [other, next];
          if (this.memory) {
            const end = this.remembered(code[place + 2]!, at);
            if (end > 0) return this.succeeded(base, end - 1);
            if (end < 0) {
              failed = true;
              break;
            }
            this.push(-1 - code[place + 2]!, at, 0);
          } else if (code[next] === TAKE && (at >= length || taken(text, at, sets[code[next + 1]!]!) === 0)) {
            // Most choices are decided by the character that comes.
            place = other;
            break;
          }
          this.push(other, at, at);
          place = next;
          break;
        }
        case JUMP:
          place = code[place + 1]! * STRIDE;
          break;
        case LOOK:
        case LOOK_NOT:
          failed = (this.run(place / STRIDE + 1, at) === FAILED) === (code[place] === LOOK);
          place = code[place + 1]! * STRIDE;
          break;
        case ATOMIC: {
          const end = this.run(place / STRIDE + 1, at);
          if (end === FAILED) failed = true;
          else at = end;
          place = code[place + 1]! * STRIDE;
          break;
        }
        case RUN: {
          if (this.memory) {
            place += STRIDE;
            break;
          }
          const set = sets[code[place + 2]!]!;
          const least = at;
          for (let width; at < length && (width = taken(text, at, set)) > 0; ) at += width;
          place = code[place + 1]! * STRIDE;
          this.left -= at - least;
          if (at > least) this.push(place + GIVES_BACK, at, least);
          break;
        }
      }
      while (failed) {
        if (this.top === base) return FAILED;
        const { stack } = this;
        const entry = this.top - ENTRY;
        place = stack[entry]!;
        at = stack[entry + 1]!;
        if (place < 0) {
          this.top = entry;
          this.remember(-1 - place, at, FAILED);
          continue;
        }
        failed = false;
        if (place < GIVES_BACK) this.top = entry;
        else {
          place -= GIVES_BACK;
          at -= widthBefore(text, at);
          if (at > stack[entry + 2]!) stack[entry + 1] = at;
          else this.top = entry;
        }
      }
    }
  }

  /** Every choice that still waits to be remembered came to this end. */
  private succeeded(base: number, end: number): number {
    if (this.memory) {
      const { stack } = this;
      for (let entry = base; entry < this.top; entry += ENTRY) if (stack[entry]! < 0) this.remember(-1 - stack[entry]!, stack[entry + 1]!, end + 1);
    }
    this.top = base;
    return end;
  }

  private push(place: number, at: number, least: number): void {
    if (this.top === this.stack.length) {
      if (this.top >= ENTRY * MOST_ENTRIES) throw tooMuch("memory");
      const larger = new Int32Array(this.top * 2);
      larger.set(this.stack);
      this.stack = larger;
    }
    const { stack, top } = this;
    stack[top] = place;
    stack[top + 1] = at;
    stack[top + 2] = least;
    this.top = top + ENTRY;
  }

  private remembered(choice: number, at: number): number {
    const page = this.memory![choice]?.[at >> PAGE_BITS];
    return page === undefined ? 0 : page[at & ((1 << PAGE_BITS) - 1)]!;
  }

  private remember(choice: number, at: number, end: number): void {
    const pages = (this.memory![choice] ??= []);
    let page = pages[at >> PAGE_BITS];
    if (page === undefined) {
      if (++this.pages > MOST_PAGES) throw tooMuch("memory");
      page = pages[at >> PAGE_BITS] = new Int32Array(1 << PAGE_BITS);
    }
    page[at & ((1 << PAGE_BITS) - 1)] = end;
  }

  private spent(): void {
    if (this.memory) throw tooMuch("time");
    this.memory = [];
    this.left = MOST_STEPS + this.text.length * MOST_STEPS_PER_UNIT;
  }
}

const tooMuch = (what: string): BpeError => new BpeError(`A pattern of this tokenizer.json can't be applied to the text: it needs too much ${what}. Encode the text in parts, or don't use this file.`);

interface Members {
  has(code: number): boolean;
}

/** The UTF-16 units of the character at a place where it is in a set, else 0. */
function taken(text: string, at: number, set: Members): number {
  const unit = text.charCodeAt(at);
  if ((unit & 0xfc00) !== 0xd800 || at + 1 === text.length) return set.has(unit) ? 1 : 0;
  const second = text.charCodeAt(at + 1);
  if ((second & 0xfc00) !== 0xdc00) return set.has(unit) ? 1 : 0;
  return set.has(((unit & 0x3ff) << 10) + (second & 0x3ff) + 0x10000) ? 2 : 0;
}

function widthAt(text: string, at: number): number {
  return (text.charCodeAt(at) & 0xfc00) === 0xd800 && (text.charCodeAt(at + 1) & 0xfc00) === 0xdc00 ? 2 : 1;
}

function widthBefore(text: string, at: number): number {
  return at > 1 && (text.charCodeAt(at - 1) & 0xfc00) === 0xdc00 && (text.charCodeAt(at - 2) & 0xfc00) === 0xd800 ? 2 : 1;
}
