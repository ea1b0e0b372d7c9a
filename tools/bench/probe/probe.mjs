// The training step of ../train-step under settings that are read when a process starts: the allocator, oneDNN, XLA's XNNPACK, threads. Each
// in a process of its own, in turn, round by round; prints one JSON line a process and then the medians as ratios to the first setting.
// Compare CPU and system time where the machine does other work.
//   CFG=… STEPS=8 ROUNDS=3 [TCMALLOC=libtcmalloc_minimal.so.4] node tools/bench/probe/probe.mjs [setting…]
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";

/** @type {Record<string, Record<string, string>>} */
const SETTINGS = {
  xla: { MODE: "xla" },
  // Setting any of glibc's own variables makes the engine leave the allocator as it is; this one is glibc's default value.
  "xla, glibc's allocator as it comes": { MODE: "xla", MALLOC_TRIM_THRESHOLD_: "131072" },
  ...(process.env.TCMALLOC && { "xla, tcmalloc": { MODE: "xla", LD_PRELOAD: process.env.TCMALLOC } }),
  "xla, XNNPACK on": { MODE: "xla", XLA_FLAGS: "--xla_cpu_use_xnnpack=true" },
  "xla, XNNPACK off": { MODE: "xla", XLA_FLAGS: "--xla_cpu_use_xnnpack=false" },
  "graph, oneDNN off": { MODE: "graph", TF_ENABLE_ONEDNN_OPTS: "0" },
  "graph, oneDNN on": { MODE: "graph", TF_ENABLE_ONEDNN_OPTS: "1" },
};
const asked = process.argv.slice(2);
const names = asked.length > 0 ? asked : Object.keys(SETTINGS);
for (const name of names) if (!SETTINGS[name]) throw new Error(`There is no setting "${name}": expected ${Object.keys(SETTINGS).join("; ")}`);
const rounds = Number(process.env.ROUNDS ?? 3);
const step = fileURLToPath(new URL("../train-step/train-step.mjs", import.meta.url));

/** @type {Map<string, Record<string, number>[]>} */
const results = new Map(names.map((name) => [name, []]));
for (let round = 0; round < rounds; round++) {
  for (const name of names) {
    const { stdout, stderr, status } = spawnSync(process.execPath, [step], { env: { ...process.env, ...SETTINGS[name] }, encoding: "utf8" });
    if (status !== 0) throw new Error(`${name}: exit code ${status}\n${stderr}`);
    process.stdout.write(`${name}: ${stdout}`);
    results.get(name).push(JSON.parse(stdout));
  }
}
const median = (name, key) => results.get(name).map((result) => result[key]).sort((a, b) => a - b)[Math.floor(rounds / 2)];
for (const name of names) {
  const ratios = ["medianMs", "minMs", "cpuMs", "residentMb"].map((key) => `${key} ${(median(name, key) / median(names[0], key)).toFixed(2)}`);
  process.stdout.write(`${name.padEnd(36)} ${ratios.join("  ")}  system ${median(name, "systemMs")} ms\n`);
}
