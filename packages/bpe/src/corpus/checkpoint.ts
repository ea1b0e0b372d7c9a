import { createHash } from "node:crypto";
import { type FileHandle, mkdir, open, readFile, readdir, rename, rm, rmdir } from "node:fs/promises";
import { join } from "node:path";
import type { DocumentSource } from "@llm/dataset";
import type { EncodedDocuments } from "./encode-documents.js";

/** Where in the sources the next document is: the number of its file, and of documents before it there. */
export interface Position {
  file: number;
  documents: number;
}

const PREFIX = ".tokenize-";
const PART = /^part-(\d{6})-(\d{6})-(\d{12})$/;
const DIGEST = 32;

/**
 * What a run has tokenized so far, in parts in a hidden folder beside the shards, so that a run that was killed goes on
 * after its last whole part. A part appears complete or not at all, carries a SHA-256 of its bytes, and says in its name
 * where in the sources it ends. The folder's name has the fingerprint of all inputs: parts of other inputs are removed.
 */
export class Checkpoint {
  private parts: { name: string; end: Position }[] = [];
  private file: FileHandle | undefined;
  private hash = createHash("sha256");
  private tokens = 0;

  private constructor(
    private readonly folder: string,
    private readonly partTokens: number,
    private readonly wide: boolean,
  ) {}

  /**
   * @param partTokens A part is closed after this many tokens.
   * @param wide Whether tokens have 32 bits instead of 16.
   */
  static async open(out: string, fingerprint: string, partTokens: number, wide: boolean): Promise<Checkpoint> {
    const name = PREFIX + fingerprint.slice(0, 32);
    await mkdir(out, { recursive: true });
    for (const other of await readdir(out)) if (other.startsWith(PREFIX) && other !== name) await rm(join(out, other), { recursive: true, force: true });
    const checkpoint = new Checkpoint(join(out, name), partTokens, wide);
    await mkdir(checkpoint.folder, { recursive: true });
    for (const file of (await readdir(checkpoint.folder)).sort()) {
      const [, number, source, documents] = PART.exec(file) ?? [];
      // A part under way, or one behind a gap.
      if (number === undefined || Number(number) !== checkpoint.parts.length) await rm(join(checkpoint.folder, file), { force: true });
      else checkpoint.parts.push({ name: file, end: { file: Number(source), documents: Number(documents) } });
    }
    return checkpoint;
  }

  /** The batches of the parts that are there, in order; ends before the first damaged part, which is removed with all after it. */
  async *replay(): AsyncGenerator<{ encoded: EncodedDocuments; next: Position }> {
    for (const [index, { name, end }] of this.parts.entries()) {
      const bytes = await readFile(join(this.folder, name));
      const body = bytes.subarray(0, -DIGEST);
      if (bytes.length < DIGEST || !createHash("sha256").update(body).digest().equals(bytes.subarray(-DIGEST))) {
        for (const { name: bad } of this.parts.splice(index)) await rm(join(this.folder, bad), { force: true });
        return;
      }
      for (let at = 0; at < body.length; ) {
        const { encoded, end: next } = unpack(body, at, this.wide);
        at = next;
        yield { encoded, next: end };
      }
    }
  }

  /** Appends a batch to the open part, and closes that when it is large enough. */
  async add(encoded: EncodedDocuments, next: Position): Promise<void> {
    this.file ??= await open(join(this.folder, "open"), "w");
    const bytes = Buffer.concat(pack(encoded));
    this.hash.update(bytes);
    await this.file.writeFile(bytes);
    this.tokens += encoded.tokens.length;
    if (this.tokens < this.partTokens) return;
    const digest = this.hash.digest();
    await this.file.writeFile(digest);
    await this.file.sync();
    await this.file.close();
    const pad = (value: number, width: number): string => String(value).padStart(width, "0");
    const name = `part-${pad(this.parts.length, 6)}-${pad(next.file, 6)}-${pad(next.documents, 12)}`;
    await rename(join(this.folder, "open"), join(this.folder, name));
    this.parts.push({ name, end: next });
    this.file = undefined;
    this.hash = createHash("sha256");
    this.tokens = 0;
  }

  /** Ends a run that was cut off: whole parts stay, and nothing where there is none. */
  async leave(): Promise<void> {
    await this.file?.close().catch(() => undefined);
    await rm(join(this.folder, "open"), { force: true });
    await rmdir(this.folder).catch(() => undefined);
  }

  /** Removes everything. */
  async remove(): Promise<void> {
    await this.file?.close().catch(() => undefined);
    await rm(this.folder, { recursive: true, force: true });
  }
}

/** Where documents are from, as it stands in a part: names of files once, and each document's file, row, id and URL. */
interface PackedSources {
  files: string[];
  places: [file: number, row: number, id?: string | null, url?: string | null][];
}

function packSources(sources: readonly DocumentSource[] | undefined): Uint8Array<ArrayBuffer> {
  if (!sources) return new Uint8Array(0);
  const files = new Map<string, number>();
  const places = sources.map(({ file, row, id, url }): PackedSources["places"][number] => {
    if (!files.has(file)) files.set(file, files.size);
    return id === undefined && url === undefined ? [files.get(file)!, row] : [files.get(file)!, row, id ?? null, url ?? null];
  });
  return new TextEncoder().encode(JSON.stringify({ files: [...files.keys()], places } satisfies PackedSources));
}

function unpackSources(bytes: Uint8Array): DocumentSource[] | undefined {
  if (bytes.length === 0) return undefined;
  const { files, places } = JSON.parse(new TextDecoder().decode(bytes)) as PackedSources;
  return places.map(([file, row, id, url]) => ({ file: files[file]!, row, ...(id == null ? {} : { id }), ...(url == null ? {} : { url }) }));
}

/** Numbers of documents, tokens, mask bytes and bytes about sources, then the arrays, each from a multiple of 8 bytes. */
export function pack({ tokens, lengths, textBytes, held, mask, kept, sources }: EncodedDocuments): Uint8Array[] {
  const places = packSources(sources);
  const head = Float64Array.of(lengths.length, tokens.length, mask.length, places.length);
  return [head, textBytes, lengths, tokens, held, mask, kept, places].flatMap((array) => {
    const bytes = new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
    return bytes.length % 8 === 0 ? [bytes] : [bytes, new Uint8Array(8 - (bytes.length % 8))];
  });
}

/** Reads what {@link pack} wrote at a place. */
export function unpack(body: Uint8Array, start: number, wide: boolean): { encoded: EncodedDocuments; end: number } {
  let at = start;
  const take = (length: number): ArrayBuffer => {
    const { buffer } = new Uint8Array(body.subarray(at, at + length)); // a copy
    at += Math.ceil(length / 8) * 8;
    return buffer;
  };
  const [documents, tokens, masks, places] = new Float64Array(take(32)) as unknown as [number, number, number, number];
  const textBytes = new Float64Array(take(documents * 8));
  const lengths = new Uint32Array(take(documents * 4));
  const encoded: EncodedDocuments = {
    textBytes,
    lengths,
    tokens: wide ? new Uint32Array(take(tokens * 4)) : new Uint16Array(take(tokens * 2)),
    held: new Uint8Array(take(documents)),
    mask: new Uint8Array(take(masks)),
    kept: new Uint32Array(take(documents * 4)),
  };
  const sources = unpackSources(new Uint8Array(take(places)));
  return { encoded: sources ? { ...encoded, sources } : encoded, end: at };
}
