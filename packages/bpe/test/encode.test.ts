import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { Tokenizer, trainBpe } from "@llm/bpe";
import { golden, type EncodeGolden, type SplitGolden } from "./goldens.js";
import { prose, unicodeMix } from "./texts.js";

const { cases, garbage, decoded, variants } = golden<EncodeGolden>("encode");
const texts = [...golden<SplitGolden>("splits").texts, ...prose(9, 12), ...unicodeMix(10, 40)];
let tokenizer: Tokenizer;
beforeAll(async () => {
  tokenizer = await trainBpe(prose(1, 4000), { vocabSize: 2048 });
});

describe("encode and decode against Hugging Face tokenizers", () => {
  it("gives the same ids, with special tokens parsed and as text", () => {
    expect(texts).toHaveLength(cases.length);
    texts.forEach((text, index) => {
      expect(tokenizer.encodeIds(text, { special: "parse" })).toEqual(cases[index]!.parse);
      expect(tokenizer.encodeIds(text)).toEqual(cases[index]!.text ?? cases[index]!.parse);
    });
  });

  it("gives the same text for any ids, at once and as a stream", () => {
    garbage.forEach((ids, index) => {
      expect([tokenizer.decode(ids), tokenizer.decode(ids, { skipSpecialTokens: false })]).toEqual(decoded[index]);
      const stream = tokenizer.decodeStream();
      expect(ids.map((id) => stream.push(id)).join("") + stream.end()).toBe(decoded[index]![0]);
    });
  });

  it.each(variants)("reads a file with $name and gives its ids", ({ file, texts: probes, ids, bare }) => {
    const model = (JSON.parse(tokenizer.toJSON()) as { model: object }).model;
    const other = Tokenizer.fromJSON({ ...file, model });
    expect(probes.map((text) => Array.from(other.encodeAsSaved(text).ids))).toEqual(ids);
    expect(probes.map((text) => Array.from(other.encodeAsSaved(text, { addSpecialTokens: false }).ids))).toEqual(bare);
    expect(JSON.parse(other.toJSON())).toEqual({ ...file, model });
  });
});

describe("encode", () => {
  it("brings every text back, lone surrogates as U+FFFD", () => {
    const unit = fc.oneof(fc.string({ unit: "binary", minLength: 1, maxLength: 1 }), fc.constantFrom("the ", "<s>", "\ud800", "\udfff", "\ufeff", "\n", "👩‍👩‍👧", "kari"));
    fc.assert(
      fc.property(fc.string({ unit, maxLength: 50 }), (text) => {
        expect(tokenizer.decode(tokenizer.encode(text).ids, { skipSpecialTokens: false })).toBe(text.replace(/\p{Surrogate}/gu, "\ufffd"));
      }),
      { numRuns: 1000, seed: 5 },
    );
  });

  it("never makes a special token of what a user wrote, unless asked to", () => {
    const ids = tokenizer.encodeIds("<s>a</s><|user|>");
    expect(ids.every((id) => id > 7)).toBe(true);
    expect(tokenizer.encodeIds("<s>a</s><|user|>", { special: "parse" })).toEqual([0, tokenizer.tokenToId("a"), 2, 6]);
  });

  it("puts <s> and </s> around a text on demand", () => {
    expect(tokenizer.encodeIds("kari", { addSpecialTokens: true })).toEqual([0, ...tokenizer.encodeIds("kari"), 2]);
    expect(tokenizer.encodeIds("", { addSpecialTokens: true })).toEqual([0, 2]);
  });

  it("needs no more than linear time for a megabyte without a space", async () => {
    const letters = await trainBpe(["a".repeat(4096), "世界".repeat(999)], { vocabSize: 300, minFrequency: 1 });
    for (const [unit, length] of [["a", 1_000_000], [" ", 1_000_000], ["世", 300_000], ["ab", 300_000], ["👍🏽", 300_000]] as const) {
      const started = performance.now();
      const text = unit.repeat(length / unit.length);
      const { ids } = letters.encode(text);
      expect(performance.now() - started).toBeLessThan(5_000);
      expect(letters.decode(ids)).toBe(text);
    }
  });

  it("stays right when more words pass than the cache holds", () => {
    let text = "";
    for (let number = 0; number < 200_000; number++) text += ` ${number}x`;
    const at = tokenizer.encodeIds(" 123x");
    expect(tokenizer.decode(tokenizer.encode(text).ids)).toBe(text);
    expect(tokenizer.encodeIds(" 123x")).toEqual(at);
  });
});

describe("decodeStream", () => {
  it("never gives half a character", () => {
    const text = "naïve 世界 👩‍👩‍👧 end";
    const stream = tokenizer.decodeStream();
    const pieces = tokenizer.encodeIds(text).map((id) => stream.push(id));
    expect(pieces.join("")).toBe(text);
    expect(pieces.some((piece) => piece.includes("\ufffd"))).toBe(false);
    expect(pieces.filter((piece) => piece === "").length).toBeGreaterThan(3);
    expect(stream.end()).toBe("");
  });

  it("gives U+FFFD at the end for a character that was cut off", () => {
    const stream = tokenizer.decodeStream();
    const [first] = tokenizer.encodeIds("世");
    expect(stream.push(first!) + stream.end()).toBe("\ufffd");
  });
});

it("leaves out ids that no token has", () => {
  expect(tokenizer.decode([99_999, tokenizer.tokenToId("k")!, -1, 0.5])).toBe("k");
});
