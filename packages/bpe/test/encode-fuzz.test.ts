import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import * as bpe from "@llm/bpe";
import { checkCase } from "./fuzz-check.js";

const file = JSON.parse(readFileSync(new URL("goldens/encode-fuzz.json", import.meta.url), "utf8")) as { cases: { probes: object[]; nothing?: boolean }[] };

it("answers like Hugging Face tokenizers and tiktoken for tokenizers of all kinds", () => {
  const probes = file.cases.reduce((sum, value) => sum + value.probes.length, 0);
  expect(probes).toBeGreaterThan(150);
  // Tokens of which normalization leaves nothing are among them.
  expect(file.cases.filter((value) => value.nothing).length).toBeGreaterThan(7);
  for (const value of file.cases) expect([...checkCase(bpe, file, value)]).toEqual([]);
});
