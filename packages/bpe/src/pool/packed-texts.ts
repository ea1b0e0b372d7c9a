import { BYTES_BEYOND } from "../text-chunks.js";

/** Texts as UTF-8 in one buffer, which goes to a thread and back without a copy. Lone surrogates are U+FFFD. */
export interface PackedTexts {
  bytes: Uint8Array<ArrayBuffer>;
  /** Where each text ends; each begins `BYTES_BEYOND` bytes behind the end of the one before, the first at 0. */
  ends: Uint32Array<ArrayBuffer>;
}

/** Whether a task of a thread is packed; else it is a list. */
export const isPacked = (task: PackedTexts | readonly unknown[]): task is PackedTexts => !Array.isArray(task);

/** Most UTF-16 units that are packed: a giant text goes to a thread as it is, which takes it apart. */
const MOST_UNITS = 1 << 20;

/** Packs texts into buffers, which are used again when they come back. */
export class TextPacker {
  private readonly free: Uint8Array<ArrayBuffer>[] = [];

  /** @returns Nothing for texts that are too large. */
  pack(texts: readonly string[]): PackedTexts | undefined {
    let units = 0;
    for (const text of texts) units += text.length;
    if (units > MOST_UNITS) return undefined;
    // A unit has at most three bytes. What is not written of a large buffer takes no memory.
    const room = units * 3 + texts.length * BYTES_BEYOND;
    const last = this.free.pop();
    const bytes = last && last.length >= room ? last : new Uint8Array(room);
    const buffer = Buffer.from(bytes.buffer);
    const ends = new Uint32Array(texts.length);
    let at = 0;
    for (let index = 0; index < texts.length; index++) {
      ends[index] = at += buffer.write(texts[index]!, at);
      at += BYTES_BEYOND;
    }
    return { bytes, ends };
  }

  /** Takes a buffer that is of no other use. */
  giveBack(bytes: Uint8Array<ArrayBuffer>): void {
    this.free.push(bytes);
  }
}

/** Visits packed texts, one after another. */
export function forEachPacked({ bytes, ends }: PackedTexts, visit: (bytes: Uint8Array, from: number, to: number, index: number) => void): void {
  let from = 0;
  for (let index = 0; index < ends.length; index++) {
    const to = ends[index]!;
    visit(bytes, from, to, index);
    from = to + BYTES_BEYOND;
  }
}
