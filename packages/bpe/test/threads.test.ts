import { existsSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, it } from "vitest";
import { BpeError, countWords, trainFromWordCounts, type WordCounts } from "@llm/bpe";
import { countLinesOnThreads, countWordsOnThreads, fileLines } from "@llm/bpe/corpus";
import { Random, prose, unicodeMix } from "./texts.js";

// Worker threads run what was built: `npm run build` comes first.
beforeAll(() => expect(existsSync(fileURLToPath(new URL("../dist/worker.js", import.meta.url))), "npm run build first").toBe(true));

const table = (words: WordCounts): string => [...words.entries()].map(([word, count]) => `${Buffer.from(word).toString("latin1")} ${count}`).sort().join("\n");

/** Some ten megabytes: more than are counted without threads, with more unique words than a worker keeps. */
function* corpus(): Generator<string | string[]> {
  const some = [...prose(51, 3000), ...unicodeMix(52, 500)];
  const r = new Random(53);
  for (let round = 0; round < 15; round++) {
    yield some;
    yield Array.from({ length: 10_000 }, () => r.next().toString(25).replace(/\d/g, (digit) => "pqrstuvwxy"[Number(digit)]!)).join(" ");
    yield ["", " ", "\ud800 lone", "x".repeat(100_000)];
  }
  yield "many words at once ".repeat(150_000);
}

describe("countWordsOnThreads", () => {
  it("counts what one thread counts, whatever their number", async () => {
    const expected = await countWords(corpus());
    const wanted = table(expected);
    for (const threads of [0, 1, 5]) {
      const words = await countWordsOnThreads(corpus(), { threads });
      expect([threads, words.size, words.total, words.bytes]).toEqual([threads, expected.size, expected.total, expected.bytes]);
      expect(table(words) === wanted).toBe(true);
      if (threads === 5) expect((await trainFromWordCounts(words, { vocabSize: 600 })).toJSON()).toBe((await trainFromWordCounts(expected, { vocabSize: 600 })).toJSON());
    }
    expect(expected.size).toBeGreaterThan(1 << 17);
  });

  it("knows the prefix blank, whole texts as words, and normalizers", async () => {
    function* texts() {
      for (let index = 0; index < 40; index++) yield prose(54 + (index % 5), 2000).join(" ");
    }
    for (const split of [{ addPrefixSpace: true }, { useRegex: false, normalizer: { type: "Lowercase" } }]) {
      expect(table(await countWordsOnThreads(texts(), { threads: 2, ...split })) === table(await countWords(texts(), split))).toBe(true);
    }
  });

  it("stops when its signal aborts, or the source fails, and leaves no thread behind", async () => {
    function* endless() {
      for (;;) yield "and so on, and on ".repeat(5000);
    }
    await expect(countWordsOnThreads(endless(), { threads: 2, signal: AbortSignal.timeout(300) })).rejects.toThrow(/timeout/i);
    await expect(countWordsOnThreads(endless(), { threads: 2, signal: AbortSignal.abort() })).rejects.toThrow(/abort/i);
    function* broken() {
      for (let index = 0; index < 100; index++) yield "a b c ".repeat(50_000);
      throw new Error("the source broke");
    }
    await expect(countWordsOnThreads(broken(), { threads: 2 })).rejects.toThrow("the source broke");
    await expect(countWordsOnThreads([["fine", 7 as unknown as string]], { threads: 2 })).rejects.toThrow("A text is number");
  });

  it.each([[-1], [1.5], [2000]])("refuses %d threads", async (threads) => {
    await expect(countWordsOnThreads(["a"], { threads })).rejects.toThrow(BpeError);
  });
});

describe("countLinesOnThreads", () => {
  it("counts what the lines give as texts, over the borders of tasks", async () => {
    const folder = await mkdtemp(join(tmpdir(), "bpe-lines-"));
    try {
      const some = [...prose(58, 4000), ...unicodeMix(59, 300)].map((text) => text.replace(/[\ud800-\udfff]/gu, ""));
      const files = { a: [...some, "x".repeat(2_500_000), " \r", ""].join("\n"), b: "", c: "no end", d: `\n\n ${some.join(" \n ")}`.repeat(12) };
      const paths = Object.keys(files).map((name) => join(folder, name));
      for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
      const expected = await countWords(fileLines(paths));
      for (const options of [{ threads: 0 }, { threads: 2 }]) {
        const words = await countLinesOnThreads(paths, options);
        expect([words.size, words.total, words.bytes]).toEqual([expected.size, expected.total, expected.bytes]);
        expect(table(words) === table(expected)).toBe(true);
      }
      const blanks = await countLinesOnThreads(paths[3]!, { threads: 0, addPrefixSpace: true });
      expect(table(blanks) === table(await countWords(fileLines(paths[3]!), { addPrefixSpace: true }))).toBe(true);
      await writeFile(join(folder, "e"), Buffer.from([0x61, 0x0a, 0xc3, 0x0a]));
      await expect(countLinesOnThreads(join(folder, "e"))).rejects.toThrow("e is not UTF-8 text");
      await expect(countLinesOnThreads(join(folder, "none"))).rejects.toThrow(/ENOENT/);
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
