// @ts-check
// Training by @llm/bpe against PyPI tokenizers on one text file, line by line on both sides, interleaved:
//   node tools/bench/bpe/train.mjs SOURCE [--megabytes 100] [--vocab-size 16384] [--rounds 3] [--threads N] [--python python3]
// Build first (npm run build). The text is made of the source's documents in random order, with every 40th word replaced by
// a random one, so that unique words grow with the size as they do in a web corpus; fixed seed. Each run is a fresh process;
// the clock runs from opening the file to the trained tokenizer; memory is the process's highest. Both files must be equal.
import { spawnSync } from "node:child_process";
import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { readDocuments } from "@llm/dataset";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    megabytes: { type: "string", default: "100" },
    "vocab-size": { type: "string", default: "16384" },
    rounds: { type: "string", default: "3" },
    threads: { type: "string", default: String(availableParallelism()) },
    python: { type: "string", default: process.env.PYTHON ?? "python3" },
    "ours-only": { type: "boolean", default: false },
  },
});
if (positionals.length === 0) throw new Error("usage: node tools/bench/bpe/train.mjs SOURCE [--megabytes 100] [--vocab-size 16384] [--rounds 3] [--threads N] [--python python3] [--ours-only]");

let state = 12345;
const random = () => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 2 ** 32;
const LETTERS = "etaoinshrdlucmfwypvbgkqjxz";
const word = () => (random() < 0.15 ? String(Math.floor(random() * 1e6)) : Array.from({ length: 3 + Math.floor(random() * 8) }, () => LETTERS[Math.floor(random() * random() * 26)]).join(""));

const folder = mkdtempSync(join(tmpdir(), "bpe-train-bench-"));
try {
  const documents = [];
  for await (const { text } of readDocuments(positionals)) documents.push(text.split(" "));
  const path = join(folder, "corpus.txt");
  const file = openSync(path, "w");
  let bytes = 0;
  while (bytes < Number(values.megabytes) * 1e6) {
    const words = [...(documents[Math.floor(random() * documents.length)] ?? [])];
    for (let replaced = 0; replaced < words.length / 40; replaced++) words[Math.floor(random() * words.length)] = word();
    bytes += writeSync(file, `${words.join(" ")}\n`);
  }
  closeSync(file);

  const here = (/** @type {string} */ name) => fileURLToPath(new URL(name, import.meta.url));
  const sides = [
    { name: "ours", command: process.execPath, args: [here("train-ours.mjs"), path, values["vocab-size"], values.threads] },
    { name: "tokenizers", command: values.python, args: [here("train-theirs.py"), path, values["vocab-size"], values.threads] },
  ].slice(0, values["ours-only"] ? 1 : 2);
  /** @type {Record<string, { seconds: number[], megabytes: number[] }>} */
  const runs = Object.fromEntries(sides.map(({ name }) => [name, { seconds: [], megabytes: [] }]));
  let digest;
  for (let round = 0; round < Number(values.rounds); round++) {
    for (const { name, command, args } of round % 2 ? [...sides].reverse() : sides) {
      const run = spawnSync(command, args, { encoding: "utf8", maxBuffer: 1 << 26 });
      if (run.status !== 0) throw new Error(`${name} failed: ${run.stderr || run.error}`);
      const result = JSON.parse(run.stdout);
      if (digest !== undefined && digest !== result.digest) throw new Error(`${name} gives another tokenizer.json`);
      digest = result.digest;
      runs[name]?.seconds.push(result.seconds);
      runs[name]?.megabytes.push(result.megabytes);
    }
  }
  const median = (/** @type {number[]} */ list) => [...list].sort((a, b) => a - b)[Math.floor(list.length / 2)] ?? NaN;
  console.log(`${(bytes / 1e6).toFixed(0)} MB, vocabulary ${values["vocab-size"]}, ${values.threads} threads of ${availableParallelism()}, Node ${process.version}, ${values.rounds} rounds; tokenizer.json ${digest?.slice(0, 12)}${sides.length > 1 ? ", equal on both sides" : ""}`);
  for (const [name, { seconds, megabytes }] of Object.entries(runs)) {
    console.log(`${name.padEnd(11)} ${median(seconds).toFixed(2)} s (${seconds.map((value) => value.toFixed(2)).join(", ")}), ${(bytes / 1e6 / median(seconds)).toFixed(1)} MB/s, peak memory ${Math.max(...megabytes).toFixed(0)} MB`);
  }
  if (sides.length > 1) console.log(`ours is ${(median(runs.tokenizers?.seconds ?? []) / median(runs.ours?.seconds ?? [])).toFixed(2)}x as fast`);
} finally {
  rmSync(folder, { recursive: true });
}
