import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, truncateSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { testLibrary } from "../../test/support/tensorflow.js";
import { prune } from "./compile-cache.js";

let cache: string;
beforeEach(() => void (cache = mkdtempSync(join(tmpdir(), "compile-cache-"))));
afterEach(() => rmSync(cache, { recursive: true, force: true }));

/** A process of its own compiles a training step, runs it five times and prints the losses. */
const PROGRAM = `
import * as tf from "@tensorflow/tfjs";
import { openEngine } from "@llm/backend";
const engine = await openEngine({ prefer: "tensorflow" });
const w = tf.variable(tf.tensor2d([[0.5, -1], [2, 0.25]]));
const x = tf.tensor2d([[1, 2], [3, 4], [5, 6]]);
const step = engine.compile((x, size) => {
  const { value, grads } = tf.variableGrads(() => tf.mean(tf.square(tf.tanh(tf.matMul(x, w)))), [w]);
  w.assign(tf.sub(w, tf.mul(grads[w.name], 0.1)));
  return tf.mul(value, size);
}, { jit: true });
const losses = [1, 2, 3, 4, 5].map(() => step(x, +process.argv[1]).dataSync()[0]);
process.stdout.write(JSON.stringify({ losses, modes: step.signatures.map(({ mode }) => mode), flags: process.env.TF_XLA_FLAGS ?? "" }));
`;

async function run(env: NodeJS.ProcessEnv = {}, size = 1) {
  const library = await testLibrary();
  const result = spawnSync(process.execPath, ["--input-type=module", "-e", PROGRAM, String(size)], {
    cwd: new URL("../..", import.meta.url),
    env: { ...process.env, LLM_CACHE: cache, LLM_XLA_CACHE: undefined, TF_XLA_FLAGS: undefined, LLM_LIBTENSORFLOW: library, ...env },
    encoding: "utf8",
  });
  if (result.status !== 0) throw new Error(result.stderr);
  return { ...(JSON.parse(result.stdout) as { losses: number[]; modes: string[]; flags: string }), stderr: result.stderr };
}

const files = () => readdirSync(join(cache, "xla"), { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".pb")).map((name) => join(cache, "xla", name));

describe("what XLA compiled", () => {
  test("is read by the next process, which says the same", async () => {
    const first = await run();
    expect(first.modes).toEqual(["xla"]);
    const [file, ...others] = files();
    expect(others).toEqual([]);
    const before = statSync(file!);
    const second = await run();
    expect(second).toEqual(first);
    expect(second.stderr).toBe("");
    // Written once (it would be another file): the second process read it.
    expect(statSync(file!).ino).toBe(before.ino);
    // Another function is another file.
    await run({}, 2);
    expect(files()).toHaveLength(2);
  });

  test.each(["cut short", "changed", "without its checksum"])("is made again when its file is %s", async (fault) => {
    const first = await run();
    const [file] = files();
    const bytes = readFileSync(file!);
    if (fault === "cut short") truncateSync(file!, bytes.length >> 1);
    if (fault === "changed") {
      bytes[bytes.length >> 1]! ^= 0xff;
      writeFileSync(file!, bytes);
    }
    if (fault === "without its checksum") rmSync(`${file}.sha256`);
    const again = await run();
    expect(again.modes).toEqual(["xla"]);
    expect(again.losses).toEqual(first.losses);
    expect(files()).toEqual([file]);
    expect(statSync(`${file}.sha256`).size).toBe(64);
  });

  test("has a place of its own for other settings, and none where it is turned off or the user has one", async () => {
    const plain = await run();
    const other = await run({ XLA_FLAGS: "--xla_cpu_use_xnnpack=false", TF_XLA_FLAGS: `${plain.flags} --tf_xla_clustering_debug=false` });
    expect(other.flags).toMatch(/^--tf_xla_clustering_debug=false --tf_xla_persistent_cache_directory=\S+$/);
    expect(other.flags).not.toContain(plain.flags);
    expect(files()).toHaveLength(2);
    rmSync(join(cache, "xla"), { recursive: true });
    expect((await run({ LLM_XLA_CACHE: "0" })).flags).toBe("");
    const own = mkdtempSync(join(cache, "own-"));
    expect((await run({ TF_XLA_FLAGS: `--tf_xla_persistent_cache_directory=${own}` })).flags).toBe(`--tf_xla_persistent_cache_directory=${own}`);
    expect(readdirSync(own)).toHaveLength(1);
    expect(readdirSync(cache)).not.toContain("xla");
  });
});

test("the least recently used goes first when there is too much", () => {
  const write = (name: string, seconds: number) => {
    writeFileSync(join(cache, name), Buffer.alloc(100));
    writeFileSync(join(cache, `${name}.sha256`), "");
    utimesSync(join(cache, name), seconds, 1);
  };
  write("b.pb", 20);
  write("a.pb", 30);
  write("c.pb", 10);
  prune(cache, 200);
  expect(readdirSync(cache).sort()).toEqual(["a.pb", "a.pb.sha256", "b.pb", "b.pb.sha256"]);
  prune(cache, 199);
  expect(readdirSync(cache).sort()).toEqual(["a.pb", "a.pb.sha256"]);
});
