import { expect, test } from "vitest";
import { documentHash, hashFraction, sha256Hex, xxh64 } from "./hash.js";

test("xxHash64 and SHA-256 give their published values", async () => {
  const { hex, text } = await xxh64();
  expect(hex(new Uint8Array())).toBe("ef46db3751d8e999");
  expect(hex(Buffer.from("abc"))).toBe("44bc2cf5ad770999");
  expect(text("abc")).toBe(0x44bc2cf5ad770999n);
  expect(sha256Hex("abc")).toBe("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
});

test("a document's hash depends on its text alone and spreads evenly", () => {
  expect(documentHash("abc")).toBe("ba7816bf8f01cfea");
  let held = 0;
  for (let i = 0; i < 10_000; i++) if (hashFraction(documentHash(`document ${i}`)) < 0.1) held++;
  expect(held).toBeGreaterThan(900);
  expect(held).toBeLessThan(1_100);
});
