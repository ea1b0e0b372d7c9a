import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { countWords, trainBpe, trainFromWordCounts, WordCounts, type Tokenizer, type TrainOptions } from "@llm/bpe";
import { fileLines } from "@llm/bpe/corpus";
import { golden, sha256 } from "./goldens.js";
import { prose } from "./texts.js";

interface Case {
  mode: "iterator" | "files";
  texts: string[];
  options: TrainOptions;
  sha: string;
}

const { cases } = golden<{ cases: Case[] }>("train-options");
const digest = (tokenizer: Tokenizer): string => sha256(tokenizer.toJSON()).slice(0, 16);
let folder: string;
beforeAll(async () => void (folder = await mkdtemp(join(tmpdir(), "bpe-train-"))));
afterAll(() => rm(folder, { recursive: true }));

describe("training options against Hugging Face tokenizers", () => {
  it(`gives the same file on ${cases.length} random cases over all options, of sequences and of files`, async () => {
    const uses = (name: keyof TrainOptions): number => cases.filter(({ options }) => options[name] !== undefined).length;
    expect([uses("continuingSubwordPrefix"), uses("endOfWordSuffix"), uses("limitAlphabet"), uses("maxTokenLength"), uses("initialAlphabet"), uses("normalizer")].every((count) => count > 20)).toBe(true);
    for (const [index, { mode, texts, options, sha }] of cases.entries()) {
      const paths = texts.map((_, number) => join(folder, `${index}-${number}.txt`));
      if (mode === "files") await Promise.all(texts.map((text, number) => writeFile(paths[number]!, text)));
      const got = await trainBpe(mode === "files" ? fileLines(paths) : texts, options);
      expect({ index, texts, options, sha: digest(got) }).toEqual({ index, texts, options, sha });
    }
  });

  it("takes equally rare characters and symbols with affixes in a fixed order, however the texts come", async () => {
    const texts = prose(41, 60);
    for (const more of [{ limitAlphabet: 20, initialAlphabet: [] }, { continuingSubwordPrefix: "##", endOfWordSuffix: "</w>" }]) {
      const options = { vocabSize: 500, ...more };
      expect(digest(await trainBpe([...texts].reverse(), options))).toBe(digest(await trainBpe(texts, options)));
    }
  });

  it.each([
    [{ vocabSize: 300, limitAlphabet: -1 }, "limitAlphabet is -1"],
    [{ vocabSize: 300, maxTokenLength: 1.5 }, "maxTokenLength is 1.5"],
  ])("refuses %j", async (wrong, message) => {
    await expect(trainBpe(["a"], wrong)).rejects.toThrow(message);
  });
});

describe("fileLines", () => {
  it("reads lines with their ends over the borders of chunks", async () => {
    const path = join(folder, "long.txt");
    const lines = ["\uFEFFstart\n", "\n", "é".repeat(700_000) + "\r\n", "世".repeat(900_000) + "\n", "\u2028 \u0085 \f\n", "no end"];
    await writeFile(path, lines.join(""));
    const read: string[] = [];
    for await (const batch of fileLines([path, path])) read.push(...batch);
    expect(read.length).toBe(12);
    expect(read.join("") === lines.join("").repeat(2) && read.every((line, index) => line === lines[index % 6])).toBe(true);
  });

  it("refuses what is not UTF-8, and names the file", async () => {
    const path = join(folder, "latin1.txt");
    await writeFile(path, Buffer.from([0x61, 0xe9, 0x0a]));
    await expect(trainBpe(fileLines(path), { vocabSize: 300 })).rejects.toThrow(`${path} is not UTF-8 text`);
  });
});

describe("training on word counts", () => {
  it("equals training on the texts, from pairs and from a table, in any order", async () => {
    const texts = prose(42, 200);
    const expected = digest(await trainBpe(texts, { vocabSize: 700 }));
    const words = await countWords(texts);
    expect(digest(await trainFromWordCounts(words, { vocabSize: 700 }))).toBe(expected);
    const pairs = [...words.entries()].map(([bytes, count]): [string, number] => [Buffer.from(bytes).toString(), count]);
    expect(digest(await trainFromWordCounts(new Map(pairs.reverse()), { vocabSize: 700 }))).toBe(expected);

    const halves = await Promise.all([countWords(texts.slice(0, 77)), countWords(texts.slice(77))]);
    const joined = new WordCounts();
    for (const half of halves) joined.merge(half);
    expect([joined.size, joined.total, joined.bytes]).toEqual([words.size, words.total, words.bytes]);
    expect(digest(await trainFromWordCounts(joined, { vocabSize: 700 }))).toBe(expected);
  });

  it("scales: counts beyond 2^31, up to 2^53, merge as the small ones do", async () => {
    const word = fc.string({ unit: fc.constantFrom("a", "b", "c"), minLength: 1, maxLength: 8 });
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(word, fc.integer({ min: 1, max: 40 })), { minLength: 1, maxLength: 12 }), fc.constantFrom(2 ** 20, 2 ** 31 - 1, 2 ** 31, 2 ** 40 + 1), fc.boolean(), async (pairs, scale, affixes) => {
        const options = { vocabSize: 290, minFrequency: 2, specialTokens: [], ...(affixes ? { endOfWordSuffix: "_" } : {}) };
        const large = pairs.map(([text, count]): [string, number] => [text, count * scale]);
        const small = await trainFromWordCounts(pairs, options);
        expect(digest(await trainFromWordCounts(large, { ...options, minFrequency: 2 * scale }))).toBe(digest(small));
      }),
      { numRuns: 200, seed: 12 },
    );
  });

  it("tells apart counts that differ by one beyond 2^31 and 2^32", async () => {
    for (const count of [2 ** 31, 2 ** 32, 2 ** 45]) {
      const tokenizer = await trainFromWordCounts([["ab", count], ["cd", count + 1], ["ef", count - 1]], { vocabSize: 1000, specialTokens: [] });
      expect([...tokenizer.mergePairs()]).toEqual([["c", "d"], ["a", "b"], ["e", "f"]]);
    }
  });

  it.each([[-1], [0.5], [NaN], [2 ** 53]])("refuses the count %d", async (count) => {
    await expect(trainFromWordCounts([["ab", count]], { vocabSize: 300 })).rejects.toThrow(`The count of "ab" is ${count}`);
  });

  it("refuses counts whose sum would no longer be exact", async () => {
    await expect(trainFromWordCounts([["ab", 2 ** 52], ["ab", 2 ** 52]], { vocabSize: 300 })).rejects.toThrow("more than 2^53 bytes");
  });
});
