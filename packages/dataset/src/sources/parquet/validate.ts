import type { ColumnMetaData } from "hyparquet";
import { type Page, PageError } from "./pages.js";

/** What the schema says of a column. */
export interface Leaf {
  /** Levels from which a value is there and above which it repeats; a plain column that may be null has 1 and 0. */
  maxDefinition: number;
  maxRepetition: number;
}

const bits = (value: number): number => 32 - Math.clz32(value);

/**
 * Walks a block of the RLE and bit-packing hybrid (parquet's Encodings.md) and checks that it stays inside and holds
 * `count` values of at most `max`.
 * @returns how many of them equal `max`, and where the block ends
 */
function walkHybrid(bytes: Uint8Array, from: number, to: number, { width, count, max }: { width: number; count: number; max: number }): { equal: number; end: number } {
  let at = from;
  let seen = 0;
  let equal = 0;
  const byte = (): number => {
    if (at >= to) throw new PageError("its levels or indexes end in the middle");
    return bytes[at++]!;
  };
  while (seen < count) {
    let header = 0;
    for (let shift = 0; ; shift += 7) {
      if (shift > 28) throw new PageError("a run of levels or indexes is longer than the page");
      const part = byte();
      header += (part & 0x7f) * 2 ** shift;
      if (part < 0x80) break;
    }
    const packed = header % 2 === 1;
    const length = Math.floor(header / 2) * (packed ? 8 : 1);
    // Packed runs are filled up to whole groups of eight.
    if (length === 0 || (packed ? seen + length >= count + 8 : seen + length > count)) throw new PageError("a run of levels or indexes is longer than the page");
    if (!packed) {
      let value = 0;
      for (let i = 0; i < (width + 7) >> 3; i++) value += byte() * 2 ** (8 * i);
      if (value > max) throw new PageError(`a level or index is ${value}, the largest is ${max}`);
      if (value === max) equal += length;
      seen += length;
      continue;
    }
    const wanted = Math.min(length, count - seen);
    let held = 0;
    let have = 0;
    const bytesOfRun = (length / 8) * width;
    const start = at;
    for (let i = 0; i < wanted; i++) {
      while (have < width) {
        held += byte() * 2 ** have;
        have += 8;
      }
      const value = held % 2 ** width;
      held = Math.floor(held / 2 ** width);
      have -= width;
      if (value > max) throw new PageError(`a level or index is ${value}, the largest is ${max}`);
      if (value === max) equal++;
    }
    // Some writers leave out the unused end of the last group.
    at = Math.min(to, Math.max(at, start + bytesOfRun));
    seen += length;
  }
  return { equal, end: at };
}

/** Walks values of type BYTE_ARRAY: each a length and as many bytes. @returns how many there are */
function countByteArrays(bytes: Uint8Array, from: number): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let count = 0;
  for (let at = from; at < bytes.length; count++) {
    if (at + 4 > bytes.length) throw new PageError("its last value is cut off");
    at += 4 + view.getUint32(at, true);
    if (at > bytes.length) throw new PageError(`value ${count} reaches beyond the page`);
  }
  return count;
}

const WIDTHS: Partial<Record<string, number>> = { INT32: 4, INT64: 8, INT96: 12, FLOAT: 4, DOUBLE: 8 };

function checkPlain(bytes: Uint8Array, from: number, count: number, type: ColumnMetaData["type"]): void {
  const width = WIDTHS[type];
  if (width !== undefined) {
    if (bytes.length - from !== count * width) throw new PageError(`it has ${bytes.length - from} bytes for ${count} values of ${width}`);
  } else if (type === "BYTE_ARRAY") {
    const found = countByteArrays(bytes, from);
    if (found !== count) throw new PageError(`it holds ${found} values, its levels say ${count}`);
  }
}

/**
 * Checks the inside of a decompressed page against its header: levels, indexes into the dictionary, lengths of values. It
 * makes sure that a decoder neither runs away nor silently takes damaged lengths for other texts.
 *
 * @param page Its header
 * @param data Its payload, decompressed; of a v2 page without the levels
 * @param levels Of a v2 page, the levels
 * @param dictionarySize Values of the chunk's dictionary
 * @returns how many values are not null
 * @throws PageError saying what does not fit
 */
export function checkPage(page: Page, data: Uint8Array, levels: Uint8Array, { type }: ColumnMetaData, leaf: Leaf, dictionarySize: number | undefined): number {
  if (page.kind === "dictionary") {
    if (page.encoding !== "PLAIN" && page.encoding !== "PLAIN_DICTIONARY") throw new PageError(`a dictionary can't be encoded as ${page.encoding}`);
    checkPlain(data, 0, page.values, type);
    return page.values;
  }
  const { values } = page;
  let at = 0;
  let present = values;
  const block = (max: number): number => {
    if (at + 4 > data.length) throw new PageError("its levels are cut off");
    const length = new DataView(data.buffer, data.byteOffset + at, 4).getUint32(0, true);
    const from = at + 4;
    if (from + length > data.length) throw new PageError("its levels are longer than the page");
    const { equal, end } = walkHybrid(data, from, from + length, { width: bits(max), count: values, max });
    if (end !== from + length) throw new PageError("its levels are longer than their runs");
    at = from + length;
    return equal;
  };
  if (page.kind === "data") {
    if (leaf.maxRepetition > 0) block(leaf.maxRepetition);
    if (leaf.maxDefinition > 0) present = block(leaf.maxDefinition);
  } else {
    const { repetitionBytes = 0, definitionBytes = 0, nulls = 0, rows = 0 } = page;
    if (leaf.maxRepetition === 0 && (repetitionBytes > 0 || rows !== values)) throw new PageError("its header speaks of repeated values, the schema has none");
    if (leaf.maxDefinition === 0 && (definitionBytes > 0 || nulls > 0)) throw new PageError("its header speaks of missing values, the schema has none");
    const walk = (from: number, length: number, max: number): number => {
      const { equal, end } = walkHybrid(levels, from, from + length, { width: bits(max), count: values, max });
      if (end !== from + length) throw new PageError("its levels are longer than their runs");
      return equal;
    };
    if (leaf.maxRepetition > 0) walk(0, repetitionBytes, leaf.maxRepetition);
    if (leaf.maxDefinition > 0) present = walk(repetitionBytes, definitionBytes, leaf.maxDefinition);
    if (present !== values - nulls) throw new PageError(`${values - present} values are missing, its header says ${nulls}`);
  }
  if (page.encoding === "PLAIN") checkPlain(data, at, present, type);
  else if (page.encoding === "PLAIN_DICTIONARY" || page.encoding === "RLE_DICTIONARY") {
    if (dictionarySize === undefined) throw new PageError("it refers to a dictionary that is not there");
    if (present > 0) {
      const width = data[at];
      if (width === undefined || width > 32) throw new PageError("the width of its indexes is none");
      if (dictionarySize === 0) throw new PageError("it refers to an empty dictionary");
      if (width > 0) walkHybrid(data, at + 1, data.length, { width, count: present, max: dictionarySize - 1 });
    }
  }
  return present;
}
