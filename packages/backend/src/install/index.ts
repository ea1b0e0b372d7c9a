import { randomUUID } from "node:crypto";
import { mkdir, open, readdir, readFile, rename, rm, stat, statfs } from "node:fs/promises";
import { basename, join } from "node:path";
import { cacheFolder, DEFAULT_TENSORFLOW, librariesFolder, libraryFolder } from "../cache.js";
import { BackendError } from "../errors.js";
import { downloadWheel } from "./download.js";
import { cudaRequirements, cudaWheels, tensorflowWheels } from "./requirements.js";
import { readMetadata, unpackCudaWheel, unpackWheel, type UnpackedLibrary } from "./wheel.js";

/** How far an installation is; bytes done of bytes in all (0 where that is not known yet). */
export interface InstallProgress {
  stage: "download" | "unpack";
  done: number;
  total: number;
  /** Which wheel of how many, from 1: with CUDA there are a dozen. */
  wheel: number;
  wheels: number;
}

export interface InstallOptions {
  /** TensorFlow's version; default {@link DEFAULT_TENSORFLOW}. */
  version?: string | undefined;
  /** The build for NVIDIA GPUs, with NVIDIA's libraries (Linux on x64 only); default false. */
  gpu?: boolean | undefined;
  /** Install anew what is there already; default false. */
  force?: boolean | undefined;
  onProgress?: ((progress: InstallProgress) => void) | undefined;
  signal?: AbortSignal | undefined;
}

export interface Installed {
  /** Holds libtensorflow_cc and libtensorflow_framework. */
  folder: string;
  version: string;
  gpu: boolean;
  /** False where it had been installed before. */
  changed: boolean;
  files: UnpackedLibrary[];
}

/** info.json in the folder of the installation. */
interface Info {
  version: string;
  wheel: string;
  installed: string;
  files: UnpackedLibrary[];
}

/** The wheels and what is unpacked of them: 270 + 840 MB, and once more for pip while it moves the wheel; with CUDA 3.4 + 5.1 GB. */
const SPACE = { cpu: 1_300_000_000, gpu: 8_700_000_000 };

/**
 * Puts TensorFlow's C library into the cache: downloads the wheel with the machine's own pip, takes the libraries out of it, and checks them
 * against the wheel's own checksums; with `gpu` also the CUDA libraries that this TensorFlow names. The folder appears complete or not at
 * all. An interrupted download goes on where it stopped, and a wheel that was downloaded and not unpacked is used again.
 *
 * @throws BackendError "install": no Python or pip, no wheel for this platform, no room, a damaged download.
 */
export async function installTensorFlow({ version = DEFAULT_TENSORFLOW, gpu = false, force = false, onProgress, signal }: InstallOptions = {}): Promise<Installed> {
  if (!/^\d+\.\d+\.\d+[\w.]*$/.test(version)) throw new BackendError("install", `"${version}" is not a version of TensorFlow; expected one such as ${DEFAULT_TENSORFLOW}`);
  refusePlatform(gpu);
  const root = libraryFolder(version, gpu);
  // The CUDA build finds NVIDIA's libraries at ../nvidia/*/lib, as in Python's site-packages.
  const folder = gpu ? join(root, "tensorflow") : root;
  const present = force ? undefined : await readInfo(root);
  if (present) return { folder, version, gpu, changed: false, files: present.files };

  await mkdir(librariesFolder(), { recursive: true });
  await checkSpace(gpu);
  const downloads = join(cacheFolder(), "downloads", basename(root));
  const job = new Job(root, downloads, onProgress, signal);
  const wheel = (await keptWheel(downloads)) ?? (await job.download(tensorflowWheels(version, gpu), 1, 1));
  const files = await job.install(version, wheel, gpu).catch(async (error: unknown) => {
    // A wheel that an earlier run left may be damaged; its unpacking has removed it. A fresh one is not tried twice.
    if (!(error instanceof BackendError) || !job.usedOld) throw error;
    return job.install(version, await job.download(tensorflowWheels(version, gpu), 1, 1), gpu);
  });
  return { folder, version, gpu, changed: true, files };
}

/** One installation: where from, where to, and who listens. */
class Job {
  /** Whether TensorFlow's wheel was there already. */
  usedOld = true;
  readonly #root: string;
  readonly #downloads: string;
  readonly #report: ((progress: InstallProgress) => void) | undefined;
  readonly #signal: AbortSignal | undefined;

  constructor(root: string, downloads: string, report: ((progress: InstallProgress) => void) | undefined, signal: AbortSignal | undefined) {
    this.#root = root;
    this.#downloads = downloads;
    this.#report = report;
    this.#signal = signal;
  }

  async download(wanted: Parameters<typeof downloadWheel>[0], wheel: number, wheels: number): Promise<string> {
    if (wheel === 1) this.usedOld = false;
    return downloadWheel(wanted, this.#downloads, { signal: this.#signal, onBytes: (done, total) => this.#report?.({ stage: "download", done, total, wheel, wheels }) });
  }

  /** Unpacks the wheel, and with CUDA the wheels it names, beside the folder, then puts all there by rename. */
  async install(version: string, wheel: string, gpu: boolean): Promise<UnpackedLibrary[]> {
    const cuda = gpu ? await discarding(wheel, async () => cudaRequirements(await readMetadata(wheel))) : [];
    // One after the other: the network is the limit, and what is complete is kept.
    const others: string[] = [];
    for (const requirement of cuda) others.push(await this.download(cudaWheels(requirement), others.length + 2, cuda.length + 1));

    const temporary = join(librariesFolder(), `.partial-${randomUUID()}`);
    try {
      await mkdir(temporary);
      const files: UnpackedLibrary[] = [];
      for (const [index, path] of [wheel, ...others].entries()) {
        const onProgress = (done: number, total: number): void => this.#report?.({ stage: "unpack", done, total, wheel: index + 1, wheels: others.length + 1 });
        const unpack = index === 0 ? unpackWheel : unpackCudaWheel;
        files.push(...(await discarding(path, () => unpack(path, temporary, { onProgress, signal: this.#signal, tree: gpu }))));
      }
      await writeInfo(temporary, { version, wheel: basename(wheel), installed: new Date().toISOString(), files });
      await rm(this.#root, { recursive: true, force: true });
      await rename(temporary, this.#root);
      await rm(this.#downloads, { recursive: true, force: true });
      return files;
    } finally {
      await rm(temporary, { recursive: true, force: true });
    }
  }
}

/** Removes a wheel that turns out to be damaged, so that the next run does not find it; an interrupted unpacking can use it again. */
async function discarding<T>(wheel: string, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    if (error instanceof BackendError) await rm(wheel, { force: true });
    throw error;
  }
}

function refusePlatform(gpu: boolean): void {
  const { platform, arch } = process;
  if (platform === "win32") {
    throw new BackendError("install", "TensorFlow's Windows wheels have no libtensorflow that can be taken out. On Windows, use WSL2 (everything works there as on Linux, GPUs too), or stay with the WebAssembly engine, which needs no installation; tfjs-node's own addon for the CPU also runs there, outside this package.");
  }
  if (gpu && !(platform === "linux" && arch === "x64")) {
    throw new BackendError("install", `TensorFlow is built with CUDA for Linux on x64 only, and this is ${platform}-${arch}. Without --gpu its build for the CPU is installed${platform === "linux" ? "; for a GPU, set LLM_LIBTENSORFLOW to a build of your own" : ""}.`);
  }
}

async function checkSpace(gpu: boolean): Promise<void> {
  const { bavail, bsize } = await statfs(librariesFolder());
  const [free, needed] = [bavail * bsize, gpu ? SPACE.gpu : SPACE.cpu];
  if (free < needed) {
    throw new BackendError("install", `Not enough room in ${cacheFolder()}: ${(free / 1e9).toFixed(2)} GB are free, and TensorFlow needs ${needed / 1e9} GB while it is unpacked. Make room, or set LLM_CACHE to a folder on another disk.`);
  }
}

/** TensorFlow's wheel, where an earlier run downloaded it whole but did not unpack it. */
async function keptWheel(downloads: string): Promise<string | undefined> {
  const names = await readdir(downloads).catch(() => []);
  const wheel = names.find((name) => name.startsWith("tensorflow") && name.endsWith(".whl"));
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
