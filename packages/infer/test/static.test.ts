import { type Engine, openEngine } from "@llm/backend";
import { chat, complete, createRun, finish, generate, type Run } from "@llm/infer";
import { canWriteInPlace, createStaticCache, forward, forwardStatic, growStaticCache, initParameters, type LlamaConfig, presetConfig, type StaticCache } from "@llm/model";
import * as tf from "@tensorflow/tfjs-core";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { NEVER, tinyTokenizer } from "./tiny-run.js";

// Needs libtensorflow, as the tests of @llm/backend do: what is written in place can't be tested anywhere else.
let engine: Engine;
beforeAll(async () => {
  engine = await openEngine({ prefer: "tensorflow" });
});
afterAll(() => engine.dispose());

async function randomRun(fields: Partial<LlamaConfig> = {}, jit: "auto" | boolean = false): Promise<Run> {
  const tokenizer = await tinyTokenizer();
  const config = presetConfig("test", { vocabSize: tokenizer.vocabSize, ...fields });
  return createRun({ config, params: initParameters(config, { seed: 3, std: 0.3 }), tokenizer, engine, jit, ...NEVER });
}

const prompt = (length: number) => Array.from({ length }, (_, i) => (i === 0 ? 0 : 8 + ((i * 7919) % 300)));

/** Logits of every position without a cache, [length][vocabSize]. */
function plainLogits(run: Pick<Run, "config" | "params">, ids: readonly number[]): Float32Array[] {
  const { vocabSize } = run.config;
  const all = tf.tidy(() => forward(run.config, run.params, tf.tensor2d([[...ids]], undefined, "int32")).dataSync() as Float32Array);
  return ids.map((_, i) => all.subarray(i * vocabSize, (i + 1) * vocabSize));
}
const argmax = (values: Float32Array) => values.reduce((best, value, i) => (value > values[best]! ? i : best), 0);
const relative = (a: Float32Array, b: Float32Array) => Math.max(...a.map((x, i) => Math.abs(x - b[i]!))) / Math.max(...b.map(Math.abs));

describe("greedy text over a cache written in place", () => {
  it.each([
    [{}, 1, 20], [{}, 2, 8], [{}, 17, 20], [{}, 120, 16], [{}, 128, 3], [{}, 250, 12],
    [{ kvHeads: 4 }, 30, 20], [{ kvHeads: 1, tieEmbeddings: false }, 30, 20], [{ maxPositions: 40 }, 30, 500],
  ])("equals the uncached forward, token for token (%j, prompt of %i, %i tokens)", async (fields, length, count) => {
    const run = await randomRun(fields);
    expect(run.staticStep).toBeDefined();
    const { ids } = await complete(run, prompt(length), { temperature: 0, maxTokens: count });
    expect(ids).toHaveLength(Math.min(count, run.config.maxPositions - length));
    const expected = plainLogits(run, [...prompt(length), ...ids.slice(0, -1)]).slice(length - 1).map(argmax);
    expect(ids).toEqual(expected);
    if (count > 3) expect(new Set(ids).size).toBeGreaterThan(1);
    run.dispose();
  });

  it("is the text of the copying step, which XLA gets", async () => {
    const [inPlace, copying] = [await randomRun(), await randomRun({}, "auto")];
    expect(copying.staticStep).toBeUndefined();
    const options = { temperature: 0, maxTokens: 6 };
    expect((await complete(inPlace, prompt(20), options)).ids).toEqual((await complete(copying, prompt(20), options)).ids);
    inPlace.dispose();
    copying.dispose();
  });

  it("is not disturbed by another text that grows between", async () => {
    const run = await randomRun();
    const options = { temperature: 0, maxTokens: 12 };
    const alone = await complete(run, prompt(20), options);
    const [first, second] = [generate(run, prompt(20), options), generate(run, prompt(9), options)];
    for (let i = 0; i < 12; i++) await Promise.all([first.next(), second.next()]);
    expect((await finish(first)).ids).toEqual(alone.ids);
    await finish(second);
    run.dispose();
  });
});

it("traces few shapes over the turns of a chat", async () => {
  const run = await randomRun();
  const messages: { role: "user" | "assistant"; content: string }[] = [];
  for (let turn = 0; turn < 8; turn++) {
    messages.push({ role: "user", content: `Who is there, the ${"fox ".repeat(turn)}?` });
    const { text } = await finish(chat(run, messages, { temperature: 0, maxTokens: 10 }));
    messages.push({ role: "assistant", content: text });
  }
  const { signatures } = run.staticStep!;
  expect(signatures.reduce((sum, { calls }) => sum + calls, 0)).toBeGreaterThan(60);
  expect(signatures.length).toBeLessThanOrEqual(8);
  expect(signatures.every(({ mode }) => mode === "graph")).toBe(true);
  run.dispose();
});

it("keeps the number of tensors and handles over a long text, and frees all at its end", async () => {
  const run = await randomRun();
  await complete(run, prompt(20), { temperature: 0, maxTokens: 3 });
  const before = engine.memory();
  const counts = new Set<string>();
  for await (const _ of generate(run, prompt(20), { temperature: 0, maxTokens: 90 })) counts.add(JSON.stringify(engine.memory()));
  expect(counts.size).toBeLessThanOrEqual(2); // the first token comes before the decoding step is traced
  await complete(run, prompt(126), { temperature: 0, maxTokens: 8 });
  expect(engine.memory().tensors).toBe(before.tensors);
  expect(engine.memory().handles).toBe(before.handles);
  run.dispose();
});

describe("forwardStatic", () => {
  const config = presetConfig("test", { vocabSize: 31, maxPositions: 64 });
  const step = (params: Run["params"], ids: readonly number[], position: number, cache: StaticCache, last?: number): Float32Array =>
    tf.tidy(() => forwardStatic(config, params, tf.tensor1d([...ids], "int32"), tf.scalar(position, "int32"), cache, last === undefined ? undefined : tf.scalar(last, "int32")).dataSync() as Float32Array);
  const tokens = (length: number) => Array.from({ length }, (_, i) => (i * 11 + 5) % 31);

  it("gives the logits of the whole for any cut into pieces, growing on the way", () => {
    const params = initParameters(config, { seed: 5, std: 0.3 });
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 6 }), { minLength: 1, maxLength: 5 }), fc.nat(4), (sizes, spare) => {
        const total = sizes.reduce((a, b) => a + b, 0);
        const expected = plainLogits({ config, params }, tokens(total));
        let cache = createStaticCache(config, sizes[0]! + spare);
        let end = 0;
        for (const size of sizes) {
          if (end + size > cache.length) cache = growStaticCache(cache, config, end + size + spare);
          const logits = step(params, tokens(total).slice(end, end + size), end, cache);
          end += size;
          expect(relative(logits, expected[end - 1]!)).toBeLessThan(1e-5);
        }
        cache.memory.dispose();
      }),
      { numRuns: 15, seed: 2 },
    );
    tf.dispose([...params.values()]);
  });

  it("never looks at what fills a prompt up", () => {
    const params = initParameters(config, { seed: 5, std: 0.3 });
    const expected = plainLogits({ config, params }, tokens(6));
    const cache = createStaticCache(config, 16);
    expect(relative(step(params, [...tokens(5), 1, 1, 1], 0, cache, 4), expected[4]!)).toBeLessThan(1e-5);
    expect(relative(step(params, [tokens(6)[5]!], 5, cache), expected[5]!)).toBeLessThan(1e-5);
    tf.dispose([cache.memory, ...params.values()]);
  });

  it("refuses what doesn't fit", () => {
    expect(canWriteInPlace()).toBe(true);
    expect(() => createStaticCache(config, 65)).toThrow(/from 1 to the model's context of 64 tokens; got 65/);
    const cache = createStaticCache(config, 8);
    const ids = (n: number) => tf.zeros([n], "int32") as tf.Tensor1D;
    expect(() => forwardStatic(config, new Map(), ids(9), tf.scalar(0, "int32"), cache)).toThrow(/int32 \[9\] don't fit a cache of .* for 8 tokens/);
    expect(() => forwardStatic({ ...config, layers: 3 }, new Map(), ids(1), tf.scalar(0, "int32"), cache)).toThrow(/don't fit a cache/);
    cache.memory.dispose();
  });
});
