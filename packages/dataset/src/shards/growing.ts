/** A typed array that grows by doubling. */
export class Growing<A extends Uint8Array | Uint16Array | Uint32Array> {
  length = 0;
  constructor(private data: A) {}

  /** The array, with room for `more` elements behind `length`. */
  reserve(more: number): A {
    if (this.length + more > this.data.length) {
      const grown = new (this.data.constructor as new (length: number) => A)(Math.max(this.data.length * 2, this.length + more));
      grown.set(this.data.subarray(0, this.length));
      this.data = grown;
    }
    return this.data;
  }

  append(values: ArrayLike<number>): void {
    this.reserve(values.length).set(values, this.length);
    this.length += values.length;
  }

  view(): A {
    return this.data.subarray(0, this.length) as A;
  }
}
