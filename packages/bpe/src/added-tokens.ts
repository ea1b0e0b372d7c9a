import { CLASS, CLASSES, SPACE } from "./unicode/classes.js";

/** An entry of `added_tokens` in tokenizer.json: a text that becomes one token before any word is looked at. */
export interface AddedToken {
  id: number;
  content: string;
  /** Matches only where no letter or digit touches it; not supported. */
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

/**
 * Finds added tokens in texts: leftmost first, the longest of those that start at one place; tokens with
 * `normalized: true` in a second pass over what the first left.
 *
 * Source: huggingface/tokenizers, tokenizers/src/tokenizer/added_vocabulary.rs (`find_matches`).
 */
export class AddedTokenFinder {
  private readonly passes: { pattern: RegExp; byContent: Map<string, AddedToken> }[];

  constructor(tokens: readonly AddedToken[]) {
    const passes = [tokens.filter((token) => !token.normalized), tokens.filter((token) => token.normalized)];
    this.passes = passes.filter((pass) => pass.length > 0).map((pass) => {
      const contents = pass.map((token) => token.content).sort((a, b) => b.length - a.length);
      return {
        pattern: new RegExp(contents.map((content) => content.replace(/[\\^$.*+?()[\]{}|/-]/g, "\\$&")).join("|"), "g"),
        byContent: new Map(pass.map((token) => [token.content, token])),
      };
    });
  }

  /**
   * Cuts a text at its added tokens.
   *
   * @param special Whether special tokens are looked for too; others always are.
   */
  split(text: string, special: boolean): Piece[] {
    let pieces: Piece[] = text.length === 0 ? [] : [{ id: -1, start: 0, end: text.length }];
    for (const pass of this.passes) {
      pieces = pieces.flatMap((piece) => (piece.id >= 0 ? [piece] : cut(text, piece, pass, special)));
    }
    return pieces;
  }
}

function cut(text: string, piece: Piece, pass: { pattern: RegExp; byContent: Map<string, AddedToken> }, special: boolean): Piece[] {
  const part = piece.start === 0 && piece.end === text.length ? text : text.slice(piece.start, piece.end);
  const pieces: Piece[] = [];
  let done = 0;
  for (const match of part.matchAll(pass.pattern)) {
    const token = pass.byContent.get(match[0])!;
    // A special token that is not wanted still covers its place.
    if (token.special && !special) continue;
    let start = match.index;
    let end = start + match[0].length;
    if (token.lstrip) {
      while (start > done && (CLASSES[part.charCodeAt(start - 1)]! & CLASS) === SPACE) start--;
    }
    start = Math.max(start, done);
    if (token.rstrip) {
      while (end < part.length && (CLASSES[part.charCodeAt(end)]! & CLASS) === SPACE) end++;
    }
    if (done < start) pieces.push({ id: -1, start: piece.start + done, end: piece.start + start });
    pieces.push({ id: token.id, start: piece.start + start, end: piece.start + end });
    done = end;
  }
  if (done < part.length) pieces.push({ id: -1, start: piece.start + done, end: piece.end });
  return pieces;
}
