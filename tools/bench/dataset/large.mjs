// @ts-check
// Large sources through prepare, dedupe and tokenize: time, peak memory, and whether the bytes are the same with 1 and 2 workers
// and after kill -9:
//   node tools/bench/dataset/large.mjs SOURCE [--gigabytes 2] [--files 4] [--rows-per-group 1000] [--folder DIR] [--once]
// Build first (npm run build). Linux only: the peak is the process's own VmHWM, threads included. Generates the sources
// (generate.mjs) into a folder that is removed at the end, about five times their size. With --once every step runs a single time, with
// 2 workers.
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, readdirSync, rmSync, statSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { generate } from "./generate.mjs";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { gigabytes: { type: "string", default: "2" }, files: { type: "string", default: "4" }, "rows-per-group": { type: "string", default: "1000" }, folder: { type: "string" }, once: { type: "boolean", default: false } },
});
if (positionals.length === 0) throw new Error("usage: node tools/bench/dataset/large.mjs SOURCE [--gigabytes 2] [--files 4] [--rows-per-group 1000] [--folder DIR] [--once]");
const folder = mkdtempSync(join(values.folder ?? tmpdir(), "dataset-large-"));
const bin = (/** @type {string} */ name) => fileURLToPath(new URL(`../../../packages/${name.slice(4)}/bin/${name}.js`, import.meta.url));

/** Runs a command to its end, or kills it with -9 after some seconds. @param {string[]} args @param {number} [killAfter] */
async function run([name, ...args], killAfter = Infinity) {
  const started = performance.now();
  const child = spawn(process.execPath, [bin(/** @type {string} */ (name)), ...args], { stdio: ["ignore", "ignore", "pipe"] });
  let said = "";
  child.stderr.on("data", (data) => (said = (said + data).slice(-2_000)));
  let peak = 0;
  let ended = false;
  const end = new Promise((resolve) => child.on("exit", (code, signal) => resolve({ code, signal })));
  void end.then(() => (ended = true));
  while (!ended) {
    try {
      peak = Math.max(peak, Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${child.pid}/status`, "utf8"))?.[1] ?? 0));
    } catch {
      // It has just ended.
    }
    if ((performance.now() - started) / 1000 > killAfter) child.kill("SIGKILL");
    await Promise.race([end, sleep(100)]);
  }
  const { code, signal } = /** @type {{ code: number | null, signal: string | null }} */ (await end);
  if (code !== 0 && !(signal === "SIGKILL" && killAfter !== Infinity)) throw new Error(`${name} ${args.join(" ")} ended with ${code ?? signal}: ${said}`);
  return { seconds: (performance.now() - started) / 1000, peak: peak / 1024, killed: signal === "SIGKILL" };
}

/** A digest of all files in a folder, names and contents. @param {string} path */
function digestOf(path) {
  const hash = createHash("sha256");
  for (const entry of readdirSync(path, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name)).sort()) {
    hash.update(entry.slice(path.length)).update(createHash("sha256").update(readFileSync(entry)).digest());
  }
  return hash.digest("hex").slice(0, 16);
}

/** @param {string} step @param {(out: string, workers: number) => string[]} command @param {number} bytes of its source @returns {Promise<string>} the folder */
async function measure(step, command, bytes) {
  const out = (/** @type {string} */ kind) => join(folder, `${step}-${kind}`);
  const say = (/** @type {string} */ kind, /** @type {{ seconds: number, peak: number }} */ { seconds, peak }) =>
    console.log(`${step.padEnd(9)} ${kind.padEnd(22)} ${seconds.toFixed(1).padStart(7)} s ${(bytes / 1e6 / seconds).toFixed(1).padStart(6)} MB/s, peak ${peak.toFixed(0).padStart(5)} MB, ${digestOf(out(kind.slice(0, 1)))}`);
  const two = await run(command(out("2"), 2));
  say("2 workers", two);
  if (values.once) return out("2");
  say("1 worker", await run(command(out("1"), 1)));
  let kills = 0;
  let peak = 0;
  let seconds = 0;
  for (const share of [0.3, 0.5, 0.7, Infinity]) {
    const part = await run(command(out("k"), 2), share * two.seconds);
    if (part.killed) kills++;
    seconds += part.seconds;
    peak = Math.max(peak, part.peak);
  }
  say(`killed ${kills} times`, { seconds, peak });
  const digests = ["2", "1", "k"].map((kind) => digestOf(out(kind)));
  if (new Set(digests).size !== 1) throw new Error(`${step}: the results differ: ${digests.join(", ")}`);
  for (const kind of ["1", "k"]) rmSync(out(kind), { recursive: true });
  return out("2");
}

try {
  const sources = join(folder, "sources");
  const started = performance.now();
  const made = await generate({ sources: positionals, out: sources, bytes: Number(values.gigabytes) * 1e9, files: Number(values.files), rowGroupSize: Number(values["rows-per-group"]) });
  console.log(`${made.documents} documents, ${(made.bytes / 1e9).toFixed(2)} GB in ${values.files} files with ${values["rows-per-group"]} rows a group, made in ${((performance.now() - started) / 1000).toFixed(0)} s; ${cpus().length} cores, Node ${process.version}`);
  const tokenizer = join(folder, "tokenizer.json");
  await run(["llm-bpe", "train", ...positionals, "--vocab-size", "8192", "--out", tokenizer]);
  const prepared = await measure("prepare", (out, workers) => ["llm-dataset", "prepare", sources, "--out", out, "--filters", "fineweb", "--workers", String(workers)], made.bytes);
  rmSync(sources, { recursive: true });
  const bytesOf = (/** @type {string} */ path) => readdirSync(path).reduce((sum, name) => sum + statSync(join(path, name)).size, 0);
  const deduped = await measure("dedupe", (out, workers) => ["llm-dataset", "dedupe", join(prepared, "documents"), "--out", out, "--workers", String(workers)], bytesOf(join(prepared, "documents")));
  rmSync(prepared, { recursive: true });
  await measure("tokenize", (out, workers) => ["llm-bpe", "tokenize", join(deduped, "documents"), "--tokenizer", tokenizer, "--out", out, "--threads", String(workers)], bytesOf(join(deduped, "documents")));
} finally {
  rmSync(folder, { recursive: true });
}
