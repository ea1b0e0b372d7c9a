import fc from "fast-check";
import { expect, test } from "vitest";
import { Permutation } from "./permutation.js";

test("is a permutation for every size and seed", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 3_000 }), fc.integer(), (size, seed) => {
      const permutation = new Permutation(size, seed);
      const seen = new Set(Array.from({ length: size }, (_, i) => permutation.at(i)));
      return seen.size === size && Math.min(...seen) === 0 && Math.max(...seen) === size - 1;
    }),
  );
});

test("works for sizes whose halves fill 16 bits", () => {
  const permutation = new Permutation(2 ** 31 + 5, 1);
  const values = Array.from({ length: 1_000 }, (_, i) => permutation.at(i * 1_000_003));
  expect(new Set(values).size).toBe(1_000);
  for (const value of values) expect(value >= 0 && value < 2 ** 31 + 5).toBe(true);
});

test("mixes: neighbours end up apart, and seeds differ", () => {
  const size = 10_000;
  const one = new Permutation(size, 1, 0);
  const other = new Permutation(size, 1, 1);
  let distance = 0;
  let same = 0;
  for (let i = 0; i + 1 < size; i++) {
    distance += Math.abs(one.at(i) - one.at(i + 1));
    if (one.at(i) === other.at(i)) same++;
  }
  // Of a random permutation the mean is a third of the size.
  expect(Math.abs(distance / size - size / 3)).toBeLessThan(size / 30);
  expect(same).toBeLessThan(10);
});
