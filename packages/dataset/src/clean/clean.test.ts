import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Document } from "../document.js";
import { Cleaner, type RejectReason, cleanDocuments, isOtherLanguage, isTooShort } from "./clean.js";
import { HashSet64 } from "./hash-set.js";
import { normalizeText } from "./normalize.js";

describe("normalizeText", () => {
  test.each([
    ["e\u0301te\u0301", "été"],
    ["a\r\nb\rc\u2028d\u2029e\u0085f\fg\vh", "a\nb\nc\nd\ne\nf\ng\nh"],
    ["\ufeffa\0b\u0007c\u001b[0m\u007f\u009fd", "abc[0md"],
    ["  a \t \n\n b\u00a0\n c  ", "a\n\n b\n c"],
    ["tab\tstays", "tab\tstays"],
    ["broken \ud83e half, whole 🦊", "broken  half, whole 🦊"],
    ["e\u0000\u0301", "é"],
    [" \n\t ", ""],
  ])("%j becomes %j", (text, expected) => {
    expect(normalizeText(text)).toBe(expected);
  });

  test("twice is the same as once, and the result is well-formed", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 40 }), (text) => {
        const once = normalizeText(text);
        expect(normalizeText(once)).toBe(once);
        expect(once.normalize("NFC")).toBe(once);
        // eslint-disable-next-line no-control-regex
        expect(once).not.toMatch(/[\0-\x08\x0b-\x1f\x7f-\x9f\ufeff\u2028\u2029]|\s$|^\s|[^\S\n]\n|\p{Surrogate}/u);
      }),
      { numRuns: 500 },
    );
  });
});

test("HashSet64 tells what a Set of bigints tells", () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.constantFrom(0, 1, 2 ** 31, 2 ** 32 - 1), fc.nat(30)), { maxLength: 200 }), (pairs) => {
      const ours = new HashSet64();
      const reference = new Set<bigint>();
      for (const [high, low] of pairs) {
        const key = (BigInt(high) << 32n) | BigInt(low);
        expect(ours.add(high, low)).toBe(!reference.has(key));
        reference.add(key);
        expect(ours.size).toBe(reference.size);
      }
    }),
  );
  const large = new HashSet64();
  let fresh = 0;
  for (let round = 0; round < 2; round++) for (let i = 0; i < 50_000; i++) if (large.add(i, Math.imul(i, 0x9e3779b1) >>> 0)) fresh++;
  expect(fresh).toBe(50_000);
});

test("languages and lengths", () => {
  const speaks = (language?: string): boolean => !isOtherLanguage({ text: "", id: "", ...(language === undefined ? {} : { language }) }, "en");
  expect(["en", "EN", "en-GB", "en_US", "eng", "", undefined].map(speaks)).toEqual(Array(7).fill(true));
  expect(["de", "e", "english", "zh", "enm"].map(speaks)).toEqual(Array(5).fill(false));
  expect(isTooShort("🦊".repeat(19), 20)).toBe(true);
  expect(isTooShort("🦊".repeat(20), 20)).toBe(false);
  expect(isTooShort("", 0)).toBe(false);
});

test("each planted defect is found for its own reason, and nothing else is touched", async () => {
  const chat = (...contents: string[]): Document["messages"] => contents.map((content, i) => ({ role: i % 2 === 0 ? "user" : "assistant", content }));
  const long = (i: number): string => `This is a whole sentence, number ${i}.`;
  const planted: [Partial<Document>, RejectReason | undefined][] = [
    [{ text: long(1) }, undefined],
    [{ text: `  ${long(1)}\r\n` }, "duplicate"],
    [{ text: long(2), language: "de" }, "wrong-language"],
    [{ text: long(2), language: "en" }, undefined],
    [{ text: "Too short." }, "too-short"],
    [{ text: `\0\u0001${" ".repeat(40)}short` }, "too-short"],
    [{ text: "Hi\nHello!", messages: chat("Hi", "Hello!") }, undefined],
    [{ text: "Hi\nHello!", messages: chat("Hi ", "Hello!\0") }, "duplicate"],
    [{ text: "Hi", messages: chat("Hi") }, "empty-message"],
    [{ text: "Hi\n", messages: chat("Hi", " \n") }, "empty-message"],
    [{ text: "Hi\nHello!" }, "too-short"],
    [{ text: long(3) }, undefined],
  ];
  const rejected: (RejectReason | undefined)[] = Array(planted.length);
  const kept: Document[] = [];
  const documents = planted.map(([document, _], i): Document => ({ text: "", id: String(i), ...document }));
  for await (const document of cleanDocuments(documents, { onReject: ({ id }, reason) => (rejected[Number(id)] = reason) })) kept.push(document);
  expect(rejected.map((reason) => reason)).toEqual(planted.map(([, reason]) => reason));
  expect(kept.map(({ id }) => Number(id))).toEqual(planted.flatMap(([, reason], i) => (reason ? [] : [i])));
  expect(kept[0]).toEqual({ text: long(1), id: "0" });

  const loose = await Cleaner.create({ minCharacters: 0, language: null, deduplicate: false });
  expect(documents.filter((document) => loose.judge(document).reason !== undefined).map(({ id }) => id)).toEqual(["8", "9"]);
});
