import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

interface SuiteResult {
  engine: string;
  passed: number;
  failed: { name: string; messages: string[] }[];
  pending: string[];
  leaks: { name: string; handles: number }[];
  opsExecuted: number;
}

/** Runs the suite in a process of its own: jasmine and its specs change globals. */
function runSuite(...args: string[]): Promise<{ code: number | null; result: SuiteResult }> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [fileURLToPath(new URL("suite/run.mjs", import.meta.url)), ...args], { stdio: ["ignore", "pipe", "pipe"] });
    let stdout = "";
    let stderr = "";
    child.stdout.on("data", (chunk: Buffer) => (stdout += chunk.toString()));
    child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
    child.on("error", reject);
    child.on("close", (code) => {
      try {
        resolve({ code, result: JSON.parse(stdout) as SuiteResult });
      } catch {
        reject(new Error(`The suite ended with exit code ${code} and without a result:\n${stderr}`));
      }
    });
  });
}

test("tfjs-core's own test suite passes on the TensorFlow engine, every spec, without a leak", { timeout: 300_000 }, async () => {
  const { code, result } = await runSuite();
  expect(result.failed).toEqual([]);
  expect(result.leaks).toEqual([]);
  expect(result.passed).toBe(4225);
  // tfjs-core itself leaves these out.
  expect(result.pending).toEqual([
    "debug on test-tensorflow {} A x B",
    "IS_BROWSER isBrowser: true",
    "IS_BROWSER isBrowser: false",
    "kernel_registry test-tensorflow {} errors when registering the same kernel twice",
    "gradient registry test-tensorflow {} warning when registering the same gradient twice",
  ]);
  // The JavaScript engine would pass too, so the number of calls proves that TensorFlow did the work.
  expect(result.engine).toMatch(/^tensorflow/);
  expect(result.opsExecuted).toBeGreaterThan(25_700);
  expect(code).toBe(0);
});
