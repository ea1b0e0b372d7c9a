import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { type Tokenizer, trainBpe } from "@llm/bpe";
import { golden, type EncodeGolden, type SplitGolden } from "./goldens.js";
import { prose, unicodeMix } from "./texts.js";

const { cases } = golden<EncodeGolden>("encode");
const texts = [...golden<SplitGolden>("splits").texts, ...prose(9, 12), ...unicodeMix(10, 40)];
let tokenizer: Tokenizer;
beforeAll(async () => {
  tokenizer = await trainBpe(prose(1, 4000), { vocabSize: 2048 });
});

async function* delayed(parts: readonly string[]): AsyncGenerator<string> {
  for (const part of parts) {
    await Promise.resolve();
    yield part;
  }
}

/** A text in parts of the given lengths in UTF-16 units, which may part the halves of a pair. */
function cut(text: string, lengths: readonly number[]): string[] {
  const parts: string[] = [];
  for (let at = 0, turn = 0; at < text.length; turn++) {
    const length = lengths[turn % lengths.length]!;
    parts.push(text.slice(at, at + length));
    at += length;
  }
  return parts;
}

describe("a text that comes in parts", () => {
  it.each([[[1]], [[2, 1]], [[3, 0, 5]], [[7, 64]]])("has the oracle's ids from an async source in parts of %j units", async (lengths) => {
    for (const [index, text] of texts.entries()) {
      for (const special of ["parse", "text"] as const) {
        const ids: number[] = [];
        for await (const some of tokenizer.encodeStream(delayed(cut(text, lengths)), { special })) {
          expect(some.length).toBeGreaterThan(0);
          ids.push(...some);
        }
        const { parse, text: plain } = cases[index]!;
        expect(ids).toEqual(special === "parse" ? parse : (plain ?? parse));
      }
    }
  });

  it("has the ids of the whole, halves of pairs and of special tokens in different parts", async () => {
    const whole = "so 👩‍👩‍👧 far <|user|> naïve 世界 </s> 👍🏽\n\nend  ";
    const expected = tokenizer.encodeIds(whole, { special: "parse" });
    for (let at = 0; at <= whole.length; at++) {
      const ids: number[] = [];
      for await (const some of tokenizer.encodeStream(delayed([whole.slice(0, at), whole.slice(at)]), { special: "parse" })) ids.push(...some);
      expect(ids).toEqual(expected);
    }
  });

  it("passes on an error of its source, and closes the source when it is left early", async () => {
    const failing = async function* (): AsyncGenerator<string> {
      yield "some words and more ";
      await Promise.reject(new Error("the source broke"));
    };
    await expect(drained(tokenizer.encodeStream(failing()))).rejects.toThrow("the source broke");
    let closed = false;
    const source = async function* (): AsyncGenerator<string> {
      try {
        for (;;) {
          await Promise.resolve();
          yield "some words and more ";
        }
      } finally {
        closed = true;
      }
    };
    for await (const ids of tokenizer.encodeStream(source())) if (ids.length > 0) break;
    expect(closed).toBe(true);
  });
});

async function drained(source: AsyncIterable<unknown>): Promise<void> {
  for await (const item of source) void item;
}

describe("count and truncate", () => {
  it("agree with the oracle's ids", () => {
    texts.forEach((text, index) => {
      const ids = cases[index]!.parse;
      expect(tokenizer.count(text, { special: "parse" })).toBe(ids.length);
      for (const limit of [0, 1, 3, ids.length - 1, ids.length, ids.length + 1].filter((each) => each >= 0)) {
        // Whether the text has more than the limit is known for certain, how many more is not.
        expect(tokenizer.count(text, { special: "parse", limit }) > limit).toBe(ids.length > limit);
        const kept = tokenizer.truncate(text, limit, { special: "parse" });
        expect(Array.from(kept.ids)).toEqual(ids.slice(0, limit));
        expect(text.startsWith(kept.text)).toBe(true);
        if (limit >= ids.length) expect(kept.text).toBe(text);
      }
    });
  });
});

describe("decoding token by token", () => {
  it("never gives half a character, and gives the oracle's text in all", () => {
    texts.forEach((text, index) => {
      const ids = cases[index]!.text ?? cases[index]!.parse;
      const stream = tokenizer.decodeStream({ skipSpecialTokens: false });
      const pieces = ids.map((id) => stream.push(id));
      // What is complete comes at once: the pieces so far are the text of the ids so far, up to its last unfinished character.
      let sofar = "";
      pieces.forEach((piece, at) => {
        sofar += piece;
        expect(piece).not.toMatch(/\p{Surrogate}/u);
        expect(tokenizer.decode(ids.slice(0, at + 1), { skipSpecialTokens: false }).replace(/\ufffd+$/, "").startsWith(sofar.replace(/\ufffd+$/, ""))).toBe(true);
      });
      expect(sofar + stream.end()).toBe(tokenizer.decode(ids, { skipSpecialTokens: false }));
      if (!text.includes("\ufffd")) expect(sofar).not.toContain("\ufffd");
    });
  });

  it("gives the same in all for any ids, each push no more than what is complete", () => {
    fc.assert(
      fc.property(fc.array(fc.nat(2100), { maxLength: 40 }), (ids) => {
        const stream = tokenizer.decodeStream();
        const pieces = ids.map((id) => stream.push(id));
        expect(pieces.some((piece) => /\p{Surrogate}/u.test(piece))).toBe(false);
        expect(pieces.join("") + stream.end()).toBe(tokenizer.decode(ids));
      }),
      { numRuns: 500, seed: 8 },
    );
  });
});
