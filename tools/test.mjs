// @ts-check
// The whole check, as `npm test` and CI run it: lint, types, unit tests, package checks, then what users run (the pipeline
// through the real bins, several machines, the packed tarballs in an empty project). Ends with the line "N passed, N failed".
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const root = resolve(fileURLToPath(import.meta.url), "../..");
const projects = ["packages", "tools"]
  .flatMap((folder) => readdirSync(join(root, folder)).map((name) => join(folder, name)))
  .concat("e2e")
  .filter((path) => existsSync(join(root, path, "package.json")));

/** @param {string} command @param {string[]} args */
const run = (command, args) => {
  const started = Date.now();
  const ok = spawnSync(command, args, { cwd: root, stdio: "inherit" }).status === 0;
  process.stdout.write(`\n${ok ? "ok" : "FAILED"} in ${Math.round((Date.now() - started) / 1000)} s: ${args.slice(1).join(" ")}\n`);
  return ok;
};
/** @param {string[]} args */
const nx = (...args) => run(process.execPath, [join(root, "node_modules/nx/dist/bin/nx.js"), ...args, "--outputStyle=stream"]);

for (const project of projects) rmSync(join(root, project, "reports"), { recursive: true, force: true });

/** @type {Record<string, boolean>} */
const steps = {};
steps.build = nx("run-many", "-t", "build");
steps.check = steps.build && nx("run-many", "-t", "lint", "typecheck", "check:package");
// The tests of the TensorFlow engine need its library: fetched once into the user's cache. Where it can't be had (no Python)
// those tests say so themselves.
if (steps.build) run(process.execPath, ["packages/backend/bin/llm-backend.js", "install"]);
steps.test = steps.build && nx("run-many", "-t", "test", "--parallel=1");
steps.e2e = steps.build && nx("run-many", "-t", "pipeline", "distributed", "pack", "-p", "e2e", "--parallel=1");

let passed = 0;
let failed = 0;
for (const project of projects) {
  const folder = join(root, project, "reports");
  if (!existsSync(folder)) continue;
  for (const file of readdirSync(folder).filter((name) => /^vitest.*\.json$/.test(name))) {
    const report = JSON.parse(readFileSync(join(folder, file), "utf8"));
    passed += report.numPassedTests;
    failed += report.numFailedTests;
    // A file that can't even be imported has no tests to count.
    failed += report.testResults.filter((/** @type {any} */ result) => result.status === "failed" && result.assertionResults.every((/** @type {any} */ test) => test.status !== "failed")).length;
  }
}
for (const [name, ok] of Object.entries(steps)) {
  if (ok) continue;
  process.stdout.write(`step failed: ${name}\n`);
  // Lint, types and package checks count no tests, and an unhandled rejection fails a run without failing a test.
  if (name === "check" || name === "build" || failed === 0) failed += 1;
}
process.stdout.write(`\n${passed} passed, ${failed} failed\n`);
process.exitCode = failed === 0 && passed > 0 ? 0 : 1;
