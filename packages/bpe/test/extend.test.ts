import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { BpeError, Tokenizer, countWords, extendTokenizer, shrinkTokenizer, trainBpe } from "@llm/bpe";
import { prose, unicodeMix } from "./texts.js";

const merges = (tokenizer: Tokenizer): string[] => [...tokenizer.mergePairs()].map((pair) => pair.join("+"));

describe("extendTokenizer and shrinkTokenizer", () => {
  const text = fc.string({ unit: fc.constantFrom("a", "b", "c", " ", "é"), maxLength: 80 });
  const special = fc.constantFrom([], ["<s>", "<pad>"], ["ab", "a"], ["<s>", "abc", "Ġa"]);

  it("on the same words equal training to that size at once, byte for byte", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(text, { maxLength: 6 }), special, fc.integer({ min: 256, max: 310 }), fc.integer({ min: 0, max: 40 }), fc.constantFrom(0, 2, 3), fc.constantFrom(Infinity, 2, 3, 5), async (texts, specialTokens, size, more, minFrequency, maxTokenLength) => {
        const train = (vocabSize: number) => trainBpe(texts, { vocabSize, specialTokens, minFrequency, maxTokenLength });
        const small = await train(size);
        const large = await train(size + more);
        const vocabSize = Math.max(size + more, small.vocabSize);
        expect((await extendTokenizer(small, await countWords(texts), { vocabSize, minFrequency, maxTokenLength })).toJSON()).toBe(large.toJSON());
        if (small.vocabSize >= size) expect(shrinkTokenizer(large, small.vocabSize).toJSON()).toBe(small.vocabSize < large.vocabSize ? small.toJSON() : large.toJSON());
      }),
      { numRuns: 300, seed: 13 },
    );
  });

  it("equal training on prose and many scripts", async () => {
    const texts = [...prose(61, 400), ...unicodeMix(62, 60)];
    const [small, large] = [await trainBpe(texts, { vocabSize: 400 }), await trainBpe(texts, { vocabSize: 1100 })];
    expect((await extendTokenizer(small, await countWords(texts), { vocabSize: 1100 })).toJSON()).toBe(large.toJSON());
    expect(shrinkTokenizer(large, 400).toJSON()).toBe(small.toJSON());
  });

  it("keeps every id and merge when it learns another language, and then writes it in fewer tokens", async () => {
    const first = await trainBpe(prose(63, 300), { vocabSize: 500 });
    const other = unicodeMix(64, 400);
    const both = await extendTokenizer(first, await countWords(other), { vocabSize: 900 });
    expect(both.vocabSize).toBe(900);
    expect(merges(both).slice(0, merges(first).length)).toEqual(merges(first));
    for (let id = 0; id < first.vocabSize; id++) expect(both.idToToken(id)).toBe(first.idToToken(id));
    const count = (tokenizer: Tokenizer): number => other.reduce((sum, line) => sum + tokenizer.encode(line).ids.length, 0);
    expect(count(both)).toBeLessThan(count(first) * 0.8);
    for (const line of other) expect(both.decode(both.encode(line).ids)).toBe(line.replace(/[\ud800-\udfff]/gu, "\ufffd"));
  });

  it("numbers anew what stands behind the tokens that go, wherever the file names it", async () => {
    const trained = await trainBpe(prose(65, 200), { vocabSize: 500, specialTokens: [] });
    const file = JSON.parse(trained.toJSON()) as Record<string, unknown>;
    const token = (id: number, content: string) => ({ id, content, single_word: false, lstrip: false, rstrip: false, normalized: false, special: true });
    const late = Tokenizer.fromJSON({
      ...file,
      added_tokens: [token(500, "<s>"), token(501, "</s>")],
      post_processor: { type: "TemplateProcessing", single: [{ SpecialToken: { id: "<s>", type_id: 0 } }, { Sequence: { id: "A", type_id: 0 } }], pair: [], special_tokens: { "<s>": { id: "<s>", ids: [500], tokens: ["<s>"] } } },
    });
    const small = shrinkTokenizer(late, 402);
    expect([small.vocabSize, small.tokenToId("<s>"), small.tokenToId("</s>")]).toEqual([402, 400, 401]);
    const [bos] = small.encodeAsSaved("kari").ids;
    expect(bos).toBe(400);
    expect(merges(small)).toEqual(merges(trained).slice(0, 400 - 256));
    const again = await extendTokenizer(small, await countWords(prose(65, 200)), { vocabSize: 450 });
    expect([again.vocabSize, again.tokenToId("<s>")]).toEqual([450, 400]);
    expect(Tokenizer.fromJSON(again.toJSON()).toJSON()).toBe(again.toJSON());
  });

  it("refuse what can't be", async () => {
    const tokenizer = await trainBpe(["ab ab"], { vocabSize: 300 });
    await expect(extendTokenizer(tokenizer, new Map(), { vocabSize: 260 })).rejects.toThrow(/has 265 tokens already/);
    expect(() => shrinkTokenizer(tokenizer, 100)).toThrow("264 tokens are there without any merge");
    expect(() => shrinkTokenizer(tokenizer, -1)).toThrow(BpeError);
    await expect(extendTokenizer(tokenizer, [["ab", 5]], { vocabSize: 1000, signal: AbortSignal.abort() })).rejects.toThrow(/abort/i);
  });
});
