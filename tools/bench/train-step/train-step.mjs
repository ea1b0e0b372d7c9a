// @ts-check
// How fast is a training step? The step of @llm/trainer (loss, gradients, clipping, AdamW) and the same in PyTorch: the same weights, the same
// batches, as many threads, one block of steps each in turn, both processes alive all the time. The losses are compared.
//   node tools/bench/train-step/train-step.mjs [--cases tiny,small,base] [--rounds 6] [--steps 0 (as many as take about two seconds)] [--threads 2]
//     [--precision float32|bfloat16] [--peer eager|compile] [--python python3] [--json]          (python3 with torch and safetensors)
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { encodeSafetensors, initialValues, parameterShapes } from "@llm/model";

const { values: options } = parseArgs({
  options: {
    cases: { type: "string", default: "tiny,small,base" },
    rounds: { type: "string", default: "6" },
    steps: { type: "string", default: "0" },
    threads: { type: "string", default: String(availableParallelism()) },
    precision: { type: "string", default: "float32" },
    peer: { type: "string", default: "eager" },
    python: { type: "string", default: "python3" },
    json: { type: "boolean", default: false },
  },
});
const here = fileURLToPath(new URL(".", import.meta.url));

/** Layers, width, heads, ffn, vocabulary, length, rows. @type {Record<string, number[]>} */
const CASES = {
  tiny: [4, 128, 4, 384, 4096, 128, 8],
  small: [6, 384, 6, 1024, 8192, 256, 8],
  base: [12, 768, 12, 2048, 16_384, 1024, 1],
};
const BATCHES = 4;
const WARM_STEPS = 3;
/** Threads that wait for work spin for so long before they sleep, and would take the cores of the other side. */
const SPIN_MS = 300;

/** Numbers of a mulberry32 generator. @param {number} state */
const generator = (state) => () => {
  state = (state + 0x6d2b79f5) | 0;
  let t = Math.imul(state ^ (state >>> 15), 1 | state);
  t ^= t + Math.imul(t ^ (t >>> 7), 61 | t);
  return (t ^ (t >>> 14)) >>> 0;
};

/** Writes weights and batches that both read. @param {string} folder @param {number[]} shape */
function prepare(folder, [layers = 0, width = 0, heads = 0, ffn = 0, vocabulary = 0, length = 0, rows = 0]) {
  const config = { vocabSize: vocabulary, hiddenSize: width, layers, heads, kvHeads: heads, headDim: width / heads, intermediateSize: ffn, maxPositions: length, ropeTheta: 10_000, normEps: 1e-5, tieEmbeddings: true, bos: 0, eos: 2, pad: 1 };
  const tensors = new Map([...parameterShapes(config)].map(([name, shape]) => [name, { shape, data: initialValues(config, name, shape, { seed: 1 }) }]));
  writeFileSync(join(folder, "model.safetensors"), encodeSafetensors(tensors));
  writeFileSync(join(folder, "config.json"), JSON.stringify({ config, rows, length }));
  const next = generator(7);
  writeFileSync(join(folder, "batches.bin"), Uint32Array.from({ length: BATCHES * rows * (length + 1) }, () => next() % vocabulary));
}

/** A process that answers every line with a line. @param {string} command @param {string[]} args @param {NodeJS.ProcessEnv} env */
function start(command, args, env) {
  const child = spawn(command, args, { env, stdio: ["pipe", "pipe", "inherit"] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const answer = async () => {
    const { value, done } = await lines.next();
    if (done) throw new Error(`${command} ${args[0]} ended without an answer`);
    return JSON.parse(value);
  };
  return {
    ready: answer,
    /** @param {number} steps @returns {Promise<{ ms: number[], cpuMs: number, losses: number[], peakMb: number }>} */
    run: (steps) => (child.stdin.write(`${steps}\n`), answer()),
    stop: () => child.stdin.end(),
  };
}

const median = (/** @type {number[]} */ values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN;
const results = [];
for (const name of options.cases.split(",")) {
  const shape = CASES[name];
  if (!shape) throw new Error(`There is no case ${name}; cases: ${Object.keys(CASES).join(", ")}`);
  const folder = mkdtempSync(join(tmpdir(), "bench-step-"));
  try {
    prepare(folder, shape);
    const env = { ...process.env, OMP_NUM_THREADS: options.threads };
    const peers = {
      ours: start(process.execPath, [join(here, "ours.mjs"), folder, options.precision], env),
      theirs: start(options.python, [join(here, "theirs.py"), folder, options.precision, options.peer, options.threads], env),
    };
    const ready = { ours: await peers.ours.ready(), theirs: await peers.theirs.ready() };
    const first = { ours: await peers.ours.run(WARM_STEPS), theirs: await peers.theirs.run(WARM_STEPS) };
    const steps = Number(options.steps) || Math.max(1, Math.round(2000 / (first.theirs.ms.at(-1) ?? 1000)));
    const rounds = [];
    for (let round = 0; round < Number(options.rounds); round++) {
      const ours = await peers.ours.run(steps);
      await sleep(SPIN_MS);
      rounds.push({ ours, theirs: await peers.theirs.run(steps) });
      await sleep(SPIN_MS);
    }
    peers.ours.stop();
    peers.theirs.stop();
    const tokens = (shape[5] ?? 0) * (shape[6] ?? 0);
    const [ours, theirs] = /** @type {const} */ (["ours", "theirs"]).map((side) => ({
      engine: ready[side].engine,
      medianMs: median(rounds.flatMap((round) => round[side].ms)),
      leastMs: Math.min(...rounds.flatMap((round) => round[side].ms)),
      cpuMs: median(rounds.map((round) => round[side].cpuMs)),
      tokensPerSecond: (1000 * tokens) / median(rounds.flatMap((round) => round[side].ms)),
      firstStepMs: first[side].ms[0] ?? NaN,
      peakMb: rounds.at(-1)?.[side].peakMb ?? NaN,
    }));
    const sum = (/** @type {number[]} */ values) => values.reduce((a, b) => a + b, 0);
    const losses = (/** @type {"ours" | "theirs"} */ side) => [...first[side].losses, ...rounds.flatMap((round) => round[side].losses)];
    const theirLosses = losses("theirs");
    results.push({
      case: name,
      ours,
      theirs,
      // Of a round's two blocks, which ran one right after the other.
      ratios: rounds.map((round) => sum(round.theirs.ms) / sum(round.ours.ms)),
      cpuRatio: (theirs?.cpuMs ?? NaN) / (ours?.cpuMs ?? NaN),
      largestLossDifference: Math.max(...losses("ours").slice(0, 50).map((loss, i) => Math.abs(loss - (theirLosses[i] ?? NaN)) / (theirLosses[i] ?? NaN))),
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

if (options.json) process.stdout.write(`${JSON.stringify(results, null, 2)}\n`);
else {
  for (const { case: name, ours, theirs, ratios, cpuRatio, largestLossDifference } of results) {
    const rounds = ratios.map((ratio) => ratio.toFixed(2)).join(" ");
    process.stdout.write(`${name}: ${median(ratios).toFixed(2)} times as fast (rounds: ${rounds}; processor time ${cpuRatio.toFixed(2)}); losses of the first 50 steps differ by at most ${largestLossDifference.toExponential(1)}\n`);
    for (const each of [ours, theirs]) {
      process.stdout.write(`  ${each?.tokensPerSecond.toFixed(0).padStart(7)} tokens/s, ${each?.medianMs.toFixed(0)} ms a step (least ${each?.leastMs.toFixed(0)}, processor ${each?.cpuMs.toFixed(0)}), first step ${((each?.firstStepMs ?? 0) / 1000).toFixed(1)} s, at most ${each?.peakMb.toFixed(0)} MB  ${each?.engine}\n`);
    }
  }
}
