import fc from "fast-check";
import { expect, it } from "vitest";
import { MergeRanks } from "./merge-ranks.js";
import { RankBuckets } from "./rank-buckets.js";
import { Windows } from "./windows.js";
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

it("gives the tokens of the whole word window by window", () => {
  // Few symbols and a repeated beginning, so that windows are often the same and pairs often overlap.
  const merge = fc.tuple(fc.nat(7), fc.nat(7));
  const words = fc.tuple(fc.array(fc.nat(2), { minLength: 1, maxLength: 40 }), fc.integer({ min: 1, max: 12 }), fc.array(fc.nat(2), { maxLength: 40 }));
  const cases = fc.record({ pairs: fc.uniqueArray(merge, { maxLength: 16, selector: String }), word: words, window: fc.integer({ min: 2, max: 24 }), shared: fc.integer({ min: 1, max: 8 }) });
  let joined = 0;
  fc.assert(
    fc.property(cases, ({ pairs, word: [beginning, times, end], window, shared }) => {
      const ranks = new MergeRanks(Int32Array.from(pairs.flat()), Int32Array.from(pairs.keys(), (rank) => 3 + rank));
      const word = [...Array.from({ length: times }, () => beginning).flat(), ...end];
      const covers = word.map((_, index) => (index % 3) + 1);
      const [whole, wholeLengths] = [Int32Array.from(word), Int32Array.from(covers)];
      const count = new WordMerger(ranks, 600).merge(whole, word.length, wholeLengths);
      const part = new WordMerger(ranks, 600);
      const windows = new Windows(
        (symbols, length, lengths) => {
          if (length < word.length) joined++;
          return part.merge(symbols, length, lengths);
        },
        window,
        Math.min(shared, window - 1),
      );
      const [symbols, lengths] = [Int32Array.from(word), Int32Array.from(covers)];
      expect(windows.run(symbols, word.length, lengths)).toBe(count);
      expect(symbols.slice(0, count)).toEqual(whole.slice(0, count));
      expect(lengths.slice(0, count)).toEqual(wholeLengths.slice(0, count));
    }),
    { numRuns: 5000, seed: 3 },
  );
  expect(joined).toBeGreaterThan(10_000);
});

it("merges rank by rank, or says that merges are out of order", () => {
  const ordered = new MergeRanks(Int32Array.of(0, 0, 2, 2, 1, 0), Int32Array.of(2, 3, 4));
  const symbols = Int32Array.of(0, 0, 0, 1, 0, 0, 0, 0, 0);
  expect(new RankBuckets(ordered).merge(symbols, symbols.length)).toBe(5);
  expect(symbols.slice(0, 5)).toEqual(Int32Array.of(2, 0, 1, 3, 0));
  // The second merge needs what only the third one makes.
  const buckets = new RankBuckets(new MergeRanks(Int32Array.of(0, 0, 3, 0, 2, 1), Int32Array.of(2, 4, 3)));
  expect(buckets.merge(Int32Array.of(0, 0, 1, 0, 1), 5)).toBe(-1);
  expect(buckets.merge(Int32Array.of(1, 0, 0, 0), 4)).toBe(3);
});

it("lets the later rank of a repeated pair count", () => {
  const ranks = new MergeRanks(Int32Array.of(0, 1, 1, 2, 0, 1), Int32Array.of(3, 4, 3), false);
  expect(ranks.rank(0, 1)).toBe(2);
  expect(ranks.rank(2, 1)).toBe(-1);
  expect(ranks.ambiguous).toBe(true);
});
