import { spawn } from "node:child_process";
import { mkdir, mkdtemp, readdir, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { BackendError } from "../errors.js";
import { findPython, runPython } from "../python.js";
import { FETCH_PROGRAM, type FetchMessage } from "./fetch-program.js";
import type { Wanted } from "./requirements.js";

/** Gets the bytes downloaded so far, and in all once that is known (else 0). */
export type OnBytes = (done: number, total: number) => void;

export interface DownloadOptions {
  onBytes?: OnBytes | undefined;
  signal?: AbortSignal | undefined;
}

/** As `pip download` with this exact wheel and nothing beside it. */
const PIP_OPTIONS = ["--no-deps", "--only-binary=:all:", "--no-cache-dir", "--disable-pip-version-check", "--no-input"];

/** What became of one attempt: the wheel's path, or what pip said. */
type Attempt = { wheel: string } | { absent: string };

/**
 * Downloads the first wheel there is of those wanted with the machine's own pip, from wherever pip is set up to look. The file appears in
 * `folder` by rename, complete and with the SHA-256 that the index gives, or not at all; what arrived before an interruption is kept as
 * `*.part` and the next call goes on from there.
 *
 * @returns The wheel's path.
 * @throws BackendError "install" without Python or pip, without such a wheel for this platform, or when pip fails (with what it said).
 */
export async function downloadWheel(wanted: readonly Wanted[], folder: string, options: DownloadOptions = {}): Promise<string> {
  const python = await requirePython();
  await mkdir(folder, { recursive: true });
  let said = "";
  for (const one of wanted) {
    const result = (await fetchWheel(python, one, folder, options)) ?? (await pipDownload(python, one, folder, options));
    if ("wheel" in result) return result.wheel;
    said = result.absent;
  }
  const asked = [...new Set(wanted.map(({ requirement }) => requirement))].join(" or ");
  throw new BackendError("install", `There is no wheel of ${asked} for ${process.platform}-${process.arch}. Try another --version, or set LLM_LIBTENSORFLOW to a folder with libtensorflow. pip said:\n${said}`);
}

async function requirePython(): Promise<string> {
  const python = await findPython();
  if (!python) {
    throw new BackendError("install", "There is no Python 3 on the PATH, and libtensorflow is fetched with Python's pip. Install Python 3 with pip, or copy a libtensorflow folder from another machine of this kind and set LLM_LIBTENSORFLOW to it.");
  }
  return python;
}

async function requirePip(python: string): Promise<void> {
  try {
    await runPython(python, ["-m", "pip", "--version"], { timeout: 20_000 });
  } catch (cause) {
    throw new BackendError("install", `${python} has no pip, which fetches libtensorflow. Install it (${python} -m ensurepip, or the python3-pip package), or set LLM_LIBTENSORFLOW to a folder with libtensorflow.`, { cause });
  }
}

/** Downloads with pip's session; undefined where this pip has other insides than expected. */
async function fetchWheel(python: string, { requirement, target }: Wanted, folder: string, { onBytes, signal }: DownloadOptions): Promise<Attempt | undefined> {
  let last: FetchMessage = {};
  let total = 0;
  const { said } = await run(python, ["-c", FETCH_PROGRAM, folder, ...PIP_OPTIONS, ...target, requirement], {
    signal,
    onLine(line) {
      try {
        last = JSON.parse(line) as FetchMessage;
      } catch {
        return; // a warning of pip's
      }
      if (last.total) total = last.total;
      if (last.done !== undefined) onBytes?.(last.done, total);
    },
  });
  if (last.wheel) return { wheel: join(folder, last.wheel) };
  if (last.none) return { absent: said || `  no matching distribution for ${requirement}` };
  if (last.failed) throw new BackendError("install", `pip could not download ${requirement}: ${last.failed}\nRun llm-backend install again: it goes on where this stopped.`);
  return undefined;
}

/** Downloads with pip's command line. */
async function pipDownload(python: string, { requirement, target }: Wanted, folder: string, { onBytes, signal }: DownloadOptions): Promise<Attempt> {
  await requirePip(python);
  // pip writes to TMPDIR first: with our own, the size on disk tells how far it is.
  const temporary = await mkdtemp(join(folder, ".download-"));
  let total = 0;
  const timer = setInterval(() => {
    void wheelBytes(temporary).then((done) => onBytes?.(done, Math.max(total, done)), () => undefined);
  }, 500);
  try {
    const { code, said } = await run(python, ["-m", "pip", "download", ...PIP_OPTIONS, "--progress-bar=off", "--dest", temporary, ...target, requirement], {
      signal,
      env: { TMPDIR: temporary, TEMP: temporary, TMP: temporary },
      onLine(line) {
        const announced = /Downloading \S+\.whl \(([\d.]+) ([kMG])B\)/.exec(line);
        if (announced) total = Number(announced[1]) * { k: 1e3, M: 1e6, G: 1e9 }[announced[2] as "k" | "M" | "G"];
      },
    });
    if (code === 0) {
      const wheel = (await readdir(temporary)).find((file) => file.endsWith(".whl"));
      if (!wheel) throw new BackendError("install", `pip download ${requirement} ended without an error and without a wheel:\n${said}`);
      await rename(join(temporary, wheel), join(folder, wheel));
      return { wheel: join(folder, wheel) };
    }
    // Another Python version's wheel has the same libraries; anything but "no such wheel" is not mended by asking for it.
    if (/no matching distribution/i.test(said)) return { absent: said };
    throw new BackendError("install", `pip could not download ${requirement}:\n${said}`);
  } finally {
    clearInterval(timer);
    await rm(temporary, { recursive: true, force: true });
  }
}

interface RunOptions {
  signal: AbortSignal | undefined;
  env?: Record<string, string>;
  /** Gets each line of standard output. */
  onLine(line: string): void;
}

async function run(python: string, args: readonly string[], { signal, env, onLine }: RunOptions): Promise<{ code: number | null; said: string }> {
  signal?.throwIfAborted();
  const child = spawn(python, args, { signal, windowsHide: true, stdio: ["ignore", "pipe", "pipe"], env: { ...process.env, ...env } });
  let said = "";
  createInterface({ input: child.stdout }).on("line", (line) => {
    said = `${said}\n${line}`.slice(-8_000);
    onLine(line);
  });
  child.stderr.on("data", (chunk: Buffer) => (said = (said + chunk.toString("utf8")).slice(-8_000)));
  try {
    const code = await new Promise<number | null>((resolve, reject) => {
      child.on("error", reject);
      child.on("close", resolve);
    });
    return { code, said: lastLines(said) };
  } catch (error) {
    signal?.throwIfAborted();
    throw new BackendError("install", `pip could not be run: ${(error as Error).message}`, { cause: error });
  }
}

const lastLines = (text: string): string =>
  text.trim().split("\n").filter((line) => !line.startsWith("{")).slice(-6).map((line) => `  ${line}`).join("\n");

/** The size of the largest file in `folder` and the folders inside it. */
async function wheelBytes(folder: string): Promise<number> {
  let largest = 0;
  for (const entry of await readdir(folder, { withFileTypes: true, recursive: true })) {
    if (entry.isFile()) largest = Math.max(largest, await stat(join(entry.parentPath, entry.name)).then(({ size }) => size, () => 0));
  }
  return largest;
}
