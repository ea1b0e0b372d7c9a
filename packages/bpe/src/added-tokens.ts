import { CLASS, CLASSES, SPACE, WORD } from "./unicode/classes.js";

/** An entry of `added_tokens` in tokenizer.json: a text that becomes one token before any word is looked at. */
export interface AddedToken {
  id: number;
  content: string;
  /** Matches only where no letter, digit, mark or underscore touches it. */
  single_word: boolean;
  /** Takes the whitespace before it with it. */
  lstrip: boolean;
  /** Takes the whitespace after it with it. */
  rstrip: boolean;
  /** Looked for in normalized text, after the others. */
  normalized: boolean;
  /** Left out by decoders that skip special tokens. */
  special: boolean;
}

/** A piece of a text: a token's id, or -1 for text that is still to be encoded. */
export interface Piece {
  id: number;
  start: number;
  end: number;
}

interface Node {
  next: Map<number, Node>;
  token?: AddedToken;
}

/**
 * Finds added tokens in texts: leftmost first, the longest of those that start at one place.
 *
 * A token that looks like nothing (of which normalization leaves nothing) stands before every character where no other token
 * does, which splits the text into characters. The oracle has no answer of its own for some such texts: it ends with an error
 * at characters beyond ASCII and never ends at a text that breaks off inside of another token. The same rule holds for them here.
 *
 * Source: huggingface/tokenizers, tokenizers/src/tokenizer/added_vocabulary.rs (`find_matches`), and daachorse 3, which finds
 * the matches for it.
 */
export class AddedTokenFinder {
  /** Longest text that is looked for, in UTF-16 units. */
  readonly longest: number = 0;
  private readonly root: Node = { next: new Map() };
  private readonly first: RegExp | undefined;
  private readonly special: ReadonlySet<string>;

  /**
   * @param tokens The tokens to look for.
   * @param textOf What a token looks like in the text; default its content.
   */
  constructor(
    private readonly tokens: readonly AddedToken[],
    textOf: (token: AddedToken) => string = (token) => token.content,
  ) {
    this.special = new Set(tokens.filter((token) => token.special).map((token) => token.content));
    for (const token of tokens) {
      const text = textOf(token);
      this.longest = Math.max(this.longest, text.length);
      let node = this.root;
      for (let at = 0; at < text.length; at++) {
        const unit = text.charCodeAt(at);
        let next = node.next.get(unit);
        if (!next) node.next.set(unit, (next = { next: new Map() }));
        node = next;
      }
      node.token = token;
    }
    const units = [...this.root.next.keys()].map((unit) => `\\u${unit.toString(16).padStart(4, "0")}`);
    // What looks like nothing may stand anywhere.
    const start = this.root.token ? "[^]" : units.length === 0 ? undefined : `[${units.join("")}]`;
    this.first = start === undefined ? undefined : new RegExp(start, "g");
  }

  /** Whether a text can hold any of the tokens: special ones count only where they are `parsed`. */
  looks(parsed: boolean): boolean {
    return this.first !== undefined && (parsed || this.special.size < this.tokens.length);
  }

  /** Whether any of the tokens' texts stands around the unit `at` of a text, begins there or ends there. */
  touches(text: string, at: number): boolean {
    for (let start = Math.max(0, at - this.longest); start <= at; start++) {
      const found = this.longestAt(text, start);
      if (found && found.end >= at) return true;
    }
    return false;
  }

  /**
   * Cuts a text at its added tokens.
   *
   * @param parsed Whether special tokens are looked for too; others always are.
   */
  split(text: string, parsed: boolean): Piece[] {
    if (text === "") return [];
    if (!this.looks(parsed)) return [{ id: -1, start: 0, end: text.length }];
    const pieces: Piece[] = [];
    let done = 0;
    for (const { token, from, matched } of this.found(text)) {
      // A token that is not wanted still covers its place.
      if ((!parsed && this.special.has(token.content)) || (token.single_word && (touched(text, from - 1) || touched(text, matched)))) continue;
      let start = from;
      let end = matched;
      if (token.lstrip) {
        while (start > done && isSpace(text, start - 1)) start--;
        start = Math.max(start, done);
      }
      if (token.rstrip) while (end < text.length && isSpace(text, end)) end++;
      if (done < start) pieces.push({ id: -1, start: done, end: start });
      // As in the oracle, a token that begins in whitespace which the last one took stands there all the same.
      if (start < end) pieces.push({ id: token.id, start, end });
      done = end;
    }
    if (done < text.length) pieces.push({ id: -1, start: done, end: text.length });
    return pieces;
  }

  /** Every place at which a token stands, wanted or not, from left to right. */
  private *found(text: string): Generator<{ token: AddedToken; from: number; matched: number }> {
    const nothing = this.root.token;
    // Right after another token nothing is found, unless the text broke off while a longer one was possible.
    let [after, ended] = [false, false];
    let at = this.candidate(text, 0);
    while (at >= 0) {
      const found = this.longestAt(text, at);
      if (found) {
        yield { token: found.token, from: at, matched: found.end };
        after ||= !found.open;
        ended = found.end === text.length;
        at = this.candidate(text, found.end);
      } else {
        if (nothing && !after) yield { token: nothing, from: at, matched: at };
        after = false;
        at = this.candidate(text, at + (text.codePointAt(at)! > 0xffff ? 2 : 1));
      }
    }
    if (nothing && !ended) yield { token: nothing, from: text.length, matched: text.length };
  }

  /** The next place at or after `at` where a token may start, or -1. */
  private candidate(text: string, at: number): number {
    this.first!.lastIndex = at;
    return this.first!.exec(text)?.index ?? -1;
  }

  /** The longest token of some length at a place, and whether the text broke off while a longer one was possible. */
  private longestAt(text: string, at: number): { token: AddedToken; end: number; open: boolean } | undefined {
    let found: AddedToken | undefined;
    let end = at;
    let [node, last]: [Node | undefined, number] = [this.root, at];
    while ((node = node.next.get(text.charCodeAt(last)))) {
      last++;
      if (node.token) [found, end] = [node.token, last];
    }
    return found && { token: found, end, open: last === text.length };
  }
}

const isSpace = (text: string, at: number): boolean => (CLASSES[text.charCodeAt(at)]! & CLASS) === SPACE;

/** Whether the character at a unit of the text is one that a single_word token must not touch; false outside the text. */
function touched(text: string, at: number): boolean {
  if (at < 0 || at >= text.length) return false;
  const low = (text.charCodeAt(at) & 0xfc00) === 0xdc00 && at > 0;
  return (CLASSES[text.codePointAt(low ? at - 1 : at)!]! & WORD) !== 0;
}
