import type { Document } from "../document.js";
import { HashSet64 } from "../clean/hash-set.js";
import { xxh64 } from "../util/hash.js";

/**
 * Exact duplicates among the texts that cleaning kept, by a 64-bit xxHash of the normalized text (of a chat: of its messages): 16 to
 * 32 bytes of memory for each text.
 */
export class ExactDuplicates {
  readonly #seen = new HashSet64();

  private constructor(private readonly hash: (text: string) => bigint) {}

  static async create(): Promise<ExactDuplicates> {
    return new ExactDuplicates((await xxh64()).text);
  }

  /** The two halves of a document's hash. */
  hashOf(document: Document): [number, number] {
    const hash = this.hash(document.messages ? JSON.stringify(document.messages) : document.text);
    return [Number(hash >> 32n), Number(hash & 0xffff_ffffn)];
  }

  /** Takes a hash as seen. @returns false if it was before */
  add(high: number, low: number): boolean {
    return this.#seen.add(high, low);
  }
}
