import { readFile, readdir } from "node:fs/promises";
import { basename, join } from "node:path";
import { DatasetError, ShardError } from "../errors.js";
import { sha256Hex, xxh64 } from "../util/hash.js";
import { type DecodedShard, decodeShard, findDamage } from "./decode.js";
import { checkTokenizerFile, readManifest } from "./manifest.js";
import { ALIGNMENT, type Manifest, SHARD_NAME, SPLITS, type ShardEntry, type Split, type Tokens } from "./types.js";

/** The tokens of one document, as views of the shard: don't write to them. */
export interface DocumentTokens {
  tokens: Tokens;
  /** 1 for each token that counts in the loss; only in sets with loss masks. */
  mask?: Uint8Array;
}

/** Options of {@link openShards}. */
export interface OpenShardsOptions {
  /** Read every shard once and check its checksum before anything is used; default true. With false a shard is checked when it is first read. */
  verify?: boolean;
  /** Bytes of shards that are kept in memory; default 2 GiB. The least recently used go first. */
  cacheBytes?: number;
  signal?: AbortSignal;
  /** Called while verifying, with bytes checked. */
  onProgress?: (bytes: number, totalBytes: number) => void;
}

/** Shards in memory, the least recently used last to stay. */
class ShardCache {
  readonly #entries = new Map<string, Promise<DecodedShard>>();
  #bytes = 0;

  constructor(
    private readonly folder: string,
    private readonly manifest: Manifest,
    private readonly limit: number,
  ) {}

  get(entry: ShardEntry, split: Split, index: number): Promise<DecodedShard> {
    const found = this.#entries.get(entry.file);
    if (found) {
      this.#entries.delete(entry.file);
      this.#entries.set(entry.file, found);
      return found;
    }
    const loading = loadShard(this.folder, this.manifest, entry, split, index);
    this.#entries.set(entry.file, loading);
    this.#bytes += entry.bytes;
    loading.catch(() => {
      if (this.#entries.delete(entry.file)) this.#bytes -= entry.bytes;
    });
    const sizes = new Map(SPLITS.flatMap((name) => this.manifest.splits[name].shards.map((shard) => [shard.file, shard.bytes] as const)));
    for (const file of this.#entries.keys()) {
      if (this.#bytes <= this.limit || file === entry.file) break;
      this.#entries.delete(file);
      this.#bytes -= sizes.get(file) ?? 0;
    }
    return loading;
  }
}

/** Reads a shard, checks it against the manifest and gives views of its sections. */
async function loadShard(folder: string, manifest: Manifest, entry: ShardEntry, split: Split, index: number): Promise<DecodedShard> {
  const path = join(folder, entry.file);
  const raw = await readFile(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") throw new ShardError(path, "the manifest lists it, but it is missing. Write the shards anew.");
    throw error;
  });
  // Small files come from Node's shared pool at any offset; the views need their own alignment.
  const bytes = raw.byteOffset % ALIGNMENT === 0 ? raw : new Uint8Array(raw);
  if (sha256Hex(bytes) !== entry.sha256) {
    const damage = findDamage(bytes, await xxh64(), path);
    const size = bytes.byteLength === entry.bytes ? "" : ` (${bytes.byteLength} bytes; the manifest says ${entry.bytes})`;
    throw new ShardError(path, `it is damaged: its SHA-256 differs from the manifest's${size}${damage ? `; ${damage}` : "; its sections are whole, so the change is in the padding or the footer, or it is a shard of another set"}. Write the shards anew, or copy this one again.`);
  }
  const shard = decodeShard(bytes, path);
  const { header, footer } = shard;
  const different = (what: string, found: unknown, expected: unknown): void => {
    if (found !== expected) throw new ShardError(path, `its ${what} is ${String(found)}, the manifest says ${String(expected)}: the files are of different sets. Write the shards anew.`);
  };
  different("tokenizer", header.tokenizer.sha256, manifest.tokenizer.sha256);
  different("vocabulary size", header.tokenizer.vocab_size, manifest.tokenizer.vocabSize);
  different("fingerprint", header.fingerprint, manifest.fingerprint);
  different("split", header.split, split);
  different("number", header.shard, index);
  different("token type", header.dtype, manifest.dtype);
  different("loss mask", header.loss_mask, manifest.lossMask);
  different("number of documents", footer.documents, entry.documents);
  different("number of tokens", footer.tokens, entry.tokens);
  return shard;
}

/** One split of a set of shards, with random access by document. */
export class ShardSplit {
  readonly documents: number;
  readonly tokens: number;
  readonly lossTokens: number;
  readonly textBytes: number;
  /** Number of documents before each shard. */
  readonly #starts: number[] = [];
  readonly #entries: readonly ShardEntry[];

  /** @internal */
  constructor(
    readonly name: Split,
    manifest: Manifest,
    private readonly cache: ShardCache,
  ) {
    const split = manifest.splits[name];
    ({ documents: this.documents, tokens: this.tokens, lossTokens: this.lossTokens, textBytes: this.textBytes, shards: this.#entries } = split);
    let start = 0;
    for (const entry of split.shards) {
      this.#starts.push(start);
      start += entry.documents;
    }
  }

  /** The tokens of document `index`. @throws DatasetError when there is no such document; ShardError when its shard is damaged */
  async document(index: number): Promise<DocumentTokens> {
    if (!(Number.isInteger(index) && index >= 0 && index < this.documents)) throw new DatasetError(`There is no document ${index} in the ${this.name} split, which has ${this.documents}.`);
    let low = 0;
    for (let high = this.#starts.length; high - low > 1; ) {
      const middle = (low + high) >> 1;
      if (this.#starts[middle]! <= index) low = middle;
      else high = middle;
    }
    const { tokens, docEnds, lossMask } = await this.cache.get(this.#entries[low]!, this.name, low);
    const local = index - this.#starts[low]!;
    const start = local === 0 ? 0 : docEnds[local - 1]!;
    const end = docEnds[local]!;
    const found: DocumentTokens = { tokens: tokens.subarray(start, end) };
    if (lossMask) {
      const mask = new Uint8Array(end - start);
      for (let i = start; i < end; i++) mask[i - start] = (lossMask[i >> 3]! >> (i & 7)) & 1;
      found.mask = mask;
    }
    return found;
  }

  /** Reads and checks every shard of the split. */
  async verify(onShard?: (bytes: number) => void, signal?: AbortSignal): Promise<void> {
    for (const [index, entry] of this.#entries.entries()) {
      signal?.throwIfAborted();
      await this.cache.get(entry, this.name, index);
      onShard?.(entry.bytes);
    }
  }
}

/** A complete set of shards that has been checked. */
export class ShardSet {
  readonly #splits: Record<Split, ShardSplit>;

  /** @internal Use {@link openShards}. */
  constructor(
    readonly folder: string,
    readonly manifest: Manifest,
    cacheBytes: number,
  ) {
    const cache = new ShardCache(folder, manifest, cacheBytes);
    this.#splits = { train: new ShardSplit("train", manifest, cache), val: new ShardSplit("val", manifest, cache) };
  }

  split(name: Split): ShardSplit {
    return this.#splits[name];
  }
}

/**
 * Opens a folder of shards. Refuses what it can't trust, naming the file and the reason: a missing or unknown manifest, a
 * format of another major version, a shard that is damaged, missing or not in the manifest, or one made with another
 * tokenizer; and a tokenizer.json beside them that is not theirs.
 * @throws ShardError
 */
export async function openShards(folder: string, { verify = true, cacheBytes = 2 ** 31, signal, onProgress }: OpenShardsOptions = {}): Promise<ShardSet> {
  const manifest = await readManifest(folder);
  const listed = new Set(SPLITS.flatMap((name) => manifest.splits[name].shards.map((entry) => entry.file)));
  for (const name of await readdir(folder)) {
    if (SHARD_NAME.test(name) && !listed.has(name)) throw new ShardError(join(folder, name), `it is not in the manifest of ${basename(folder)}: it belongs to another set. Remove it, or write the shards anew.`);
  }
  await checkTokenizerFile(folder, manifest);
  const set = new ShardSet(folder, manifest, cacheBytes);
  if (verify) {
    const total = SPLITS.reduce((sum, name) => sum + manifest.splits[name].shards.reduce((bytes, entry) => bytes + entry.bytes, 0), 0);
    let done = 0;
    for (const name of SPLITS) await set.split(name).verify((bytes) => onProgress?.((done += bytes), total), signal);
  }
  return set;
}
