import type { AddedTokenFinder } from "./added-tokens.js";
import { CLASS, CLASSES, SPACE } from "./unicode/classes.js";

const BLANK = 0x20;
const NEWLINE = 10;
const SLASH = 0x2f;

const isSpace = (text: string, at: number): boolean => (CLASSES[text.charCodeAt(at)]! & CLASS) === SPACE;

/** Finds places where a text can be cut so that its parts, encoded one by one, give the tokens of the whole. */
export class SafeCuts {
  /**
   * @param finders Where added tokens are looked for, which a cut must not touch.
   * @param newlines Whether a cut after a newline is safe too: not where a part that begins without a blank gets one.
   */
  constructor(
    private readonly finders: readonly AddedTokenFinder[],
    private readonly newlines: boolean,
  ) {}

  /** Units that must be known beyond a place before it can be called safe. */
  get beyond(): number {
    return 1 + Math.max(...this.finders.map((finder) => finder.longest));
  }

  /**
   * Whether a cut before the unit `at` is safe: before a blank that follows a character that is no whitespace, or after a
   * newline between two such, a slash after it excepted, which o200k takes into the word. No word of the known patterns crosses either, and none looks beyond it.
   */
  isSafe(text: string, at: number): boolean {
    if (at < 1 || at >= text.length) return false;
    const blank = text.charCodeAt(at) === BLANK && !isSpace(text, at - 1);
    if (!blank && !(this.newlines && at > 1 && text.charCodeAt(at - 1) === NEWLINE && text.charCodeAt(at) !== SLASH && !isSpace(text, at) && !isSpace(text, at - 2))) return false;
    return !this.finders.some((finder) => finder.touches(text, at) || (!blank && finder.touches(text, at - 1)));
  }

  /** The first safe cut at or after `from`, else the end of the text. */
  next(text: string, from: number): number {
    for (let at = Math.max(from, 1); at < text.length; at++) if (this.isSafe(text, at)) return at;
    return text.length;
  }

  /** The last safe cut after `from` in a text that goes on, or -1. */
  last(text: string, from: number): number {
    for (let at = text.length - this.beyond; at > from; at--) if (this.isSafe(text, at)) return at;
    return -1;
  }
}

/** Encodes a text that comes in parts. */
export class StreamEncoder {
  private held = "";
  /** Units at the front of what is held that hold no safe cut. */
  private searched = 0;

  /**
   * @param cuts Where parts may be cut; undefined where nothing is known of the tokenizer's words, so that all text is held.
   * @param encode Encodes a part.
   */
  constructor(
    private readonly cuts: SafeCuts | undefined,
    private readonly encode: (text: string) => Uint32Array<ArrayBuffer>,
  ) {}

  /** Takes the next part and gives the ids that no later text can change. */
  push(text: string): Uint32Array<ArrayBuffer> {
    this.held += text;
    const cut = this.cuts ? this.cuts.last(this.held, this.searched) : -1;
    if (cut < 0) {
      this.searched = Math.max(0, this.held.length - (this.cuts?.beyond ?? 0));
      return new Uint32Array(0);
    }
    const ready = this.held.slice(0, cut);
    this.held = this.held.slice(cut);
    this.searched = 0;
    return this.encode(ready);
  }

  /** Gives the ids of what is left. */
  end(): Uint32Array<ArrayBuffer> {
    const rest = this.held;
    this.held = "";
    return this.encode(rest);
  }
}
