import { PackedLoader, type Batch, type LoaderState, type TokenDocument, openShards } from "@llm/dataset";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { tokenDocuments, tokenizer, writeShards } from "./shard-set.js";
import { all, temporaryFolder } from "./temporary.js";

const setOf = async (train: TokenDocument[], more: Parameters<typeof writeShards>[1] = {}): Promise<Awaited<ReturnType<typeof openShards>>> => openShards((await writeShards(await temporaryFolder(), { train, maxTokensPerShard: 2_000, ...more })).path);

/** (input, target) pairs of a batch whose target counts. */
function pairs({ tokens, mask, batchSize, sequenceLength }: Batch): [number, number][] {
  const found: [number, number][] = [];
  for (let row = 0; row < batchSize; row++) {
    expect(mask[row * (sequenceLength + 1)]).toBe(0);
    for (let i = 1; i <= sequenceLength; i++) {
      const at = row * (sequenceLength + 1) + i;
      if (mask[at]) found.push([tokens[at - 1]!, tokens[at]!]);
    }
  }
  return found;
}

const tally = (list: Iterable<readonly [number, number]>): Record<string, number> => {
  const counts: Record<string, number> = {};
  for (const pair of list) counts[pair.join()] = (counts[pair.join()] ?? 0) + 1;
  return counts;
};

const expectedPairs = (documents: readonly TokenDocument[]): [number, number][] =>
  documents.flatMap(({ tokens, mask }) => [...tokens].slice(1).map((token, i): [number, number] => [tokens[i]!, token]).filter((_, i) => (mask ? mask[i + 1] === 1 : true)));

describe("an epoch", () => {
  test("has every token after a document's first as a target exactly once, with the token before it as its input", async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 80 }), fc.integer({ min: 2, max: 200 }), fc.boolean(), fc.integer({ min: 1, max: 7 }), fc.integer({ min: 1, max: 90 }), fc.nat(), async (count, longest, masks, batchSize, sequenceLength, seed) => {
        const train = tokenDocuments(count, { longest, masks, seed });
        const set = await setOf(train, { lossMask: masks });
        const loader = await PackedLoader.open(set, { batchSize, sequenceLength, seed, epochs: 2 });
        const batches = await all(loader);
        for (const epoch of [0, 1]) {
          const own = batches.filter((batch) => batch.epoch === epoch);
          expect(tally(own.flatMap(pairs))).toEqual(tally(expectedPairs(train)));
          expect(own.reduce((sum, batch) => sum + batch.lossTokens, 0)).toBe(expectedPairs(train).length);
          expect(own.reduce((sum, batch) => sum + batch.documents, 0)).toBe(count);
        }
        expect(await loader.next()).toBeNull();
      }),
      { numRuns: 25 },
    );
  });

  test("crosses windows of documents, wastes little, and differs from the next epoch and other seeds", async () => {
    const train = tokenDocuments(5_000, { longest: 40 });
    const set = await setOf(train, { maxTokensPerShard: 20_000 });
    const tokens = async (seed: number): Promise<Batch[]> => all(await PackedLoader.open(set, { batchSize: 8, sequenceLength: 128, seed, epochs: 2 }));
    const [one, other] = [await tokens(1), await tokens(2)];
    const first = one.filter((batch) => batch.epoch === 0);
    expect(tally(first.flatMap(pairs))).toEqual(tally(expectedPairs(train)));
    const used = train.reduce((sum, document) => sum + document.tokens.length, 0);
    expect(used / (first.length * 8 * 129)).toBeGreaterThan(0.98);
    expect(one.find((batch) => batch.epoch === 1)!.tokens).not.toEqual(first[0]!.tokens);
    expect(other[0]!.tokens).not.toEqual(one[0]!.tokens);
    // Documents of the file's beginning and end meet in one batch.
    const places = new Map(train.map((document, index) => [document.tokens.slice(1, 4).join(), index]));
    const starts = [...first[0]!.tokens].flatMap((token, i) => (token === 0 ? [places.get([...first[0]!.tokens].slice(i + 1, i + 4).join()) ?? -1] : [])).filter((place) => place >= 0);
    expect(Math.max(...starts) - Math.min(...starts)).toBeGreaterThan(2_500);
  });

  test("pads with the pad token, whose mask is 0, and never cuts a document that fits a row", async () => {
    const train = tokenDocuments(30, { longest: 20 });
    const set = await setOf(train);
    const batches = await all(await PackedLoader.open(set, { batchSize: 4, sequenceLength: 19, epochs: 1 }));
    const rows = batches.flatMap((batch) => Array.from({ length: 4 }, (_, row) => [...batch.tokens.subarray(row * 20, row * 20 + 20)]));
    for (const { tokens } of train) expect(rows.some((row) => row.join(" ").includes([...tokens].join(" ")))).toBe(true);
    for (const { tokens, mask } of batches) tokens.forEach((token, i) => token === tokenizer.pad && expect(mask[i]).toBe(0));
  });
});

describe("resuming", () => {
  test("from any state gives the very batches of the uninterrupted run, in another instance on another opening", async () => {
    const train = tokenDocuments(2_300, { longest: 12 });
    const { path } = await writeShards(await temporaryFolder(), { train, maxTokensPerShard: 5_000 });
    await fc.assert(
      fc.asyncProperty(fc.nat(), fc.integer({ min: 1, max: 30 }), fc.integer({ min: 10, max: 100 }), fc.array(fc.nat(60), { minLength: 1, maxLength: 4 }), async (seed, batchSize, sequenceLength, stops) => {
        const options = { batchSize, sequenceLength, seed };
        const whole = await PackedLoader.open(path, options);
        let state: LoaderState | undefined;
        for (const stop of stops) {
          const part = await PackedLoader.open(path, { ...options, ...(state ? { state: JSON.parse(JSON.stringify(state)) as LoaderState } : {}) });
          for (let i = 0; i < stop; i++) expect(await part.next()).toEqual(await whole.next());
          state = part.state();
          expect(state).toEqual(whole.state());
          expect(JSON.stringify(state).length).toBeLessThan(200);
        }
      }),
      { numRuns: 10 },
    );
  });

  test("a state is of one order: other shards, splits, seeds and lengths are refused", async () => {
    const set = await setOf(tokenDocuments(20), { val: tokenDocuments(5, { seed: 3 }) });
    const options = { batchSize: 2, sequenceLength: 16, seed: 1 };
    const state = (await PackedLoader.open(set, options)).state();
    await expect(PackedLoader.open(set, { ...options, state, seed: 2 })).rejects.toThrow(/can't be resumed: seed was 1 when the state was saved and is 2 now/);
    await expect(PackedLoader.open(set, { ...options, state, split: "val" })).rejects.toThrow(/split was train .* is val now/);
    await expect(PackedLoader.open(set, { ...options, state, sequenceLength: 8 })).rejects.toThrow(/sequenceLength was 16/);
    await expect(PackedLoader.open(await setOf(tokenDocuments(21)), { ...options, state })).rejects.toThrow(/shards was/);
    await expect(PackedLoader.open(set, { ...options, state: { ...state, row: -1 } })).rejects.toThrow(/row of the saved state is -1/);
    await expect(PackedLoader.open(set, { ...options, state, batchSize: 5 })).resolves.toBeDefined();
  });
});

test("the val split is read whole, its last batch filled up with padding; an empty one is refused", async () => {
  const val = tokenDocuments(7, { seed: 4, longest: 30 });
  const set = await setOf(tokenDocuments(3), { val });
  const batches = await all(await PackedLoader.open(set, { split: "val", batchSize: 64, sequenceLength: 32, epochs: 1 }));
  expect(batches).toHaveLength(1);
  expect(tally(batches.flatMap(pairs))).toEqual(tally(expectedPairs(val)));
  expect([...batches[0]!.tokens.subarray(-33)]).toEqual(Array(33).fill(tokenizer.pad));
  const none = await setOf(tokenDocuments(3));
  await expect(PackedLoader.open(none, { split: "val", batchSize: 1, sequenceLength: 8 })).rejects.toThrow(/The val split of .* has no tokens to learn from/);
  await expect(PackedLoader.open(none, { batchSize: 0, sequenceLength: 8 })).rejects.toThrow(/batchSize must be a whole number of at least 1; found 0/);
});
