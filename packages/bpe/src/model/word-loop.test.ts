import fc from "fast-check";
import { expect, it } from "vitest";
import { GPT2_PATTERN, TIKTOKEN_PATTERNS, scannerOf, type Scanner } from "../patterns.js";
import { digitsWordEnd } from "../scanner-tiktoken.js";
import { BYTES_BEYOND } from "../text-chunks.js";
import { IdList } from "./id-list.js";
import { wordKernel } from "./word-kernel.js";
import { WordLoop, type EncodeWord, type WordEncoder } from "./word-loop.js";

const CONTRACTIONS = "(?i:'s|'t|'re|'ve|'m|'ll|'d)";
const qwen = `${CONTRACTIONS}|` + String.raw`[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+|\p{N}| ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`;
const SCANNERS: Record<string, Scanner> = {
  gpt2: scannerOf(GPT2_PATTERN)!,
  cl100k: scannerOf(TIKTOKEN_PATTERNS.cl100k_base)!,
  o200k: scannerOf(TIKTOKEN_PATTERNS.o200k_base)!,
  qwen: scannerOf(qwen)!,
  digits: (bytes, start, end) => digitsWordEnd(bytes, start, end, true),
};
/** In WebAssembly without merges: all tokens are asked for. */
const ENCODERS: Record<string, (scan: Scanner, encodeWord: EncodeWord) => WordEncoder> = {
  TypeScript: (scan, encodeWord) => new WordLoop(scan, encodeWord),
  WebAssembly: (scan, encodeWord) => wordKernel({ scan, encodeWord, limit: 1000, byteIds: new Int32Array(256).fill(-1), merges: undefined })!,
};
const CASES = Object.keys(ENCODERS).flatMap((encoder) => Object.keys(SCANNERS).map((scanner) => [encoder, scanner] as const));

/** Tokens that tell which word they stand for: its number, then up to six more. */
class Numbers {
  readonly words = new Map<string, number>();

  readonly encode = (bytes: Uint8Array, start: number, end: number, out: IdList): void => {
    const word = Buffer.from(bytes.subarray(start, end)).toString("latin1");
    if (!this.words.has(word)) this.words.set(word, this.words.size * 8);
    const id = this.words.get(word)!;
    // Some words have no tokens at all.
    for (let token = 0; token < Math.min(end - start, (id >> 3) % 8); token++) out.push(id + token);
  };
}

it.each(CASES)("gives each word of a text the tokens that it has by itself: %s, %s", (encoder, scanner) => {
  const scan = SCANNERS[scanner]!;
  const piece = fc.oneof(
    fc.constantFrom(" ", "  ", "\n", "'s", "'S", "'", "’", "don't", "HTTPServer", "iPhone", "Hello", "WORLD", "a", "é", "naïve", "中", "e\u0301", "\u0000", "\u0000ab", "1", "2024", "_x", "x_y", "a.b", "\t", "\r\n", "@", "[", "`", "{", "😀"),
    fc.stringMatching(/^ ?[a-z]{1,20}$/),
    fc.stringMatching(/^ ?[A-Za-z]{1,9}$/),
    fc.string({ maxLength: 6 }),
    fc.string({ unit: "binary", maxLength: 4 }),
  );
  const numbers = new Numbers();
  const loop = ENCODERS[encoder]!(scan, numbers.encode);
  let words = 0;
  fc.assert(
    fc.property(fc.array(piece, { minLength: 10, maxLength: 40 }), (pieces) => {
      const text = Buffer.from(pieces.join(""));
      // Another text may stand before it, and after the bytes that are overwritten.
      const from = pieces.length % 3;
      const to = from + text.length;
      const bytes = new Uint8Array(to + BYTES_BEYOND + 1).fill(0x61);
      bytes.set(text, from);
      const [expected, found] = [new IdList(), new IdList()];
      for (let start = from; start < to; words++) {
        const end = scan(bytes, start, to);
        numbers.encode(bytes, start, end, expected);
        start = end;
      }
      for (const repeat of [1, 2]) {
        found.push(7);
        loop.run(bytes, from, to, found);
        expect(bytes.at(-1)).toBe(0x61);
        expect([repeat, ...found.cleared().ids.subarray(0, expected.length + 1)]).toEqual([repeat, 7, ...expected.toArray()]);
      }
    }),
    { numRuns: 800, seed: 4 },
  );
  expect(words).toBeGreaterThan(10_000);
  expect(numbers.words.size).toBeGreaterThan(2_000);
});
