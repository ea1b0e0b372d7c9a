import { createHash } from "node:crypto";
import { mkdir, open } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { crc32 } from "node:zlib";
import { BackendError } from "../errors.js";
import { openZipEntry, readZipDirectory, type ZipEntry } from "./zip.js";

/** One library that was taken out of a wheel. */
export interface UnpackedLibrary {
  /** Its path inside the folder, with slashes. */
  name: string;
  bytes: number;
  /** Hexadecimal. */
  sha256: string;
}

const LIBRARIES = /^tensorflow\/libtensorflow_(cc|framework)\.(so\.2|2\.dylib)$/;
const MAX_RECORD = 32 << 20;

/**
 * What TensorFlow loads of NVIDIA's wheels: the libraries that its own search path names (RUNPATH of libtensorflow_framework), those that
 * these need in turn (nvJitLink, NVRTC), and what XLA compiles with (ptxas, libdevice). Not headers, static libraries, or cuRAND.
 */
const CUDA =
  /^nvidia\/(cublas\/lib\/libcublas(Lt)?|cuda_cupti\/lib\/libcupti|cuda_nvrtc\/lib\/libnvrtc(-builtins)?|cuda_runtime\/lib\/libcudart|cudnn\/lib\/libcudnn\w*|cufft\/lib\/libcufft|cusolver\/lib\/libcusolver|cusparse\/lib\/libcusparse|nccl\/lib\/libnccl|nvjitlink\/lib\/libnvJitLink)\.so\.[\d.]+$|^nvidia\/cuda_nvcc\/(bin\/(ptxas|nvlink)|nvvm\/libdevice\/libdevice\.10\.bc)$/;

export interface UnpackOptions {
  /** Gets the bytes unpacked so far and the bytes in all. */
  onProgress?: ((done: number, total: number) => void) | undefined;
  signal?: AbortSignal | undefined;
  /** Keep the folders that the libraries lie in, which find each other by them; default: they lie side by side. */
  tree?: boolean | undefined;
}

/**
 * Takes libtensorflow out of a TensorFlow wheel into `folder`, and checks each library against the SHA-256 in the wheel's
 * own RECORD (PEP 427) while it is written. Memory stays below 100 MB.
 *
 * @throws BackendError "install" when the wheel is damaged or has no libtensorflow. What was written so far stays in `folder`: the
 *   caller removes it.
 */
export async function unpackWheel(wheel: string, folder: string, options: UnpackOptions = {}): Promise<UnpackedLibrary[]> {
  const entries = await readZipDirectory(wheel);
  const libraries = entries.filter(({ name }) => LIBRARIES.test(name));
  if (libraries.length !== 2) {
    throw new BackendError("install", `${basename(wheel)} does not have libtensorflow_cc and libtensorflow_framework (found: ${libraries.map(({ name }) => name).join(", ") || "neither"}); expected a TensorFlow 2 wheel for Linux or macOS`);
  }
  return unpackEntries(wheel, entries, libraries, folder, options);
}

/** The same with the libraries of one of NVIDIA's wheels, in their own folders. May be none: some wheels only serve compilers. */
export async function unpackCudaWheel(wheel: string, folder: string, options: UnpackOptions = {}): Promise<UnpackedLibrary[]> {
  const entries = await readZipDirectory(wheel);
  return unpackEntries(wheel, entries, entries.filter(({ name }) => CUDA.test(name)), folder, { ...options, tree: true });
}

/** The text of a wheel's METADATA, which names what it requires. @throws BackendError "install" when it has none or is damaged. */
export async function readMetadata(wheel: string): Promise<string> {
  return (await readText(wheel, await readZipDirectory(wheel), "METADATA")).toString("utf8");
}

async function unpackEntries(wheel: string, entries: readonly ZipEntry[], libraries: readonly ZipEntry[], folder: string, { onProgress, signal, tree }: UnpackOptions): Promise<UnpackedLibrary[]> {
  const hashes = await readRecord(wheel, entries);
  const total = libraries.reduce((sum, { size }) => sum + size, 0);
  const unpacked: UnpackedLibrary[] = [];
  let before = 0;
  for (const entry of libraries) {
    const expected = hashes.get(entry.name);
    if (!expected) throw new BackendError("install", `${basename(wheel)}: its RECORD has no SHA-256 for ${entry.name}, so it can't be checked`);
    const name = tree ? entry.name : basename(entry.name);
    await mkdir(dirname(join(folder, name)), { recursive: true });
    unpacked.push({ name, ...(await unpackEntry(wheel, entry, expected, join(folder, name), { signal, onBytes: (done) => onProgress?.(before + done, total) })) });
    before += entry.size;
  }
  return unpacked;
}

/** Name to SHA-256 (url-safe base64 without padding), from the wheel's RECORD. */
async function readRecord(wheel: string, entries: readonly ZipEntry[]): Promise<Map<string, string>> {
  const bytes = await readText(wheel, entries, "RECORD");
  const hashes = new Map<string, string>();
  for (const line of bytes.toString("utf8").split(/\r?\n/)) {
    const [name, hash] = line.split(",");
    if (name && hash?.startsWith("sha256=")) hashes.set(name, hash.slice("sha256=".length).replace(/=+$/, ""));
  }
  return hashes;
}

/** One of the texts that describe a wheel. */
async function readText(wheel: string, entries: readonly ZipEntry[], file: "RECORD" | "METADATA"): Promise<Buffer> {
  const entry = entries.find(({ name }) => new RegExp(`^[^/]+\\.dist-info/${file}$`).test(name));
  if (!entry || entry.size > MAX_RECORD) {
    const what = file === "RECORD" ? "RECORD of its files' checksums" : "METADATA";
    throw new BackendError("install", `${basename(wheel)} has no ${what}, so it is not a wheel that can be trusted`);
  }
  const chunks: Buffer[] = [];
  for await (const chunk of await guarded(wheel, entry)) chunks.push(chunk as Buffer);
  const bytes = Buffer.concat(chunks);
  if (bytes.length !== entry.size || crc32(bytes) !== entry.crc32) throw damaged(wheel, entry.name, `CRC-32 ${entry.crc32}`, `${crc32(bytes)}`);
  return bytes;
}

async function unpackEntry(wheel: string, entry: ZipEntry, expected: string, path: string, { signal, onBytes }: { signal: AbortSignal | undefined; onBytes(done: number): void }): Promise<Omit<UnpackedLibrary, "name">> {
  const hash = createHash("sha256");
  let bytes = 0;
  const file = await open(path, "wx", entry.name.includes("/bin/") ? 0o755 : 0o644);
  try {
    for await (const chunk of await guarded(wheel, entry)) {
      signal?.throwIfAborted();
      const block = chunk as Buffer;
      bytes += block.length;
      if (bytes > entry.size) break;
      hash.update(block);
      await file.write(block);
      onBytes(bytes);
    }
    await file.sync();
  } finally {
    await file.close();
  }
  const digest = hash.digest();
  if (bytes !== entry.size) throw damaged(wheel, entry.name, `${entry.size} bytes`, `${bytes > entry.size ? "more" : bytes}`);
  if (digest.toString("base64url") !== expected) throw damaged(wheel, entry.name, `SHA-256 ${expected}`, digest.toString("base64url"));
  return { bytes, sha256: digest.toString("hex") };
}

/** The entry's bytes; what zlib has to say about damaged ones becomes an error that says what to do. */
async function guarded(wheel: string, entry: ZipEntry): Promise<AsyncIterable<unknown>> {
  const stream = await openZipEntry(wheel, entry);
  return (async function* () {
    try {
      yield* stream;
    } catch (cause) {
      throw new BackendError("install", `${basename(wheel)}: ${entry.name} can't be unpacked, so the wheel is damaged. Run llm-backend install again to download it anew.`, { cause });
    }
  })();
}

const damaged = (wheel: string, name: string, expected: string, found: string): BackendError =>
  new BackendError("install", `${basename(wheel)}: ${name} is damaged: expected ${expected}, found ${found}. Run llm-backend install again to download it anew.`);
