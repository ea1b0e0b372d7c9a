import { canWriteInPlace, createCache, createStaticCache, disposeCache, disposeParameters, forward, forwardCached, type KvCache, type LlamaConfig, type Parameters, presetConfig } from "@llm/model";
import * as tf from "@tensorflow/tfjs-core";
import fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import { openTestEngine } from "./support/engine.js";
import { formulaParameters, formulaTokens } from "./support/formula.js";
import { relativeError } from "./support/goldens.js";

beforeAll(async () => {
  await openTestEngine();
});

const ids = (rows: readonly (readonly number[])[]) => tf.tensor2d(rows as number[][], [rows.length, rows[0]!.length], "int32");
const int = (value: number) => tf.scalar(value, "int32");

/** Feeds rows in pieces of the given sizes; the logits after each piece. */
async function feed(config: LlamaConfig, params: Parameters, rows: number[][], sizes: readonly number[], maxLength: number): Promise<Float32Array[]> {
  let cache: KvCache = createCache(config, rows.length, maxLength);
  const logits: Float32Array[] = [];
  let position = 0;
  for (const size of sizes) {
    const next = forwardCached(config, params, ids(rows.map((row) => row.slice(position, position + size))), int(position), cache);
    disposeCache(cache);
    cache = next.cache;
    logits.push((await next.logits.data()) as Float32Array);
    position += size;
  }
  disposeCache(cache);
  return logits;
}

/** Logits of every row's last token without a cache. */
async function lastLogits(config: LlamaConfig, params: Parameters, rows: number[][]): Promise<Float32Array> {
  const [b, t] = [rows.length, rows[0]!.length];
  const last = tf.tidy(() => tf.slice(forward(config, params, ids(rows)), [0, t - 1, 0], [b, 1, config.vocabSize]));
  return (await last.data()) as Float32Array;
}

const argMax = (values: Float32Array) => values.reduce((best, x, i) => (x > values[best]! ? i : best), 0);

describe.each([
  ["grouped-query", presetConfig("test", { vocabSize: 31, maxPositions: 64 })],
  ["multi-head, untied", presetConfig("test", { vocabSize: 31, maxPositions: 64, kvHeads: 4, tieEmbeddings: false })],
])("%s", (_, config) => {
  let params: Parameters;
  beforeAll(() => {
    params = formulaParameters(config);
    return () => disposeParameters(params);
  });

  test("greedy decoding gives the same tokens with the cache as without", async () => {
    const prompt = [3, 17, 8, 0, 25];
    const plain = [...prompt];
    while (plain.length < 45) plain.push(argMax(await lastLogits(config, params, [plain])));

    const cached = [...prompt];
    let { logits, cache } = forwardCached(config, params, ids([prompt]), int(0), createCache(config, 1, 48));
    while (cached.length < 45) {
      cached.push(argMax((await logits.data()) as Float32Array));
      const position = cached.length - 1;
      ({ logits, cache } = forwardCached(config, params, ids([[cached[position]!]]), int(position), cache));
    }
    expect(cached).toEqual(plain);
    expect(new Set(plain).size).toBeGreaterThan(3); // not just one token over and over
  });

  test("any cut into pieces gives the logits of the whole", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 1, max: 6 }), { minLength: 1, maxLength: 5 }), fc.integer({ min: 1, max: 2 }), fc.nat(3), async (sizes, batch, spare) => {
        const total = sizes.reduce((a, b) => a + b, 0);
        const rows = formulaTokens(config.vocabSize, batch, total - 1);
        const pieces = await feed(config, params, rows, sizes, total + spare);
        let end = 0;
        for (const [i, size] of sizes.entries()) {
          end += size;
          expect(relativeError(pieces[i]!, await lastLogits(config, params, rows.map((row) => row.slice(0, end))))).toBeLessThan(1e-5);
        }
      }),
      { numRuns: 12, seed: 1 },
    );
  });

  test("a prompt filled up to a fixed length gives the logits of its last real token, and the filling is never seen", async () => {
    const rows = formulaTokens(config.vocabSize, 2, 8);
    const real = rows.map((row) => row.slice(0, 5));
    const padded = real.map((row) => [...row, 1, 1, 1]);
    const first = forwardCached(config, params, ids(padded), int(0), createCache(config, 2, 16), { last: int(4) });
    expect(relativeError(await first.logits.data(), await lastLogits(config, params, real))).toBeLessThan(1e-5);
    const second = forwardCached(config, params, ids(rows.map((row) => [row[5]!])), int(5), first.cache);
    expect(relativeError(await second.logits.data(), await lastLogits(config, params, rows.map((row) => row.slice(0, 6))))).toBeLessThan(1e-5);
  });

  test("a step returns its logits and a new cache, leaves the old one alone, and no tensor behind", async () => {
    const cache = createCache(config, 1, 8);
    const token = ids([[5]]);
    const position = int(0);
    const before = tf.memory().numTensors;
    const next = forwardCached(config, params, token, position, cache);
    expect(tf.memory().numTensors).toBe(before + 1 + 2 * config.layers);
    expect(Math.max(...(await cache.keys[0]!.data()))).toBe(0);
    // One slot of the first head is written, the rest is as it was.
    const written = (await next.cache.keys[0]!.data()).subarray(0, 8 * config.headDim);
    expect(written.subarray(0, config.headDim).every((x) => x !== 0)).toBe(true);
    expect(written.subarray(config.headDim).every((x) => x === 0)).toBe(true);
    expect(next.cache.values[1]!.shape).toEqual([1, config.kvHeads, 8, config.headDim]);
    next.logits.dispose();
    disposeCache(next.cache);
    expect(tf.memory().numTensors).toBe(before);
  });

  test("what doesn't fit is refused", () => {
    const cache = createCache(config, 2, 8);
    expect(() => forwardCached(config, params, ids([[1]]), int(0), cache)).toThrow(/Ids \[1, 1\] don't fit a cache of 2 layers with shape \[2, /);
    expect(() => forwardCached(config, params, tf.zeros([2, 9], "int32"), int(0), cache)).toThrow(/Ids \[2, 9\] don't fit/);
    expect(() => createCache(config, 1, 65)).toThrow(/from 1 to the model's context of 64 tokens; got 65/);
    expect(() => createCache(config, 0)).toThrow(/batch size must be a positive integer; got 0/);
  });
});

test("a static cache is refused where the backend can't write in place", async () => {
  if ((await openTestEngine()).startsWith("tensorflow")) return;
  expect(canWriteInPlace()).toBe(false);
  expect(() => createStaticCache(presetConfig("test", { vocabSize: 31 }), 8)).toThrow(/which cpu can't|which wasm can't/);
});
