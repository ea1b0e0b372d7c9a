import { grown } from "../byte-table.js";

const FACTOR = 0x01000193;
const BASIS = 0x811c9dc5 | 0;

/** One step of the hash that word tables use (FNV-1a); begin with {@link HASH_START}, end with {@link finishHash}. */
export const hashStep = (hash: number, byte: number): number => Math.imul(hash ^ byte, FACTOR);
export const HASH_START = BASIS;
/** The low bits choose the slot, so the high ones are folded into them. */
export function finishHash(hash: number): number {
  const folded = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
  return folded ^ (folded >>> 13);
}

/** The hash of `bytes[start, end)`. */
export function hashWord(bytes: Uint8Array, start: number, end: number): number {
  let hash = BASIS;
  for (let at = start; at < end; at++) hash = Math.imul(hash ^ bytes[at]!, FACTOR);
  return finishHash(hash);
}

/** Unique words as bytes, numbered in order of arrival, in flat arrays: about 25 bytes each beside the text. */
export class WordTable {
  size = 0;
  /** Where word i starts in `arena`; it ends where the next one starts. */
  starts = new Int32Array(1 << 10);
  /** The bytes of all words, one after another. */
  arena = new Uint8Array(1 << 13);
  hashes = new Int32Array(1 << 10);
  private slots = new Int32Array(1 << 11);
  private mask = (1 << 11) - 1;

  /** The number of the word `bytes[start, end)` with its hash; a new one (the old `size`) where it was not there. */
  add(bytes: Uint8Array, start: number, end: number, hash: number): number {
    if (this.slots.length === 0) this.rehash(Math.max(1 << 11, this.hashes.length * 2));
    const { slots, hashes, mask } = this;
    for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
      const entry = slots[slot]! - 1;
      if (entry < 0) return this.insert(slot, bytes, start, end, hash);
      if (hashes[entry] === hash && this.equals(entry, bytes, start, end)) return entry;
    }
  }

  /** Forgets all words and keeps the memory. */
  clear(): void {
    this.size = 0;
    this.slots.fill(0);
  }

  /** Lets go of what only finding words needs, until a word is added again. */
  seal(): void {
    this.slots = new Int32Array(0);
  }

  private equals(entry: number, bytes: Uint8Array, start: number, end: number): boolean {
    const { arena, starts } = this;
    let from = starts[entry]!;
    if (starts[entry + 1]! - from !== end - start) return false;
    for (let at = start; at < end; at++, from++) if (arena[from] !== bytes[at]) return false;
    return true;
  }

  private insert(slot: number, bytes: Uint8Array, start: number, end: number, hash: number): number {
    const entry = this.size++;
    if (entry + 2 > this.starts.length) this.starts = grown(this.starts, entry + 2);
    if (entry >= this.hashes.length) this.hashes = grown(this.hashes, entry + 1);
    const from = this.starts[entry]!;
    const to = from + end - start;
    if (to > this.arena.length) this.arena = grown(this.arena, to);
    for (let at = start, into = from; at < end; at++, into++) this.arena[into] = bytes[at]!;
    this.starts[entry + 1] = to;
    this.hashes[entry] = hash;
    this.slots[slot] = entry + 1;
    if (this.size * 2 > this.mask) this.rehash(this.slots.length * 2);
    return entry;
  }

  private rehash(length: number): void {
    const slots = (this.slots = new Int32Array(length));
    const mask = (this.mask = length - 1);
    for (let entry = 0; entry < this.size; entry++) {
      let slot = this.hashes[entry]! & mask;
      while (slots[slot] !== 0) slot = (slot + 1) & mask;
      slots[slot] = entry + 1;
    }
  }
}
