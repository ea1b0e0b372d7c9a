import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { DEFAULT_SPECIAL_TOKENS, type Tokenizer, trainBpe, type TrainOptions, type TrainProgress } from "@llm/bpe";
import { golden, sha256, type TrainGolden } from "./goldens.js";
import { trainReference } from "./reference.js";
import { prose, unicodeMix } from "./texts.js";

const { corpora, fuzz } = golden<TrainGolden>("train");
const merges = (tokenizer: Tokenizer): string => [...tokenizer.mergePairs()].map((pair) => pair.join("+")).join(" ");
const FIVE = DEFAULT_SPECIAL_TOKENS.slice(0, 5);

describe("trainBpe against Hugging Face tokenizers", () => {
  const texts: Record<string, () => (string | string[])[]> = {
    prose: () => prose(1, 4000),
    "prose in batches": () => [prose(2, 700), prose(3, 700)],
    unicode: () => unicodeMix(4, 300),
  };

  it.each(corpora)("gives the same file for $name", async ({ name, vocabSize, minFrequency, pretty, compact, first, merges: count }) => {
    const tokenizer = await trainBpe(texts[name]!(), { vocabSize, minFrequency });
    expect([...tokenizer.mergePairs()].slice(0, first.length)).toEqual(first);
    expect([...tokenizer.mergePairs()]).toHaveLength(count);
    expect(sha256(tokenizer.toJSON())).toBe(pretty);
    expect(sha256(tokenizer.toJSON(false))).toBe(compact);
  });

  it(`gives the same file on ${fuzz.length} random small corpora`, async () => {
    expect(fuzz).toHaveLength(300);
    for (const { texts: sequences, options, pretty, compact } of fuzz) {
      const tokenizer = await trainBpe(sequences, options);
      const got = { texts: sequences, options, pretty: sha256(tokenizer.toJSON()).slice(0, 16), compact: sha256(tokenizer.toJSON(false)).slice(0, 16) };
      expect(got).toEqual({ texts: sequences, options, pretty, compact });
    }
  });

  const vectors: [string, string[], TrainOptions, string][] = [
    ["words", ["hello hello world world"], { vocabSize: 270, specialTokens: FIVE }, "e+l h+el l+d l+o o+r w+or Ġ+wor hel+lo Ġwor+ld"],
    ["overlaps", ["aaaaa aaa aa"], { vocabSize: 300, minFrequency: 0 }, "a+a Ġ+aa aa+a aa+aaa Ġaa+a"],
    ["the length limit", ["aaaaaaaaaaaa", "aaaaaaaaaaaa"], { vocabSize: 300, maxTokenLength: 4 }, "a+a"],
    ["a merge that spells a special token", ["abab abab"], { vocabSize: 300, minFrequency: 0, specialTokens: ["ab"] }, "a+b ab+ab Ġ+abab"],
    ["many scripts", ["It's  12 é\n\n世 x"], { vocabSize: 300, minFrequency: 0 }, "'+s 1+2 I+t ¸+ĸ Ã+© ä+¸ĸ Ġ+x Ġ+12 Ġ+Ã©"],
    ["a prefix space", ["b a", "a b"], { vocabSize: 300, minFrequency: 1, addPrefixSpace: true }, "Ġ+a Ġ+b"],
  ];
  it.each(vectors)("knows the vector of %s", async (_, sequences, options, expected) => {
    expect(merges(await trainBpe(sequences, options))).toBe(expected);
  });

  it("keeps the whole alphabet when the vocabulary asked for is smaller", async () => {
    expect((await trainBpe(["abab"], { vocabSize: 10, specialTokens: ["<s>"] })).vocabSize).toBe(257);
  });
});

describe("trainBpe against the plain algorithm", () => {
  it("agrees on random texts of few letters", async () => {
    const text = fc.string({ unit: fc.constantFrom("a", "b", "c", " ", "é"), maxLength: 60 });
    await fc.assert(
      fc.asyncProperty(fc.array(text, { maxLength: 5 }), fc.integer({ min: 0, max: 3 }), fc.integer({ min: 256, max: 300 }), async (texts, minFrequency, vocabSize) => {
        const tokenizer = await trainBpe(texts, { vocabSize, minFrequency, specialTokens: [] });
        expect(merges(tokenizer)).toBe(trainReference(texts, vocabSize, minFrequency).join(" "));
      }),
      { numRuns: 300, seed: 11 },
    );
  });
});

describe("trainBpe", () => {
  const options = { vocabSize: 600 };
  const texts = prose(5, 300);

  it("takes sync and async iterables, of texts and of batches, in any order", async () => {
    const expected = (await trainBpe(texts, options)).toJSON();
    async function* stream() {
      for (let at = 0; at < texts.length; at += 7) yield texts.slice(at, at + 7);
    }
    expect((await trainBpe(stream(), options)).toJSON()).toBe(expected);
    expect((await trainBpe([...texts].reverse(), options)).toJSON()).toBe(expected);
    expect((await trainBpe(new Set(texts), options)).toJSON()).toBe((await trainBpe([...new Set(texts)], options)).toJSON());
  });

  it("reports both stages and ends at what it made", async () => {
    const events: TrainProgress[] = [];
    const tokenizer = await trainBpe(texts, { ...options, onProgress: (event) => events.push(event) });
    const bytes = texts.reduce((sum, text) => sum + Buffer.byteLength(text), 0);
    expect(events.filter((event) => event.stage === "count").at(-1)).toMatchObject({ texts: 300, bytes });
    expect(events.at(-1)).toEqual({ stage: "merge", vocabSize: tokenizer.vocabSize, target: 600 });
  });

  it("stops when its signal aborts, also in the midst of an endless iterable", async () => {
    await expect(trainBpe(texts, { ...options, signal: AbortSignal.abort() })).rejects.toThrow(/abort/i);
    function* endless() {
      for (;;) yield "and so on";
    }
    await expect(trainBpe(endless(), { ...options, signal: AbortSignal.timeout(150) })).rejects.toThrow(/timeout/i);
  });

  it.each([
    [{ vocabSize: 1.5 }, "vocabSize is 1.5"],
    [{ vocabSize: -1 }, "vocabSize is -1"],
    [{ vocabSize: 300, minFrequency: -1 }, "minFrequency is -1"],
    [{ vocabSize: 300, specialTokens: [""] }, "special token is empty"],
  ])("refuses %j", async (wrong, message) => {
    await expect(trainBpe(texts, wrong)).rejects.toThrow(message);
  });

  it("refuses what is no text", async () => {
    await expect(trainBpe([null as unknown as string], options)).rejects.toThrow();
    await expect(trainBpe([[7 as unknown as string]], options)).rejects.toThrow("A text is number");
  });
});
