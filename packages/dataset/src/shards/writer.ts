import { createHash } from "node:crypto";
import { mkdir, readdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { DatasetError } from "../errors.js";
import { AtomicFile, writeError, writeJsonAtomic } from "../util/files.js";
import { ShardBuilder, type TokenDocument } from "./builder.js";
import { encodeShard } from "./encode.js";
import { type Provenance, checkProvenance } from "./source-rows.js";
import { FORMAT_MAJOR, MANIFEST_FILE, type Manifest, SHARD_NAME, SPLITS, type ShardHeader, type Split, type SplitManifest, type TokenType, type TokenizerInfo, minorOf, shardName } from "./types.js";

/** Options of {@link ShardSetWriter.create}. */
export interface ShardSetOptions {
  tokenizer: TokenizerInfo;
  /** "u16" holds ids up to 65,535. */
  dtype: TokenType;
  /** Whether every document comes with a loss mask. */
  lossMask: boolean;
  /** Digest of everything that the shards are made from. */
  fingerprint: string;
  /** A shard is closed before it would exceed this; default 16,777,216 (32 MiB in u16). A longer document gets a shard of its own. */
  maxTokensPerShard?: number;
  /** Whether every document comes with its source, which is kept beside its tokens: as a whole, or file and row alone ("rows"); default false. */
  provenance?: Provenance;
}

/** Where shards are written before the set is complete. */
const PARTIAL = ".partial";

interface OpenSplit {
  builder: ShardBuilder;
  manifest: SplitManifest;
}

/**
 * Writes a set of token shards (docs/formats.md). Shards are gathered in a hidden folder and take their names in `finish`,
 * the manifest last: until then a reader sees the set that was there before, or none.
 * Memory: one shard for each split.
 */
export class ShardSetWriter {
  readonly #splits: Record<Split, OpenSplit>;

  private constructor(
    private readonly folder: string,
    private readonly options: Required<ShardSetOptions>,
  ) {
    const empty = (): OpenSplit => ({ builder: this.#builder(), manifest: { documents: 0, tokens: 0, lossTokens: 0, textBytes: 0, shards: [] } });
    this.#splits = { train: empty(), val: empty() };
  }

  /**
   * Starts a set in a folder, which is made if it is missing. What an unfinished writer left there is removed.
   * @throws DatasetError when dtype can't hold the vocabulary, or the disk is full
   */
  static async create(folder: string, { maxTokensPerShard = 1 << 24, provenance = false, ...options }: ShardSetOptions): Promise<ShardSetWriter> {
    if (options.dtype === "u16" && options.tokenizer.vocabSize > 65_536) throw new DatasetError(`A vocabulary of ${options.tokenizer.vocabSize} does not fit into u16 tokens; use dtype "u32".`);
    checkProvenance(provenance);
    try {
      await rm(join(folder, PARTIAL), { recursive: true, force: true });
      await mkdir(join(folder, PARTIAL), { recursive: true });
    } catch (error) {
      throw writeError(error, folder);
    }
    return new ShardSetWriter(folder, { maxTokensPerShard, provenance, ...options });
  }

  /** Adds a document to a split. Order matters: the same documents in the same order give the same bytes. */
  async add(split: Split, document: TokenDocument): Promise<void> {
    const open = this.#splits[split];
    if (open.builder.documents > 0 && open.builder.tokens + document.tokens.length > this.options.maxTokensPerShard) await this.#close(split);
    open.builder.add(document);
  }

  /** Completes the set: closes the open shards, gives all their names and writes the manifest. */
  async finish(): Promise<Manifest> {
    for (const split of SPLITS) if (this.#splits[split].builder.documents > 0) await this.#close(split);
    const splits: Record<Split, SplitManifest> = { train: this.#splits.train.manifest, val: this.#splits.val.manifest };
    const tokens = splits.train.tokens + splits.val.tokens;
    const { dtype, tokenizer, lossMask, fingerprint, provenance } = this.options;
    const manifest: Manifest = {
      format: "llm-shards",
      version: { major: FORMAT_MAJOR, minor: minorOf(this.options.provenance) },
      dtype,
      tokenizer: structuredClone(tokenizer),
      lossMask,
      fingerprint,
      bytesPerToken: tokens > 0 ? (splits.train.textBytes + splits.val.textBytes) / tokens : 0,
      ...(provenance === "rows" ? { sourceRows: true } : provenance ? { provenance } : {}),
      splits,
    };
    // From here on the earlier set is no longer complete; a kill between these lines leaves a folder without a manifest.
    await rm(join(this.folder, MANIFEST_FILE), { force: true });
    for (const name of await readdir(this.folder)) if (SHARD_NAME.test(name)) await rm(join(this.folder, name));
    for (const split of SPLITS) for (const { file } of splits[split].shards) await rename(join(this.folder, PARTIAL, file), join(this.folder, file));
    await rm(join(this.folder, PARTIAL), { recursive: true, force: true });
    await writeJsonAtomic(join(this.folder, MANIFEST_FILE), manifest);
    return manifest;
  }

  /** Removes everything this writer wrote; a set that was there before stays. */
  async abort(): Promise<void> {
    await rm(join(this.folder, PARTIAL), { recursive: true, force: true });
  }

  #builder(): ShardBuilder {
    const { dtype, lossMask, tokenizer, provenance } = this.options;
    return new ShardBuilder(dtype, lossMask, tokenizer.vocabSize, provenance);
  }

  async #close(split: Split): Promise<void> {
    const open = this.#splits[split];
    const { builder, manifest } = open;
    open.builder = this.#builder();
    const { sha256, vocabSize, bos, eos, pad } = this.options.tokenizer;
    const header: ShardHeader = {
      magic: "LLMS",
      version: { major: FORMAT_MAJOR, minor: minorOf(this.options.provenance) },
      split,
      shard: manifest.shards.length,
      dtype: this.options.dtype,
      endian: "le",
      loss_mask: this.options.lossMask,
      tokenizer: { sha256, vocab_size: vocabSize, bos, eos, pad },
      fingerprint: this.options.fingerprint,
    };
    const { documents, tokens, lossTokens, textBytes, maxId } = builder;
    const pieces = await encodeShard(header, builder.sections(), { documents, tokens, loss_tokens: lossTokens, text_bytes: textBytes, max_id: maxId }, builder.files);
    const name = shardName(split, manifest.shards.length);
    const file = await AtomicFile.create(join(this.folder, PARTIAL, name));
    const hash = createHash("sha256");
    try {
      for (const piece of pieces) {
        hash.update(piece);
        await file.write(piece);
      }
    } catch (error) {
      await file.abort();
      throw error;
    }
    await file.commit();
    manifest.shards.push({ file: name, documents, tokens, bytes: file.bytes, sha256: hash.digest("hex") });
    manifest.documents += documents;
    manifest.tokens += tokens;
    manifest.lossTokens += lossTokens;
    manifest.textBytes += textBytes;
  }
}
