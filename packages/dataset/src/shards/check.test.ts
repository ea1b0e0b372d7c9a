import { readFileSync } from "node:fs";
import { beforeAll, expect, test } from "vitest";
import { ShardError } from "../errors.js";
import { type Xxh64, xxh64 } from "../util/hash.js";
import { ShardBuilder } from "./builder.js";
import { checkShard } from "./check.js";
import { decodeFrame, decodeShard, readerOf } from "./decode.js";
import { encodeShard } from "./encode.js";
import { BLOCK } from "./types.js";

const golden = (name: string): Uint8Array => new Uint8Array(readFileSync(new URL(`../../test/goldens/shards/${name}.msgpack`, import.meta.url)));
let hash: Xxh64;
beforeAll(async () => {
  hash = await xxh64();
});

/** The bytes of the footer that hold `text_bytes`, the one count that a shard of version 1.0 can't check by itself. */
function textBytesPlaces(bytes: Uint8Array): Set<number> {
  const { footer, footerOffset } = decodeFrame(readerOf(bytes), bytes.byteLength, "x");
  const key = Buffer.from(bytes).indexOf("text_bytes", footerOffset) + 10;
  return new Set(Array.from({ length: footer.text_bytes < 128 ? 1 : footer.text_bytes < 256 ? 2 : 3 }, (_, i) => key + i));
}

test.each(["u16", "u16-mask", "u32-mask-provenance", "u16-rows"])("every single flipped bit of %s is found, and said in words", (name) => {
  const whole = golden(name);
  const blind = /provenance|rows/.test(name) ? new Set<number>() : textBytesPlaces(whole);
  expect(checkShard(whole, hash, "file").problems).toEqual([]);
  const bytes = new Uint8Array(whole);
  const unseen: number[] = [];
  for (let bit = 0; bit < bytes.length * 8; bit++) {
    bytes[bit >> 3]! ^= 1 << (bit & 7);
    const { problems } = checkShard(bytes, hash, "file");
    if (problems.length === 0) {
      unseen.push(bit >> 3);
      // Harmless: documents and masks are the same.
      const [found, expected] = [decodeShard(bytes, "file"), decodeShard(whole, "file")];
      expect({ ...found, footer: undefined }).toEqual({ ...expected, footer: undefined });
    } else for (const problem of problems) if (!/^[a-z0-9].{10,}/.test(problem)) expect.fail(problem);
    bytes[bit >> 3]! ^= 1 << (bit & 7);
  }
  expect(unseen.filter((at) => !blind.has(at))).toEqual([]);
});

test.each(["u16-mask", "u32-mask-provenance", "u16-rows"])("%s cut off at every length is refused, by the check and by the decoder", (name) => {
  const whole = golden(name);
  for (let length = 0; length < whole.length; length++) {
    const bytes = whole.slice(0, length);
    expect(checkShard(bytes, hash, "file").problems.join()).toContain("cut off");
    expect(() => decodeShard(bytes, "file")).toThrow(ShardError);
  }
});

test("names every damaged block of a section", async () => {
  const builder = new ShardBuilder("u16", false, 1_000);
  builder.add({ tokens: Uint16Array.from({ length: (3 * BLOCK) / 2 + 5 }, (_, i) => (i * 7) % 1_000), textBytes: 1 });
  const { documents, tokens, lossTokens, textBytes, maxId } = builder;
  const header = { magic: "LLMS" as const, version: { major: 1, minor: 0 }, split: "train" as const, shard: 0, dtype: "u16" as const, endian: "le" as const, loss_mask: false, tokenizer: { sha256: "5", vocab_size: 1_000, bos: 0, eos: 2, pad: 1 }, fingerprint: "x" };
  const bytes = new Uint8Array(Buffer.concat(await encodeShard(header, builder.sections(), { documents, tokens, loss_tokens: lossTokens, text_bytes: textBytes, max_id: maxId })));
  expect(checkShard(bytes, hash, "file").problems).toEqual([]);
  const { offset } = decodeFrame(readerOf(bytes), bytes.length, "file").footer.sections[0]!;
  bytes[offset]! ^= 1;
  bytes[offset + 3 * BLOCK + 9]! ^= 1;
  expect(checkShard(bytes, hash, "file").problems).toEqual([
    `the section "tokens" is damaged within bytes ${offset} to ${offset + BLOCK}`,
    `the section "tokens" is damaged within bytes ${offset + 3 * BLOCK} to ${offset + 3 * BLOCK + 10}`,
  ]);
});
