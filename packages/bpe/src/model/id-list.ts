/** Room that is kept for the next list. */
const KEPT = 1 << 18;

/** A growing list of ids. */
export class IdList {
  ids: Uint32Array<ArrayBuffer> = new Uint32Array(1 << 10);
  length = 0;

  /** This list without its ids; the room of a rare giant is not kept. */
  cleared(): this {
    this.length = 0;
    if (this.ids.length > KEPT) this.ids = new Uint32Array(1 << 10);
    return this;
  }

  push(id: number): void {
    if (this.length === this.ids.length) this.reserve(1);
    this.ids[this.length++] = id;
  }

  /** Makes room for more ids. */
  reserve(more: number): void {
    if (this.length + more <= this.ids.length) return;
    const larger = new Uint32Array(Math.max(this.length + more, this.length * 2));
    larger.set(this.ids.subarray(0, this.length));
    this.ids = larger;
  }

  /** The ids as a plain array; many times as fast as `Array.from`. */
  toList(): number[] {
    const { ids, length } = this;
    const list = new Array<number>(length);
    for (let at = 0; at < length; at++) list[at] = ids[at]!;
    return list;
  }

  /** A copy of the ids. */
  toArray(): Uint32Array<ArrayBuffer> {
    return this.ids.slice(0, this.length);
  }
}
