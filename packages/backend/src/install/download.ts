import { spawn } from "node:child_process";
import { mkdir, mkdtemp, readdir, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { BackendError } from "../errors.js";
import { findPython, runPython } from "../python.js";

/** Gets the bytes downloaded so far, and in all once that is known (else 0). */
export type OnBytes = (done: number, total: number) => void;

/**
 * Downloads the wheel of a TensorFlow for this platform with the machine's own pip, from wherever pip is set up to look.
 * The file appears in `folder` by rename, complete or not at all.
 *
 * @returns The wheel's path.
 * @throws BackendError "install" without Python or pip, without a wheel for this platform, or when pip fails (with what it said).
 */
export async function downloadWheel(version: string, folder: string, { onBytes, signal }: { onBytes?: OnBytes | undefined; signal?: AbortSignal | undefined } = {}): Promise<string> {
  const python = await findPip();
  await mkdir(folder, { recursive: true });
  // pip writes to TMPDIR first: with our own, the size on disk tells how far it is.
  const temporary = await mkdtemp(join(folder, ".download-"));
  try {
    let refused = "";
    for (const { name, target } of attempts()) {
      const args = ["-m", "pip", "download", "--no-deps", "--only-binary=:all:", "--no-cache-dir", "--disable-pip-version-check", "--no-input", "--progress-bar=off", "--dest", temporary, ...target, `${name}==${version}`];
      const result = await pip(python, args, temporary, { onBytes, signal });
      if (result.ok) {
        const wheel = (await readdir(temporary)).find((file) => file.endsWith(".whl"));
        if (!wheel) throw new BackendError("install", `pip download ${name}==${version} ended without an error and without a wheel:\n${result.said}`);
        await rename(join(temporary, wheel), join(folder, wheel));
        return join(folder, wheel);
      }
      refused = result.said;
      // Another Python version's wheel has the same libraries; anything but "no such wheel" is not mended by asking for it.
      if (!/no matching distribution/i.test(refused)) throw new BackendError("install", `pip could not download ${name} ${version}:\n${refused}`);
    }
    throw new BackendError("install", `There is no wheel of TensorFlow ${version} for ${process.platform}-${process.arch}. Try another --version, or set LLM_LIBTENSORFLOW to a folder with libtensorflow. pip said:\n${refused}`);
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
}

async function findPip(): Promise<string> {
  const python = await findPython();
  if (!python) {
    throw new BackendError("install", "There is no Python 3 on the PATH, and libtensorflow is fetched with Python's pip. Install Python 3 with pip, or copy a libtensorflow folder from another machine of this kind and set LLM_LIBTENSORFLOW to it.");
  }
  try {
    await runPython(python, ["-m", "pip", "--version"], { timeout: 20_000 });
  } catch (cause) {
    throw new BackendError("install", `${python} has no pip, which fetches libtensorflow. Install it (${python} -m ensurepip, or the python3-pip package), or set LLM_LIBTENSORFLOW to a folder with libtensorflow.`, { cause });
  }
  return python;
}

/** What to ask pip for: the wheel for its own Python, then one for Pythons that TensorFlow is built for. */
function attempts(): { name: string; target: string[] }[] {
  const linux = process.platform === "linux";
  const x64 = process.arch === "x64";
  const cpu = x64 ? "x86_64" : "aarch64";
  const platforms = linux ? [`manylinux_2_27_${cpu}`, `manylinux_2_17_${cpu}`, `manylinux2014_${cpu}`] : ["macosx_12_0_arm64", "macosx_11_0_arm64"];
  const targets = [[], ...["3.12", "3.13", "3.11"].map((python) => ["--implementation", "cp", "--python-version", python, ...platforms.flatMap((platform) => ["--platform", platform])])];
  // On x64 the wheel without CUDA has a name of its own; elsewhere the plain one has no CUDA.
  const names = linux && x64 ? ["tensorflow-cpu"] : ["tensorflow-cpu", "tensorflow"];
  return names.flatMap((name) => targets.map((target) => ({ name, target })));
}

async function pip(python: string, args: string[], temporary: string, { onBytes, signal }: { onBytes: OnBytes | undefined; signal: AbortSignal | undefined }): Promise<{ ok: boolean; said: string }> {
  signal?.throwIfAborted();
  const child = spawn(python, args, { signal, windowsHide: true, stdio: ["ignore", "pipe", "pipe"], env: { ...process.env, TMPDIR: temporary, TEMP: temporary, TMP: temporary } });
  let said = "";
  let total = 0;
  const listen = (chunk: Buffer): void => {
    said = (said + chunk.toString("utf8")).slice(-8_000);
    const announced = /Downloading \S+\.whl \(([\d.]+) ([kMG])B\)/.exec(said);
    if (announced) total = Number(announced[1]) * { k: 1e3, M: 1e6, G: 1e9 }[announced[2] as "k" | "M" | "G"];
  };
  child.stdout.on("data", listen);
  child.stderr.on("data", listen);
  const timer = setInterval(() => {
    void wheelBytes(temporary).then((done) => onBytes?.(done, Math.max(total, done)), () => undefined);
  }, 500);
  try {
    const code = await new Promise<number | null>((resolve, reject) => {
      child.on("error", reject);
      child.on("close", resolve);
    });
    return { ok: code === 0, said: lastLines(said) };
  } catch (error) {
    signal?.throwIfAborted();
    throw new BackendError("install", `pip could not be run: ${(error as Error).message}`, { cause: error });
  } finally {
    clearInterval(timer);
  }
}

const lastLines = (text: string): string => text.trim().split("\n").slice(-6).map((line) => `  ${line}`).join("\n");

/** The size of the largest file in `folder` and the folders inside it. */
async function wheelBytes(folder: string): Promise<number> {
  let largest = 0;
  for (const entry of await readdir(folder, { withFileTypes: true, recursive: true })) {
    if (entry.isFile()) largest = Math.max(largest, await stat(join(entry.parentPath, entry.name)).then(({ size }) => size, () => 0));
  }
  return largest;
}
