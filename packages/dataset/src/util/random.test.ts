import fc from "fast-check";
import { expect, test } from "vitest";
import { SeededRandom, mixSeeds } from "./random.js";

test("xoshiro128** gives the numbers of a plain reference in whole numbers", () => {
  const wide = 1n << 32n;
  const rotate = (value: bigint, by: bigint): bigint => ((value << by) | (value >> (32n - by))) % wide;
  let [a, b, c, d] = [1n, 2n, 3n, 4n] as [bigint, bigint, bigint, bigint];
  const random = SeededRandom.fromState(1, 2, 3, 4);
  const numbers: number[] = [];
  for (let i = 0; i < 1_000; i++) {
    const expected = (rotate((b * 5n) % wide, 7n) * 9n) % wide;
    const t = (b << 9n) % wide;
    c ^= a;
    d ^= b;
    b ^= c;
    a ^= d;
    c ^= t;
    d = rotate(d, 11n);
    numbers.push(random.uint32());
    expect(numbers[i]).toBe(Number(expected));
  }
  // The first numbers of the authors' code for this state.
  expect(numbers.slice(0, 4)).toEqual([11520, 0, 5927040, 70819200]);
});

test("the same seeds give the same numbers for good", () => {
  const random = new SeededRandom(7, 1);
  expect([random.uint32(), random.uint32(), random.below(10), random.next()]).toMatchInlineSnapshot(`
    [
      722762938,
      3259706929,
      0,
      0.5739251235062921,
    ]
  `);
});

test("every seed and its place counts, also above 32 bits", () => {
  const seeds = [[0], [1], [0, 0], [1, 0], [0, 1], [2 ** 32], [2 ** 33], [-1], [2 ** 53 - 1]];
  expect(new Set(seeds.map((words) => mixSeeds(...words))).size).toBe(seeds.length);
});

test("below is even and within bounds", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 2 ** 40 }), fc.integer(), (bound, seed) => {
      const value = new SeededRandom(seed).below(bound);
      return Number.isInteger(value) && value >= 0 && value < bound;
    }),
  );
  const random = new SeededRandom(3);
  const times = Array<number>(6).fill(0);
  for (let i = 0; i < 60_000; i++) times[random.below(6)]!++;
  for (const count of times) expect(Math.abs(count - 10_000)).toBeLessThan(500);
});

test("shuffle keeps every item and moves them", () => {
  const items = Array.from({ length: 100 }, (_, i) => i);
  const shuffled = new SeededRandom(1).shuffle([...items]);
  expect(shuffled).not.toEqual(items);
  expect([...shuffled].sort((a, b) => a - b)).toEqual(items);
});
