import { type FileHandle, mkdir, open } from "node:fs/promises";
import { join } from "node:path";
import { writeError } from "../util/files.js";

/** Files into which the entries are dealt by their key, so that one at a time fits into memory: 1.75 bytes of it for each document. */
const PARTITIONS = 64;
/** Entries that are gathered before they are written. */
const BUFFER = 8_192;

/**
 * Entries (key, document) on disk, 8 bytes each, that come back in groups of equal keys: dealt into 64 files by the key's upper bits,
 * each sorted by itself. Keys have 38 bits; that two of different bands are equal by chance is possible, so a group is only a
 * group of candidates.
 */
export class BandFiles {
  readonly #buffers = Array.from({ length: PARTITIONS }, () => new BigUint64Array(BUFFER));
  readonly #filled = new Int32Array(PARTITIONS);

  private constructor(
    private readonly folder: string,
    private readonly files: readonly FileHandle[],
  ) {}

  static async create(folder: string): Promise<BandFiles> {
    await mkdir(folder, { recursive: true });
    const files: FileHandle[] = [];
    for (let i = 0; i < PARTITIONS; i++) files.push(await open(join(folder, `bands-${String(i).padStart(2, "0")}.bin`), "w+"));
    return new BandFiles(folder, files);
  }

  /** Adds an entry. @param key 64 well-mixed bits @returns a promise only when something has to be written */
  add(key: bigint, document: number): Promise<void> | undefined {
    const partition = Number(key >> 58n);
    const at = this.#filled[partition]!;
    this.#buffers[partition]![at] = (BigInt.asUintN(32, key) << 32n) | BigInt(document);
    this.#filled[partition] = at + 1;
    return at + 1 === BUFFER ? this.#flush(partition) : undefined;
  }

  async #flush(partition: number): Promise<void> {
    const count = this.#filled[partition]!;
    this.#filled[partition] = 0;
    const bytes = new Uint8Array(this.#buffers[partition]!.buffer, 0, 8 * count);
    try {
      for (let at = 0; at < bytes.length; ) at += (await this.files[partition]!.write(bytes, at)).bytesWritten;
    } catch (error) {
      throw writeError(error, this.folder);
    }
  }

  /** The documents of every key that more than one has, in ascending order. */
  async *groups(): AsyncGenerator<Uint32Array> {
    for (let partition = 0; partition < PARTITIONS; partition++) {
      await this.#flush(partition);
      const file = this.files[partition]!;
      const { size } = await file.stat();
      const entries = new BigUint64Array(size / 8);
      const bytes = new Uint8Array(entries.buffer);
      for (let at = 0; at < size; ) at += (await file.read(bytes, at, Math.min(size - at, 1 << 24), at)).bytesRead;
      entries.sort();
      const words = new Uint32Array(entries.buffer); // little-endian: document, then key
      for (let from = 0; from < entries.length; ) {
        let to = from + 1;
        while (to < entries.length && words[2 * to + 1] === words[2 * from + 1]) to++;
        if (to - from > 1) yield Uint32Array.from({ length: to - from }, (_, k) => words[2 * (from + k)]!);
        from = to;
      }
    }
  }

  async close(): Promise<void> {
    for (const file of this.files) await file.close();
  }
}
