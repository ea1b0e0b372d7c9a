import fc from "fast-check";
import { snappyUncompress } from "hyparquet";
import { snappyCompress } from "hyparquet-writer/src/snappy.js";
import { expect, test } from "vitest";
import { SnappyCompressor } from "./snappy.js";

const compressor = new SnappyCompressor();

function compare(input: Uint8Array): void {
  const found = compressor.compress(input);
  expect(Buffer.compare(found, snappyCompress(input))).toBe(0);
  const back = new Uint8Array(input.length);
  if (input.length > 0) snappyUncompress(found, back);
  expect(Buffer.compare(back, input)).toBe(0);
}

test("any bytes are compressed to the same bytes as by the library, and come back", () => {
  // Runs of few different bytes and repeats of what was there, so that there are matches of all lengths and offsets.
  const piece = fc.oneof(fc.uint8Array({ maxLength: 40 }), fc.tuple(fc.nat(3), fc.nat(300)).map(([byte, length]) => new Uint8Array(length).fill(byte)), fc.array(fc.constantFrom("the ", "and ", "a", "\n", "of it "), { maxLength: 60 }).map((words) => Buffer.from(words.join(""))));
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 30 }), fc.nat(100), (pieces, from) => {
      const bytes = Buffer.concat([...pieces, ...pieces.slice(0, 4)]);
      compare(bytes);
      // A view that does not begin where its buffer does.
      compare(new Uint8Array(new Uint8Array(bytes).buffer, Math.min(from, bytes.length)));
    }),
    { numRuns: 300 },
  );
});

test("large inputs of every kind are compressed to the same bytes, and come back", () => {
  let state = 7;
  const random = (): number => (state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0) >>> 0;
  const noise = Uint8Array.from({ length: 300_000 }, () => random() >>> 24);
  const words = Array.from({ length: 3_000 }, () => (random() % 1_000_000).toString(36));
  const text = Buffer.from(Array.from({ length: 60_000 }, () => words[random() % words.length]).join(" "));
  // Farther apart than a copy reaches, exactly as far, and just within.
  const apart = [65_536, 65_535, 65_534].map((distance) => Buffer.concat([noise.subarray(0, 100), new Uint8Array(distance - 100), noise.subarray(0, 100)]));
  for (const input of [noise, text, new Uint8Array(1_000_000), ...apart, ...[0, 1, 14, 15, 16, 60, 61, 256, 257, 65_536, 65_537].map((length) => noise.subarray(0, length))]) compare(input);
});
