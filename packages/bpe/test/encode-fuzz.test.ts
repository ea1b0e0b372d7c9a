import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import * as bpe from "@llm/bpe";
import { checkCase } from "./fuzz-check.js";

const file = JSON.parse(readFileSync(new URL("goldens/encode-fuzz.json", import.meta.url), "utf8")) as { cases: { probes: object[] }[] };

it("answers like Hugging Face tokenizers and tiktoken for tokenizers of all kinds", () => {
  const probes = file.cases.reduce((sum, value) => sum + value.probes.length, 0);
  expect(probes).toBeGreaterThan(150);
  for (const value of file.cases) expect([...checkCase(bpe, file, value)]).toEqual([]);
});
