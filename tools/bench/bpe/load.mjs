// @ts-check
// How long a new process takes to load a tokenizer, @llm/bpe and PyPI tokenizers in turn:
//   node tools/bench/bpe/load.mjs tokenizer.json [--runs 15] [--python python3] [--json]
//   node tools/bench/bpe/load.mjs vocab.json merges.txt [--runs 15] …
// Build first (npm run build). The clock starts with the library loaded and stops when the first ids are there: reading the files,
// parsing them, building what encoding needs, encoding two words. Of a pair of files, tokenizers makes ByteLevelBPETokenizer.
import { execFileSync } from "node:child_process";
import { parseArgs } from "node:util";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    runs: { type: "string", default: "15" },
    python: { type: "string", default: process.env.PYTHON ?? "python3" },
    json: { type: "boolean", default: false },
  },
});
if (positionals.length !== 1 && positionals.length !== 2) throw new Error("usage: node tools/bench/bpe/load.mjs tokenizer.json | vocab.json merges.txt [--runs N]");

const OURS = `
import { readFileSync } from "node:fs";
import { fromVocabAndMerges, Tokenizer } from "@llm/bpe";
const files = process.argv.slice(1);
const start = performance.now();
const contents = files.map((file) => readFileSync(file));
const tokenizer = contents.length === 1 ? Tokenizer.fromJSON(contents[0]) : fromVocabAndMerges(contents[0], contents[1]);
const ids = tokenizer.encodeIds("Hello world");
console.log(JSON.stringify({ milliseconds: performance.now() - start, ids }));
`;
const THEIRS = `
import json, sys, time
from tokenizers import ByteLevelBPETokenizer, Tokenizer
files = sys.argv[1:]
start = time.perf_counter()
tokenizer = Tokenizer.from_file(files[0]) if len(files) == 1 else ByteLevelBPETokenizer.from_file(*files)
ids = tokenizer.encode("Hello world", add_special_tokens=False).ids
print(json.dumps({"milliseconds": (time.perf_counter() - start) * 1e3, "ids": ids}))
`;

/** @param {string} command @param {string[]} args @returns {{ milliseconds: number, ids: number[] }} */
const run = (command, args) => JSON.parse(execFileSync(command, [...args, ...positionals], { encoding: "utf8" }));
/** @type {number[]} */
const ours = [];
/** @type {number[]} */
const theirs = [];
for (let round = 0; round < Number(values.runs); round++) {
  const first = run(process.execPath, ["--input-type=module", "-e", OURS]);
  const second = run(values.python, ["-c", THEIRS]);
  if (String(first.ids) !== String(second.ids)) throw new Error(`different ids: ${first.ids} and ${second.ids}`);
  ours.push(first.milliseconds);
  theirs.push(second.milliseconds);
}

const of = (/** @type {number[]} */ times) => {
  const sorted = [...times].sort((a, b) => a - b);
  return { best: sorted[0] ?? NaN, median: sorted[sorted.length >> 1] ?? NaN };
};
const result = { ours: of(ours), theirs: of(theirs), ratio: of(ours.map((time, round) => (theirs[round] ?? NaN) / time)).median };
if (values.json) console.log(JSON.stringify(result));
else {
  for (const [name, { best, median }] of /** @type {const} */ ([["@llm/bpe", result.ours], ["tokenizers", result.theirs]])) {
    console.log(`${name.padEnd(12)} best ${best.toFixed(1).padStart(6)} ms   median ${median.toFixed(1).padStart(6)} ms`);
  }
  console.log(`${result.ratio.toFixed(2)} times as fast (median of the rounds, ${values.runs} new processes each)`);
}
