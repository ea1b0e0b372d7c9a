import { readFileSync } from "node:fs";
import fc from "fast-check";
import { expect, test } from "vitest";
import xxhash from "xxhash-wasm";
import { SPECIAL } from "../clean/words/spacy-en.js";
import { WordTable } from "../clean/words/words.js";
import { MinHashSigner } from "./minhash.js";
import { ShingleWords } from "./shingle-words.js";
import { Simplifier, simplifyText } from "./simplify.js";

const table = new WordTable();
/** The words by the expressions and rules themselves. */
const expected = (text: string): string[] => Array.from({ length: table.split(simplifyText(text)) }, (_, i) => table.word(table.ids[i]!));

const words = new ShingleWords();
const simplifier = new Simplifier();

function compare(text: string): void {
  const length = simplifier.run(text);
  expect(String.fromCharCode(...simplifier.units.subarray(0, length)), JSON.stringify(text)).toBe(simplifyText(text));
  const list = expected(text);
  expect(words.split(text), JSON.stringify(text)).toBe(list.length);
  const { bytes, ends } = words;
  expect(Buffer.from(bytes.subarray(0, ends[list.length]! + (list.length === 0 ? 1 : 0))).toString(), JSON.stringify(text)).toBe(list.map((word) => word.replaceAll(/\p{Surrogate}/gu, "\ufffd")).join(" "));
  list.forEach((word, i) => expect(ends[i + 1]! - ends[i]! - 1, JSON.stringify(text)).toBe(Buffer.byteLength(word)));
}

test("texts whose characters depend on each other have the same words as by the expressions", () => {
  const texts = [
    ["", " ", "\0", "0", "a", "\u0301", "a \u0301 b", "\u0301a", "a\u0301\u0327b", "1.5.3, 2,5 and 3. 4", "1،2٫3 ٤٥", "7𝟕7 7.𝟕 𝟕", "12.", ".12", "1..2", "1.a"],
    ["ΟΔΥΣΣΕΥΣ ΟΔΟΣ", "İstanbul ISTANBUL", "Straße ﬁne ﬂat", "한국어 텍스트", "ครั้ง", "नमस्ते दुनिया", "日本語のテキスト、です。", "Привет, мир"],
    ["😀 a😀b 👍🏽 👩‍👩‍👧", "\ud800 a\udc00b \ud83d", "x\ud800", "I don't, we'll, cannot, gonna; id ID Id wont", "10km 5pm 10,000km", "a\u00a0b\u2003c\u0085d\x1ce", "caf\u00e9 cafe\u0301 CAFÉ", "“Quoted” — it’s…", "\u1e9b\u0323 \u212b \u2126 \u2000x\u037e \u1fef", "𝐀𝐁 𝔞 𐐀𐐁 𑂚"],
  ].flat();
  for (const text of texts) compare(text);
});

test("every special chunk, and every run of letters that shares its mark, is split by the rules", () => {
  for (const line of SPECIAL) for (const form of [line, line.replaceAll(" ", ""), line.toUpperCase(), `x${line}`, `${line.slice(0, 2)}x${line.slice(2)}`]) compare(`the ${form} of`);
});

test("any text has the same words as by the expressions", () => {
  const char = fc.oneof({ weight: 6, arbitrary: fc.constantFrom(..."abcdst ABS  .,'0127\n-") }, { weight: 1, arbitrary: fc.string({ unit: "binary", minLength: 1, maxLength: 1 }) }, { weight: 1, arbitrary: fc.nat(0xffff).map((code) => String.fromCharCode(code)) });
  fc.assert(fc.property(fc.array(char, { maxLength: 60 }), (chars) => compare(chars.join(""))), { numRuns: 600 });
});

test("every character of the first two planes is simplified as by the expressions", () => {
  const different: string[] = [];
  for (let code = 0; code < 0x20000; code++) {
    // Between letters, so that what depends on neighbours or is dropped shows.
    const text = `b${String.fromCodePoint(code)}c`;
    const length = simplifier.run(text);
    if (String.fromCharCode(...simplifier.units.subarray(0, length)) !== simplifyText(text)) different.push(code.toString(16));
  }
  expect(different).toEqual([]);
});

test("shingles of all lengths have the hashes of an implementation by others", async () => {
  const { h64Raw } = await xxhash();
  const signer = await MinHashSigner.create();
  const { signatures } = JSON.parse(readFileSync(new URL("../../test/goldens/datatrove.json", import.meta.url), "utf8")) as { signatures: { text: string }[] };
  const lengths = Array.from({ length: 120 }, (_, i) => "w".repeat(1 + ((i * 37) % 97)));
  for (const text of [lengths.join(" "), ...signatures.map(({ text }) => text)]) {
    const list = expected(text);
    const found = [...(signer.sign(text)?.shingles ?? [])];
    expect(found).toEqual(list.slice(4).map((_, i) => h64Raw(Buffer.from(list.slice(i, i + 5).join(" ")))));
  }
});
