import { spawn } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { wheel } from "./support/wheel.js";

const bin = fileURLToPath(new URL("../bin/llm-backend.js", import.meta.url));
let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "install-"));
  mkdirSync(join(folder, "bin"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Runs the built command line with an empty cache and only `folder/bin` on the PATH. */
function run(...args: string[]): Promise<{ code: number | null; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    const env = { ...process.env, PATH: join(folder, "bin"), LLM_CACHE: join(folder, "cache"), LLM_ENGINE: "", LLM_LIBTENSORFLOW: "" };
    const child = spawn(process.execPath, [bin, ...args], { env, stdio: ["ignore", "pipe", "pipe"] });
    let stdout = "";
    let stderr = "";
    child.stdout.on("data", (chunk: Buffer) => (stdout += chunk.toString()));
    child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
    child.on("close", (code) => resolve({ code, stdout, stderr }));
  });
}

/** Puts a python3 on the PATH whose pip is this shell script; $DEST is where to download to, $* what it was asked. */
function pip(script: string): void {
  const path = join(folder, "bin", "python3");
  writeFileSync(
    path,
    `#!/bin/sh\n[ "$2" = pip ] || exit 0\n[ "$3" = download ] || exit 0\necho "$*" >> ${folder}/asked\nALL="$*"\nwhile [ $# -gt 1 ]; do [ "$1" = --dest ] && DEST="$2"; shift; done\n${script}\n`,
  );
  chmodSync(path, 0o755);
}
const libraries = (): string[] => (existsSync(join(folder, "cache", "libtensorflow")) ? readdirSync(join(folder, "cache", "libtensorflow")) : []);

describe.skipIf(process.platform === "win32")("llm-backend install", () => {
  test("without Python says so, exits 1 and leaves nothing", async () => {
    const { code, stdout, stderr } = await run("install");
    expect(code).toBe(1);
    expect(stdout).toBe("");
    expect(stderr).toMatch(/^error: There is no Python 3 on the PATH, .*LLM_LIBTENSORFLOW to it\.\n$/);
    expect(libraries()).toEqual([]);
  });

  test("asks pip, checks and keeps the libraries, and does nothing the second time", async () => {
    writeFileSync(join(folder, "wheel"), wheel());
    pip(`/bin/cp ${folder}/wheel $DEST/tensorflow_cpu-2.21.0-cp311-cp311-manylinux_2_27_x86_64.whl`);
    const first = await run("install", "--json");
    expect(first).toMatchObject({ code: 0 });
    const installed = JSON.parse(first.stdout) as { folder: string; changed: boolean; version: string };
    expect(installed).toMatchObject({ version: "2.21.0", changed: true });
    expect(readdirSync(installed.folder)).toHaveLength(3);
    expect(existsSync(join(folder, "cache", "downloads", "2.21.0"))).toBe(false);
    const second = await run("install");
    expect(second).toMatchObject({ code: 0, stdout: "" });
    expect(second.stderr).toContain("is installed already");
    expect(readFileSync(join(folder, "asked"), "utf8").trim().split("\n")).toHaveLength(1);
  });

  test("asks for another Python's wheel where pip finds none for its own", async () => {
    writeFileSync(join(folder, "wheel"), wheel());
    pip(`case "$ALL" in *--python-version*) /bin/cp ${folder}/wheel $DEST/tensorflow-2.21.0-cp312-cp312-any.whl;; *) echo "ERROR: No matching distribution found for it" >&2; exit 1;; esac`);
    expect(await run("install")).toMatchObject({ code: 0 });
  });

  test("says what pip said when it fails, and tries nothing else", async () => {
    pip(`echo "ERROR: Could not reach the index" >&2; exit 1`);
    const { code, stderr } = await run("install");
    expect(code).toBe(1);
    expect(stderr).toContain("pip could not download");
    expect(stderr).toContain("Could not reach the index");
    expect(readFileSync(join(folder, "asked"), "utf8").trim().split("\n")).toHaveLength(1);
    expect(libraries()).toEqual([]);
  });

  test("refuses a damaged download and leaves nothing to trip over", async () => {
    writeFileSync(join(folder, "wheel"), wheel().subarray(0, 500_000));
    pip(`/bin/cp ${folder}/wheel $DEST/tensorflow_cpu-2.21.0-cp311-cp311-any.whl`);
    const { code, stderr } = await run("install");
    expect(code).toBe(1);
    expect(stderr).toContain("not a complete zip archive");
    expect(libraries()).toEqual([]);
    writeFileSync(join(folder, "wheel"), wheel());
    expect(await run("install")).toMatchObject({ code: 0 });
  });

  test("asks for the build with CUDA, where there is one", async () => {
    pip(`echo "ERROR: No matching distribution found for it" >&2; exit 1`);
    const { code, stderr } = await run("install", "--gpu");
    expect(code).toBe(1);
    expect(stderr).toMatch(process.platform === "linux" && process.arch === "x64" ? /There is no wheel of tensorflow==2\.21\.0 for linux-x64/ : /built with CUDA for Linux on x64 only/);
  });

  test("exits 2 on wrong usage", async () => {
    expect(await run("install", "--nonsense")).toMatchObject({ code: 2 });
    expect(await run("install", "--version", "latest")).toMatchObject({ code: 1, stderr: expect.stringContaining("not a version") as string });
  });
});

describe("llm-backend doctor", () => {
  test("prints what it found as JSON", async () => {
    const { code, stdout } = await run("doctor", "--json");
    expect(code).toBe(0);
    const diagnosis = JSON.parse(stdout) as Record<string, unknown>;
    expect(diagnosis).toMatchObject({
      machine: { platform: `${process.platform}-${process.arch}`, node: process.versions.node },
      gpus: [],
      libraries: [{ origin: "the cache", available: false }, { origin: "tfjs-node's download" }, { origin: "Python's tensorflow", available: false, reason: "no Python on the PATH" }],
      engine: { name: "wasm", considered: [{ name: "tensorflow", available: false }, { name: "wasm", available: true }] },
      advice: expect.stringContaining("install Python 3") as string,
    });
    expect(diagnosis).not.toHaveProperty("python");
    expect(diagnosis["matmulGflops"]).toBeGreaterThan(0.1);
  });

  test("prints a table for people, and one message for an engine that is not there", async () => {
    const { code, stdout } = await run("doctor", "--engine", "wasm", "--threads", "1");
    expect(code).toBe(0);
    expect(stdout).toMatch(/^engine {2,}wasm 4\.22\.0$/m);
    expect(stdout).toMatch(/^device {2,}CPU, 1 thread, WebAssembly SIMD$/m);
    expect(stdout).toMatch(/^matmul {2,}[\d.]+ GFLOP\/s/m);
    const refused = await run("doctor", "--engine", "tensorflow");
    expect(refused).toMatchObject({ code: 1, stdout: "" });
    expect(refused.stderr).toMatch(/^error: The engine tensorflow, asked for by the option prefer, is not available/);
    expect(await run("doctor", "--engine", "tpu")).toMatchObject({ code: 2 });
  });
});
