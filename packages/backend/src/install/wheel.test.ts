import { createHash } from "node:crypto";
import { mkdtempSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync, existsSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { cc, CC, framework, FRAMEWORK, libraries, record, wheel, zip } from "../../test/support/wheel.js";
import { installTensorFlow } from "./index.js";
import { unpackWheel } from "./wheel.js";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "wheel-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const place = (bytes: Buffer): string => {
  const path = join(folder, "tensorflow_cpu-2.21.0-cp313-cp313-any.whl");
  writeFileSync(path, bytes);
  mkdirSync(join(folder, "out"), { recursive: true });
  return path;
};
const unpack = (bytes: Buffer) => unpackWheel(place(bytes), join(folder, "out"));

describe("unpackWheel", () => {
  test("takes the two libraries out, stored or deflated, and nothing else", async () => {
    const progress: number[] = [];
    const path = place(wheel());
    const unpacked = await unpackWheel(path, join(folder, "out"), { onProgress: (done, total) => progress.push(done / total) });
    expect(unpacked.map(({ name, bytes }) => [name, bytes])).toEqual([[CC, cc.length], [FRAMEWORK, framework.length]]);
    expect(unpacked[0]!.sha256).toBe(createHash("sha256").update(cc).digest("hex"));
    expect(readdirSync(join(folder, "out")).sort()).toEqual([CC, FRAMEWORK].sort());
    expect(readFileSync(join(folder, "out", CC)).equals(cc)).toBe(true);
    expect(readFileSync(join(folder, "out", FRAMEWORK)).equals(framework)).toBe(true);
    expect(progress.at(-1)).toBe(1);
  });

  test("refuses a wheel that was cut off, wherever", async () => {
    const whole = wheel();
    for (const length of [0, 1, 100, 1_000_000, whole.length - 300, whole.length - 22, whole.length - 1]) {
      rmSync(join(folder, "out"), { recursive: true, force: true });
      await expect(unpack(whole.subarray(0, length)), `${length} bytes`).rejects.toMatchObject({ name: "BackendError", code: "install" });
    }
  });

  test("refuses a flipped bit in a library, its header, the RECORD or the directory", async () => {
    const whole = wheel();
    const at = (text: string, from = 0): number => whole.indexOf(text, from);
    const places = {
      "the stored library": at("the framework ") + 5000,
      "the deflated library": at(`tensorflow/${CC}`) + 500_000,
      "a local header": at(`tensorflow/${CC}`) - 30,
      "the directory": whole.lastIndexOf("PK\x01\x02"),
    };
    for (const [name, position] of Object.entries(places)) {
      rmSync(join(folder, "out"), { recursive: true, force: true });
      const bytes = Buffer.from(whole);
      bytes[position]! ^= 0x10;
      await expect(unpack(bytes), name).rejects.toMatchObject({ name: "BackendError", code: "install" });
    }
    rmSync(join(folder, "out"), { recursive: true, force: true });
    const lie = record(libraries.map((file) => ({ ...file, data: Buffer.concat([file.data, Buffer.from("!")]) })));
    await expect(unpack(zip([...libraries, lie]))).rejects.toThrow(/expected SHA-256/);
  });

  test("refuses a wheel without the libraries, without RECORD, or whose RECORD leaves them out", async () => {
    const others = [{ name: "numpy/__init__.py", data: Buffer.from("") }];
    await expect(unpack(zip([...others, record(others)]))).rejects.toThrow(/neither/);
    await expect(unpack(zip(libraries))).rejects.toThrow(/RECORD/);
    await expect(unpack(zip([...libraries, record(others)]))).rejects.toThrow(/no SHA-256/);
    await expect(unpack(Buffer.from("<html>not a wheel</html>"))).rejects.toThrow(/not a complete zip archive/);
  });
});

describe.skipIf(process.platform === "win32")("installTensorFlow with a wheel that was downloaded before", () => {
  const old = { ...process.env };
  beforeEach(() => {
    process.env["LLM_CACHE"] = join(folder, "cache");
    process.env["PATH"] = "";
  });
  afterEach(() => {
    process.env = { ...old };
  });
  const name = `2.21.0-${process.platform}-${process.arch}`;
  const keep = (bytes: Buffer): string => {
    const downloads = join(folder, "cache", "downloads", name);
    mkdirSync(downloads, { recursive: true });
    writeFileSync(join(downloads, "tensorflow_cpu-2.21.0-cp313-cp313-any.whl"), bytes);
    return downloads;
  };

  test("unpacks it without Python, and does nothing the second time", async () => {
    const downloads = keep(wheel());
    const stages = new Set<string>();
    const first = await installTensorFlow({ onProgress: ({ stage }) => stages.add(stage) });
    expect(first).toMatchObject({ version: "2.21.0", changed: true, folder: join(folder, "cache", "libtensorflow", name) });
    expect([...stages]).toEqual(["unpack"]);
    expect(readdirSync(first.folder).sort()).toEqual(["info.json", CC, FRAMEWORK].sort());
    expect(existsSync(downloads)).toBe(false);
    const info = JSON.parse(readFileSync(join(first.folder, "info.json"), "utf8")) as { files: unknown; installed: string };
    expect(info.files).toEqual(first.files);
    expect(Date.parse(info.installed)).toBeGreaterThan(0);
    expect(await installTensorFlow()).toMatchObject({ changed: false, folder: first.folder });
    // A library that lost bytes since is no installation any more.
    writeFileSync(join(first.folder, CC), "short");
    keep(wheel());
    expect(await installTensorFlow()).toMatchObject({ changed: true });
    expect(readFileSync(join(first.folder, CC)).equals(cc)).toBe(true);
  });

  test("removes a damaged one and leaves nothing behind", async () => {
    const downloads = keep(wheel().subarray(0, 1_000_000));
    // It would be downloaded anew, for which there is no Python here.
    await expect(installTensorFlow()).rejects.toThrow(/no Python 3 on the PATH/);
    expect(readdirSync(downloads)).toEqual([]);
    expect(readdirSync(join(folder, "cache", "libtensorflow"))).toEqual([]);
  });

  test("keeps the wheel when it is interrupted, and no half-unpacked folder", async () => {
    const downloads = keep(wheel());
    const abort = new AbortController();
    await expect(installTensorFlow({ signal: abort.signal, onProgress: () => abort.abort() })).rejects.toMatchObject({ name: "AbortError" });
    expect(readdirSync(downloads)).toHaveLength(1);
    expect(readdirSync(join(folder, "cache", "libtensorflow"))).toEqual([]);
    expect(await installTensorFlow()).toMatchObject({ changed: true });
  });

  test("refuses what is no version", async () => {
    await expect(installTensorFlow({ version: "../../etc" })).rejects.toThrow(/not a version/);
  });
});
