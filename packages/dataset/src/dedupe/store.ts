import { type FileHandle, mkdir, open } from "node:fs/promises";
import { join } from "node:path";
import { writeError } from "../util/files.js";

/** Bytes of shingles that are kept in memory once read. */
const CACHED = 64 << 20;

/** The ids and shingles of documents on disk: about 4 bytes a word. In memory are 8 bytes a document, and what was read last. */
export class ShingleStore {
  #offsets = new Float64Array(1 << 10);
  #count = 0;
  #end = 0;
  #pending: Uint8Array[] = [];
  #pendingBytes = 0;
  readonly #cache = new Map<number, Uint32Array>();
  #cached = 0;

  private constructor(
    private readonly path: string,
    private readonly file: FileHandle,
  ) {}

  static async create(folder: string): Promise<ShingleStore> {
    await mkdir(folder, { recursive: true });
    const path = join(folder, "shingles.bin");
    return new ShingleStore(path, await open(path, "w+"));
  }

  /** Adds the next document. */
  async add(id: string, shingles: Uint32Array): Promise<void> {
    const name = Buffer.from(id);
    const head = Uint32Array.of(name.length, shingles.length);
    if (this.#count === this.#offsets.length) {
      const larger = new Float64Array(2 * this.#offsets.length);
      larger.set(this.#offsets);
      this.#offsets = larger;
    }
    this.#offsets[this.#count++] = this.#end;
    for (const piece of [new Uint8Array(head.buffer), new Uint8Array(shingles.buffer, shingles.byteOffset, shingles.byteLength), name]) {
      this.#pending.push(piece);
      this.#pendingBytes += piece.length;
      this.#end += piece.length;
    }
    if (this.#pendingBytes > 1 << 20) await this.flush();
  }

  async flush(): Promise<void> {
    const bytes = Buffer.concat(this.#pending);
    this.#pending = [];
    this.#pendingBytes = 0;
    try {
      for (let at = 0; at < bytes.length; ) at += (await this.file.write(bytes, at)).bytesWritten;
    } catch (error) {
      throw writeError(error, this.path);
    }
  }

  async #read(at: number, length: number): Promise<Uint8Array<ArrayBuffer>> {
    const bytes = new Uint8Array(length);
    for (let done = 0; done < length; ) done += (await this.file.read(bytes, done, length - done, at + done)).bytesRead;
    return bytes;
  }

  /** The shingles of a document. */
  async shingles(document: number): Promise<Uint32Array> {
    const known = this.#cache.get(document);
    if (known) return known;
    const at = this.#offsets[document]!;
    const [, count] = new Uint32Array((await this.#read(at, 8)).buffer) as unknown as [number, number];
    const shingles = new Uint32Array((await this.#read(at + 8, 4 * count)).buffer);
    this.#cache.set(document, shingles);
    this.#cached += shingles.byteLength;
    for (const [oldest, { byteLength }] of this.#cache) {
      if (this.#cached <= CACHED) break;
      this.#cache.delete(oldest);
      this.#cached -= byteLength;
    }
    return shingles;
  }

  /** The id of a document. */
  async id(document: number): Promise<string> {
    const at = this.#offsets[document]!;
    const [length, count] = new Uint32Array((await this.#read(at, 8)).buffer) as unknown as [number, number];
    return Buffer.from(await this.#read(at + 8 + 4 * count, length)).toString();
  }

  close(): Promise<void> {
    return this.file.close();
  }
}
