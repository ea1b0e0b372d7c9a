import { createHash } from "node:crypto";
import { PackedLoader, openShards } from "@llm/dataset";
import { expect, test } from "vitest";
import { tokenDocuments, writeShards } from "./shard-set.js";
import { temporaryFolder } from "./temporary.js";

// A state that was saved means the same rows for good, so these digests may change only together with the order's version.
const ORDER_1 = [
  { batchSize: 4, sequenceLength: 32, seed: 0, masks: false, digest: "626a5ec39136b2ef" },
  { batchSize: 3, sequenceLength: 128, seed: 7, masks: false, digest: "862e6463f437617f" },
  { batchSize: 5, sequenceLength: 64, seed: 2 ** 40 + 1, masks: true, digest: "e7647a8b1af1a908" },
];

test.each(ORDER_1)("order 1 gives the same batches in every version: T $sequenceLength, seed $seed", async ({ masks, digest, ...options }) => {
  const train = tokenDocuments(2_500, { longest: 90, masks });
  const { path } = await writeShards(await temporaryFolder(), { train, lossMask: masks, maxTokensPerShard: 20_000 });
  // In memory, and on disk.
  for (const cacheBytes of [2 ** 30, 0]) {
    const loader = await PackedLoader.open(await openShards(path, { cacheBytes }), { ...options, epochs: 2 });
    const hash = createHash("sha256");
    for await (const { tokens, mask, documents, lossTokens, epoch } of loader) hash.update(new Uint8Array(tokens.buffer)).update(mask).update(JSON.stringify({ documents, lossTokens, epoch, state: loader.state() }));
    expect(hash.digest("hex").slice(0, 16)).toBe(digest);
  }
});
