// @ts-check
// @llm/bpe against PyPI tokenizers and tiktoken on the same texts, interleaved:
//   node tools/bench/bpe/bench.mjs SOURCE [--rounds 3] [--vocab-size 8192] [--python python3]
// Build first (npm run build). Each run is a fresh process that has the texts in memory before the clock starts; the median
// of the rounds counts. Texts go in as strings, documents one by one unless said otherwise.
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { readDocuments } from "@llm/dataset";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { rounds: { type: "string", default: "3" }, "vocab-size": { type: "string", default: "8192" }, python: { type: "string", default: process.env.PYTHON ?? "python3" } },
});
if (positionals.length === 0) throw new Error("usage: node tools/bench/bpe/bench.mjs SOURCE [--rounds 3] [--vocab-size 8192] [--python python3]");

const folder = mkdtempSync(join(tmpdir(), "bpe-bench-"));
const here = (/** @type {string} */ name) => fileURLToPath(new URL(name, import.meta.url));
try {
  const texts = [];
  for await (const document of readDocuments(positionals)) texts.push(document.text);
  const bytes = texts.reduce((sum, text) => sum + Buffer.byteLength(text), 0);
  writeFileSync(join(folder, "texts.json"), JSON.stringify(texts));

  const sides = [
    { name: "ours", command: process.execPath, script: here("ours.mjs") },
    { name: "python", command: values.python, script: here("theirs.py") },
  ];
  /** @type {Map<string, number[]>} */
  const times = new Map();
  /** @type {Record<string, string>} */
  const answers = {};
  for (let round = 0; round < Number(values.rounds); round++) {
    for (const { name, command, script } of round % 2 ? [...sides].reverse() : sides) {
      const run = spawnSync(command, [script, folder, values["vocab-size"]], { encoding: "utf8", maxBuffer: 1 << 26 });
      if (run.status !== 0) throw new Error(`${name} failed: ${run.stderr || run.error}`);
      const { digests, ...figures } = JSON.parse(run.stdout);
      for (const [figure, value] of Object.entries(figures)) times.set(figure, [...(times.get(figure) ?? []), value]);
      for (const [what, digest] of Object.entries(digests)) {
        if (answers[what] !== undefined && answers[what] !== digest) throw new Error(`${what} differs between the sides`);
        answers[what] = String(digest);
      }
    }
  }
  const median = (/** @type {string} */ figure) => times.get(figure)?.sort((a, b) => a - b)[Math.floor(times.get(figure).length / 2)] ?? NaN;
  console.log(`${(bytes / 1e6).toFixed(1)} MB in ${texts.length} texts, vocabulary ${values["vocab-size"]}, ${cpus().length} cores, Node ${process.version}, ${values.rounds} rounds; same merges and ids on both sides`);
  const row = (/** @type {string} */ label, /** @type {string} */ ours, /** @type {string[]} */ ...others) => {
    const speed = (/** @type {string} */ figure) => bytes / 1e6 / median(figure);
    console.log([label.padEnd(28), `ours ${speed(ours).toFixed(1)} MB/s`, ...others.map((other) => `${other.replace(/^\w+ /, "")} ${speed(other).toFixed(1)} MB/s (ours ${(median(other) / median(ours)).toFixed(1)}x)`)].join(" | "));
  };
  row("train", "train ours", "train tokenizers");
  row("encode, cold cache", "cold ours", "cold tokenizers", "cold tiktoken");
  row("encode, warm cache, 1 thread", "warm ours", "warm tokenizers", "warm tiktoken");
  row("encode, their batch call", "warm ours", "batch tokenizers");
  row("decode", "decode ours", "decode tokenizers");
} finally {
  rmSync(folder, { recursive: true });
}
