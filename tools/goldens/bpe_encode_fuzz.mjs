// The other side of bpe_encode_fuzz.py: reads its cases from standard input and prints what differs.
import { createInterface } from "node:readline";
import { checkCase } from "../../packages/bpe/test/fuzz-check.js";

const bpe = await import(process.argv[2] ?? "@llm/bpe");
let shared;
let [cases, checked, differences, errors] = [0, 0, 0, 0];
for await (const line of createInterface({ input: process.stdin })) {
  const value = JSON.parse(line);
  if (!shared) {
    shared = value;
    continue;
  }
  cases += value.probes.length;
  errors += value.probes.filter((probe) => probe.error !== undefined).length;
  for (const { what, probe, got, expected } of checkCase(bpe, shared, value)) {
    if (differences++ >= 8) continue;
    const keys = typeof got === "object" && expected && !Array.isArray(got) ? Object.keys(expected).filter((key) => JSON.stringify(got[key]) !== JSON.stringify(expected[key])) : [];
    const short = (side) => JSON.stringify(keys.length > 0 ? Object.fromEntries(keys.map((key) => [key, side[key]])) : side)?.slice(0, 500);
    const { text, pair, adds } = probe ?? {};
    console.error(`${what} ${JSON.stringify({ ...value, probes: undefined })}\n  text     ${JSON.stringify({ text, pair, adds })}\n  got      ${short(got)}\n  expected ${short(expected)}`);
  }
  checked++;
}
console.log(`${cases} texts, ${checked} tokenizers, ${errors} texts that the oracle refuses: ${differences} differences`);
process.exitCode = differences > 0 ? 1 : 0;
