// @ts-check
// Differential fuzz of training against PyPI tokenizers, over all options:
//   node tools/bench/bpe/fuzz-train.mjs [--cases 5000] [--seed 1] [--python python3] [--module @llm/bpe]
// Build first (npm run build). Prints every difference with its case, and exits with 1 where there is one.
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

const { values } = parseArgs({
  options: { cases: { type: "string", default: "5000" }, seed: { type: "string", default: "1" }, python: { type: "string", default: process.env.PYTHON ?? "python3" }, module: { type: "string", default: "@llm/bpe" } },
});
const { trainBpe } = await import(values.module);
const script = fileURLToPath(new URL("../../goldens/bpe_train.py", import.meta.url));
const oracle = spawn(values.python, [script, "--stream", values.cases, values.seed], { stdio: ["ignore", "pipe", "inherit"] });
const ended = new Promise((resolve) => oracle.on("close", resolve));
let [cases, chance, differences] = [0, 0, 0];
for await (const line of createInterface({ input: oracle.stdout })) {
  const { mode, texts, options, answers } = JSON.parse(line);
  const sequences = mode === "files" ? texts.flatMap((/** @type {string} */ text) => text.match(/[^\n]*\n|[^\n]+$/g) ?? []) : texts;
  const got = await trainBpe(sequences, options).then((tokenizer) => createHash("sha256").update(tokenizer.toJSON()).digest("hex").slice(0, 16), String);
  cases++;
  if (answers.length > 1) chance++;
  if (answers.includes(got)) continue;
  differences++;
  console.log(`expected ${answers}, got ${got}: ${line}`);
}
const code = await ended;
console.log(`${cases} cases, ${differences} differences (${chance} cases in which the oracle itself has several answers, of which ours is one)`);
if (code !== 0 || cases !== Number(values.cases) || differences > 0) process.exitCode = 1;
