import { randomBytes } from "node:crypto";
import { access, type FileHandle, mkdir, open, rename, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { DatasetError } from "../errors.js";

const FULL = new Set(["ENOSPC", "EDQUOT", "EFBIG"]);

/** A full disk as one clear message; every other error as it is. */
export function writeError(error: unknown, path: string): unknown {
  const code = error instanceof Error ? String((error as NodeJS.ErrnoException).code) : "";
  if (!FULL.has(code) || error instanceof DatasetError) return error;
  return new DatasetError(`No space left to write ${path} (${code}). Nothing half-written is left in its place; free some space and run the same command again.`, { cause: error });
}

/** Whether there is a file or folder of this name. */
export const exists = (path: string): Promise<boolean> => access(path).then(() => true, () => false);

/** Makes renames in a folder last through a power cut. File systems that can't sync a folder are left alone. */
export async function syncFolder(path: string): Promise<void> {
  try {
    const folder = await open(path, "r");
    await folder.sync().finally(() => folder.close());
  } catch {
    // Not supported everywhere; the data itself is synced already.
  }
}

/**
 * A file that appears under its name complete or not at all: written beside it under a hidden name, synced, renamed.
 * Every method throws a {@link DatasetError} when the disk is full.
 */
export class AtomicFile {
  #written = 0;

  private constructor(
    readonly path: string,
    private readonly temporary: string,
    private readonly handle: FileHandle,
  ) {}

  /** Opens the hidden file; makes the folder if it is missing. */
  static async create(path: string): Promise<AtomicFile> {
    // Two threads, or processes of two machines, may write the same file at once.
    const temporary = join(dirname(path), `.${basename(path)}.${process.pid}-${randomBytes(4).toString("hex")}.tmp`);
    try {
      await mkdir(dirname(path), { recursive: true });
      return new AtomicFile(path, temporary, await open(temporary, "w"));
    } catch (error) {
      throw writeError(error, path);
    }
  }

  /** Bytes written so far. */
  get bytes(): number {
    return this.#written;
  }

  /** Appends all of `data`. */
  async write(data: Uint8Array): Promise<void> {
    try {
      for (let at = 0; at < data.byteLength; ) at += (await this.handle.write(data, at)).bytesWritten;
      this.#written += data.byteLength;
    } catch (error) {
      throw writeError(error, this.path);
    }
  }

  /** Makes the file appear under its name. */
  async commit(): Promise<void> {
    try {
      await this.handle.sync();
      await this.handle.close();
      await rename(this.temporary, this.path);
      await syncFolder(dirname(this.path));
    } catch (error) {
      await this.abort();
      throw writeError(error, this.path);
    }
  }

  /** Removes what was written. Safe to call at any time before {@link commit}. */
  async abort(): Promise<void> {
    await this.handle.close().catch(() => undefined);
    await rm(this.temporary, { force: true });
  }
}

/**
 * Writes a file that appears complete or not at all.
 * @throws DatasetError when the disk is full; NodeJS.ErrnoException when the place can't be written
 */
export async function atomicWriteFile(path: string, data: string | Uint8Array): Promise<void> {
  const file = await AtomicFile.create(path);
  try {
    await file.write(typeof data === "string" ? Buffer.from(data) : data);
  } catch (error) {
    await file.abort();
    throw error;
  }
  await file.commit();
}

/** {@link atomicWriteFile} of a value as JSON, indented by two spaces, with a newline at the end. */
export const writeJsonAtomic = (path: string, value: unknown): Promise<void> => atomicWriteFile(path, `${JSON.stringify(value, null, 2)}\n`);
