/** The place of a chunk that is not in the table. */
const NONE = -1;

/**
 * A table from chunks of text to numbers. Chunks are given as ranges of UTF-16 units, so that looking one up makes no string, which is
 * what most of the time went into with a Map. Open addressing, at most half full; the units of all chunks stand in one array.
 */
export class ChunkTable {
  #slots = new Int32Array(1 << 14);
  #hashes = new Int32Array(1 << 13);
  #values = new Int32Array(1 << 13);
  /** Where each chunk's units begin; one more than there are chunks. */
  #starts = new Int32Array((1 << 13) + 1);
  #units = new Uint16Array(1 << 16);
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
    const mask = this.#slots.length - 1;
    const length = end - start;
    for (let place = (hash ^ (hash >>> 16)) & mask; ; place = (place + 1) & mask) {
      const entry = this.#slots[place]! + NONE;
      if (entry === NONE) return undefined;
      if (this.#hashes[entry] !== hash) continue;
      const from = this.#starts[entry]!;
      if (this.#starts[entry + 1]! - from !== length) continue;
      let k = 0;
      while (k < length && this.#units[from + k] === units[start + k]) k++;
      if (k === length) return this.#values[entry]!;
    }
  }

  /** Adds a chunk that is not there yet. */
  add(units: Uint16Array, start: number, end: number, hash: number, value: number): void {
    if (this.size === this.#hashes.length) this.#grow();
    const entry = this.size++;
    const from = this.#starts[entry]!;
    const to = from + end - start;
    if (to > this.#units.length) {
      const larger = new Uint16Array(Math.max(to, 2 * this.#units.length));
      larger.set(this.#units);
      this.#units = larger;
    }
    this.#units.set(units.subarray(start, end), from);
    this.#starts[entry + 1] = to;
    this.#hashes[entry] = hash;
    this.#values[entry] = value;
    this.#place(entry, hash);
  }

  #place(entry: number, hash: number): void {
    const mask = this.#slots.length - 1;
    let place = (hash ^ (hash >>> 16)) & mask;
    while (this.#slots[place] !== 0) place = (place + 1) & mask;
    this.#slots[place] = entry - NONE;
  }

  #grow(): void {
    const double = (array: Int32Array, size: number): Int32Array<ArrayBuffer> => {
      const larger = new Int32Array(size);
      larger.set(array);
      return larger;
    };
    this.#hashes = double(this.#hashes, 2 * this.size);
    this.#values = double(this.#values, 2 * this.size);
    this.#starts = double(this.#starts, 2 * this.size + 1);
    this.#slots = new Int32Array(2 * this.#slots.length);
    for (let entry = 0; entry < this.size; entry++) this.#place(entry, this.#hashes[entry]!);
  }

  clear(): void {
    this.#slots.fill(0);
    this.size = 0;
  }
}
