import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { readFile, stat } from "node:fs/promises";
import { ShardError } from "../errors.js";
import { type Xxh64, sha256Hex, xxh64 } from "../util/hash.js";
import { type Frame, checkEnds, checkIds, checkSizes, decodeFrame, decodeShard, findDamage, sectionOf, tokensView, u32View } from "./decode.js";
import { DIGITS } from "./encode.js";
import { ALIGNMENT, BLOCK, type Manifest, type SectionName, type ShardEntry, type ShardFooter, type ShardHeader, type Split, TRAILER } from "./types.js";

/** A shard that has been checked, in memory or on disk. */
export interface OpenShard {
  readonly path: string;
  readonly header: ShardHeader;
  readonly footer: ShardFooter;
  readonly docEnds: Uint32Array;
  /**
   * Bytes `from` to `to` of a section's payload, beginning at a multiple of the section's element where `from` is one.
   * @throws ShardError when they are damaged, or there is no such section
   */
  read(name: SectionName, from: number, to: number): Uint8Array;
}

/** What tells that a file is still the one that was checked. */
export type Checked = Readonly<{ bytes: bigint; modified: bigint; inode: bigint }>;
const identity = ({ size, mtimeNs, ino }: { size: bigint; mtimeNs: bigint; ino: bigint }): Checked => ({ bytes: size, modified: mtimeNs, inode: ino });

/** Where a shard belongs. */
export interface ShardPlace {
  path: string;
  manifest: Manifest;
  entry: ShardEntry;
  split: Split;
  index: number;
}

/** That a shard is the one that the manifest lists. @throws ShardError */
export function checkPlace({ header, footer }: Pick<Frame, "header" | "footer">, { path, manifest, entry, split, index }: ShardPlace): void {
  const different = (what: string, found: unknown, expected: unknown): void => {
    if (found !== expected) throw new ShardError(path, `its ${what} is ${String(found)}, the manifest says ${String(expected)}: the files are of different sets. Write the shards anew.`);
  };
  different("tokenizer", header.tokenizer.sha256, manifest.tokenizer.sha256);
  different("vocabulary size", header.tokenizer.vocab_size, manifest.tokenizer.vocabSize);
  for (const name of ["bos", "eos", "pad"] as const) different(`id of ${name}`, header.tokenizer[name], manifest.tokenizer[name]);
  different("fingerprint", header.fingerprint, manifest.fingerprint);
  different("split", header.split, split);
  different("number", header.shard, index);
  different("token type", header.dtype, manifest.dtype);
  different("loss mask", header.loss_mask, manifest.lossMask);
  different("number of documents", footer.documents, entry.documents);
  different("number of tokens", footer.tokens, entry.tokens);
  if (manifest.provenance) different("provenance", footer.files !== undefined, true);
  if (manifest.sourceRows) different("rows of documents", footer.source_files !== undefined, true);
}

const missing = (path: string) => (error: NodeJS.ErrnoException) => {
  if (error.code === "ENOENT") throw new ShardError(path, "the manifest lists it, but it is missing. Write the shards anew.");
  throw error;
};

/** Reads a whole shard and checks every byte of it. @throws ShardError */
export async function loadShard(place: ShardPlace): Promise<{ shard: OpenShard; checked: Checked }> {
  const { path, entry } = place;
  // Taken before the bytes: a file that changes in between is seen as changed.
  const checked = identity(await stat(path, { bigint: true }).catch(missing(path)));
  const raw = await readFile(path).catch(missing(path));
  // Small files come from Node's shared pool at any offset; the views need their own alignment.
  const bytes = raw.byteOffset % ALIGNMENT === 0 ? raw : new Uint8Array(raw);
  if (sha256Hex(bytes) !== entry.sha256) {
    const damage = findDamage(bytes, await xxh64(), path);
    const size = bytes.byteLength === entry.bytes ? "" : ` (${bytes.byteLength} bytes; the manifest says ${entry.bytes})`;
    throw new ShardError(path, `it is damaged: its SHA-256 differs from the manifest's${size}${damage ? `; ${damage}` : "; its sections are whole, so the change is in the padding or the footer, or it is a shard of another set"}. Write the shards anew, or copy this one again.`);
  }
  const { header, footer, docEnds } = decodeShard(bytes, path);
  checkPlace({ header, footer }, place);
  const read = (name: SectionName, from: number, to: number): Uint8Array => {
    const { offset } = existing(footer, name, path);
    return bytes.subarray(offset + from, offset + to);
  };
  return { shard: { path, header, footer, docEnds, read }, checked };
}

function existing(footer: ShardFooter, name: SectionName, path: string): NonNullable<ReturnType<typeof sectionOf>> {
  const section = sectionOf(footer, name, 1, path);
  if (!section) throw new ShardError(path, `it has no section "${name}".`);
  return section;
}

/** Closes what a set that was forgotten left open. */
const forgotten = new FinalizationRegistry<Map<string, number>>((files) => {
  for (const file of files.values()) closeSync(file);
});

/** Open files, the least recently used closed first. */
export class FilePool {
  readonly #files = new Map<string, number>();
  constructor(private readonly limit = 64) {
    forgotten.register(this, this.#files);
  }

  get(path: string): number {
    let file = this.#files.get(path);
    if (file !== undefined) this.#files.delete(path);
    else {
      try {
        file = openSync(path, "r");
      } catch (error) {
        return missing(path)(error as NodeJS.ErrnoException);
      }
    }
    this.#files.set(path, file);
    for (const [oldest, handle] of this.#files) {
      if (this.#files.size <= this.limit) break;
      this.#files.delete(oldest);
      closeSync(handle);
    }
    return file;
  }

  close(): void {
    for (const file of this.#files.values()) closeSync(file);
    this.#files.clear();
  }
}

/**
 * A shard that stays on disk: only where its documents end is kept. A block of a MiB is checked against its checksum when
 * it is first read, unless the whole file was checked before and is still the same.
 */
export class FileShard implements OpenShard {
  readonly path: string;
  readonly header: ShardHeader;
  readonly footer: ShardFooter;
  readonly docEnds: Uint32Array;
  readonly #whole = new Map<SectionName, Uint8Array>();
  readonly #trusted: boolean;

  /** @throws ShardError when it is not what the manifest lists, or its header, footer or document ends are damaged */
  constructor(
    place: ShardPlace,
    private readonly pool: FilePool,
    private readonly hash: Xxh64,
    checked?: Checked,
  ) {
    const { path, entry } = place;
    this.path = path;
    const found = identity(fstatSync(pool.get(path), { bigint: true }));
    if (found.bytes !== BigInt(entry.bytes)) throw new ShardError(path, `it is damaged: it has ${found.bytes} bytes; the manifest says ${entry.bytes}. Write the shards anew, or copy this one again.`);
    this.#trusted = checked !== undefined && found.bytes === checked.bytes && found.modified === checked.modified && found.inode === checked.inode;
    const frame = decodeFrame((from, to) => this.#bytes(from, to), entry.bytes, path);
    this.header = frame.header;
    this.footer = frame.footer;
    const { length, xxh64: sum } = frame.footer.header;
    if (hash.hex(this.#bytes(0, length)) !== sum) throw new ShardError(path, "the header is damaged. Write the shards anew, or copy this one again.");
    const end = entry.bytes - TRAILER - DIGITS;
    if (frame.footer.xxh64 !== undefined && hash.hex(this.#bytes(frame.footerOffset, end)) !== frame.footer.xxh64) throw new ShardError(path, "the footer is damaged. Write the shards anew, or copy this one again.");
    checkPlace(frame, place);
    checkSizes(frame, path);
    this.docEnds = u32View(this.read("doc_ends", 0, existing(frame.footer, "doc_ends", path).length));
    checkEnds(this.docEnds, frame.footer.tokens, path);
  }

  read(name: SectionName, from: number, to: number): Uint8Array {
    const { offset, length, blocks, dtype } = existing(this.footer, name, this.path);
    if (from >= to) return new Uint8Array(0);
    let whole = this.#whole.get(name);
    if (!whole) this.#whole.set(name, (whole = new Uint8Array(blocks.length).fill(this.#trusted ? 1 : 0)));
    const first = Math.floor(from / BLOCK);
    const last = Math.floor((to - 1) / BLOCK);
    for (let block = first; block <= last; block++) {
      if (whole[block]) continue;
      const start = block * BLOCK;
      const bytes = this.#bytes(offset + start, offset + Math.min(length, start + BLOCK));
      if (this.hash.hex(bytes) !== blocks[block]) throw new ShardError(this.path, `it is damaged: the section "${name}" is damaged within bytes ${offset + start} to ${offset + start + bytes.byteLength}. Write the shards anew, or copy this one again.`);
      if (name === "tokens") checkIds(tokensView(dtype as "u16" | "u32", bytes), this.header.tokenizer.vocab_size, this.path);
      whole[block] = 1;
      if (first === last) return bytes.slice(from - start, to - start);
    }
    return this.#bytes(offset + from, offset + to);
  }

  #bytes(from: number, to: number): Uint8Array {
    const bytes = new Uint8Array(to - from);
    const file = this.pool.get(this.path);
    for (let at = 0; at < bytes.byteLength; ) {
      const count = readSync(file, bytes, at, bytes.byteLength - at, from + at);
      if (count === 0) throw new ShardError(this.path, `it ends before byte ${to}: it was cut off while it was read. Write the shards anew, or copy this one again.`);
      at += count;
    }
    return bytes;
  }
}
