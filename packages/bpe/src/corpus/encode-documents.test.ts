import fc from "fast-check";
import { documentHash, hashFraction } from "@llm/dataset";
import { beforeAll, expect, it } from "vitest";
import type { Tokenizer } from "../tokenizer.js";
import { trainBpe } from "../train/train.js";
import { TextPacker } from "../pool/packed-texts.js";
import { DocumentEncoder, splitFraction } from "./encode-documents.js";

const text = fc.oneof(fc.string({ unit: "binary", maxLength: 40 }), fc.string({ unit: "grapheme", maxLength: 40 }), fc.array(fc.constantFrom("the cat", " sat", "\ud83d", "\ude00", "\n", "<s>", "é"), { maxLength: 12 }).map((parts) => parts.join("")), fc.constant(""));

let tokenizer: Tokenizer;
beforeAll(async () => {
  tokenizer = await trainBpe(["the cat sat on the mat, and the cat sat"], { vocabSize: 280 });
});

it("holds a document out by the hash that the dataset has of its text", () => {
  fc.assert(
    fc.property(text, (document) => {
      const expected = hashFraction(documentHash(document));
      expect([splitFraction(document), splitFraction(Buffer.from(document))]).toEqual([expected, expected]);
    }),
    { numRuns: 300, seed: 5 },
  );
});

it("gives packed texts the tokens that they have as strings, in buffers that are used again", () => {
  const { bos, eos } = tokenizer.special;
  const encoder = new DocumentEncoder(tokenizer, { chat: false, val: 0.3, bos: bos!, eos: eos! });
  const packer = new TextPacker();
  let reused = 0;
  let buffer: ArrayBuffer | undefined;
  fc.assert(
    fc.property(fc.array(text, { maxLength: 12 }), (texts) => {
      const expected = encoder.encode(texts.map((each) => ({ text: each })));
      const packed = packer.pack(texts)!;
      if (packed.bytes.buffer === buffer) reused++;
      buffer = packed.bytes.buffer;
      expect(encoder.encode(packed)).toEqual(expected);
      packer.giveBack(packed.bytes);
      const words = texts.filter((each) => each !== "").map((each) => [bos!, ...tokenizer.encodeIds(each), eos!]);
      expect([...expected.tokens]).toEqual(words.flat());
      expect([...expected.lengths]).toEqual(words.map(({ length }) => length));
    }),
    { numRuns: 400, seed: 6 },
  );
  expect(reused).toBeGreaterThan(100);
});

it("does not pack what is too large for a buffer", () => {
  expect(new TextPacker().pack(["a", "b".repeat(1 << 20)])).toBeUndefined();
  expect(new TextPacker().pack(["a", "b".repeat((1 << 20) - 1)])?.ends).toHaveLength(2);
});
