/**
 * A hash table from byte strings to the indices 0, 1, 2 … in order of arrival; open addressing, no object per entry.
 * Values live in arrays of the caller, by index.
 */
export class ByteTable {
  /** Number of entries. */
  size = 0;
  /** Where entry i starts in `arena`; it ends where the next one starts. */
  starts = new Int32Array(1 << 10);
  /** The bytes of all entries, one after another. */
  arena = new Uint8Array(1 << 13);
  private slots = new Int32Array(1 << 11);
  private hashes = new Int32Array(1 << 11);
  private mask = (1 << 11) - 1;

  /** The index of `bytes[start, end)`, or -1. */
  find(bytes: Uint8Array, start: number, end: number): number {
    const hash = hashBytes(bytes, start, end);
    for (let slot = hash & this.mask; ; slot = (slot + 1) & this.mask) {
      const entry = this.slots[slot]!;
      if (entry === 0) return -1;
      if (this.hashes[slot] === hash && this.equals(entry - 1, bytes, start, end)) return entry - 1;
    }
  }

  /** The index of `bytes[start, end)`; a new one (the old `size`) where it was not there. */
  add(bytes: Uint8Array, start: number, end: number): number {
    const hash = hashBytes(bytes, start, end);
    let slot = hash & this.mask;
    for (; ; slot = (slot + 1) & this.mask) {
      const entry = this.slots[slot]!;
      if (entry === 0) break;
      if (this.hashes[slot] === hash && this.equals(entry - 1, bytes, start, end)) return entry - 1;
    }
    return this.insert(slot, hash, bytes, start, end);
  }

  /** Forgets all entries and keeps the memory. */
  clear(): void {
    this.size = 0;
    this.slots.fill(0);
  }

  private equals(index: number, bytes: Uint8Array, start: number, end: number): boolean {
    const { arena } = this;
    let from = this.starts[index]!;
    if (this.starts[index + 1]! - from !== end - start) return false;
    for (let at = start; at < end; at++, from++) if (arena[from] !== bytes[at]) return false;
    return true;
  }

  private insert(slot: number, hash: number, bytes: Uint8Array, start: number, end: number): number {
    const index = this.size++;
    if (index + 2 > this.starts.length) this.starts = grown(this.starts, index + 2);
    const from = this.starts[index]!;
    const to = from + end - start;
    if (to > this.arena.length) this.arena = grown(this.arena, to);
    for (let at = start, into = from; at < end; at++, into++) this.arena[into] = bytes[at]!;
    this.starts[index + 1] = to;
    this.slots[slot] = index + 1;
    this.hashes[slot] = hash;
    if (this.size * 2 > this.mask) this.rehash();
    return index;
  }

  private rehash(): void {
    const { slots, hashes } = this;
    const mask = (this.mask = slots.length * 2 - 1);
    this.slots = new Int32Array(mask + 1);
    this.hashes = new Int32Array(mask + 1);
    for (let old = 0; old < slots.length; old++) {
      if (slots[old] === 0) continue;
      let slot = hashes[old]! & mask;
      while (this.slots[slot] !== 0) slot = (slot + 1) & mask;
      this.slots[slot] = slots[old]!;
      this.hashes[slot] = hashes[old]!;
    }
  }
}

/** A copy of `array` with at least twice its length. */
export function grown<A extends Int32Array | Uint8Array>(array: A, length: number): A {
  const larger = new (array.constructor as new (length: number) => A)(Math.max(length, array.length * 2));
  larger.set(array);
  return larger;
}

function hashBytes(bytes: Uint8Array, start: number, end: number): number {
  let hash = end - start;
  for (let at = start; at < end; at++) hash = Math.imul(hash ^ bytes[at]!, 0x5bd1e995) ^ (hash >>> 15);
  // The low bits choose the slot, so the high ones are folded into them.
  hash = Math.imul(hash ^ (hash >>> 16), 0x2c1b3c6d);
  return hash ^ (hash >>> 13);
}
