/**
 * A set of 64-bit numbers: an open-addressing table of two 32-bit words, at most half full. It takes 16 to 32 bytes for
 * each number (a JavaScript Set of bigints takes more than 80).
 */
export class HashSet64 {
  #words = new Uint32Array(2 * 1024);
  #size = 0;
  #hasZero = false;

  get size(): number {
    return this.#size + (this.#hasZero ? 1 : 0);
  }

  /** Adds a number given as its two halves. @returns false if it was there already */
  add(high: number, low: number): boolean {
    if (high === 0 && low === 0) {
      // An empty place is all zeros, so zero itself is remembered apart.
      const isNew = !this.#hasZero;
      this.#hasZero = true;
      return isNew;
    }
    if (this.#size * 4 >= this.#words.length) this.#grow();
    return this.#insert(this.#words, high >>> 0, low >>> 0);
  }

  /** Whether a number is in the set. */
  has(high: number, low: number): boolean {
    if (high === 0 && low === 0) return this.#hasZero;
    const words = this.#words;
    const mask = words.length / 2 - 1;
    for (let place = (low ^ (high >>> 7)) & mask; ; place = (place + 1) & mask) {
      const at = place * 2;
      if (words[at] === high && words[at + 1] === low) return true;
      if (words[at] === 0 && words[at + 1] === 0) return false;
    }
  }

  #insert(words: Uint32Array, high: number, low: number): boolean {
    const mask = words.length / 2 - 1;
    for (let place = (low ^ (high >>> 7)) & mask; ; place = (place + 1) & mask) {
      const at = place * 2;
      if (words[at] === high && words[at + 1] === low) return false;
      if (words[at] === 0 && words[at + 1] === 0) {
        words[at] = high;
        words[at + 1] = low;
        this.#size++;
        return true;
      }
    }
  }

  #grow(): void {
    const old = this.#words;
    this.#words = new Uint32Array(old.length * 2);
    this.#size = 0;
    for (let at = 0; at < old.length; at += 2) if (old[at] !== 0 || old[at + 1] !== 0) this.#insert(this.#words, old[at]!, old[at + 1]!);
  }
}
