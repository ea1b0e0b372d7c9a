import { mkdtemp, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { WordCounts, countWords, trainBpe, trainFromWordCounts } from "@llm/bpe";
import { loadWordCounts, saveWordCounts } from "@llm/bpe/corpus";
import { prose, unicodeMix } from "./texts.js";

let folder: string;
beforeAll(async () => void (folder = await mkdtemp(join(tmpdir(), "bpe-words-"))));
afterAll(() => rm(folder, { recursive: true }));

describe("files of word counts", () => {
  const texts = [...prose(71, 300), ...unicodeMix(72, 100), "\uFEFFbom \u2028 \0 \" \\ \ud800"];

  it("train as the texts do, also when counted apart", async () => {
    await saveWordCounts(join(folder, "a.jsonl"), await countWords(texts.slice(0, 150)));
    await saveWordCounts(join(folder, "b.jsonl"), await countWords(texts.slice(150)));
    const words = await loadWordCounts([join(folder, "b.jsonl"), join(folder, "a.jsonl")]);
    expect((await trainFromWordCounts(words, { vocabSize: 800 })).toJSON()).toBe((await trainBpe(texts, { vocabSize: 800 })).toJSON());
  });

  it("have the same bytes whatever the order of the texts, frequent words first", async () => {
    await saveWordCounts(join(folder, "forward.jsonl"), await countWords(texts));
    await saveWordCounts(join(folder, "backward.jsonl"), await countWords([...texts].reverse()));
    const bytes = await readFile(join(folder, "forward.jsonl"));
    expect(bytes.equals(await readFile(join(folder, "backward.jsonl")))).toBe(true);
    const counts = bytes.toString().trimEnd().split("\n").map((line) => (JSON.parse(line) as [string, number])[1]);
    expect(counts).toEqual([...counts].sort((a, b) => b - a));
  });

  it.each([["nonsense", "not valid JSON"], ['["a",-1]', "found"], ['["a",1.5]', "found"], ['{"a":1}', "found"], ['["a",1,2]', "found"]])("refuse the line %s by its place", async (line, message) => {
    const path = join(folder, "bad.jsonl");
    await writeFile(path, `["good",1]\n${line}\n`);
    await expect(loadWordCounts(path)).rejects.toThrow(`${path}, line 2: `);
    await expect(loadWordCounts(path)).rejects.toThrow(message);
  });

  it("leave nothing behind when they can't be written", async () => {
    const words = new WordCounts();
    words.add(Uint8Array.of(0xff, 0xfe), 3);
    await expect(saveWordCounts(join(folder, "none", "x.jsonl"), words)).rejects.toThrow("not UTF-8");
    expect(await readdir(join(folder, "none"))).toEqual([]);
  });
});
