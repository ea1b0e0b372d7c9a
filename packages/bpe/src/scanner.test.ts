import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { golden, sha256, type SplitGolden } from "../test/goldens.js";
import { unicodeMix } from "../test/texts.js";
import { bytesToToken } from "./bytes.js";
import { forEachWord } from "./pre-tokenizer.js";
import { digitsWordEnd } from "./scanner-tiktoken.js";
import { wordEnd } from "./scanner.js";
import { CLASS, CLASSES, LETTER, NUMBER, SPACE } from "./unicode/classes.js";

const { blocks, texts, splits } = golden<SplitGolden>("splits");

const words = (text: string): string[] => {
  const result: string[] = [];
  forEachWord(text, { addPrefixSpace: false, useRegex: true }, (bytes, start, end) => result.push(Buffer.from(bytes.subarray(start, end)).toString()));
  return result;
};
const tokens = (text: string): string[] => words(text).map((word) => bytesToToken(new TextEncoder().encode(word)));

/** The pattern as it is written, over the frozen classes. */
const set = (kind: number): string => {
  let ranges = "";
  for (let code = 0; code < 0x110000; code++) {
    if ((CLASSES[code]! & CLASS) !== kind) continue;
    const first = code;
    while ((CLASSES[code + 1]! & CLASS) === kind) code++;
    ranges += `\\u{${first.toString(16)}}-\\u{${code.toString(16)}}`;
  }
  return ranges;
};
const [L, N, S] = [set(LETTER), set(NUMBER), set(SPACE)];
const PATTERN = new RegExp(`'s|'t|'re|'ve|'m|'ll|'d| ?[${L}]+| ?[${N}]+| ?[^${S}${L}${N}]+|[${S}]+(?![^${S}])|[${S}]+`, "gu");
const reference = (text: string): string[] => Array.from(text.matchAll(PATTERN), ([word]) => word);

describe("the scanner", () => {
  it("splits difficult texts as the oracle does", () => {
    expect(texts.map(tokens)).toEqual(splits);
  });

  it("knows the class of every code point as the oracle does", () => {
    const utf8 = new TextEncoder();
    const bytes = new Uint8Array(64);
    const ends = (text: string): string => {
      const length = utf8.encodeInto(text, bytes).written;
      let [characters, list] = [0, ""];
      for (let start = 0; start < length; ) {
        const end = wordEnd(bytes, start, length);
        for (let at = start; at < end; at++) if ((bytes[at]! & 0xc0) !== 0x80) characters++;
        list += `${start ? "," : ""}${characters}`;
        start = end;
      }
      return list;
    };
    const got = blocks.map((_, block) => {
      let probes = "";
      for (let code = block * 0x8000; code < (block + 1) * 0x8000; code++) {
        if (code >= 0xd800 && code < 0xe000) continue;
        const char = String.fromCodePoint(code);
        probes += `${ends(`a${char}1 ${char}!${char} ${char}`)};`;
      }
      return sha256(probes).slice(0, 16);
    });
    expect(got).toEqual(blocks);
  });

  it("agrees with the pattern as a regular expression", () => {
    for (const text of unicodeMix(77, 300)) expect(words(text)).toEqual(reference(text));
    const unit = fc.oneof(fc.constantFrom(..." \n\t'stremvdlaZ09!?._-éÀ世\u0301\u00a0\u3000\u0085\ufeff\u2028½٣😀"), fc.string({ unit: "binary", minLength: 1, maxLength: 1 }));
    fc.assert(
      fc.property(fc.string({ unit, maxLength: 40 }), (text) => {
        expect(words(text)).toEqual(reference(text.replace(/\p{Surrogate}/gu, "\ufffd")));
      }),
      { numRuns: 1500, seed: 3 },
    );
  });

  it("splits a long text in parts as it does in one piece", () => {
    const pieces = ["a  b", "\n\n \n", " 'll", "x".repeat(500), " \u3000", "世界", "12", "!?", "\n"];
    for (let seed = 1; seed <= 5; seed++) {
      let text = "";
      for (let i = 0, state = seed; text.length < 200_000; i++) text += pieces[(state = (state * 48271) % 2147483647) % pieces.length]!;
      expect(words(text)).toEqual(reference(text));
    }
    const runs = `${"y".repeat(70_000)} ${" ".repeat(70_000)}z${"\n".repeat(70_000)}`;
    expect(words(runs)).toEqual(reference(runs));
  });

  it.each([true, false])("cuts at digits before it looks for words; each by itself: %s", (single) => {
    const scan = (bytes: Uint8Array, start: number, end: number): number => digitsWordEnd(bytes, start, end, single);
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(..." \n\t'sa12!\u00a0é"), maxLength: 12 }), (text) => {
        const found: string[] = [];
        forEachWord(text, { addPrefixSpace: false, useRegex: true, scan }, (bytes, start, end) => found.push(Buffer.from(bytes.subarray(start, end)).toString()));
        expect(found).toEqual(text.split(single ? /(\d)/ : /(\d+)/).filter(Boolean).flatMap(reference));
      }),
      { numRuns: 3000, seed: 6 },
    );
  });

  it("takes lone surrogates for U+FFFD", () => {
    expect(words("a\ud800b \udc00")).toEqual(["a", "\ufffd", "b", " \ufffd"]);
  });
});
