import { type FileHandle, open, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { ModelError } from "./errors.js";
import { decodeSafetensorsHeader, decodeTensor, encodeSafetensorsHeader, floatBytes, headerLength, type StoredTensor } from "./safetensors.js";

let unique = 0;

/** Writes a file so that it appears complete or not at all: to a temporary name beside it, flushed to disk, then renamed. */
async function writeAtomic(path: string, write: (handle: FileHandle) => Promise<void>): Promise<void> {
  const temporary = `${path}.${process.pid}-${unique++}.tmp`;
  try {
    const handle = await open(temporary, "w");
    try {
      await write(handle);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(temporary, path);
    await syncFolder(dirname(path));
  } catch (error) {
    await rm(temporary, { force: true });
    throw new ModelError("file", `${path} could not be written: ${(error as Error).message}`, { cause: error });
  }
}

/** Makes a rename last through a power cut. Not every platform can flush a folder; there the rename is all that can be done. */
async function syncFolder(path: string): Promise<void> {
  try {
    const handle = await open(path, "r");
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  } catch {
    // See above.
  }
}

/** Writes bytes or text as a file that appears complete or not at all. @throws {ModelError} `file` */
export async function writeFileAtomic(path: string, content: Uint8Array | string): Promise<void> {
  await writeAtomic(path, (handle) => handle.writeFile(content));
}

/** A tensor whose numbers are fetched when it is its turn to be written. */
export interface LazyTensor {
  shape: readonly number[];
  data: () => Promise<Float32Array> | Float32Array;
}

/**
 * Writes tensors as a safetensors file, one after the other, so that no more than one of them is in memory at a time.
 *
 * @throws {ModelError} `file` if it can't be written.
 */
export async function writeSafetensors(path: string, tensors: ReadonlyMap<string, LazyTensor | StoredTensor>, metadata?: Record<string, string>): Promise<void> {
  const header = encodeSafetensorsHeader(new Map([...tensors].map(([name, { shape }]) => [name, shape])), metadata);
  await writeAtomic(path, async (handle) => {
    await handle.writeFile(header);
    for (const [name, { shape, data }] of tensors) {
      const values = typeof data === "function" ? await data() : data;
      const expected = shape.reduce((product, size) => product * size, 1);
      if (values.length !== expected) throw new Error(`tensor ${JSON.stringify(name)} of shape [${shape.join(", ")}] has ${values.length} numbers`);
      await handle.writeFile(floatBytes(values));
    }
  });
}

/**
 * Reads a safetensors file tensor by tensor, so files may be larger than a buffer can be.
 *
 * @param check - Called with every tensor's shape before any data is read; throws to refuse the file.
 * @throws {ModelError} `file` if it can't be read, `safetensors` if it is not a valid file.
 */
export async function readSafetensors(path: string, check?: (shapes: Map<string, number[]>) => void): Promise<{ tensors: Map<string, StoredTensor>; metadata: Record<string, string> }> {
  let handle: FileHandle;
  try {
    handle = await open(path, "r");
  } catch (error) {
    throw new ModelError("file", `${path} can't be read: ${(error as Error).message}`, { cause: error });
  }
  try {
    const { size } = await handle.stat();
    const length = headerLength(await readRange(handle, 0, Math.min(8, size)));
    const header = decodeSafetensorsHeader(await readRange(handle, 0, Math.min(8 + length, size)));
    if (size !== header.fileBytes) throw new ModelError("safetensors", `its header describes ${header.fileBytes} bytes, it has ${size}; it is cut off or damaged.`);
    check?.(new Map([...header.tensors].map(([name, { shape }]) => [name, shape])));
    const tensors = new Map<string, StoredTensor>();
    for (const [name, entry] of header.tensors) tensors.set(name, { shape: entry.shape, data: decodeTensor(entry, await readRange(handle, entry.begin, entry.end)) });
    return { tensors, metadata: header.metadata };
  } catch (error) {
    if (error instanceof ModelError) throw new ModelError(error.code, `${path}: ${error.message}`, { cause: error });
    throw new ModelError("file", `${path} can't be read: ${(error as Error).message}`, { cause: error });
  } finally {
    await handle.close();
  }
}

const READ_BYTES = 2 ** 30;

async function readRange(handle: FileHandle, begin: number, end: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(end - begin);
  for (let at = 0; at < bytes.length; ) {
    const { bytesRead } = await handle.read(bytes, at, Math.min(READ_BYTES, bytes.length - at), begin + at);
    if (bytesRead === 0) throw new Error(`it ends at byte ${begin + at}, ${end} were expected`);
    at += bytesRead;
  }
  return bytes;
}
