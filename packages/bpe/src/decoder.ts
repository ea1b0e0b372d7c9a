import { tokenToBytes } from "./bytes.js";

/** Decodes ids as they come. */
export interface DecodeStream {
  /** Takes one id and gives the text that is complete by now; never half a character. */
  push(id: number): string;
  /** Gives what is left: U+FFFD for a character that never became complete. */
  end(): string;
}

/** Turns ids into text: the tokens' bytes, read as UTF-8 with U+FFFD for what is none. */
export class Decoder {
  private readonly bytes: (Uint8Array | undefined)[] = [];

  /**
   * @param tokenOf The token of an id, undefined for an unknown one.
   * @param special Ids that are left out on demand.
   */
  constructor(
    private readonly tokenOf: (id: number) => string | undefined,
    private readonly special: ReadonlySet<number>,
  ) {}

  /** The text of some ids; unknown ids are left out. */
  decode(ids: Iterable<number>, skipSpecialTokens: boolean): string {
    const parts: Uint8Array[] = [];
    let length = 0;
    for (const id of ids) {
      const part = this.bytesOf(id, skipSpecialTokens);
      if (!part) continue;
      parts.push(part);
      length += part.length;
    }
    const all = new Uint8Array(length);
    let at = 0;
    for (const part of parts) {
      all.set(part, at);
      at += part.length;
    }
    return utf8().decode(all);
  }

  stream(skipSpecialTokens: boolean): DecodeStream {
    const decoder = utf8();
    return {
      push: (id) => {
        const bytes = this.bytesOf(id, skipSpecialTokens);
        return bytes ? decoder.decode(bytes, { stream: true }) : "";
      },
      end: () => decoder.decode(),
    };
  }

  /** The bytes of a token, or undefined where it is left out. */
  bytesOf(id: number, skipSpecialTokens: boolean): Uint8Array | undefined {
    if (skipSpecialTokens && this.special.has(id)) return undefined;
    let bytes = this.bytes[id];
    if (!bytes) {
      const token = this.tokenOf(id);
      if (token === undefined) return undefined;
      bytes = this.bytes[id] = tokenToBytes(token);
    }
    return bytes;
  }
}

// A byte order mark is text like any other.
const utf8 = () => new TextDecoder("utf-8", { ignoreBOM: true });
