import fc from "fast-check";
import { expect, it } from "vitest";
import * as core from "@llm/bpe/core";
import { Tokenizer, trainBpe } from "@llm/bpe";
import { prose, Random } from "../../test/texts.js";
import { IdList } from "./id-list.js";
import { MergeRanks } from "./merge-ranks.js";
import { WordMerger } from "./word-merger.js";
import { GPT2_PATTERN, scannerOf } from "../patterns.js";
import { BYTES_BEYOND } from "../text-chunks.js";
import { wordKernel } from "./word-kernel.js";
import type { EncodeWord } from "./word-loop.js";

const scan = scannerOf(GPT2_PATTERN)!;
const utf8 = (text: string): Uint8Array => {
  const bytes = Buffer.from(text);
  const room = new Uint8Array(bytes.length + BYTES_BEYOND);
  room.set(bytes);
  return room;
};

/** A kernel that gives each word its length as its token, so that the tokens show where a text was cut. */
function counting(): { run: (text: string | Uint8Array, from?: number, to?: number) => number[]; asked: () => number } {
  let asked = 0;
  const encodeWord: EncodeWord = (_bytes, start, end, out) => {
    asked++;
    out.push(end - start);
  };
  const kernel = wordKernel({ scan, encodeWord, limit: 1000, byteIds: new Int32Array(256).fill(-1), merges: undefined })!;
  const run = (text: string | Uint8Array, from = 0, to?: number): number[] => {
    const bytes = typeof text === "string" ? utf8(text) : text;
    const out = new IdList();
    kernel.run(bytes, from, to ?? bytes.length - BYTES_BEYOND, out);
    return Array.from(out.toArray());
  };
  return { run, asked: () => asked };
}

it("merges the bytes of short words as WordMerger does, and asks for the words that hold other bytes", () => {
  const LETTERS = "abcd";
  const merge = fc.tuple(fc.nat(11), fc.nat(11));
  // A pair may come again: its later rank counts.
  const cases = fc.record({
    pairs: fc.oneof({ weight: 9, arbitrary: fc.array(merge, { minLength: 8, maxLength: 40 }) }, fc.array(merge, { maxLength: 2 })),
    words: fc.array(fc.oneof(fc.stringMatching(/^[a-d]{2,15}$/), fc.stringMatching(/^[ab]{4,15}$/), fc.stringMatching(/^[a-e]{1,18}$/), fc.stringMatching(/^[a-d]{16,66}$/)), { minLength: 10, maxLength: 40 }),
  });
  let [merged, asked, all] = [0, 0, 0];
  fc.assert(
    fc.property(cases, ({ pairs, words }) => {
      const ranks = new MergeRanks(Int32Array.from(pairs.flat()), Int32Array.from(pairs.keys(), (rank) => LETTERS.length + rank));
      const merger = new WordMerger(ranks);
      const byteIds = new Int32Array(256).fill(-1);
      for (let letter = 0; letter < LETTERS.length; letter++) byteIds[LETTERS.charCodeAt(letter)] = letter;
      const tokens = (word: string): number[] => {
        const symbols = Int32Array.from(word, (letter) => byteIds[letter.charCodeAt(0)]!);
        return Array.from(symbols.subarray(0, merger.merge(symbols, word.length)));
      };
      const kernel = wordKernel({
        scan: (bytes, start) => (bytes[start] === 0x2c ? start + 1 : scan(bytes, start, bytes.length)),
        encodeWord(bytes, start, end, out) {
          const word = Buffer.from(bytes.subarray(start, end)).toString();
          expect(word.length > 63 || /[e,]/.test(word)).toBe(true);
          asked++;
          if (/[e,]/.test(word)) out.push(1000);
          else tokens(word).forEach((id) => out.push(id));
        },
        limit: LETTERS.length + pairs.length,
        byteIds,
        merges: ranks,
      })!;
      const expected = words.flatMap((word) => [...(word.includes("e") ? [1000] : tokens(word)), 1000]);
      const bytes = utf8(words.map((word) => `${word},`).join(""));
      for (let pass = 0; pass < 2; pass++) {
        const out = new IdList();
        kernel.run(bytes, 0, bytes.length - BYTES_BEYOND, out);
        expect(Array.from(out.toArray())).toEqual(expected);
      }
      all += words.length;
      merged += words.filter((word) => !word.includes("e") && word.length > 1 && tokens(word).length < word.length).length;
    }),
    { numRuns: 600, seed: 6 },
  );
  expect(merged).toBeGreaterThan(all / 4);
  expect(asked).toBeGreaterThan(all / 10);
});

it("gives the same tokens for more words than its table holds, in texts of any length", async () => {
  const json = (await trainBpe(prose(1, 3000), { vocabSize: 1500 })).toJSON();
  const [full, small] = [Tokenizer.fromJSON(json), core.Tokenizer.fromJSON(json)];
  const random = new Random(5);
  const word = (): string => Array.from({ length: 2 + random.below(16) }, () => "etaoinshrdlu"[random.below(12)]).join("");
  const words = Array.from({ length: 400_000 }, word);
  expect(new Set(words).size).toBeGreaterThan(1 << 18);
  // Some 4 MB in one text, then words of it again in short ones.
  const long = words.join(" ");
  expect(Buffer.from(full.encode(long).ids.buffer).equals(Buffer.from(small.encode(long).ids.buffer))).toBe(true);
  for (let text = 0; text < 300; text++) {
    const some = Array.from({ length: 40 }, () => words[random.below(words.length)]).join(random.below(2) ? " " : ", ");
    expect(full.encodeIds(some)).toEqual(small.encodeIds(some));
  }
});

it("keeps words apart that begin with the same fifteen bytes, or that zeros may stand for", () => {
  const { run, asked } = counting();
  const words = ["abcdefghijklmno", "abcdefghijklmnop", "abcdefghijklmnoq", `${"abcdefghijklmno"}${"z".repeat(256)}`, "a", "a".repeat(257), "b", "b".repeat(272), "x".repeat(63), "x".repeat(64), `${"x".repeat(62)}y`, `${"x".repeat(15)}y${"x".repeat(47)}`, `${"x".repeat(40)}y${"x".repeat(7)}`];
  for (let pass = 0; pass < 3; pass++) expect(run(words.join(","))).toEqual(words.flatMap((word, index) => (index === 0 ? [word.length] : [1, word.length])));
  // Those of up to 63 bytes are kept, and the comma.
  expect(asked()).toBe(10 + 4 * 3);
});

it("keeps thousands of long words with up to fifteen tokens", () => {
  let asked = 0;
  const encodeWord: EncodeWord = (_bytes, start, end, out) => {
    asked++;
    for (let token = 0; token < (end - start) % 18; token++) out.push(token * 4099);
  };
  const kernel = wordKernel({ scan, encodeWord, limit: 1 << 20, byteIds: new Int32Array(256).fill(-1), merges: undefined })!;
  const random = new Random(9);
  const words = Array.from({ length: 4000 }, () => Array.from({ length: 16 + random.below(48) }, () => "abcdefgh"[random.below(8)]).join(""));
  const kept = words.filter((word) => word.length % 18 <= 15).length;
  const bytes = utf8(words.map((word) => `${word},`).join(""));
  const expected = words.flatMap((word) => [...Array.from({ length: word.length % 18 }, (_, token) => token * 4099), 0]);
  for (let pass = 0; pass < 2; pass++) {
    asked = 0;
    const out = new IdList();
    kernel.run(bytes, 0, bytes.length - BYTES_BEYOND, out);
    expect(Array.from(out.toArray())).toEqual(expected);
  }
  expect(asked).toBeGreaterThanOrEqual(words.length - kept);
  expect(asked).toBeLessThan(words.length - kept + kept / 5);
});

it("keeps a hundred thousand words, most of them", () => {
  const { run, asked } = counting();
  const text = Array.from({ length: 100_000 }, (_, index) => ` ${(index * 7919 + 12345678).toString(36).replace(/\d/g, (digit) => "klmnopqrst"[Number(digit)]!)}`);
  const distinct = new Set(text).size;
  expect(distinct).toBeGreaterThan(50_000);
  const expected = text.map((word) => word.length);
  expect(run(text.join(""))).toEqual(expected);
  const first = asked();
  expect(first).toBeGreaterThanOrEqual(distinct);
  expect(run(text.join(""))).toEqual(expected);
  expect(asked() - first).toBeLessThan(distinct / 4);
});

it("knows the last of very many merges", () => {
  // Pairs of ids that no byte has, so that the merges of a and b come at the very end.
  const count = (1 << 19) + 5;
  const pairs = Int32Array.from({ length: count * 2 }, (_, at) => 1000 + (at % 2 ? at >> 10 : (at >> 1) % 512));
  const made = Int32Array.from({ length: count }, (_, rank) => 2000 + rank);
  for (const [rank, left, right] of [[(1 << 19) - 1, 0, 1], [1 << 19, 1, 0], [count - 1, 1, 1]] as const) pairs.set([left, right], rank * 2);
  const byteIds = new Int32Array(256).fill(-1);
  byteIds.set([0, 1], 0x61);
  const kernel = wordKernel({ scan, encodeWord: () => expect.fail("all words are merged"), limit: 2000 + count, byteIds, merges: new MergeRanks(pairs, made) })!;
  const out = new IdList();
  for (const word of ["ab", "ba", "bb", "aa"]) kernel.run(utf8(word), 0, 2, out);
  expect(Array.from(out.toArray())).toEqual([made[(1 << 19) - 1], made[1 << 19], made[count - 1], 0, 0]);
});

it.each([
  ["blanks alone", " ".repeat(1_500_000)],
  ["one letter", "a".repeat(1_200_000)],
  ["words without blanks", "ab,".repeat(500_000)],
  ["blanks far apart", `${"x".repeat(1_199_999)} `.repeat(2)],
  ["words of three bytes", "\u4e16\u754c\u3002".repeat(150_000)],
  ["a word where the room ends", `${"b".repeat((1 << 20) - 3)} cdefg hij`],
])("gives a text of %s the tokens of its words, from bytes that others follow", (_, text) => {
  const expected: number[] = [];
  const bytes = Buffer.from(`zz ${text} zz${"z".repeat(BYTES_BEYOND)}`);
  const [from, to] = [3, bytes.length - 3 - BYTES_BEYOND];
  for (let start = from; start < to; ) {
    const end = scan(bytes, start, to);
    expected.push(end - start);
    start = end;
  }
  expect(counting().run(bytes, from, to)).toEqual(expected);
});

it("is not there for files with more tokens than its tables hold", () => {
  const parts = { scan, encodeWord: () => undefined, byteIds: new Int32Array(256), merges: undefined };
  expect(wordKernel({ ...parts, limit: (1 << 21) - 1 })).toBeDefined();
  expect(wordKernel({ ...parts, limit: 1 << 21 })).toBeUndefined();
});
