/** Farthest a copy reaches back: its offset has 16 bits. */
const FARTHEST = 0xffff;
const MOST_TABLE_BITS = 14;
/** Bytes at the end in which no match begins. */
const MARGIN = 15;
/** Literals up to here are copied byte by byte, which takes less than the call of a native copy. */
const SHORT = 48;

/**
 * Compresses pages in Snappy's format (google/snappy, format_description.txt) by its reference encoder's method: greedy matches of four bytes and
 * more, found through a hash table. The bytes are the same as those of hyparquet-writer's own encoder, which takes more than twice the time: here
 * four bytes are read at once, and the output is written in place.
 */
export class SnappyCompressor {
  /** By number of bits: where sequences were met last, by their hash. */
  readonly #tables = Array.from({ length: MOST_TABLE_BITS + 1 }, (_, bits) => new Uint32Array(1 << bits));
  #output = new Uint8Array(1 << 16);
  #at = 0;

  /** @returns the compressed bytes, valid until the next call */
  compress(input: Uint8Array): Uint8Array {
    const { length } = input;
    // The most that the format can take: a literal's head for every 6 bytes.
    const most = 32 + length + Math.ceil(length / 6);
    if (most > this.#output.length) this.#output = new Uint8Array(most + (most >> 2));
    this.#at = 0;
    let rest = length;
    for (; rest >= 128; rest = Math.floor(rest / 128)) this.#output[this.#at++] = (rest % 128) + 128;
    this.#output[this.#at++] = rest;
    const done = length >= MARGIN ? this.#matches(input) : 0;
    if (done < length) this.#literal(input, done, length);
    return this.#output.subarray(0, this.#at);
  }

  /** Writes literals and copies up to the last match. @returns where it ends */
  #matches(input: Uint8Array): number {
    const { length } = input;
    const bits = Math.min(MOST_TABLE_BITS, 31 - Math.clz32(length));
    const table = this.#tables[bits]!.fill(0);
    const shift = 32 - bits;
    const view = new DataView(input.buffer, input.byteOffset, length);
    const hashAt = (place: number): number => Math.imul(view.getInt32(place, true), 0x1e35a7bd) >>> shift;
    const last = length - MARGIN;
    let done = 0;
    for (let place = 1, next = hashAt(place); ; ) {
      // The longer nothing is found, the fewer places are looked at.
      let candidate: number;
      for (let skip = 32, ahead = place; ; ) {
        place = ahead;
        const hash = next;
        ahead = place + (skip++ >>> 5);
        if (place > last) return done;
        // Behind the last place there are bytes enough to read one hash more, unless many are skipped.
        next = ahead + 4 <= length ? hashAt(ahead) : 0;
        candidate = table[hash]!;
        table[hash] = place;
        if (place - candidate <= FARTHEST && view.getInt32(place, true) === view.getInt32(candidate, true)) break;
      }
      this.#literal(input, done, place);
      do {
        let end = place + 4;
        for (let other = candidate + 4; end < length && input[end] === input[other]; other++) end++;
        this.#copy(place - candidate, end - place);
        done = place = end;
        if (place >= last) return done;
        table[hashAt(place - 1)] = place - 1;
        const hash = hashAt(place);
        candidate = table[hash]!;
        table[hash] = place;
      } while (place - candidate <= FARTHEST && view.getInt32(place, true) === view.getInt32(candidate, true));
      next = hashAt(++place);
    }
  }

  #literal(input: Uint8Array, from: number, to: number): void {
    const output = this.#output;
    const value = to - from - 1;
    let at = this.#at;
    if (value < 60) output[at++] = value << 2;
    else {
      const bytes = value < 0x100 ? 1 : value < 0x1_0000 ? 2 : value < 0x100_0000 ? 3 : 4;
      output[at++] = (59 + bytes) << 2;
      for (let i = 0; i < bytes; i++) output[at++] = value >>> (8 * i);
    }
    if (value < SHORT) for (let i = from; i < to; i++) output[at++] = input[i]!;
    else {
      output.set(input.subarray(from, to), at);
      at += to - from;
    }
    this.#at = at;
  }

  #copy(offset: number, length: number): void {
    let rest = length;
    for (; rest >= 68; rest -= 64) this.#copyUpTo64(offset, 64);
    // What is left after this is long enough for a copy of its own.
    if (rest > 64) {
      this.#copyUpTo64(offset, 60);
      rest -= 60;
    }
    this.#copyUpTo64(offset, rest);
  }

  #copyUpTo64(offset: number, length: number): void {
    const output = this.#output;
    if (length < 12 && offset < 2_048) {
      output[this.#at++] = 1 + ((length - 4) << 2) + ((offset >>> 8) << 5);
      output[this.#at++] = offset;
    } else {
      output[this.#at++] = 2 + ((length - 1) << 2);
      output[this.#at++] = offset;
      output[this.#at++] = offset >>> 8;
    }
  }
}
