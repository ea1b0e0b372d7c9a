// @ts-check
// The side of @llm/trainer: node ours.mjs FOLDER PRECISION. A number on a line runs so many steps; answers with their times and losses.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { openEngine } from "@llm/backend";
import { decodeSafetensors, parametersFrom } from "@llm/model";
import { createAdamW, createTrainStep, toMicrobatch } from "@llm/trainer";

const [folder = "", precision = "float32"] = process.argv.slice(2);
const { config, rows, length } = JSON.parse(readFileSync(join(folder, "config.json"), "utf8"));
const engine = await openEngine();
const parameters = parametersFrom(config, decodeSafetensors(readFileSync(join(folder, "model.safetensors"))).tensors);
const optimizer = createAdamW(parameters, { weightDecay: 0.1 });
const step = createTrainStep(engine, { config, parameters }, optimizer, { clip: 1, accumulate: 1, precision: /** @type {"float32"} */ (precision) });
const all = new Uint32Array(new Uint8Array(readFileSync(join(folder, "batches.bin"))).buffer);
const size = rows * (length + 1);
const batches = Array.from({ length: all.length / size }, (_, i) =>
  toMicrobatch({ tokens: Int32Array.from(all.subarray(i * size, (i + 1) * size)), mask: new Uint8Array(size).fill(1), batchSize: rows, sequenceLength: length }),
);

const say = (/** @type {object} */ answer) => process.stdout.write(`${JSON.stringify(answer)}\n`);
say({ engine: `${engine.name} ${engine.version ?? ""} ${precision}` });
let done = 0;
for await (const line of createInterface({ input: process.stdin })) {
  const [ms, losses, before] = [/** @type {number[]} */ ([]), /** @type {number[]} */ ([]), process.resourceUsage()];
  for (let i = 0; i < Number(line); i++) {
    const started = performance.now();
    const batch = batches[done % batches.length];
    if (!batch) throw new Error("There are no batches.");
    losses.push((await step.run([batch], { lr: 1e-3, step: ++done })).loss);
    ms.push(performance.now() - started);
  }
  const after = process.resourceUsage();
  const cpuMs = (after.userCPUTime + after.systemCPUTime - before.userCPUTime - before.systemCPUTime) / 1000 / Number(line);
  say({ ms, losses, cpuMs, peakMb: after.maxRSS / 1024 });
}
process.exit(0); // TensorFlow's threads would keep it for a moment
