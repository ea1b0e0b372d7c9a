import { expect, it } from "vitest";
import { hashPair } from "../train/pair-table.js";
import { MergeRanks } from "./merge-ranks.js";
import { wordKernel } from "./word-kernel.js";

/** Merges of which a hash says the same place of a table. */
function colliding(count: number, place: (left: number, right: number) => number): MergeRanks {
  const pairs: number[] = [];
  for (let left = 0; pairs.length < count * 2; left++) {
    for (let right = 0; right < 4096; right++) if (place(left, right) === 7) pairs.push(left, right);
  }
  return new MergeRanks(Int32Array.from(pairs), Int32Array.from({ length: pairs.length / 2 }, (_, rank) => rank));
}

it("refuses merges that were chosen so that its table is slow, and takes as many others", () => {
  expect(() => colliding(2000, (left, right) => hashPair(left, right) & 4095)).toThrow(/^This tokenizer.json can.t be used: its merges are chosen so that it takes very long to find one\.$/);
  expect(colliding(2000, (left, right) => (left * 31 + right) & 4095).rank(0, 7)).toBe(0);
});

it("has no kernel for merges that were chosen so that the kernel's table is slow", () => {
  const parts = { scan: () => 0, encodeWord: () => undefined, limit: 1 << 20, byteIds: new Int32Array(256).fill(-1) };
  const bucket = (left: number, right: number): number => Number(BigInt.asUintN(64, (BigInt(left) | (BigInt(right) << 21n)) * 0x9e3779b97f4a7c15n) >> 40n) & 255;
  const slow = colliding(1000, bucket);
  expect(slow.rank(0, 0)).toBe(-1);
  expect(wordKernel({ ...parts, merges: slow })).toBeUndefined();
  expect(wordKernel({ ...parts, merges: colliding(1000, (left, right) => (left * 31 + right) & 255) })).toBeDefined();
});
