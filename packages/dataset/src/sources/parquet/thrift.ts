/** A value of Thrift's compact protocol, as far as parquet's page headers use it. */
export type ThriftValue = boolean | number | Uint8Array | ThriftValue[] | ThriftStruct;
/** Fields by their number. */
export type ThriftStruct = Map<number, ThriftValue>;

/** Nesting of a page header that is still believable. */
const DEPTH = 8;

/**
 * Reads structures of Thrift's compact protocol, refusing what does not fit: every read stays inside the bytes, numbers
 * have at most 64 bits, fields come in rising order as every writer has them.
 */
export class ThriftReader {
  constructor(
    private readonly bytes: Uint8Array,
    /** Where the next value begins. */
    public offset = 0,
  ) {}

  /** @throws RangeError or Error where the bytes are no structure */
  struct(depth = 0): ThriftStruct {
    if (depth > DEPTH) throw new Error("a header is nested too deeply");
    const fields: ThriftStruct = new Map();
    let id = 0;
    for (;;) {
      const byte = this.#byte();
      const type = byte & 0x0f;
      if (byte === 0) return fields;
      if (type === 0) throw new Error("a header has a field without a type");
      const delta = byte >> 4;
      const next = delta ? id + delta : this.#zigzag();
      if (next <= id) throw new Error("a header has its fields out of order");
      id = next;
      fields.set(id, this.#value(type, depth));
    }
  }

  #byte(): number {
    if (this.offset >= this.bytes.length) throw new RangeError("a header ends in the middle");
    return this.bytes[this.offset++]!;
  }

  #varint(): number {
    let value = 0;
    for (let scale = 1; scale <= 2 ** 63; scale *= 128) {
      const byte = this.#byte();
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
    }
    throw new Error("a header has a number of more than 64 bits");
  }

  #zigzag(): number {
    const value = this.#varint();
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
  }

  #value(type: number, depth: number): ThriftValue {
    switch (type) {
      case 1:
        return true;
      case 2:
        return false;
      case 3:
        return (this.#byte() << 24) >> 24;
      case 4:
      case 5:
      case 6:
        return this.#zigzag();
      case 7:
        this.offset += 8;
        if (this.offset > this.bytes.length) throw new RangeError("a header ends in the middle");
        return new DataView(this.bytes.buffer, this.bytes.byteOffset + this.offset - 8, 8).getFloat64(0, true);
      case 8: {
        const length = this.#varint();
        if (length > this.bytes.length - this.offset) throw new RangeError("a header has text that reaches beyond its end");
        this.offset += length;
        return this.bytes.subarray(this.offset - length, this.offset);
      }
      case 9: {
        const head = this.#byte();
        const size = head >> 4 === 15 ? this.#varint() : head >> 4;
        if (size > this.bytes.length - this.offset) throw new RangeError("a header has a list that reaches beyond its end");
        return Array.from({ length: size }, () => ((head & 15) <= 2 ? this.#byte() === 1 : this.#value(head & 15, depth + 1)));
      }
      case 12:
        return this.struct(depth + 1);
      default:
        throw new Error(`a header has a field of the unknown type ${type}`);
    }
  }
}
