import { readdir } from "node:fs/promises";
import { basename, join } from "node:path";
import { DatasetError, ShardError } from "../errors.js";
import { xxh64 } from "../util/hash.js";
import { tokenSize, tokensView, u32View } from "./decode.js";
import { checkTokenizerFile, readManifest } from "./manifest.js";
import { type Checked, FilePool, FileShard, type OpenShard, type ShardPlace, loadShard } from "./open-shard.js";
import { sourceInRuns } from "./source-rows.js";
import { decodeSource } from "./sources.js";
import { SplitReader, placeOf } from "./split-reader.js";
import { type DocumentSource, MANIFEST_FILE, type Manifest, SHARD_NAME, SPLITS, type ShardEntry, type ShardFooter, type Split, type Tokens } from "./types.js";

/** The tokens of one document. Where the set is in memory they are views of the shard: don't write to them. */
export interface DocumentTokens {
  tokens: Tokens;
  /** 1 for each token that counts in the loss; only in sets with loss masks. */
  mask?: Uint8Array;
}

/** Where a token of a split stands. */
export interface TokenPlace {
  /** The document within the split. */
  document: number;
  /** The token within the document. */
  offset: number;
  /** The shard's file, and the document within it. */
  file: string;
  row: number;
}

/** Options of {@link openShards}. */
export interface OpenShardsOptions {
  /** Read every shard once and check its checksum before anything is used; default true. With false a part of a shard is checked when it is first read. */
  verify?: boolean;
  /**
   * A set of at most this many bytes is kept in memory; default 512 MiB. A larger one stays on disk, and only what is asked
   * for is read.
   */
  cacheBytes?: number;
  signal?: AbortSignal;
  /** Called while verifying, with bytes checked. */
  onProgress?: (bytes: number, totalBytes: number) => void;
}

const DEFAULT_CACHE = 512 << 20;

const bytesOfSet = (manifest: Manifest): number => SPLITS.reduce((sum, name) => sum + manifest.splits[name].shards.reduce((bytes, entry) => bytes + entry.bytes, 0), 0);

/** The shards of a set as they are opened: kept in memory, or on disk where they are too large. */
class OpenedShards {
  readonly #shards = new Map<string, Promise<OpenShard>>();
  readonly #checked: Map<string, Checked>;
  readonly #pool = new FilePool();
  readonly #inMemory: boolean;

  constructor(
    private readonly folder: string,
    private readonly manifest: Manifest,
    cacheBytes: number,
    checked: ReadonlyMap<string, Checked>,
  ) {
    this.#checked = new Map(checked);
    this.#inMemory = bytesOfSet(manifest) <= cacheBytes;
  }

  /** A shard whose bytes are checked, at the latest when they are read. */
  get(entry: ShardEntry, split: Split, index: number): Promise<OpenShard> {
    let shard = this.#shards.get(entry.file);
    if (!shard) {
      const place = this.#place(entry, split, index);
      shard = this.#inMemory ? this.#load(place) : xxh64().then((hash) => new FileShard(place, this.#pool, hash, this.#checked.get(entry.file)));
      this.#shards.set(entry.file, shard);
      shard.catch(() => this.#shards.delete(entry.file));
    }
    return shard;
  }

  /** Checks every byte of a shard. @returns what its footer says */
  async verify(entry: ShardEntry, split: Split, index: number): Promise<ShardFooter> {
    if (this.#inMemory) return (await this.get(entry, split, index)).footer;
    const { shard, checked } = await loadShard(this.#place(entry, split, index));
    this.#checked.set(entry.file, checked);
    return shard.footer;
  }

  get manifestPath(): string {
    return join(this.folder, MANIFEST_FILE);
  }

  get checked(): ReadonlyMap<string, Checked> {
    return this.#checked;
  }

  close(): void {
    this.#pool.close();
  }

  async #load(place: ShardPlace): Promise<OpenShard> {
    const { shard, checked } = await loadShard(place);
    this.#checked.set(place.entry.file, checked);
    return shard;
  }

  #place(entry: ShardEntry, split: Split, index: number): ShardPlace {
    return { path: join(this.folder, entry.file), manifest: this.manifest, entry, split, index };
  }
}

/** One split of a set of shards, with random access by document. */
export class ShardSplit {
  readonly documents: number;
  readonly tokens: number;
  readonly lossTokens: number;
  readonly textBytes: number;
  /** Documents and tokens before each shard. */
  readonly #starts: number[] = [];
  readonly #tokenStarts: number[] = [];
  readonly #entries: readonly ShardEntry[];
  #reader: Promise<SplitReader> | undefined;

  /** @internal */
  constructor(
    readonly name: Split,
    manifest: Manifest,
    private readonly opened: OpenedShards,
  ) {
    const split = manifest.splits[name];
    ({ documents: this.documents, tokens: this.tokens, lossTokens: this.lossTokens, textBytes: this.textBytes, shards: this.#entries } = split);
    let documents = 0;
    let tokens = 0;
    for (const entry of split.shards) {
      this.#starts.push(documents);
      this.#tokenStarts.push(tokens);
      documents += entry.documents;
      tokens += entry.tokens;
    }
  }

  /** The tokens of document `index`. @throws DatasetError when there is no such document; ShardError when its shard is damaged */
  async document(index: number): Promise<DocumentTokens> {
    const { shard, row } = await this.#shardOf(index);
    const start = row === 0 ? 0 : shard.docEnds[row - 1]!;
    const end = shard.docEnds[row]!;
    const size = tokenSize(shard.header.dtype);
    const found: DocumentTokens = { tokens: tokensView(shard.header.dtype, shard.read("tokens", start * size, end * size)) };
    if (shard.header.loss_mask) {
      const bits = shard.read("loss_mask", start >> 3, (end + 7) >> 3);
      const base = (start >> 3) << 3;
      found.mask = Uint8Array.from({ length: end - start }, (_, i) => (bits[(start - base + i) >> 3]! >> ((start - base + i) & 7)) & 1);
    }
    return found;
  }

  /**
   * Where document `index` came from; undefined in sets that don't say so. Sets with rows alone give neither id nor URL.
   * @throws DatasetError when there is no such document; ShardError when its shard is damaged
   */
  async source(index: number): Promise<DocumentSource | undefined> {
    const { shard, row } = await this.#shardOf(index);
    const { files, source_files: rows } = shard.footer;
    if (!files) return rows ? sourceInRuns(shard, row) : undefined;
    const end = (place: number): number => (place < 0 ? 0 : u32View(shard.read("source_ends", place * 4, place * 4 + 4))[0]!);
    const [from, to] = [end(row - 1), end(row)];
    const length = shard.footer.sections.find(({ name }) => name === "sources")?.length ?? 0;
    if (from > to || to > length) throw new ShardError(shard.path, `the source of document ${row} stands at bytes ${from} to ${to} of ${length}. Write the shards anew.`);
    return decodeSource(shard.read("sources", from, to), files, shard.path);
  }

  /** UTF-8 bytes of the text of document `index`; undefined in sets without provenance. */
  async textBytesOf(index: number): Promise<number | undefined> {
    const { shard, row } = await this.#shardOf(index);
    return shard.footer.files ? u32View(shard.read("doc_bytes", row * 4, row * 4 + 4))[0]! : undefined;
  }

  /** Which document a token of the split belongs to, counted over all shards. @throws DatasetError when there is no such token */
  async locate(token: number): Promise<TokenPlace> {
    if (!(Number.isInteger(token) && token >= 0 && token < this.tokens)) throw new DatasetError(`There is no token ${token} in the ${this.name} split, which has ${this.tokens}.`);
    const index = placeOf(this.#tokenStarts, token);
    const entry = this.#entries[index]!;
    const { docEnds } = await this.opened.get(entry, this.name, index);
    const local = token - this.#tokenStarts[index]!;
    // The first document that ends behind the token: empty documents end at or before it.
    let row = 0;
    for (let high = docEnds.length - 1; row < high; ) {
      const middle = (row + high) >> 1;
      if (docEnds[middle]! > local) high = middle;
      else row = middle + 1;
    }
    return { document: this.#starts[index]! + row, offset: local - (row === 0 ? 0 : docEnds[row - 1]!), file: entry.file, row };
  }

  /** The shard that a document is in, and its number there. @throws DatasetError when there is no such document */
  async shardOf(index: number): Promise<Pick<TokenPlace, "file" | "row">> {
    const { row } = await this.#shardOf(index);
    return { file: this.#entries[placeOf(this.#starts, index)]!.file, row };
  }

  /** The first token of a document, counted over all shards as {@link locate} takes it. @throws DatasetError when there is no such document */
  async firstToken(index: number): Promise<number> {
    const { shard, row } = await this.#shardOf(index);
    return this.#tokenStarts[placeOf(this.#starts, index)]! + (row === 0 ? 0 : shard.docEnds[row - 1]!);
  }

  /** All documents of the split without waiting for each. Opens every shard; on disk it keeps 8 bytes for each document. */
  reader(): Promise<SplitReader> {
    this.#reader ??= Promise.all(this.#entries.map((entry, index) => this.opened.get(entry, this.name, index))).then((shards) => new SplitReader(shards, this.#starts, this.documents));
    this.#reader.catch(() => (this.#reader = undefined));
    return this.#reader;
  }

  /** Reads and checks every shard of the split. */
  async verify(onShard?: (bytes: number) => void, signal?: AbortSignal): Promise<void> {
    let lossTokens = 0;
    let textBytes = 0;
    for (const [index, entry] of this.#entries.entries()) {
      signal?.throwIfAborted();
      const footer = await this.opened.verify(entry, this.name, index);
      lossTokens += footer.loss_tokens;
      textBytes += footer.text_bytes;
      onShard?.(entry.bytes);
    }
    if (lossTokens !== this.lossTokens || textBytes !== this.textBytes) throw new ShardError(this.opened.manifestPath, `its ${this.name} split has ${this.lossTokens} tokens in the loss and ${this.textBytes} bytes of text; its shards have ${lossTokens} and ${textBytes}. Write the shards anew.`);
  }

  async #shardOf(index: number): Promise<{ shard: OpenShard; row: number }> {
    if (!(Number.isInteger(index) && index >= 0 && index < this.documents)) throw new DatasetError(`There is no document ${index} in the ${this.name} split, which has ${this.documents}.`);
    const place = placeOf(this.#starts, index);
    return { shard: await this.opened.get(this.#entries[place]!, this.name, place), row: index - this.#starts[place]! };
  }
}

/** A set that was opened, as plain data for another thread. */
export interface ShardSetHandle {
  folder: string;
  manifest: Manifest;
  checked: ReadonlyMap<string, Checked>;
}

/** A complete set of shards that has been checked. */
export class ShardSet {
  readonly #splits: Record<Split, ShardSplit>;
  readonly #opened: OpenedShards;

  /** @internal Use {@link openShards}. */
  constructor(
    readonly folder: string,
    readonly manifest: Manifest,
    /** A larger set stays on disk. */
    readonly cacheBytes: number,
    checked: ReadonlyMap<string, Checked> = new Map(),
  ) {
    this.#opened = new OpenedShards(folder, manifest, cacheBytes, checked);
    this.#splits = { train: new ShardSplit("train", manifest, this.#opened), val: new ShardSplit("val", manifest, this.#opened) };
  }

  split(name: Split): ShardSplit {
    return this.#splits[name];
  }

  /** @internal What another thread needs to open this set on disk without checking again what was checked here. */
  handle(): ShardSetHandle {
    return { folder: this.folder, manifest: this.manifest, checked: this.#opened.checked };
  }

  /** @internal */
  static fromHandle({ folder, manifest, checked }: ShardSetHandle): ShardSet {
    return new ShardSet(folder, manifest, -1, checked);
  }

  /** Closes the files that a set on disk holds open; they open again when they are read. A set in memory holds none. */
  close(): void {
    this.#opened.close();
  }
}

/**
 * Opens a folder of shards. Refuses what it can't trust, naming the file and the reason: a missing or unknown manifest, a
 * format of another major version, a shard that is damaged, missing or not in the manifest, or one made with another
 * tokenizer; and a tokenizer.json beside them that is not theirs.
 * @throws ShardError
 */
export async function openShards(folder: string, { verify = true, cacheBytes = DEFAULT_CACHE, signal, onProgress }: OpenShardsOptions = {}): Promise<ShardSet> {
  const manifest = await readManifest(folder);
  await checkFolder(folder, manifest);
  const set = new ShardSet(folder, manifest, cacheBytes);
  if (verify) {
    const total = bytesOfSet(manifest);
    let done = 0;
    for (const name of SPLITS) await set.split(name).verify((bytes) => onProgress?.((done += bytes), total), signal);
  }
  return set;
}

/** That a folder holds no shard of another set and no other tokenizer. @throws ShardError */
export async function checkFolder(folder: string, manifest: Manifest): Promise<void> {
  const listed = new Set(SPLITS.flatMap((name) => manifest.splits[name].shards.map((entry) => entry.file)));
  for (const name of await readdir(folder)) {
    if (SHARD_NAME.test(name) && !listed.has(name)) throw new ShardError(join(folder, name), `it is not in the manifest of ${basename(folder)}: it belongs to another set. Remove it, or write the shards anew.`);
  }
  await checkTokenizerFile(folder, manifest);
}
