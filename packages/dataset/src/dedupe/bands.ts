import { type FileHandle, mkdir, open, rm } from "node:fs/promises";
import { join } from "node:path";
import { writeError } from "../util/files.js";

/** Files into which entries are dealt by the upper six bits of their keys. */
const PARTITIONS = 64;
/** Entries that are gathered for each file before they are written. */
const BUFFER = 8_192;

/** Files of entries, each a key's lower 32 bits and a document. */
class Deal {
  readonly #buffers: BigUint64Array<ArrayBuffer>[];
  readonly #filled: Int32Array;

  private constructor(
    private readonly folder: string,
    private readonly paths: readonly string[],
    private readonly files: readonly FileHandle[],
    private readonly buffer: number,
  ) {
    this.#buffers = paths.map(() => new BigUint64Array(buffer));
    this.#filled = new Int32Array(paths.length);
  }

  static async create(folder: string, name: string, count: number, buffer: number): Promise<Deal> {
    await mkdir(folder, { recursive: true });
    const paths = Array.from({ length: count }, (_, i) => join(folder, `${name}-${String(i).padStart(4, "0")}.bin`));
    const files: FileHandle[] = [];
    for (const path of paths) files.push(await open(path, "w+"));
    return new Deal(folder, paths, files, buffer);
  }

  /** @returns a promise only when something has to be written */
  add(file: number, entry: bigint): Promise<void> | undefined {
    const at = this.#filled[file]!;
    this.#buffers[file]![at] = entry;
    this.#filled[file] = at + 1;
    return at + 1 === this.buffer ? this.#flush(file) : undefined;
  }

  async #flush(file: number): Promise<void> {
    const bytes = new Uint8Array(this.#buffers[file]!.buffer, 0, 8 * this.#filled[file]!);
    this.#filled[file] = 0;
    try {
      for (let at = 0; at < bytes.length; ) at += (await this.files[file]!.write(bytes, at)).bytesWritten;
    } catch (error) {
      throw writeError(error, this.folder);
    }
  }

  /** Bytes of a file, with what is not written yet. */
  async size(file: number): Promise<number> {
    await this.#flush(file);
    return (await this.files[file]!.stat()).size;
  }

  /** The entries of a file in pieces of at most `bytes`. */
  async *read(file: number, size: number, bytes = size): AsyncGenerator<BigUint64Array<ArrayBuffer>> {
    for (let from = 0; from < size; from += bytes) {
      const piece = new BigUint64Array(Math.min(bytes, size - from) / 8);
      const view = new Uint8Array(piece.buffer);
      for (let at = 0; at < view.length; ) at += (await this.files[file]!.read(view, at, Math.min(view.length - at, 1 << 24), from + at)).bytesRead;
      yield piece;
    }
  }

  async close(): Promise<void> {
    for (const file of this.files) await file.close();
    for (const path of this.paths) await rm(path, { force: true });
  }
}

/**
 * Entries (key, document) on disk, 8 bytes each, that come back in groups of equal keys: dealt into 64 files by the key's upper bits; a
 * file that does not fit into the memory is dealt again by the next bits, and each is sorted by itself. Keys have 38 bits; that
 * two of different bands are equal by chance is possible, so a group is only a group of candidates. Groups come in the order of their
 * keys, whatever the memory.
 */
export class BandFiles {
  private constructor(
    private readonly folder: string,
    private readonly memory: number,
    private readonly deal: Deal,
  ) {}

  /** @param memory Bytes of entries that are sorted at a time */
  static async create(folder: string, memory: number): Promise<BandFiles> {
    return new BandFiles(folder, Math.max(64, memory - (memory % 8)), await Deal.create(folder, "bands", PARTITIONS, BUFFER));
  }

  /** Adds an entry. @param key 64 well-mixed bits @returns a promise only when something has to be written */
  add(key: bigint, document: number): Promise<void> | undefined {
    return this.deal.add(Number(key >> 58n), (BigInt.asUintN(32, key) << 32n) | BigInt(document));
  }

  /** The documents of every key that more than one has, in ascending order. */
  async *groups(): AsyncGenerator<Uint32Array> {
    for (let partition = 0; partition < PARTITIONS; partition++) yield* this.#sorted(this.deal, partition, 32);
  }

  /** @param bits How many bits of the keys are not the same in the whole file */
  async *#sorted(deal: Deal, file: number, bits: number): AsyncGenerator<Uint32Array> {
    const size = await deal.size(file);
    // A file of a single key is a group, which can't be dealt any further.
    if (size <= this.memory || bits === 0) {
      for await (const entries of deal.read(file, size)) yield* groupsOf(entries.sort());
      return;
    }
    const own = Math.min(bits, 6, Math.ceil(Math.log2(size / this.memory)));
    const finer = await Deal.create(this.folder, `bands-${bits}`, 1 << own, BUFFER >> 4);
    try {
      const shift = BigInt(32 + bits - own);
      const mask = (1n << BigInt(own)) - 1n;
      for await (const entries of deal.read(file, size, this.memory)) {
        for (const entry of entries) await finer.add(Number((entry >> shift) & mask), entry);
      }
      for (let part = 0; part < 1 << own; part++) yield* this.#sorted(finer, part, bits - own);
    } finally {
      await finer.close();
    }
  }

  close(): Promise<void> {
    return this.deal.close();
  }
}

function* groupsOf(entries: BigUint64Array<ArrayBuffer>): Generator<Uint32Array> {
  const words = new Uint32Array(entries.buffer); // little-endian: document, then key
  for (let from = 0; from < entries.length; ) {
    let to = from + 1;
    while (to < entries.length && words[2 * to + 1] === words[2 * from + 1]) to++;
    if (to - from > 1) yield Uint32Array.from({ length: to - from }, (_, k) => words[2 * (from + k)]!);
    from = to;
  }
}
