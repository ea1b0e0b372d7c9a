import { createHash } from "node:crypto";
import { AtomicFile } from "../../util/files.js";

/** Bytes that are gathered before they are written. */
const CHUNK = 1 << 20;

/** What a file that was written is. */
export interface WrittenFile {
  file: string;
  bytes: number;
  sha256: string;
}

/** Gathers small pieces of a file, and its SHA-256. It appears when it is complete. */
export class OutputFile {
  readonly #hash = createHash("sha256");
  readonly #chunk = Buffer.allocUnsafe(CHUNK);
  #filled = 0;

  private constructor(private readonly file: AtomicFile) {}

  static async create(path: string): Promise<OutputFile> {
    return new OutputFile(await AtomicFile.create(path));
  }

  async write(bytes: Uint8Array): Promise<void> {
    if (this.#filled + bytes.byteLength > CHUNK) await this.#flush();
    if (bytes.byteLength >= CHUNK) await this.#put(bytes);
    else {
      this.#chunk.set(bytes, this.#filled);
      this.#filled += bytes.byteLength;
    }
  }

  /** Completes the file. @param name How the record calls it. */
  async commit(name: string): Promise<WrittenFile> {
    await this.#flush();
    const { bytes } = this.file;
    await this.file.commit();
    return { file: name, bytes, sha256: this.#hash.digest("hex") };
  }

  abort(): Promise<void> {
    return this.file.abort();
  }

  async #flush(): Promise<void> {
    const filled = this.#filled;
    this.#filled = 0;
    if (filled > 0) await this.#put(this.#chunk.subarray(0, filled));
  }

  async #put(bytes: Uint8Array): Promise<void> {
    this.#hash.update(bytes);
    await this.file.write(bytes);
  }
}

/** Several files that appear together when all are complete. */
export class Outputs {
  readonly #open: { name: string; file: OutputFile }[] = [];
  readonly written: WrittenFile[] = [];

  constructor(private readonly path: (name: string) => string) {}

  async open(name: string): Promise<OutputFile> {
    const file = await OutputFile.create(this.path(name));
    this.#open.push({ name, file });
    return file;
  }

  async commit(): Promise<void> {
    for (const { name, file } of this.#open.splice(0)) this.written.push(await file.commit(name));
  }

  async abort(): Promise<void> {
    for (const { file } of this.#open.splice(0)) await file.abort();
  }
}
