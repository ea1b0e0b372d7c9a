/** Longest word of the table in bytes, and most tokens of one. */
export const SHORT_BYTES = 15;
export const SHORT_TOKENS = 3;

const BITS = 16;
/** Numbers of an entry: four words of key, the count of tokens (0 for a free place), the tokens. */
const STRIDE = 8;

/**
 * A table of recent short words with their tokens. Each entry is one run of eight numbers, so that a look takes one access to
 * memory; a word may stand in two places, and where both are taken it drives the first one out.
 */
export class ShortWords {
  /** Where the tokens of the word that was looked for last stand in `entries`. */
  at = 0;
  entries = new Int32Array(0);
  private bytes: Uint8Array = new Uint8Array(0);
  private view: DataView = new DataView(new ArrayBuffer(0));
  private key0 = 0;
  private key1 = 0;
  private key2 = 0;
  private key3 = 0;
  private place = 0;

  /**
   * Looks for the word `bytes[start, end)`, of 1 to 15 bytes; `bytes` goes on for at least 16 bytes from `start`.
   *
   * @returns How many tokens it has, from `at` on; 0 where it is not there.
   */
  find(bytes: Uint8Array, start: number, end: number): number {
    if (this.bytes !== bytes) {
      this.bytes = bytes;
      this.view = new DataView(bytes.buffer, bytes.byteOffset);
    }
    if (this.entries.length === 0) this.entries = new Int32Array(STRIDE << BITS);
    const { view, entries } = this;
    const length = end - start;
    let key0 = view.getInt32(start, true);
    let key1 = 0;
    let key2 = 0;
    let key3 = length << 24;
    if (length < 4) key0 &= (1 << (length * 8)) - 1;
    else if (length > 4) {
      key1 = view.getInt32(start + 4, true);
      if (length < 8) key1 &= (1 << ((length - 4) * 8)) - 1;
      else if (length > 8) {
        key2 = view.getInt32(start + 8, true);
        if (length < 12) key2 &= (1 << ((length - 8) * 8)) - 1;
        else if (length > 12) key3 |= view.getInt32(start + 12, true) & ((1 << ((length - 12) * 8)) - 1);
      }
    }
    let hash = Math.imul(key0, 0x9e3779b1) ^ Math.imul(key1, 0x85ebca77) ^ Math.imul(key2, 0xc2b2ae3d) ^ Math.imul(key3, 0x27d4eb2f);
    hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
    const place = (hash >>> (32 - BITS)) * STRIDE;
    if (entries[place] === key0 && entries[place + 1] === key1 && entries[place + 2] === key2 && entries[place + 3] === key3) {
      this.at = place + 5;
      return entries[place + 4]!;
    }
    const other = place ^ STRIDE;
    if (entries[other] === key0 && entries[other + 1] === key1 && entries[other + 2] === key2 && entries[other + 3] === key3) {
      this.at = other + 5;
      return entries[other + 4]!;
    }
    this.key0 = key0;
    this.key1 = key1;
    this.key2 = key2;
    this.key3 = key3;
    this.place = place;
    return 0;
  }

  /** Keeps the tokens `ids[first, last)` of the word that was just looked for and not found; 1 to 3 of them. */
  keep(ids: Int32Array, first: number, last: number): void {
    const { entries } = this;
    const other = this.place ^ STRIDE;
    const place = entries[this.place + 4] === 0 || entries[other + 4] !== 0 ? this.place : other;
    entries[place] = this.key0;
    entries[place + 1] = this.key1;
    entries[place + 2] = this.key2;
    entries[place + 3] = this.key3;
    entries[place + 4] = last - first;
    for (let at = first, into = place + 5; at < last; at++, into++) entries[into] = ids[at]!;
  }
}
