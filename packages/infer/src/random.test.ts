import { describe, expect, it } from "vitest";
import { philox, uniform } from "./random.js";

const hex = (numbers: readonly number[]) => numbers.map((number) => number.toString(16).padStart(8, "0")).join(" ");

describe("philox", () => {
  // Known answers of the authors' Random123 library (kat_vectors, philox4x32 with 10 rounds).
  it.each([
    [[0, 0, 0, 0], [0, 0], "6627e8d5 e169c58d bc57ac4c 9b00dbd8"],
    [[0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff], [0xffffffff, 0xffffffff], "408f276d 41c83b0e a20bc7c6 6d5451fd"],
    [[0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344], [0xa4093822, 0x299f31d0], "d16cfe09 94fdcceb 5001e420 24126ea1"],
  ] as const)("counter %s, key %s", (counter, key, expected) => {
    expect(hex(philox(counter, key))).toBe(expected);
  });
});

describe("uniform", () => {
  it("is even over steps and over seeds", () => {
    for (const draw of [(i: number) => uniform(5, i), (i: number) => uniform(i, 0), (i: number) => uniform(i * 2 ** 33, 3)]) {
      const bins = new Array<number>(16).fill(0);
      for (let i = 0; i < 8000; i++) bins[Math.floor(draw(i) * 16)]!++;
      const chiSquared = bins.reduce((sum, bin) => sum + (bin - 500) ** 2 / 500, 0);
      expect(chiSquared).toBeLessThan(37.7); // 99.9 % of even sources, 15 degrees of freedom
    }
  });

  it("tells seeds apart that differ in their high bits only", () => {
    expect(uniform(1, 0)).not.toBe(uniform(1 + 2 ** 32, 0));
    expect(uniform(1, 0)).not.toBe(uniform(1 + 2 ** 52, 0));
  });
});
