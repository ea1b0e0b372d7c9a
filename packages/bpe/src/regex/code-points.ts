import type { Ranges } from "../unicode/classes.js";

const LAST = 0x10ffff;

/** Ranges in order, none of which touches another. */
export const sorted = (ranges: Ranges): number[] => {
  const pairs = Array.from({ length: ranges.length / 2 }, (_, index) => [ranges[index * 2]!, ranges[index * 2 + 1]!] as const).sort((a, b) => a[0] - b[0]);
  const merged: number[] = [];
  for (const [first, last] of pairs) {
    const end = merged[merged.length - 1];
    if (end !== undefined && first <= end + 1) merged[merged.length - 1] = Math.max(end, last);
    else merged.push(first, last);
  }
  return merged;
};

/** All code points that are not in ranges. */
export const complement = (ranges: Ranges): number[] => {
  const gaps: number[] = [];
  let next = 0;
  const inOrder = sorted(ranges);
  for (let at = 0; at < inOrder.length; at += 2) {
    if (inOrder[at]! > next) gaps.push(next, inOrder[at]! - 1);
    next = inOrder[at + 1]! + 1;
  }
  if (next <= LAST) gaps.push(next, LAST);
  return gaps;
};

export const intersection = (a: Ranges, b: Ranges): number[] => complement([...complement(a), ...complement(b)]);

/** Code points with their other cases; s and k have a third one in Unicode. */
export function folded(ranges: Ranges): number[] {
  const result = [...ranges];
  if (ranges[1]! - ranges[0]! > 0x500) return result;
  for (let code = ranges[0]!; code <= ranges[1]!; code++) {
    const char = String.fromCodePoint(code);
    for (const other of [char.toLowerCase(), char.toUpperCase(), ...(/[sS\u017f]/.test(char) ? ["s", "S", "\u017f"] : /[kK\u212a]/.test(char) ? ["k", "K", "\u212a"] : [])]) {
      const [first] = other;
      if (first === other) result.push(other.codePointAt(0)!, other.codePointAt(0)!);
    }
  }
  return sorted(result);
}

/** A set of code points that is asked often: a bit for each of the first 65,536, made when it is first asked. */
export class CodePointSet {
  private bits: Int32Array | undefined;

  /** @param ranges In order, none of which touches another. */
  constructor(readonly ranges: Ranges) {}

  has(code: number): boolean {
    const bits = this.bits ?? this.filled();
    return code < 0x10000 ? ((bits[code >> 5]! >> (code & 31)) & 1) !== 0 : this.hasAbove(code);
  }

  private filled(): Int32Array {
    const bits = (this.bits = new Int32Array(0x10000 >> 5));
    const { ranges } = this;
    for (let at = 0; at < ranges.length && ranges[at]! < 0x10000; at += 2) {
      const last = Math.min(ranges[at + 1]!, 0xffff);
      for (let code = ranges[at]!; code <= last; ) {
        if ((code & 31) === 0 && code + 31 <= last) {
          bits[code >> 5] = -1;
          code += 32;
        } else {
          bits[code >> 5] = bits[code >> 5]! | (1 << (code & 31));
          code++;
        }
      }
    }
    return bits;
  }

  private hasAbove(code: number): boolean {
    const { ranges } = this;
    let [low, high] = [0, ranges.length >> 1];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (ranges[middle * 2 + 1]! < code) low = middle + 1;
      else high = middle;
    }
    return low * 2 < ranges.length && ranges[low * 2]! <= code;
  }
}
