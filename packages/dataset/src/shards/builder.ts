import { DatasetError } from "../errors.js";
import type { SectionData } from "./encode.js";
import { bytesOf } from "./encode.js";
import { Growing } from "./growing.js";
import { type Provenance, RunBuilder } from "./source-rows.js";
import { SourceBuilder } from "./sources.js";
import type { DocumentSource, ShardFooter, TokenType, Tokens } from "./types.js";

/** A document as it goes into a shard. */
export interface TokenDocument {
  /** Ids of all its tokens, with the special ones. */
  tokens: Tokens | readonly number[];
  /** 1 for each token that counts in the loss, else 0; needed where the set has loss masks. */
  mask?: Uint8Array;
  /** UTF-8 bytes of its text. */
  textBytes: number;
  /** Where it came from; needed where the set has provenance, else not kept. */
  source?: DocumentSource;
}

/** Gathers the documents of one shard in memory. */
export class ShardBuilder {
  readonly #tokens: Growing<Uint16Array> | Growing<Uint32Array>;
  readonly #ends = new Growing(new Uint32Array(1024));
  readonly #mask = new Growing(new Uint8Array(1024));
  readonly #bytes = new Growing(new Uint32Array(1024));
  readonly #sources: SourceBuilder | undefined;
  readonly #rows: RunBuilder | undefined;
  lossTokens = 0;
  textBytes = 0;
  maxId = 0;

  constructor(
    readonly dtype: TokenType,
    private readonly lossMask: boolean,
    private readonly vocabSize: number,
    provenance: Provenance = false,
  ) {
    if (provenance === "rows") this.#rows = new RunBuilder();
    else if (provenance) this.#sources = new SourceBuilder();
    this.#tokens = dtype === "u16" ? new Growing(new Uint16Array(4096)) : new Growing(new Uint32Array(4096));
  }

  get tokens(): number {
    return this.#tokens.length;
  }

  get documents(): number {
    return this.#ends.length;
  }

  /** Names of the files that documents are from, as the footer has them; undefined where it has none. */
  get files(): Pick<ShardFooter, "files" | "source_files"> | undefined {
    return this.#sources ? { files: this.#sources.files } : this.#rows && { source_files: this.#rows.files };
  }

  /** @throws DatasetError when an id is outside of the vocabulary, the mask does not fit or the source is missing */
  add({ tokens, mask, textBytes, source }: TokenDocument): void {
    const count = tokens.length;
    if (this.lossMask && mask?.length !== count) throw new DatasetError(`A document of ${count} tokens came with ${mask ? `a loss mask of ${mask.length}` : "no loss mask"}; this set of shards has loss masks, so both must be equally long.`);
    const start = this.#tokens.length;
    const data = this.#tokens.reserve(count);
    for (let i = 0; i < count; i++) {
      const id = tokens[i]!;
      if (!(id >= 0 && id < this.vocabSize && Number.isInteger(id))) throw new DatasetError(`Token id ${id} at place ${i} of a document is outside of the tokenizer's vocabulary of ${this.vocabSize}.`);
      if (id > this.maxId) this.maxId = id;
      data[start + i] = id;
    }
    // The last that can fail, so that a refused document leaves nothing behind.
    this.#sources?.add(source);
    this.#rows?.add(source);
    this.#tokens.length += count;
    if (this.lossMask && mask) {
      const bits = this.#mask.reserve(Math.ceil((start + count) / 8) - this.#mask.length);
      this.#mask.length = Math.ceil((start + count) / 8);
      for (let i = 0; i < count; i++) {
        if (!mask[i]) continue;
        const place = start + i;
        bits[place >> 3] = bits[place >> 3]! | (1 << (place & 7));
        this.lossTokens++;
      }
    } else this.lossTokens += Math.max(0, count - 1);
    this.#ends.reserve(1)[this.#ends.length++] = start + count;
    this.textBytes += textBytes;
    if (this.#sources) this.#bytes.append([textBytes]);
  }

  sections(): SectionData[] {
    const sections: SectionData[] = [
      { name: "tokens", dtype: this.dtype, bytes: bytesOf(this.#tokens.view()) },
      { name: "doc_ends", dtype: "u32", bytes: bytesOf(this.#ends.view()) },
    ];
    if (this.lossMask) sections.push({ name: "loss_mask", dtype: "u8", bytes: bytesOf(this.#mask.view()) });
    if (this.#sources) {
      sections.push({ name: "doc_bytes", dtype: "u32", bytes: bytesOf(this.#bytes.view()) });
      sections.push({ name: "source_ends", dtype: "u32", bytes: bytesOf(this.#sources.ends.view()) });
      sections.push({ name: "sources", dtype: "u8", bytes: this.#sources.records.view() });
    }
    if (this.#rows) sections.push({ name: "source_rows", dtype: "u32", bytes: bytesOf(this.#rows.runs.view()) });
    return sections;
  }
}
