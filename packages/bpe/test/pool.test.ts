import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, it } from "vitest";
import { BpeError, Tokenizer, trainBpe } from "@llm/bpe";
import { createEncoderPool } from "@llm/bpe/corpus";
import { prose, unicodeMix } from "./texts.js";

// Worker threads run what was built: `npm run build` comes first.
beforeAll(() => expect(existsSync(fileURLToPath(new URL("../dist/worker.js", import.meta.url))), "npm run build first").toBe(true));

describe("an encoder pool", () => {
  let tokenizer: Tokenizer;
  const texts = [...prose(81, 4000), "", "<s>", ...unicodeMix(82, 500), "x".repeat(300_000), "\ud800 lone", "halves \ud83d", "\ude00 that don't meet", prose(83, 9000).join(" "), ...prose(84, 3000), ""];
  beforeAll(async () => {
    tokenizer = await trainBpe(prose(80, 2000), { vocabSize: 900 });
  });

  const plain = (lists: readonly Uint32Array[]): number[][] => lists.map((list) => Array.from(list));

  it("gives the ids of each text in order, whatever the number of threads", async () => {
    const expected = texts.map((text) => Array.from(tokenizer.encode(text).ids));
    for (const threads of [0, 1, 3]) {
      const pool = createEncoderPool(tokenizer, { threads });
      try {
        expect(pool.threads).toBe(threads);
        expect(plain(await pool.encode(texts))).toEqual(expected);
        expect(await pool.encode([])).toEqual([]);
        const streamed: number[][] = [];
        for await (const ids of pool.encodeStream(texts)) streamed.push(Array.from(ids));
        expect(streamed).toEqual(expected);
        // Calls share the threads.
        const [first, second] = await Promise.all([pool.encode(texts), pool.encode(texts.slice(0, 100))]);
        expect(plain(first)).toEqual(expected);
        expect(plain(second)).toEqual(expected.slice(0, 100));
      } finally {
        await pool.close();
      }
    }
  });

  it("encodes with the options of encode", async () => {
    const pool = createEncoderPool(tokenizer, { threads: 1, special: "parse", addSpecialTokens: true });
    try {
      expect(plain(await pool.encode(["<s>", "kari"]))).toEqual([[0, 0, 2], Array.from(tokenizer.encode("kari", { addSpecialTokens: true }).ids)]);
    } finally {
      await pool.close();
    }
  });

  it("encodes texts that a thread gets as strings: huge ones, and where something is looked for in texts or changed", async () => {
    const huge = "one two three, ".repeat(75_000);
    const mixed = [...unicodeMix(85, 300), "cafe\u0301 KARI kari", "\ud83d", "\ude00", huge, "kari", ""];
    const joined = (lists: readonly Uint32Array[]): string[] => lists.map((ids) => ids.join(" "));
    const file = JSON.parse(tokenizer.toJSON()) as { added_tokens: object[] };
    const kari = { id: 900, content: "kari", single_word: false, lstrip: false, rstrip: false, normalized: false, special: false };
    for (const changes of [{}, { normalizer: { type: "NFC" } }, { added_tokens: [...file.added_tokens, kari] }, { pre_tokenizer: { type: "ByteLevel", add_prefix_space: true, trim_offsets: true, use_regex: true } }]) {
      const changed = Tokenizer.fromJSON({ ...file, ...changes });
      const pool = createEncoderPool(changed, { threads: 2 });
      try {
        expect(joined(await pool.encode(mixed))).toEqual(joined(mixed.map((text) => changed.encode(text).ids)));
      } finally {
        await pool.close();
      }
    }
  });

  it("takes no more of a stream than it works on", async () => {
    let taken = 0;
    function* endless() {
      for (;;) {
        taken++;
        yield "and so on, and on ".repeat(1000);
      }
    }
    const pool = createEncoderPool(tokenizer, { threads: 2 });
    try {
      let got = 0;
      for await (const ids of pool.encodeStream(endless())) {
        expect(ids.length).toBeGreaterThan(1000);
        // Eight tasks of 256 thousand characters, and a few on the way.
        expect(taken - got++).toBeLessThan(200);
        if (got === 500) break;
      }
      // A stream that was left does not keep the pool busy.
      expect(await pool.encode(["kari"])).toHaveLength(1);
    } finally {
      await pool.close();
    }
  });

  it("stops when its signal aborts, and goes on with other calls", async () => {
    function* endless() {
      for (;;) yield "and so on, and on ".repeat(5000);
    }
    for (const threads of [0, 2]) {
      const pool = createEncoderPool(tokenizer, { threads });
      try {
        const drained = async (signal: AbortSignal): Promise<void> => {
          for await (const ids of pool.encodeStream(endless(), { signal })) void ids;
        };
        const controller = new AbortController();
        setTimeout(() => controller.abort(new Error("enough")), 200);
        await expect(drained(controller.signal)).rejects.toThrow("enough");
        await expect(pool.encode(["a"], { signal: AbortSignal.abort() })).rejects.toThrow(/abort/i);
        expect(plain(await pool.encode(["kari"]))).toEqual([tokenizer.encodeIds("kari")]);
      } finally {
        await pool.close();
      }
    }
  });

  it("says what went wrong", async () => {
    expect(() => createEncoderPool(tokenizer, { threads: -1 })).toThrow(BpeError);
    const pool = createEncoderPool(tokenizer, { threads: 1 });
    await expect(pool.encode(["fine", 7 as unknown as string])).rejects.toThrow("A text is number");
    function* broken() {
      yield "a";
      throw new Error("the source broke");
    }
    await expect(pool.encodeStream(broken()).next()).rejects.toThrow("the source broke");
    const pending = expect(pool.encode(texts)).rejects.toThrow(/closed/);
    await pool.close();
    await pending;
    await expect(pool.encode(["a"])).rejects.toThrow(BpeError);
    // A tokenizer without <s> and </s> fails in the thread, with the words that it has here.
    const bare = await trainBpe(["kari kari"], { vocabSize: 260, specialTokens: [] });
    const framed = createEncoderPool(bare, { threads: 1, addSpecialTokens: true });
    await expect(framed.encode(["kari"])).rejects.toThrow(/needs <s> and <\/s>/);
    await framed.close();
  });
});
