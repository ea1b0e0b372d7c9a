import { readFileSync } from "node:fs";
import fc from "fast-check";
import { expect, test } from "vitest";
import { MinHashSigner, jaccard, shingleSet } from "./minhash.js";

const { signatures } = JSON.parse(readFileSync(new URL("../../test/goldens/datatrove.json", import.meta.url), "utf8")) as { signatures: { text: string; signature: string[] }[] };

test("signatures are datatrove's, bit for bit", async () => {
  const signer = await MinHashSigner.create();
  for (const { text, signature } of signatures) {
    const signed = signer.sign(text);
    expect([...(signed?.signature ?? [])].map((value) => value.toString(16)), text).toEqual(signature);
  }
  expect(signatures.filter(({ signature }) => signature.length === 0)).toHaveLength(1);
});

test("a text larger than the memory at the start is signed like any other", async () => {
  const signer = await MinHashSigner.create();
  const words = Array.from({ length: 30_000 }, (_, i) => `w${(i * 7919) % 10_007}x`);
  const signed = signer.sign(words.join(" "))!;
  expect(signed.shingles).toHaveLength(29_996);
  const least = [...signed.signature];
  // Each hash of the whole is the least of those of its halves, which overlap by a shingle's words.
  const first = [...signer.sign(words.slice(0, 15_004).join(" "))!.signature];
  const second = [...signer.sign(words.slice(15_000).join(" "))!.signature];
  expect(least).toEqual(first.map((value, i) => (value < second[i]! ? value : second[i]!)));
});

test("similarity is that of sets", () => {
  fc.assert(
    fc.property(fc.array(fc.bigInt(0n, 40n)), fc.array(fc.bigInt(0n, 40n)), (a, b) => {
      const [x, y] = [new Set(a), new Set(b)];
      const union = new Set([...a, ...b]).size;
      const shared = [...x].filter((value) => y.has(value)).length;
      expect(jaccard(shingleSet(BigUint64Array.from(a)), shingleSet(BigUint64Array.from(b)))).toBe(union > 0 ? shared / union : 0);
    }),
  );
});
