// @ts-check
// How fast is greedy text? Generates with @llm/infer and with transformers on PyTorch, the same weights, prompt and threads, in turn, and
// compares their tokens. Random weights do: the time does not depend on them.
//   node tools/bench/generate/generate.mjs [--cases sample,15m,base] [--run FOLDER] [--prompt 64] [--tokens 64] [--threads 2] [--rounds 3]
//     [--python python3] [--json]          (python3 with the packages of tools/goldens/requirements.txt)
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { tokenizerConfig, trainBpe } from "@llm/bpe";
import { initParameters, presetConfig } from "@llm/model";
import { saveModel } from "@llm/model/node";
import * as tf from "@tensorflow/tfjs-core";
import "@tensorflow/tfjs-backend-cpu";

const { values: options } = parseArgs({
  options: {
    cases: { type: "string", default: "sample,15m,base" },
    run: { type: "string" },
    prompt: { type: "string", default: "64" },
    tokens: { type: "string", default: "64" },
    threads: { type: "string", default: String(availableParallelism()) },
    rounds: { type: "string", default: "3" },
    python: { type: "string", default: "python3" },
    json: { type: "boolean", default: false },
  },
});
const here = fileURLToPath(new URL(".", import.meta.url));

/** @type {Record<string, { vocabSize: number, preset: string, fields?: object }>} */
const CASES = {
  sample: { vocabSize: 4096, preset: "sample" },
  "15m": { vocabSize: 8192, preset: "15m" },
  base: { vocabSize: 16_384, preset: "15m", fields: { layers: 12, hiddenSize: 768, heads: 12, kvHeads: 12, intermediateSize: 2048 } },
};

/** Made-up words, enough of them for any vocabulary here. */
function words() {
  let state = 1;
  const random = (/** @type {number} */ n) => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t ^= t + Math.imul(t ^ (t >>> 7), 61 | t);
    return ((t ^ (t >>> 14)) >>> 0) % n;
  };
  return Array.from({ length: 40_000 }, () => Array.from({ length: 2 + random(3) }, () => "bcdfghjklmnprstvwz"[random(18)] + "aeiou"[random(5)]).join("")).join(" ");
}

/** @param {string} folder @param {string} name */
async function makeRun(folder, name) {
  const made = CASES[name];
  if (!made) throw new Error(`There is no case ${name}; cases: ${Object.keys(CASES).join(", ")}`);
  const tokenizer = await trainBpe([words()], { vocabSize: made.vocabSize, minFrequency: 1 });
  const config = presetConfig(made.preset, { vocabSize: tokenizer.vocabSize, ...made.fields });
  const params = initParameters(config, { seed: 3 });
  mkdirSync(folder);
  await saveModel(folder, config, params);
  tf.dispose([...params.values()]);
  writeFileSync(join(folder, "tokenizer.json"), tokenizer.toJSON());
  writeFileSync(join(folder, "tokenizer_config.json"), JSON.stringify(tokenizerConfig(tokenizer)));
}

const median = (/** @type {number[]} */ values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN;
const work = mkdtempSync(join(tmpdir(), "bench-generate-"));
const cases = options.run ? [{ name: options.run, folder: options.run }] : options.cases.split(",").map((name) => ({ name, folder: join(work, name) }));
const results = [];
try {
  if (!options.run) {
    await tf.setBackend("cpu");
    for (const { name, folder } of cases) await makeRun(folder, name);
  }
  for (const { name, folder } of cases) {
    const args = [folder, options.prompt, options.tokens, options.threads];
    const env = { ...process.env, OMP_NUM_THREADS: options.threads };
    /** @type {Record<"ours" | "theirs", { tokensPerSecond: number, firstMs: number, coldMs: number, ids: number[], what: string }[]>} */
    const rounds = { ours: [], theirs: [] };
    for (let round = 0; round < Number(options.rounds); round++) {
      rounds.ours.push(JSON.parse(execFileSync(process.execPath, [join(here, "ours.mjs"), ...args], { encoding: "utf8", env })));
      rounds.theirs.push(JSON.parse(execFileSync(options.python, [join(here, "theirs.py"), ...args], { encoding: "utf8", env, stdio: ["ignore", "pipe", "ignore"] })));
    }
    const [ours, theirs] = [rounds.ours, rounds.theirs].map((each) => ({
      what: each[0]?.what,
      tokensPerSecond: median(each.map(({ tokensPerSecond }) => tokensPerSecond)),
      firstMs: median(each.map(({ firstMs }) => firstMs)),
      coldMs: median(each.map(({ coldMs }) => coldMs)),
    }));
    const same = rounds.ours[0]?.ids.findIndex((id, i) => id !== rounds.theirs[0]?.ids[i]) ?? 0;
    results.push({ case: name, ours, theirs, ratio: (ours?.tokensPerSecond ?? 0) / (theirs?.tokensPerSecond ?? 1), sameTokens: same < 0 ? Number(options.tokens) : same });
  }
} finally {
  rmSync(work, { recursive: true, force: true });
}

if (options.json) process.stdout.write(`${JSON.stringify(results, null, 2)}\n`);
else {
  for (const { case: name, ours, theirs, ratio, sameTokens } of results) {
    process.stdout.write(`${name}: ${ratio.toFixed(2)} times as fast; the first ${sameTokens} tokens are the same\n`);
    for (const each of [ours, theirs]) process.stdout.write(`  ${each?.tokensPerSecond.toFixed(1).padStart(8)} tokens/s, first token after ${each?.firstMs.toFixed(0)} ms (cold ${each?.coldMs.toFixed(0)} ms)  ${each?.what}\n`);
  }
}
