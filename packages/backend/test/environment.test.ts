import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { testLibrary } from "./support/tensorflow.js";

// TensorFlow reads its settings once in a process, so each case has one of its own, with the built package.
const SCRIPT = `
  import { openEngine } from "@llm/backend";
  const engine = await openEngine({ prefer: "tensorflow" });
  const { tf } = engine;
  // Twice 64 MB: TensorFlow makes them, and gives them back.
  const use = () => tf.tidy(() => tf.sum(tf.add(tf.fill([16, 1 << 20], 1), 1)).dataSync()[0]);
  use();
  const [{ minorPageFault: before }, resident] = [process.resourceUsage(), process.memoryUsage.rss()];
  for (let i = 0; i < 10; i++) use();
  console.log(JSON.stringify({ device: engine.device, faults: process.resourceUsage().minorPageFault - before, grownMb: (process.memoryUsage.rss() - resident) / 2 ** 20 }));
  process.exit(0);
`;

interface Result {
  device: string;
  faults: number;
  grownMb: number;
}

async function inProcess(environment: Record<string, string>): Promise<Result & { stderr: string }> {
  const env: NodeJS.ProcessEnv = { ...process.env, LLM_ENGINE: "", LLM_LIBTENSORFLOW: await testLibrary() };
  // What the opening of an engine in this process has set.
  for (const name of ["TF_CPU_ALLOCATOR_USE_BFC", "TF_CPU_BFC_MEM_LIMIT_IN_MB", "LLM_THREADS"]) delete env[name];
  const child = spawn(process.execPath, ["--input-type=module", "-e", SCRIPT], { env: { ...env, ...environment }, cwd: fileURLToPath(new URL("..", import.meta.url)), stdio: ["ignore", "pipe", "pipe"] });
  let stdout = "";
  let stderr = "";
  child.stdout.on("data", (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
  await new Promise((resolve) => child.on("close", resolve));
  return { ...((stdout ? JSON.parse(stdout) : {}) as Result), stderr };
}

test("a step's memory is there for the next: no page faults, no growth; without TensorFlow's allocator it is mapped anew", async () => {
  // Ten times 128 MB in pages of 4 kB are 327,680.
  const kept = await inProcess({});
  expect(kept.faults).toBeLessThan(10_000);
  expect(kept.grownMb).toBeLessThan(64);
  if (process.platform === "linux") expect((await inProcess({ TF_CPU_ALLOCATOR_USE_BFC: "0" })).faults).toBeGreaterThan(100_000);
}, 120_000);

test("LLM_THREADS sets the threads", async () => {
  expect((await inProcess({ LLM_THREADS: "1" })).device).toBe("CPU, 1 thread");
  expect((await inProcess({ LLM_THREADS: "none" })).stderr).toMatch(/LLM_THREADS must be a whole number of at least 1, got "none"/);
}, 120_000);
