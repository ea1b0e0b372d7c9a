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
