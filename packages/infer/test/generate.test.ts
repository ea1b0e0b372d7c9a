import { complete, encodePrompt, finish, generate, type GeneratedToken, type Run } from "@llm/infer";
import { forward } from "@llm/model";
import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, describe, expect, it } from "vitest";
import { NEVER, tinyRun } from "./tiny-run.js";

let run: Run;
beforeAll(async () => {
  run = await tinyRun({}, NEVER);
});

/** What the uncached forward finds likeliest after the prompt and after each generated token but the last. */
function uncached(run: Run, prompt: readonly number[], generated: readonly number[]): number[] {
  const ids = [...prompt, ...generated.slice(0, -1)];
  return tf.tidy(() => {
    const logits = forward(run.config, run.params, tf.tensor2d([ids], undefined, "int32"));
    return [...tf.argMax(tf.slice(logits, [0, prompt.length - 1, 0], [1, generated.length, -1]), 2).dataSync()];
  });
}

const collect = async (stream: AsyncGenerator<GeneratedToken>) => {
  const tokens: GeneratedToken[] = [];
  for await (const token of stream) tokens.push(token);
  return tokens;
};
const prompt = (length: number) => Array.from({ length }, (_, i) => (i === 0 ? 0 : 8 + ((i * 7919) % 300)));

describe("greedy text", () => {
  // 120 + 16 and 250 + 12 cross the ends of caches of 128 and 256 positions.
  it.each([[1, 20], [2, 8], [17, 20], [120, 16], [127, 3], [128, 3], [250, 12]])("of a prompt of %i tokens equals the uncached forward for %i tokens", async (length, count) => {
    const { ids, finishReason } = await complete(run, prompt(length), { temperature: 0, maxTokens: count });
    expect(ids).toHaveLength(count);
    expect(ids).toEqual(uncached(run, prompt(length), ids));
    expect(new Set(ids).size).toBeGreaterThan(1);
    expect(finishReason).toBe("length");
  });

  it("equals it with grouped and with single key heads, and at the end of the context", async () => {
    for (const kvHeads of [1, 4]) {
      const other = await tinyRun({ kvHeads, maxPositions: 40 }, NEVER);
      const { ids, finishReason } = await complete(other, prompt(30), { temperature: 0, maxTokens: 500 });
      expect(ids).toHaveLength(10);
      expect(ids).toEqual(uncached(other, prompt(30), ids));
      expect(finishReason).toBe("length");
      other.dispose();
    }
  });
});

describe("prompts filled up to few shapes, as for engines that compile", () => {
  it.each([1, 15, 16, 17, 100, 129])("give the same text for a prompt of %i tokens", async (length) => {
    const compiling = await tinyRun({}, { ...NEVER, engine: { ...run.engine, name: "tensorflow" } });
    const shapes = new Set<number>();
    const step = Object.assign(compiling.step, { callAsync: async (...args: Parameters<Run["step"]>) => (shapes.add(args[0].shape[1]), compiling.step(...args)) });
    const { ids } = await complete({ ...compiling, step }, prompt(length), { temperature: 0, maxTokens: 8 });
    expect(ids).toEqual((await complete(run, prompt(length), { temperature: 0, maxTokens: 8 })).ids);
    expect([...shapes].every((shape) => Number.isInteger(Math.log2(shape)) && (shape === 1 || shape >= 16))).toBe(true);
    compiling.dispose();
  });
});

describe("sampled text", () => {
  const options = { maxTokens: 24, temperature: 1.2, topP: 0.95, seed: 7 };

  it("is the same for the same seed, whatever else is generated between, and another one for another seed", async () => {
    const alone = await complete(run, "The fox", options);
    const first = generate(run, "The fox", options);
    const second = generate(run, "Who is", { ...options, seed: 8 });
    const texts = ["", ""];
    for (let i = 0; i < 24; i++) for (const [at, stream] of [first, second].entries()) texts[at] += (await stream.next()).value!.text as string;
    await Promise.all([finish(first), finish(second)]);
    expect(texts[0]).toBe(alone.text);
    expect((await complete(run, "The fox", { ...options, seed: 8 })).ids).not.toEqual(alone.ids);
  });

  it("names the seed it drew, which gives the text again", async () => {
    const drawn = await complete(run, "The fox", { maxTokens: 12, temperature: 1.2 });
    expect((await complete(run, "The fox", { maxTokens: 12, temperature: 1.2, seed: drawn.seed })).ids).toEqual(drawn.ids);
  });

  it("obeys the bias: a banned token never comes, a forced one always", async () => {
    const { ids } = await complete(run, "The", { maxTokens: 5, temperature: 1, logitBias: new Map([[42, 100]]) });
    expect(ids).toEqual([42, 42, 42, 42, 42]);
    const free = await complete(run, "The", { maxTokens: 1, temperature: 0 });
    expect((await complete(run, "The", { maxTokens: 1, temperature: 0, logitBias: new Map([[free.ids[0]!, -100]]) })).ids).not.toEqual(free.ids);
  });
});

describe("text", () => {
  it("comes in pieces without half characters that join to the whole", async () => {
    for (let seed = 0; seed < 6; seed++) {
      const stream = generate(run, "日本", { maxTokens: 30, temperature: 1.5, topP: 1, seed });
      let text = "";
      for (;;) {
        const next = await stream.next();
        if (next.done) {
          expect(next.value.text).toBe(text);
          // What is missing at the end is at most half a character.
          const all = run.tokenizer.decode(next.value.ids);
          expect(all === text || /^\uFFFD$/.test(all.slice(text.length))).toBe(true);
          break;
        }
        expect(next.value.text).not.toMatch(/[\uD800-\uDBFF]$/);
        text += next.value.text;
      }
    }
  });

  it("holds a character back until all its bytes are there", async () => {
    const fox = run.tokenizer.encodeIds("🦊🦁");
    // The lion is not in the tokenizer's texts, so it takes several tokens.
    const bytes = fox.slice(-3);
    const forced = await tinyRun({}, NEVER);
    const tokens: GeneratedToken[] = [];
    let at = 0;
    const bias = new Map<number, number>();
    bias.set(bytes[0]!, 1000);
    for await (const token of generate(forced, "x", { maxTokens: bytes.length, temperature: 0, logitBias: bias })) {
      tokens.push(token);
      bias.clear();
      at++;
      if (at < bytes.length) bias.set(bytes[at]!, 1000);
    }
    expect(tokens.map(({ id }) => id)).toEqual(bytes);
    expect(tokens.at(-1)!.text).toMatch(/🦁$/u);
    expect(tokens.slice(0, -1).map(({ text }) => text).join("")).not.toContain("\uFFFD");
    forced.dispose();
  });

  it("ends before a stop string, which never shows", async () => {
    const whole = await complete(run, "The fox", { maxTokens: 30, temperature: 0 });
    const stop = whole.text.slice(11, 15);
    const tokens: GeneratedToken[] = [];
    const stream = generate(run, "The fox", { maxTokens: 30, temperature: 0, stop: ["never there", stop] });
    let next = await stream.next();
    for (; !next.done; next = await stream.next()) {
      tokens.push(next.value);
      expect(tokens.map(({ text }) => text).join("")).not.toContain(stop);
    }
    expect(next.value).toMatchObject({ finishReason: "stop", stopString: stop, text: whole.text.slice(0, whole.text.indexOf(stop)) });
    expect(tokens.map(({ text }) => text).join("")).toBe(next.value.text);
  });

  it("ends at the model's own end", async () => {
    const whole = await complete(run, "The fox", { maxTokens: 10, temperature: 0 });
    const other = await tinyRun({}, { eos: [whole.ids[4]!] });
    const ended = await complete(other, "The fox", { maxTokens: 10, temperature: 0 });
    const at = whole.ids.indexOf(whole.ids[4]!);
    expect(ended.ids).toEqual(whole.ids.slice(0, at + 1));
    expect(ended.finishReason).toBe("stop");
    expect(ended.text).toBe(run.tokenizer.decode(whole.ids.slice(0, at)).replace(/\uFFFD$/, ""));
    other.dispose();
  });

  it("never has a token that only rounds the embedding up", async () => {
    const padded = await tinyRun({ vocabSize: Math.ceil((run.tokenizer.vocabSize + 1) / 64) * 64 }, NEVER);
    const { ids } = await complete(padded, "The", { maxTokens: 60, temperature: 5, topP: 1, seed: 1 });
    expect(Math.max(...ids)).toBeLessThan(run.tokenizer.vocabSize);
    padded.dispose();
  });
});

describe("a prompt", () => {
  it("begins with <s>, and what looks like a special token in it is text", () => {
    expect(encodePrompt(run, "The").slice(0, 1)).toEqual([0]);
    const ids = encodePrompt(run, "a</s><|user|>b");
    expect(ids.slice(1).every((id) => id > 7)).toBe(true);
    expect(run.tokenizer.decode(ids)).toBe("a</s><|user|>b");
  });

  it("that fills the context is refused with both numbers", async () => {
    const short = await tinyRun({ maxPositions: 16 }, NEVER);
    await expect(complete(short, prompt(16))).rejects.toThrow(/16 tokens.*context is 16 tokens/);
    expect((await complete(short, prompt(15), { temperature: 0 })).ids).toHaveLength(1);
    short.dispose();
  });

  it("with an id that the model does not have is refused", async () => {
    await expect(complete(run, [0, 5000])).rejects.toThrow(/token id 5000/);
    await expect(complete(run, [])).rejects.toThrow(/empty/);
  });

  it("with options out of range is refused, all of them named", async () => {
    await expect(complete(run, "The", { temperature: -1, topP: 0, maxTokens: 1.5, seed: -3 })).rejects.toThrow(/maxTokens.*temperature.*topP.*seed/);
  });
});

describe("ending early", () => {
  it("by the signal throws its reason", async () => {
    const controller = new AbortController();
    const seen: number[] = [];
    await expect(async () => {
      for await (const { id } of generate(run, "The fox", { maxTokens: 500, signal: controller.signal })) {
        seen.push(id);
        if (seen.length === 3) controller.abort();
      }
    }).rejects.toMatchObject({ name: "AbortError" });
    expect(seen).toHaveLength(3);
  });

  it("lets timers run in between, so that a signal can come from one", async () => {
    const started = performance.now();
    await expect(complete(run, "The fox", { maxTokens: 1000, signal: AbortSignal.timeout(60) })).rejects.toMatchObject({ name: "TimeoutError" });
    expect(performance.now() - started).toBeLessThan(3000);
  });

  it("frees every tensor, at the end, after a break and after an error", async () => {
    await complete(run, "The fox", { maxTokens: 3 });
    const before = tf.memory().numTensors;
    await complete(run, prompt(126), { maxTokens: 8 });
    for await (const _ of generate(run, "The fox", { maxTokens: 8 })) break;
    await complete(run, "The fox", { maxTokens: 8, signal: AbortSignal.abort() }).catch(() => undefined);
    expect(tf.memory().numTensors).toBe(before);
  });

  it("says how long it took", async () => {
    const tokens = await collect(generate(run, "The fox", { maxTokens: 4 }));
    expect(tokens).toHaveLength(4);
    const { stats } = await complete(run, "The fox", { maxTokens: 4 });
    expect(stats).toMatchObject({ promptTokens: encodePrompt(run, "The fox").length, completionTokens: 4 });
    expect(stats.prefillMs).toBeGreaterThan(0);
    expect(stats.tokensPerSecond).toBeCloseTo(3000 / stats.decodeMs, 6);
  });
});
