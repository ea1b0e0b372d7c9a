// @ts-check
// The loader of @llm/dataset against what PyTorch users have, on the same tokens, interleaved:
//   node tools/bench/loader/loader.mjs [--tokens 30000000] [--rounds 3] [--batches 1500] [--python python3]
// Build first (npm run build). Python needs numpy and torch; litdata is compared where it is installed. Documents of
// log-normal lengths are written once as shards and exported to a nanoGPT .bin; each run is a fresh process that reads it
// once before the clock starts, so that the files are in memory. The median of the rounds counts.
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { SeededRandom, ShardSetWriter, exportShards, openShards } from "@llm/dataset";

const { values } = parseArgs({
  options: { tokens: { type: "string", default: "30000000" }, rounds: { type: "string", default: "3" }, batches: { type: "string", default: "1500" }, python: { type: "string", default: process.env.PYTHON ?? "python3" } },
});
const folder = mkdtempSync(join(tmpdir(), "loader-bench-"));
const here = (/** @type {string} */ name) => fileURLToPath(new URL(name, import.meta.url));
/** B and T of every side. */
const SHAPE = { batchSize: 32, sequenceLength: 1024 };

/** Documents of a median of 360 tokens, as web pages have them. */
async function writeData() {
  const writer = await ShardSetWriter.create(join(folder, "shards"), { tokenizer: { sha256: "0".repeat(64), vocabSize: 50_000, bos: 0, eos: 2, pad: 1, special: {} }, dtype: "u16", lossMask: false, fingerprint: "bench" });
  const random = new SeededRandom(1);
  for (let total = 0; total < Number(values.tokens); ) {
    const normal = Math.sqrt(-2 * Math.log(1 - random.next())) * Math.cos(2 * Math.PI * random.next());
    const tokens = new Uint16Array(20 + Math.floor(Math.exp(5.9 + normal)));
    for (let i = 1; i < tokens.length - 1; i++) tokens[i] = 10 + ((Math.imul(i, 0x9e3779b1) + total) >>> 8) % 49_000;
    tokens[tokens.length - 1] = 2;
    total += tokens.length;
    await writer.add("train", { tokens, textBytes: tokens.length * 4 });
  }
  await writer.finish();
  await exportShards(join(folder, "shards"), { to: "nanogpt", out: join(folder, "bin") });
  const { lengths } = await (await openShards(join(folder, "shards"))).split("train").reader();
  writeFileSync(join(folder, "bin/lengths.u32"), lengths);
}

try {
  await writeData();
  const sides = [
    { command: process.execPath, script: here("ours.mjs") },
    { command: values.python, script: here("theirs.py") },
  ];
  /** @type {Map<string, [wall: number, cpu: number | null][]>} */
  const figures = new Map();
  for (let round = 0; round < Number(values.rounds); round++) {
    for (const { command, script } of round % 2 ? [...sides].reverse() : sides) {
      const run = spawnSync(command, [script, folder, JSON.stringify({ ...SHAPE, batches: Number(values.batches) })], { encoding: "utf8", maxBuffer: 1 << 26 });
      if (run.status !== 0) throw new Error(`${script} failed: ${run.stderr || run.error}`);
      for (const [figure, value] of Object.entries(JSON.parse(/** @type {string} */ (run.stdout.trim().split("\n").at(-1))))) figures.set(figure, [...(figures.get(figure) ?? []), value]);
    }
  }
  const median = (/** @type {number[]} */ list) => /** @type {number} */ ([...list].sort((a, b) => a - b)[list.length >> 1]);
  const ours = /** @type {[number, number][]} */ (figures.get("ours, packed, this thread"));
  console.log(`B ${SHAPE.batchSize}, T ${SHAPE.sequenceLength}, ${values.tokens} tokens, ${cpus().length} cores, Node ${process.version}, ${values.rounds} rounds; median of million tokens a second and a second of CPU time, and ours (packed, this thread) by theirs`);
  for (const [figure, list] of figures) {
    if (figure.startsWith("wait")) console.log(`${figure.padEnd(42)} ${median(list.map(([ms]) => ms)).toFixed(2)} ms`);
    else {
      const columns = [0, 1].map((column) => {
        const known = list.map((pair) => pair[column]).filter((value) => typeof value === "number");
        if (known.length === 0) return "".padEnd(18);
        const ratio = median(known.map((value, round) => /** @type {number} */ (ours[round]?.[column]) / value));
        return `${median(known).toFixed(1).padStart(8)} ${figure.startsWith("ours") ? "".padEnd(9) : `(${ratio.toFixed(1)}x)`.padEnd(9)}`;
      });
      console.log(`${figure.padEnd(42)}${columns.join("")}`);
    }
  }
} finally {
  rmSync(folder, { recursive: true });
}
