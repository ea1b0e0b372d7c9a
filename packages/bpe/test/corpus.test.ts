import { createHash } from "node:crypto";
import { mkdir, mkdtemp, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openShards, writeJsonl } from "@llm/dataset";
import { BpeError, encodeChat, trainBpe, type ChatMessage, type Tokenizer } from "@llm/bpe";
import { loadTokenizer, saveTokenizer, tokenizeCorpus, type TokenizeProgress } from "@llm/bpe/corpus";
import { prose } from "./texts.js";

let folder: string;
let tokenizer: Tokenizer;
let options: { tokenizer: string; val: number };
const texts = prose(21, 400);
const chat = (index: number): ChatMessage[] => [
  { role: "user", content: `${texts[index]} <s>` },
  { role: "assistant", content: texts[index + 1]! },
];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "bpe-corpus-"));
  tokenizer = await trainBpe(texts, { vocabSize: 700 });
  await saveTokenizer(join(folder, "tokenizer.json"), tokenizer);
  await writeFile(join(folder, "documents.jsonl"), texts.map((text) => JSON.stringify({ text })).join("\n"));
  await writeJsonl(join(folder, "chats.jsonl"), (function* () { for (let i = 0; i < 60; i += 2) yield { text: "", id: String(i), messages: chat(i) }; })());
  options = { tokenizer: join(folder, "tokenizer.json"), val: 0.1 };
});
afterAll(() => rm(folder, { recursive: true }));

/** Every visible file of a folder with a digest of its bytes. */
async function snapshot(path: string): Promise<Record<string, string>> {
  const result: Record<string, string> = {};
  for (const name of (await readdir(path)).sort()) result[name] = createHash("sha256").update(await readFile(join(path, name))).digest("hex");
  return result;
}

const documentsOf = async (path: string, split: "train" | "val") => {
  const { [split]: count } = { train: (await openShards(path)).split("train"), val: (await openShards(path)).split("val") };
  return Promise.all(Array.from({ length: count.documents }, (_, index) => count.document(index)));
};

describe("tokenizeCorpus", () => {
  it("writes every document as <s>text</s>, in order, in the split its hash says", async () => {
    const out = join(folder, "documents");
    const manifest = await tokenizeCorpus(join(folder, "documents.jsonl"), { ...options, out });
    const decode = async (split: "train" | "val") => (await documentsOf(out, split)).map(({ tokens, mask }) => [tokens[0], tokenizer.decode(tokens), tokens.at(-1), mask]);
    const [train, val] = [await decode("train"), await decode("val")];
    const hash = (text: string): number => parseInt(createHash("sha256").update(text).digest("hex").slice(0, 8), 16) / 2 ** 32;
    expect(val).toEqual(texts.filter((text) => hash(text) < 0.1).map((text) => [0, text, 2, undefined]));
    expect(train).toEqual(texts.filter((text) => hash(text) >= 0.1).map((text) => [0, text, 2, undefined]));
    expect(val.length).toBeGreaterThan(20);

    expect(manifest.splits.train.textBytes + manifest.splits.val.textBytes).toBe(texts.reduce((sum, text) => sum + Buffer.byteLength(text), 0));
    expect(manifest).toMatchObject({ dtype: "u16", lossMask: false, tokenizer: { vocabSize: tokenizer.vocabSize, bos: 0, pad: 1, eos: 2, unk: 3, special: { "<|assistant|>": 7 } } });
    expect(await readFile(join(out, "tokenizer.json"), "utf8")).toBe(tokenizer.toJSON());
    expect(JSON.parse(await readFile(join(out, "tokenizer_config.json"), "utf8"))).toMatchObject({ tokenizer_class: "PreTrainedTokenizerFast", model_max_length: 1024 });
    expect(JSON.parse(await readFile(join(out, "special_tokens_map.json"), "utf8"))).toMatchObject({ pad_token: "<pad>" });
  });

  it("keeps a document's split whatever else is in the corpus", async () => {
    const out = join(folder, "half");
    await writeFile(join(folder, "half.jsonl"), texts.slice(200).reverse().map((text) => JSON.stringify({ text })).join("\n"));
    await tokenizeCorpus(join(folder, "half.jsonl"), { ...options, out });
    const held = (await documentsOf(join(folder, "documents"), "val")).map(({ tokens }) => tokenizer.decode(tokens));
    const now = (await documentsOf(out, "val")).map(({ tokens }) => tokenizer.decode(tokens));
    expect(now.sort()).toEqual(held.filter((text) => texts.indexOf(text) >= 200).sort());
  });

  it("writes chats with loss masks, and leaves out rows that are none", async () => {
    const out = join(folder, "chats");
    const manifest = await tokenizeCorpus([join(folder, "chats.jsonl"), join(folder, "documents.jsonl")], { ...options, out, val: 0, chat: true });
    const documents = await documentsOf(out, "train");
    const expected = Array.from({ length: 30 }, (_, index) => encodeChat(tokenizer, chat(index * 2)));
    expect(documents.map(({ tokens }) => Array.from(tokens))).toEqual(expected.map(({ ids }) => ids));
    expect(documents.map(({ mask }) => Array.from(mask!))).toEqual(expected.map(({ mask }) => Array.from(mask)));
    expect(manifest.splits.train.lossTokens).toBe(expected.reduce((sum, { mask }) => sum + mask.reduce((a, b) => a + b, 0), 0));
  });

  it("writes chats among documents without masks", async () => {
    const out = join(folder, "mixed");
    const manifest = await tokenizeCorpus([join(folder, "chats.jsonl"), join(folder, "documents.jsonl")], { ...options, out, val: 0 });
    expect(manifest).toMatchObject({ lossMask: false, splits: { train: { documents: 430 } } });
    const [first] = await documentsOf(out, "train");
    expect(Array.from(first!.tokens)).toEqual(encodeChat(tokenizer, chat(0)).ids);
  });

  it("does nothing when the same set is there, and makes it anew when a byte of it changed", async () => {
    const out = join(folder, "documents");
    const before = await snapshot(out);
    const events: TokenizeProgress[] = [];
    const again = () => tokenizeCorpus(join(folder, "documents.jsonl"), { ...options, out, onProgress: (event) => events.push(event) });
    await again();
    expect(events).toHaveLength(1);
    expect(events[0]).toMatchObject({ reused: true, documents: 400 });

    for (const [name, at] of [["train-00000.msgpack", 5000], ["tokenizer.json", 90]] as const) {
      const bytes = await readFile(join(out, name));
      bytes[at]! ^= 1;
      await writeFile(join(out, name), bytes);
      events.length = 0;
      await again();
      expect(events.length).toBeGreaterThan(1);
      expect(await snapshot(out)).toEqual(before);
    }
  });

  it("gives the same bytes after it was cut off, and shows nothing of the attempt", async () => {
    const out = join(folder, "cut");
    const small = { ...options, out, maxTokensPerShard: 500 };
    const source = join(folder, "documents.jsonl");
    const whole = join(folder, "whole");
    await tokenizeCorpus(source, { ...small, out: whole });
    expect((await readdir(whole)).length).toBeGreaterThan(8);
    const controller = new AbortController();
    const stopped = tokenizeCorpus(source, { ...small, signal: controller.signal, onProgress: ({ documents }) => documents === 250 && controller.abort() });
    await expect(stopped).rejects.toThrow(/abort/i);
    expect(await readdir(out)).toEqual([]);
    // What a process that was killed leaves behind: shards under way, no manifest.
    await mkdir(join(out, ".partial"), { recursive: true });
    await writeFile(join(out, ".partial", "train-00000.msgpack"), "half a shard");
    await writeFile(join(out, "tokenizer.json"), "{}");
    await tokenizeCorpus(source, small);
    expect(await snapshot(out)).toEqual(await snapshot(whole));
  });

  it("leaves the set that was there when a new run fails", async () => {
    const out = join(folder, "documents");
    const before = await snapshot(out);
    await writeFile(join(folder, "broken.jsonl"), `${JSON.stringify({ text: "good" })}\n{"text": `);
    await expect(tokenizeCorpus([join(folder, "documents.jsonl"), join(folder, "broken.jsonl")], { ...options, out })).rejects.toThrow(/broken.jsonl, line 2/);
    expect(await snapshot(out)).toEqual(before);
  });

  it("takes the tokenizer as text too, and sees when it is another", async () => {
    const out = join(folder, "documents");
    const before = await readFile(join(out, "manifest.json"), "utf8");
    await tokenizeCorpus(join(folder, "documents.jsonl"), { out, val: 0.1, tokenizer: tokenizer.toJSON(false) });
    expect(await readFile(join(out, "manifest.json"), "utf8")).not.toBe(before);
    expect(await readFile(join(out, "tokenizer.json"), "utf8")).toBe(tokenizer.toJSON(false));
  });

  it("refuses what it can't use, in one sentence", async () => {
    const source = join(folder, "documents.jsonl");
    const out = join(folder, "none");
    await expect(tokenizeCorpus(source, { ...options, out, val: 1 })).rejects.toThrow("val is 1;");
    await expect(tokenizeCorpus(source, { ...options, out, chat: true })).rejects.toThrow(/No row has messages/);
    await expect(tokenizeCorpus(source, { ...options, out, tokenizer: source })).rejects.toThrow(/documents.jsonl: This is not a tokenizer.json/);
    const bare = await trainBpe(["a"], { vocabSize: 300, specialTokens: [] });
    await expect(tokenizeCorpus(source, { ...options, out, tokenizer: bare.toJSON() })).rejects.toThrow(BpeError);
    await expect(tokenizeCorpus(join(folder, "nowhere"), { ...options, out })).rejects.toThrow(/nowhere does not exist/);
    await expect(loadTokenizer(join(folder, "nowhere.json"))).rejects.toThrow(/ENOENT/);
  });
});
