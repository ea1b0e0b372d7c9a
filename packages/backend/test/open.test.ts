import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { BackendError, locateLibraries, openEngine, type Engine } from "@llm/backend";

const old = { ...process.env };
let folder = "";
const engines: Engine[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "open-"));
  for (const name of ["LLM_ENGINE", "LLM_LIBTENSORFLOW"]) delete process.env[name];
  // Nothing is installed, and there is no Python.
  process.env["LLM_CACHE"] = join(folder, "cache");
  process.env["PATH"] = "";
});
afterEach(() => {
  for (const engine of engines.splice(0)) engine.dispose();
  process.env = { ...old };
  rmSync(folder, { recursive: true, force: true });
});
const open = async (options?: Parameters<typeof openEngine>[0]): Promise<Engine> => {
  const engine = await openEngine(options);
  engines.push(engine);
  return engine;
};

const suffix = process.platform === "darwin" ? "2.dylib" : "so.2";
/** A folder with files of the right names that are no libraries. */
function fakeLibrary(path: string): string {
  mkdirSync(path, { recursive: true });
  for (const name of ["cc", "framework"]) writeFileSync(join(path, `libtensorflow_${name}.${suffix}`), "this is no library\n");
  return path;
}

describe("openEngine", () => {
  test("takes WebAssembly where there is no libtensorflow, and says what to do", async () => {
    const engine = await open();
    expect(engine.name).toBe("wasm");
    expect(engine.tf.getBackend()).toBe("wasm");
    expect(engine.considered.map(({ name, available }) => [name, available])).toEqual([["tensorflow", false], ["wasm", true]]);
    expect(engine.considered[0]!.reason).toContain("no Python on the PATH, so libtensorflow can't be fetched: run llm-backend install on a machine with Python, or set LLM_LIBTENSORFLOW");
    expect(engine.reason).toBe(engine.considered[1]!.reason);
    expect([...engine.tf.matMul([[1, 2], [3, 4]], [[1, 0], [1, 1]], false, true).dataSync()]).toEqual([1, 3, 3, 7]);
    expect(engine.memory().handles).toBe(0);
  });

  test("hands out the same engine again, and switches between two", async () => {
    const wasm = await open({ prefer: "wasm" });
    expect(await open()).toBe(wasm);
    const x = wasm.tf.tensor1d([1, 2, 3]);
    const cpu = await open({ prefer: "cpu" });
    expect(cpu.tf.getBackend()).toBe("cpu");
    // A tensor follows to the engine that uses it.
    expect([...cpu.tf.square(x).dataSync()]).toEqual([1, 4, 9]);
    expect(await open({ prefer: "wasm" })).toBe(wasm);
    expect(wasm.tf.getBackend()).toBe("wasm");
  });

  test("takes the engine that LLM_ENGINE names, over the option", async () => {
    process.env["LLM_ENGINE"] = "cpu";
    const engine = await open({ prefer: "wasm" });
    expect(engine.name).toBe("cpu");
    expect(engine.reason).toContain("LLM_ENGINE");
  });

  test("refuses names that are no engines, and counts that are no threads", async () => {
    process.env["LLM_ENGINE"] = "gpu";
    await expect(openEngine()).rejects.toThrow(/no engine "gpu" \(LLM_ENGINE\): expected one of tensorflow-gpu, tensorflow, wasm, cpu/);
    delete process.env["LLM_ENGINE"];
    await expect(openEngine({ threads: 0 })).rejects.toThrow(/threads must be a whole number/);
  });

  test("refuses a preference that is not available, with the reasons", async () => {
    for (const prefer of ["tensorflow", "tensorflow-gpu"] as const) {
      const error = await openEngine({ prefer }).then(() => undefined, (reason: unknown) => reason);
      expect(error).toBeInstanceOf(BackendError);
      expect((error as BackendError).code).toBe("engine");
      expect((error as Error & { [key: symbol]: unknown })[Symbol.for("@llm/error")]).toBe(true);
      expect((error as Error).message).toMatch(/is not available:\n {2}tensorflow: no usable libtensorflow/);
    }
  });

  test.each([
    ["an empty folder", (path: string) => mkdirSync(path), /No libtensorflow in/],
    ["no folder", () => undefined, /No libtensorflow in/],
    ["text files with the libraries' names", (path: string) => fakeLibrary(path), /Can't load/],
  ])("goes on without TensorFlow where LLM_LIBTENSORFLOW is %s", async (_, make, reason) => {
    const path = join(folder, "library");
    make(path);
    process.env["LLM_LIBTENSORFLOW"] = path;
    const engine = await open();
    expect(engine.name).toBe("wasm");
    expect(engine.considered[0]).toMatchObject({ name: "tensorflow", available: false });
    expect(engine.considered[0]!.reason).toMatch(reason);
    expect(engine.considered[0]!.reason).toContain("LLM_LIBTENSORFLOW");
  });
});

describe("locateLibraries", () => {
  test("looks only where it is told to, the option before the environment", async () => {
    process.env["LLM_LIBTENSORFLOW"] = join(folder, "b");
    expect(await locateLibraries(fakeLibrary(join(folder, "a")))).toMatchObject([{ folder: join(folder, "a"), available: true }]);
    expect(await locateLibraries()).toMatchObject([{ origin: "LLM_LIBTENSORFLOW", folder: join(folder, "b"), available: false }]);
  });

  test("finds the newest version in the cache that is for this platform, and stops there", async () => {
    const platform = `${process.platform}-${process.arch}`;
    for (const name of [`2.9.1-${platform}`, `2.21.0-${platform}`, "2.30.0-other-arch", `.partial-${platform}`]) fakeLibrary(join(folder, "cache", "libtensorflow", name));
    expect(await locateLibraries()).toMatchObject([{ origin: "the cache", folder: join(folder, "cache", "libtensorflow", `2.21.0-${platform}`), available: true }]);
    expect((await locateLibraries(undefined, { all: true })).map(({ origin }) => origin)).toEqual(["the cache", "tfjs-node's download", "Python's tensorflow"]);
  });

  describe.skipIf(process.platform === "win32")("asks Python", () => {
    const python = (script: string): void => {
      mkdirSync(join(folder, "bin"));
      writeFileSync(join(folder, "bin", "python3"), `#!/bin/sh\n${script}\n`);
      chmodSync(join(folder, "bin", "python3"), 0o755);
      process.env["PATH"] = join(folder, "bin");
    };
    const asked = async () => (await locateLibraries()).at(-1)!;

    test("for the folder of its tensorflow", async () => {
      python(`case "$2" in *find_spec*) echo ${fakeLibrary(join(folder, "site-packages", "tensorflow"))};; esac`);
      expect(await asked()).toMatchObject({ origin: "Python's tensorflow", folder: join(folder, "site-packages", "tensorflow"), available: true });
    });

    test("and takes an absent package, a failure or a silence for an answer", async () => {
      python("exit 0");
      expect(await asked()).toMatchObject({ available: false, reason: "python3 has no tensorflow package" });
      rmSync(join(folder, "bin"), { recursive: true });
      python(`case "$2" in *find_spec*) echo it broke >&2; exit 3;; esac`);
      expect((await asked()).reason).toContain("it broke");
      rmSync(join(folder, "bin"), { recursive: true });
      python(`case "$2" in *find_spec*) exec /bin/sleep 30;; esac`);
      expect((await asked()).reason).toContain("no answer within 3 seconds");
    });
  });
});
