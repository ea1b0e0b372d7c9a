import type { TokenIds } from "../json/read.js";

const utf8 = new TextEncoder();
const text = new TextDecoder("utf-8", { ignoreBOM: true });

/** The tables that wasm/vocabulary.wat makes. */
export interface TokenTableParts {
  /** The UTF-8 of all tokens. */
  arena: Uint8Array;
  /** Where the token of an id starts in `arena`, -1 for an id that is not in use, and where it ends. */
  starts: Int32Array;
  ends: Int32Array;
  /** An open hash table, a power of two of places: hash, id + 1, hash, id + 1 …; 0 for a free place. */
  slots: Int32Array;
}

/** Tokens with their ids as runs of bytes and numbers; a token becomes a string when someone asks for it. */
export class TokenTable implements TokenIds {
  /** One more than the largest id. */
  readonly limit: number;
  private readonly texts: (string | undefined)[] = [];

  constructor(private readonly parts: TokenTableParts) {
    this.limit = parts.starts.length;
  }

  /** The id of a token, or undefined. */
  get(token: string): number | undefined {
    const { arena, starts, ends, slots } = this.parts;
    const bytes = utf8.encode(token);
    const hash = hashOf(bytes);
    const mask = slots.length / 2 - 1;
    for (let place = hash ^ (hash >>> 15); ; place++) {
      const slot = (place & mask) * 2;
      const id = slots[slot + 1]! - 1;
      if (id < 0) return undefined;
      if (slots[slot] !== hash || ends[id]! - starts[id]! !== bytes.length) continue;
      const start = starts[id]!;
      let same = 0;
      while (same < bytes.length && arena[start + same] === bytes[same]) same++;
      if (same < bytes.length) continue;
      // A lone surrogate has the bytes of U+FFFD, and is another token.
      return /\p{Surrogate}/u.test(token) ? undefined : id;
    }
  }

  /** The token of an id, or undefined. */
  tokenOf(id: number): string | undefined {
    const { arena, starts, ends } = this.parts;
    const start = starts[id] ?? -1;
    return start < 0 ? undefined : (this.texts[id] ??= text.decode(arena.subarray(start, ends[id])));
  }

  *[Symbol.iterator](): Generator<[string, number]> {
    for (let id = 0; id < this.limit; id++) {
      const token = this.tokenOf(id);
      if (token !== undefined) yield [token, id];
    }
  }

  *keys(): Generator<string> {
    for (const [token] of this) yield token;
  }

  *values(): Generator<number> {
    for (const [, id] of this) yield id;
  }
}

function hashOf(bytes: Uint8Array): number {
  let hash = 0;
  for (let at = 0; at < bytes.length; at++) hash = Math.imul(hash ^ bytes[at]!, 0x5bd1e995);
  return hash;
}
