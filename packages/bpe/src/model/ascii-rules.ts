import type { Scanner } from "../patterns.js";
import { BYTES_BEYOND } from "../text-chunks.js";

export const QUOTE = 0x27;
const AB = [0x61, 0x62, 0x20];

/** What a scanner does with words of ASCII, asked of it. */
export class AsciiRules {
  /** 1 for bytes that belong to the word of the letters after them. */
  readonly prefix = new Uint8Array(256);
  /** Whether a capital or a quote after small letters may change where the word ends; then only the first letter may be a capital. */
  readonly cased: boolean;
  private readonly bytes = new Uint8Array(4 + BYTES_BEYOND);

  /** @param scan A scanner of a known pattern, in which letters of any kind belong together, but for their case perhaps. */
  constructor(private readonly scan: Scanner) {
    for (let byte = 0; byte < 0x80; byte++) {
      // A quote may begin a contraction.
      if (byte !== QUOTE && !isLetter(byte) && this.end([byte, ...AB]) === 3) this.prefix[byte] = 1;
    }
    this.cased = this.end([0x61, 0x42, 0x20]) === 1 || this.end([0x61, QUOTE, 0x73, 0x20]) > 1;
  }

  /** Where the first word of a text of one to four bytes ends. */
  end(text: readonly number[]): number {
    this.bytes.set(text);
    return this.scan(this.bytes, 0, text.length);
  }
}

export const isLetter = (byte: number): boolean => ((byte | 0x20) - 0x61) >>> 0 < 26;
