// @ts-check
// @llm/dataset against PyPI datatrove on the same documents, one process and one core each, interleaved:
//   node tools/bench/dataset/bench.mjs SOURCE [--documents 1000] [--warm 500] [--rounds 3] [--python python3]
// Build first (npm run build); Python needs datatrove[processing] and spacy. Each run is a fresh process that has the texts in
// memory, and has done other ones (--warm, which are not counted), before the clock starts, since a corpus takes hours and not a second;
// --warm 0 is the cold start. The median of the rounds counts, by the clock and by the processor's time. Prints how many verdicts differ.
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { readDocuments } from "@llm/dataset";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { documents: { type: "string", default: "1000" }, warm: { type: "string", default: "500" }, rounds: { type: "string", default: "3" }, python: { type: "string", default: process.env.PYTHON ?? "python3" } },
});
if (positionals.length === 0) throw new Error("usage: node tools/bench/dataset/bench.mjs SOURCE [--documents 1000] [--warm 500] [--rounds 3] [--python python3]");

const folder = mkdtempSync(join(tmpdir(), "dataset-bench-"));
const here = (/** @type {string} */ name) => fileURLToPath(new URL(name, import.meta.url));
try {
  const all = [];
  for await (const document of readDocuments(positionals, { limit: Number(values.documents) + Number(values.warm) })) all.push(document.text);
  const texts = all.slice(Number(values.warm));
  const bytes = texts.reduce((sum, text) => sum + Buffer.byteLength(text), 0);
  const file = join(folder, "texts.json");
  writeFileSync(file, JSON.stringify(all));
  const sides = [
    { name: "ours", command: process.execPath, script: here("ours.mjs") },
    { name: "datatrove", command: values.python, script: here("theirs.py") },
  ];
  /** @type {Map<string, [number, number][]>} */
  const times = new Map();
  /** @type {Record<string, string[]>} */
  const verdicts = {};
  for (let round = 0; round < Number(values.rounds); round++) {
    for (const { name, command, script } of round % 2 ? [...sides].reverse() : sides) {
      const run = spawnSync(command, [script, file, values.warm], { encoding: "utf8", maxBuffer: 1 << 28 });
      if (run.status !== 0) throw new Error(`${name} failed: ${run.stderr || run.error}`);
      const answer = JSON.parse(run.stdout);
      verdicts[name] = answer.verdicts;
      for (const [figure, value] of Object.entries(answer.figures)) times.set(`${name} ${figure}`, [...(times.get(`${name} ${figure}`) ?? []), value]);
    }
  }
  const median = (/** @type {string} */ figure, /** @type {0 | 1} */ kind) => {
    const sorted = (times.get(figure) ?? []).map((pair) => pair[kind]).sort((a, b) => a - b);
    return sorted[Math.floor(sorted.length / 2)] ?? NaN;
  };
  const differing = verdicts.ours?.filter((verdict, index) => verdict !== verdicts.datatrove?.[index]).length;
  console.log(`${texts.length} documents after ${values.warm} others, ${(bytes / 1e6).toFixed(1)} MB, one process of ${cpus().length} cores, Node ${process.version}, ${values.rounds} rounds; verdicts or texts that differ: ${differing}`);
  for (const figure of ["filters", "minhash"]) {
    const speed = (/** @type {string} */ side, /** @type {0 | 1} */ kind) => texts.length / median(`${side} ${figure}`, kind);
    const say = (/** @type {0 | 1} */ kind) => `ours ${speed("ours", kind).toFixed(0)}, datatrove ${speed("datatrove", kind).toFixed(1)} documents/s: ${(speed("ours", kind) / speed("datatrove", kind)).toFixed(1)}x`;
    console.log(`${figure.padEnd(8)} | by the clock: ${say(0)} | by processor time: ${say(1)}`);
  }
} finally {
  rmSync(folder, { recursive: true });
}
