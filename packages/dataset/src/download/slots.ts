/** A number of slots that are given to those who wait with the lowest rank first, so that files finish in their order. */
export class Slots {
  #free: number;
  readonly #waiting: { rank: number; go: () => void }[] = [];

  constructor(count: number) {
    this.#free = count;
  }

  /** Runs `work` when a slot is free. */
  async use<T>(rank: number, work: () => Promise<T>): Promise<T> {
    if (this.#free > 0) this.#free--;
    else {
      await new Promise<void>((go) => {
        const at = this.#waiting.findIndex((other) => other.rank > rank);
        this.#waiting.splice(at < 0 ? this.#waiting.length : at, 0, { rank, go });
      });
    }
    try {
      return await work();
    } finally {
      const next = this.#waiting.shift();
      if (next) next.go();
      else this.#free++;
    }
  }
}
