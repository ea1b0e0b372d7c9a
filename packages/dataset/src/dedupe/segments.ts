import { type FileHandle, mkdir, open, rm } from "node:fs/promises";
import { join } from "node:path";
import { AtomicFile } from "../util/files.js";
import { MINHASH } from "./minhash.js";
import type { SignedTexts } from "./signature.js";

/** Where reading stands: the next row of a source file. */
export interface Cursor {
  file: number;
  row: number;
}

/** A segment is written when it has so many documents or bytes; it is what an interrupted run does again. */
export const SEGMENT_DOCUMENTS = 50_000;
const SEGMENT_BYTES = 32 << 20;
/** Bytes of shingles that are kept in memory once read. */
const CACHED = 64 << 20;
/** Files that are open at a time. */
const OPEN = 64;

/** Of each document, as four 32-bit words: where its shingles begin in the body, how many there are, bytes of its id behind them, length of its text. */
const RECORD = 16;
const KEYS = 8 * MINHASH.bands;

/** The JSON at the beginning of a segment. */
interface Head {
  documents: number;
  signed: number;
  /** Where reading goes on behind the segment. */
  next: Cursor;
}

interface Segment extends Head {
  path: string;
  /** Number of the first document. */
  first: number;
  records: number;
  keys: number;
  body: number;
}

const nameOf = (index: number): string => `segment-${String(index).padStart(5, "0")}.bin`;

/**
 * Ids, shingles and keys of documents on disk, in files of up to 50,000 documents that appear when they are complete: a run that was cut
 * off goes on behind the last of them. In memory are the documents of one segment, and what was read last.
 *
 * A file: u32 length of a JSON head padded by spaces to whole 8 bytes, u32 zero, the head, a record for each document, 14 keys (u64) for
 * each that has shingles, then shingles (u32) and id of each; little-endian.
 */
export class SegmentStore {
  readonly #segments: Segment[] = [];
  readonly #handles = new Map<Segment, Promise<FileHandle>>();
  readonly #cache = new Map<number, Uint32Array<ArrayBuffer>>();
  #cached = 0;
  #records: number[] = [];
  #keys: Uint8Array[] = [];
  #body: Uint8Array[] = [];
  #bodyBytes = 0;
  #count = 0;
  cursor: Cursor = { file: 0, row: 0 };

  private constructor(
    private readonly folder: string,
    private readonly segmentDocuments: number,
  ) {}

  /** Opens the segments that are there. */
  static async open(folder: string, segmentDocuments = SEGMENT_DOCUMENTS): Promise<SegmentStore> {
    await mkdir(folder, { recursive: true });
    const store = new SegmentStore(folder, segmentDocuments);
    while (await store.#take());
    return store;
  }

  /** Documents, of which those in the last segment may not be on disk yet. */
  get count(): number {
    return this.#count;
  }

  /** Documents that have shingles. */
  get signed(): number {
    return this.#segments.reduce((sum, { signed }) => sum + signed, 0);
  }

  /** Takes the next segment that is on disk. */
  async #take(): Promise<boolean> {
    const path = join(this.folder, nameOf(this.#segments.length));
    const file = await open(path, "r").catch((error: NodeJS.ErrnoException) => {
      if (error.code === "ENOENT") return undefined;
      throw error;
    });
    if (!file) return false;
    try {
      const start = Buffer.alloc(8);
      await file.read(start, 0, 8, 0);
      const json = Buffer.alloc(start.readUInt32LE());
      await file.read(json, 0, json.length, 8);
      const head = JSON.parse(json.toString()) as Head;
      const records = 8 + json.length;
      const keys = records + RECORD * head.documents;
      this.#segments.push({ ...head, path, first: this.#count, records, keys, body: keys + KEYS * head.signed });
      this.#count += head.documents;
      this.cursor = head.next;
      return true;
    } finally {
      await file.close();
    }
  }

  /** Adds documents with what was made of their texts, in their order. @param documents Id, length of the text, and where reading goes on behind it */
  async add(documents: readonly { id: string; length: number; next: Cursor }[], { counts, shingles, keys }: SignedTexts): Promise<void> {
    let from = 0;
    let signed = 0;
    for (const [index, { id, length, next }] of documents.entries()) {
      const count = counts[index]!;
      const name = Buffer.from(id);
      this.#records.push(this.#bodyBytes, count, name.length, length);
      this.#body.push(new Uint8Array(shingles.buffer, 4 * from, 4 * count), name);
      this.#bodyBytes += 4 * count + name.length;
      if (count > 0) this.#keys.push(new Uint8Array(keys.buffer, KEYS * signed++, KEYS));
      from += count;
      this.#count++;
      if (this.#records.length >= 4 * this.segmentDocuments || this.#bodyBytes >= SEGMENT_BYTES) await this.seal(next);
    }
  }

  /** Writes what is not on disk yet. @param next Where reading goes on */
  async seal(next: Cursor): Promise<void> {
    if (this.#records.length === 0) return;
    const head: Head = { documents: this.#records.length / 4, signed: this.#keys.length, next };
    const json = JSON.stringify(head);
    const padded = Buffer.from(json.padEnd(Math.ceil(json.length / 8) * 8));
    const file = await AtomicFile.create(join(this.folder, nameOf(this.#segments.length)));
    try {
      await file.write(new Uint8Array(Uint32Array.of(padded.length, 0).buffer));
      for (const piece of [padded, new Uint8Array(Uint32Array.from(this.#records).buffer), Buffer.concat(this.#keys), Buffer.concat(this.#body)]) await file.write(piece);
    } catch (error) {
      await file.abort();
      throw error;
    }
    await file.commit();
    this.#count -= head.documents;
    [this.#records, this.#keys, this.#body, this.#bodyBytes] = [[], [], [], 0];
    await this.#take();
  }

  /** Removes the segments, so that everything begins anew. */
  async clear(): Promise<void> {
    await this.close();
    for (const { path } of this.#segments.splice(0).reverse()) await rm(path);
    this.#count = 0;
    this.cursor = { file: 0, row: 0 };
  }

  #handle(segment: Segment): Promise<FileHandle> {
    const known = this.#handles.get(segment);
    if (known) {
      // Used last, closed last.
      this.#handles.delete(segment);
      this.#handles.set(segment, known);
      return known;
    }
    const handle = open(segment.path, "r");
    this.#handles.set(segment, handle);
    return handle;
  }

  async #read(segment: Segment, at: number, length: number): Promise<Uint8Array<ArrayBuffer>> {
    const file = await this.#handle(segment);
    const bytes = new Uint8Array(length);
    for (let done = 0; done < length; ) {
      const { bytesRead } = await file.read(bytes, done, length - done, at + done);
      if (bytesRead === 0) throw new Error(`${segment.path} is shorter than its head says. Remove it and run the same command again.`);
      done += bytesRead;
    }
    for (const [oldest, handle] of this.#handles) {
      if (this.#handles.size <= OPEN) break;
      this.#handles.delete(oldest);
      await (await handle).close();
    }
    return bytes;
  }

  #segmentOf(document: number): Segment {
    let [low, high] = [0, this.#segments.length - 1];
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.#segments[middle]!.first <= document) low = middle;
      else high = middle - 1;
    }
    return this.#segments[low]!;
  }

  async #record(document: number): Promise<{ segment: Segment; at: number; count: number; name: number }> {
    const segment = this.#segmentOf(document);
    const [at = 0, count = 0, name = 0] = new Uint32Array((await this.#read(segment, segment.records + RECORD * (document - segment.first), RECORD)).buffer);
    return { segment, at: segment.body + at, count, name };
  }

  /** The shingles of a document that is on disk. */
  async shingles(document: number): Promise<Uint32Array<ArrayBuffer>> {
    const known = this.#cache.get(document);
    if (known) return known;
    const { segment, at, count } = await this.#record(document);
    const shingles = new Uint32Array((await this.#read(segment, at, 4 * count)).buffer);
    this.#cache.set(document, shingles);
    this.#cached += shingles.byteLength;
    for (const [oldest, { byteLength }] of this.#cache) {
      if (this.#cached <= CACHED) break;
      this.#cache.delete(oldest);
      this.#cached -= byteLength;
    }
    return shingles;
  }

  /** The id of a document that is on disk. */
  async id(document: number): Promise<string> {
    const { segment, at, count, name } = await this.#record(document);
    return Buffer.from(await this.#read(segment, at + 4 * count, name)).toString();
  }

  /** For each segment the number of its first document, and of each of its documents the length of its text and, where it has shingles, its keys. */
  async *eachSegment(): AsyncGenerator<{ first: number; lengths: Uint32Array; counts: Uint32Array; keys: BigUint64Array }> {
    for (const segment of this.#segments) {
      const { documents, signed, first } = segment;
      const records = new Uint32Array((await this.#read(segment, segment.records, RECORD * documents)).buffer);
      const keys = new BigUint64Array((await this.#read(segment, segment.keys, KEYS * signed)).buffer);
      yield { first, lengths: records.filter((_, i) => i % 4 === 3), counts: records.filter((_, i) => i % 4 === 1), keys };
    }
  }

  async close(): Promise<void> {
    for (const handle of this.#handles.values()) await (await handle).close();
    this.#handles.clear();
  }
}
