/** Numbers of an entry: hash, where its units begin, how many there are, and its value. Together, they are fetched together. */
const FIELDS = 4;

/**
 * A table from chunks of text to numbers. Chunks are given as ranges of UTF-16 units, so that looking one up makes no string, which is
 * what most of the time went into with a Map. Open addressing, at most half full; the units of all chunks stand in one array.
 */
export class ChunkTable {
  /** By place: an entry's number from 1, or 0. */
  #slots = new Int32Array(1 << 14);
  #entries = new Int32Array(FIELDS << 13);
  #units = new Uint16Array(1 << 16);
  #filled = 0;
  size = 0;

  /** Hashes a range of units, as {@link find} and {@link add} want it. Callers that walk over the units can do the same step by step. */
  static hash(units: Uint16Array, start: number, end: number): number {
    let hash = 0;
    for (let i = start; i < end; i++) hash = ChunkTable.step(hash, units[i]!);
    return hash;
  }

  /** One step of the hash. */
  static step(hash: number, unit: number): number {
    return Math.imul(hash ^ unit, 0x9e3779b1) ^ (hash >>> 15);
  }

  /** The number of a chunk, or undefined. */
  find(units: Uint16Array, start: number, end: number, hash: number): number | undefined {
    const slots = this.#slots;
    const entries = this.#entries;
    const mask = slots.length - 1;
    const length = end - start;
    for (let place = (hash ^ (hash >>> 16)) & mask; ; place = (place + 1) & mask) {
      const entry = slots[place]!;
      if (entry === 0) return undefined;
      const at = FIELDS * (entry - 1);
      if (entries[at] !== hash || entries[at + 2] !== length) continue;
      const known = this.#units;
      const from = entries[at + 1]!;
      let k = 0;
      while (k < length && known[from + k] === units[start + k]) k++;
      if (k === length) return entries[at + 3]!;
    }
  }

  /** Adds a chunk that is not there yet. */
  add(units: Uint16Array, start: number, end: number, hash: number, value: number): void {
    if (FIELDS * this.size === this.#entries.length) this.#grow();
    const entry = this.size++;
    const from = this.#filled;
    const to = (this.#filled += end - start);
    if (to > this.#units.length) {
      const larger = new Uint16Array(Math.max(to, 2 * this.#units.length));
      larger.set(this.#units);
      this.#units = larger;
    }
    for (let i = start, k = from; i < end; i++) this.#units[k++] = units[i]!;
    const at = FIELDS * entry;
    this.#entries[at] = hash;
    this.#entries[at + 1] = from;
    this.#entries[at + 2] = end - start;
    this.#entries[at + 3] = value;
    this.#place(entry, hash);
  }

  #place(entry: number, hash: number): void {
    const mask = this.#slots.length - 1;
    let place = (hash ^ (hash >>> 16)) & mask;
    while (this.#slots[place] !== 0) place = (place + 1) & mask;
    this.#slots[place] = entry + 1;
  }

  #grow(): void {
    const larger = new Int32Array(2 * this.#entries.length);
    larger.set(this.#entries);
    this.#entries = larger;
    this.#slots = new Int32Array(2 * this.#slots.length);
    for (let entry = 0; entry < this.size; entry++) this.#place(entry, larger[FIELDS * entry]!);
  }

  /** The text of an entry, by its number from 0 in the order of adding. */
  text(entry: number): string {
    const from = this.#entries[FIELDS * entry + 1]!;
    return String.fromCharCode(...this.#units.subarray(from, from + this.#entries[FIELDS * entry + 2]!));
  }

  clear(): void {
    this.#slots.fill(0);
    this.size = 0;
    this.#filled = 0;
  }
}
