/** A 4-ary heap of numbers, smallest first; used with rank * 2^32 + place, exact below 2^53. */
export class MergeQueue {
  private items = new Float64Array(256);
  size = 0;

  clear(): void {
    this.size = 0;
    if (this.items.length > 1 << 20) this.items = new Float64Array(256);
  }

  push(item: number): void {
    if (this.size === this.items.length) {
      const larger = new Float64Array(this.size * 2);
      larger.set(this.items);
      this.items = larger;
    }
    const { items } = this;
    let at = this.size++;
    while (at > 0) {
      const parent = (at - 1) >> 2;
      if (items[parent]! <= item) break;
      items[at] = items[parent]!;
      at = parent;
    }
    items[at] = item;
  }

  /** Takes out the smallest item; only while `size` is above 0. */
  pop(): number {
    const { items } = this;
    const top = items[0]!;
    const item = items[--this.size]!;
    const { size } = this;
    let at = 0;
    for (;;) {
      let best = at * 4 + 1;
      if (best >= size) break;
      const end = Math.min(best + 4, size);
      for (let child = best + 1; child < end; child++) if (items[child]! < items[best]!) best = child;
      if (items[best]! >= item) break;
      items[at] = items[best]!;
      at = best;
    }
    items[at] = item;
    return top;
  }
}
