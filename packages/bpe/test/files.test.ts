import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { BpeError, Tokenizer, fromTiktoken, fromVocabAndMerges, toTiktoken, toVocabAndMerges, trainBpe } from "@llm/bpe";
import { prose } from "./texts.js";

const trained = await trainBpe(prose(1, 300), { vocabSize: 400 });
const texts = prose(5, 20);

it("writes vocab.json and merges.txt, and reads them back to the same ids", () => {
  const { vocab, merges } = toVocabAndMerges(trained);
  expect(merges.split("\n").slice(0, 2)).toEqual(["#version: 0.2", [...trained.mergePairs()][0]!.join(" ")]);
  const names = trained.addedTokens.map((token) => token.content);
  for (const lines of [merges, merges.slice(merges.indexOf("\n") + 1), merges.replaceAll("\n", "\r\n")]) {
    const again = fromVocabAndMerges(vocab, lines, { specialTokens: names });
    for (const text of texts) expect(again.encodeIds(text)).toEqual(trained.encodeIds(text));
    expect(again.toJSON()).toBe(trained.toJSON());
  }
});

it("writes a .tiktoken file, and reads it back to the same ids", () => {
  const special = Object.fromEntries(trained.addedTokens.map((token) => [token.content, token.id]));
  const again = fromTiktoken(toTiktoken(trained), { pattern: "gpt2", specialTokens: special });
  for (const text of [...texts, "<s>a</s>"]) {
    expect(again.encodeIds(text)).toEqual(trained.encodeIds(text));
    expect(again.encodeIds(text, { special: "parse" })).toEqual(trained.encodeIds(text, { special: "parse" }));
  }
});

it("reads bytes as it reads texts, small files and large ones", async () => {
  const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
  const large = await trainBpe(prose(2, 4000), { vocabSize: 8000 });
  for (const tokenizer of [trained, large]) {
    const { vocab, merges } = toVocabAndMerges(tokenizer);
    const specialTokens = tokenizer.addedTokens.map((token) => token.content);
    const made = [Tokenizer.fromJSON(bytes(tokenizer.toJSON())), Tokenizer.fromJSON(Buffer.from(tokenizer.toJSON(false))), fromVocabAndMerges(bytes(vocab), bytes(merges), { specialTokens }), fromVocabAndMerges(vocab, merges, { specialTokens })];
    for (const again of made) {
      expect(again.toJSON()).toBe(tokenizer.toJSON());
      expect([again.vocabSize, again.special]).toEqual([tokenizer.vocabSize, tokenizer.special]);
      for (const text of texts) {
        const ids = tokenizer.encodeIds(text);
        expect(again.encodeIds(text)).toEqual(ids);
        expect(again.encodeAsSaved(text)).toEqual(tokenizer.encodeAsSaved(text));
        expect(again.decode(ids)).toBe(text);
        expect(ids.map((id) => again.tokenToId(again.idToToken(id)!))).toEqual(ids);
      }
      expect(["nowhere", "", "\ud800"].map((token) => again.tokenToId(token))).toEqual([undefined, undefined, undefined]);
      expect([-1, 0.5, tokenizer.vocabSize].map((id) => again.idToToken(id))).toEqual([undefined, undefined, undefined]);
    }
    expect(() => fromVocabAndMerges(vocab, merges, { specialTokens: ["<none>"] })).toThrow(/"<none>" is not in vocab.json/);
    expect(() => fromVocabAndMerges(bytes(vocab), bytes(`${merges}a nowhere\n`))).toThrow(/needs "nowhere"/);
    expect(() => fromVocabAndMerges(bytes(vocab.slice(0, -1)), bytes(merges))).toThrow(/vocab.json is not valid JSON/);
  }
  expect(() => Tokenizer.fromJSON(Uint8Array.of(0x7b, 0xff))).toThrow(/not a tokenizer.json: its bytes are not UTF-8/);
  expect(() => fromVocabAndMerges(Uint8Array.of(0x7b, 0xff), "")).toThrow(/not a vocab.json: its bytes are not UTF-8/);
  expect(() => fromVocabAndMerges("{}", Uint8Array.of(0xff))).toThrow(/not a merges.txt: its bytes are not UTF-8/);
});

it("names what is wrong with a file", () => {
  expect(() => fromVocabAndMerges("{", "")).toThrow(/vocab.json is not valid JSON/);
  expect(() => fromVocabAndMerges("{\"a\":0}", "a b")).toThrow(/needs "b"/);
  expect(() => fromVocabAndMerges("{\"a\":0}", "", { specialTokens: ["<s>"] })).toThrow(/"<s>" is not in vocab.json/);
  expect(() => fromTiktoken("YQ== 0\nno", { pattern: "gpt2" })).toThrow(/Line 2 .* expected base64/);
  expect(() => fromTiktoken("", { pattern: "gpt2" })).toThrow(BpeError);
  expect(() => fromTiktoken("YQ== 0", { pattern: "(" })).toThrow(/a group that is not closed/);
});

it("refuses hostile files with a clear error, within a second", () => {
  const file = JSON.parse(trained.toJSON()) as Record<string, unknown>;
  const split = (Regex: string) => ({ ...file, pre_tokenizer: { type: "Split", pattern: { Regex }, behavior: "Isolated", invert: false } });
  const hostile: [unknown, RegExp][] = [
    [split("(".repeat(5000)), /nested too deeply/],
    [split("[".repeat(5000)), /nested too deeply/],
    [split("a".repeat(50_000)), /50000 characters/],
    [{ ...file, model: { type: "BPE", vocab: { a: 2_000_000_000 }, merges: [] } }, /the id 2000000000/],
    [{ ...file, added_tokens: [], model: { type: "BPE", vocab: { a: 0 }, merges: Array.from({ length: 2_200_000 }, () => "a a") } }, /2200000 entries/],
    [{ ...file, added_tokens: [{ id: 1e9, content: "x" }] }, /no usable id/],
  ];
  for (const [value, message] of hostile) {
    const started = performance.now();
    expect(() => Tokenizer.fromJSON(value as object)).toThrow(message);
    expect(performance.now() - started).toBeLessThan(1000);
  }
});

it("keeps the core free of dependencies and of Node", () => {
  const seen = new Set<string>();
  const outside: string[] = [];
  const walk = (file: URL): void => {
    if (seen.has(file.href)) return;
    seen.add(file.href);
    for (const [, name] of readFileSync(file, "utf8").matchAll(/^(?:import|export)\b[^;]*? from "([^"]+)"/gm)) {
      if (name!.startsWith(".")) walk(new URL(name!.replace(/\.js$/, ".ts"), file));
      else outside.push(name!);
    }
  };
  walk(new URL("../src/index.ts", import.meta.url));
  expect(seen.size).toBeGreaterThan(30);
  expect(outside).toEqual([]);
});
