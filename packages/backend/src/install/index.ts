import { randomUUID } from "node:crypto";
import { mkdir, open, readdir, readFile, rename, rm, stat, statfs } from "node:fs/promises";
import { basename, join } from "node:path";
import { cacheFolder, DEFAULT_TENSORFLOW, librariesFolder, libraryFolder } from "../cache.js";
import { BackendError } from "../errors.js";
import { downloadWheel } from "./download.js";
import { unpackWheel, type UnpackedLibrary } from "./wheel.js";

/** How far an installation is; bytes done of bytes in all (0 where that is not known yet). */
export interface InstallProgress {
  stage: "download" | "unpack";
  done: number;
  total: number;
}

export interface InstallOptions {
  /** TensorFlow's version; default {@link DEFAULT_TENSORFLOW}. */
  version?: string | undefined;
  /** Install anew what is there already; default false. */
  force?: boolean | undefined;
  onProgress?: ((progress: InstallProgress) => void) | undefined;
  signal?: AbortSignal | undefined;
}

export interface Installed {
  /** Holds libtensorflow_cc, libtensorflow_framework and info.json. */
  folder: string;
  version: string;
  /** False where it had been installed before. */
  changed: boolean;
  files: UnpackedLibrary[];
}

/** info.json beside the libraries. */
interface Info {
  version: string;
  wheel: string;
  installed: string;
  files: UnpackedLibrary[];
}

/** The wheel (270 MB), once more while pip moves it, and the libraries (840 MB). */
const SPACE = 1_300_000_000;

/**
 * Puts TensorFlow's C library into the cache: downloads the CPU wheel with the machine's own pip, takes the two libraries
 * out of it, and checks them against the wheel's own checksums. The folder appears complete or not at all; a wheel that was
 * downloaded and not unpacked is used again.
 *
 * @throws BackendError "install": no Python or pip, no wheel for this platform, no room, a damaged download.
 */
export async function installTensorFlow({ version = DEFAULT_TENSORFLOW, force = false, onProgress, signal }: InstallOptions = {}): Promise<Installed> {
  if (!/^\d+\.\d+\.\d+[\w.]*$/.test(version)) throw new BackendError("install", `"${version}" is not a version of TensorFlow; expected one such as ${DEFAULT_TENSORFLOW}`);
  refuseWindows();
  const folder = libraryFolder(version);
  const present = force ? undefined : await readInfo(folder);
  if (present) return { folder, version, changed: false, files: present.files };

  await mkdir(librariesFolder(), { recursive: true });
  await checkSpace();
  const downloads = join(cacheFolder(), "downloads", basename(folder));
  const onBytes = (done: number, total: number): void => onProgress?.({ stage: "download", done, total });
  const kept = await keptWheel(downloads);
  if (kept) {
    try {
      return await unpackInto(folder, version, kept, downloads, { onProgress, signal });
    } catch (error) {
      // A wheel that was cut off is downloaded again; unpackInto has removed it.
      if (!(error instanceof BackendError)) throw error;
    }
  }
  return unpackInto(folder, version, await downloadWheel(version, downloads, { onBytes, signal }), downloads, { onProgress, signal });
}

/** Unpacks the wheel beside `folder`, then puts it there by rename. */
async function unpackInto(folder: string, version: string, wheel: string, downloads: string, { onProgress, signal }: Pick<InstallOptions, "onProgress" | "signal">): Promise<Installed> {
  const temporary = join(librariesFolder(), `.partial-${randomUUID()}`);
  try {
    await mkdir(temporary);
    const unpack = (done: number, total: number): void => onProgress?.({ stage: "unpack", done, total });
    const files = await unpackWheel(wheel, temporary, { onProgress: unpack, signal }).catch(async (error: unknown) => {
      // A damaged wheel would be found again by the next run; an interrupted unpacking can use it.
      if (error instanceof BackendError) await rm(wheel, { force: true });
      throw error;
    });
    await writeInfo(temporary, { version, wheel: basename(wheel), installed: new Date().toISOString(), files });
    await rm(folder, { recursive: true, force: true });
    await rename(temporary, folder);
    await rm(downloads, { recursive: true, force: true });
    return { folder, version, changed: true, files };
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
}

function refuseWindows(): void {
  if (process.platform === "win32") {
    throw new BackendError("install", "TensorFlow's Windows wheels have no libtensorflow that can be taken out. On Windows, use WSL2 (everything works there as on Linux), or stay with the WebAssembly engine, which needs no installation; tfjs-node's own addon for the CPU also runs there, outside this package.");
  }
}

async function checkSpace(): Promise<void> {
  const { bavail, bsize } = await statfs(librariesFolder());
  const free = bavail * bsize;
  if (free < SPACE) {
    throw new BackendError("install", `Not enough room in ${cacheFolder()}: ${(free / 1e9).toFixed(2)} GB are free, and unpacking TensorFlow needs ${SPACE / 1e9} GB. Make room, or set LLM_CACHE to a folder on another disk.`);
  }
}

/** A wheel that an earlier run downloaded whole but did not unpack. */
async function keptWheel(downloads: string): Promise<string | undefined> {
  const names = await readdir(downloads).catch(() => []);
  const wheel = names.find((name) => name.endsWith(".whl"));
  return wheel && join(downloads, wheel);
}

/** What is installed in `folder`, if its libraries are there in their full size. */
async function readInfo(folder: string): Promise<Info | undefined> {
  try {
    const info = JSON.parse(await readFile(join(folder, "info.json"), "utf8")) as Info;
    for (const { name, bytes } of info.files) if ((await stat(join(folder, name))).size !== bytes) return undefined;
    return info;
  } catch {
    // Not installed, or damaged: installing mends both.
    return undefined;
  }
}

async function writeInfo(folder: string, info: Info): Promise<void> {
  const file = await open(join(folder, "info.json"), "wx");
  try {
    await file.writeFile(`${JSON.stringify(info, null, 2)}\n`);
    await file.sync();
  } finally {
    await file.close();
  }
}
