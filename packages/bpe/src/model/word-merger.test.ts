import fc from "fast-check";
import { expect, it } from "vitest";
import { MergeRanks } from "./merge-ranks.js";
import { WordMerger } from "./word-merger.js";

it("gives the same tokens by looking at all pairs and by a queue", () => {
  const merge = fc.tuple(fc.nat(9), fc.nat(9));
  const cases = fc.record({ pairs: fc.uniqueArray(merge, { maxLength: 20, selector: String }), word: fc.array(fc.nat(3), { maxLength: 60 }) });
  fc.assert(
    fc.property(cases, ({ pairs, word }) => {
      // Merge i makes the token 4 + i; a pair may use tokens that are made later or never.
      const ranks = new MergeRanks(Int32Array.from(pairs.flat()), Int32Array.from(pairs.keys(), (rank) => 4 + rank));
      expect(ranks.ambiguous).toBe(false);
      const [short, long] = [Int32Array.from(word), Int32Array.from(word)];
      const length = new WordMerger(ranks, 1000).merge(short, word.length);
      expect(new WordMerger(ranks, 1).merge(long, word.length)).toBe(length);
      expect(long.slice(0, length)).toEqual(short.slice(0, length));
      // A merger that may not look at ranks one by one, because of merges that are ambiguous, works by the queue alone.
      const queued = Int32Array.from(word);
      const covered = Int32Array.from(word, () => 1);
      const strict = new MergeRanks(Int32Array.from([...pairs, [99, 99]].flat()), Int32Array.from([...pairs.keys(), 0], (rank) => 4 + rank), false);
      expect(strict.ambiguous).toBe(pairs.length > 0);
      expect(new WordMerger(strict).merge(queued, word.length, covered)).toBe(length);
      expect(queued.slice(0, length)).toEqual(short.slice(0, length));
      expect(covered.slice(0, length).reduce((sum, count) => sum + count, 0)).toBe(word.length);
    }),
    { numRuns: 3000, seed: 2 },
  );
});

it("lets the later rank of a repeated pair count", () => {
  const ranks = new MergeRanks(Int32Array.of(0, 1, 1, 2, 0, 1), Int32Array.of(3, 4, 3), false);
  expect(ranks.rank(0, 1)).toBe(2);
  expect(ranks.rank(2, 1)).toBe(-1);
  expect(ranks.ambiguous).toBe(true);
});
