import { AddedTokenFinder, type AddedToken } from "./added-tokens.js";
import { encodeBatch, fitToFile, type BatchEncoding, type BatchOptions } from "./batch.js";
import { Decoder, type DecodeStream } from "./decoder.js";
import { BpeError } from "./errors.js";
import type { TokenizerDocument } from "./json/document.js";
import { fields, readTokenizerJson, unsupported, type TokenizerFile } from "./json/read.js";
import { writeTokenizerJson } from "./json/write.js";
import { BpeModel, IdList } from "./model/bpe-model.js";
import { MergeRanks } from "./model/merge-ranks.js";
import { readPostProcessor, type Frame } from "./post-processor.js";
import { forEachWord, readPreTokenizer, type PreTokenizer } from "./pre-tokenizer.js";
import { findSpecialIds, type SpecialIds } from "./special-tokens.js";

/** How a text is encoded. */
export interface EncodeOptions {
  /**
   * What `<s>` and its like mean where they stand in the text: "text" (default) encodes them as plain characters, so that
   * no one's input can forge a special token; "parse" turns them into the special token, as Hugging Face tokenizers does.
   */
  special?: "text" | "parse";
  /**
   * Whether to add what stands around a sequence: the file's post-processor where it adds something, else `<s> … </s>`.
   * Default false.
   */
  addSpecialTokens?: boolean;
}

/** An encoded text. */
export interface Encoding {
  ids: Uint32Array<ArrayBuffer>;
}

/** A byte-level BPE tokenizer: its vocabulary, merges and settings. Made by `trainBpe` or read from a tokenizer.json. */
export class Tokenizer {
  /** One more than the largest id: the rows that an embedding needs. */
  readonly vocabSize: number;
  /** The ids of the special tokens that have a part to play, by the usual names. */
  readonly special: Readonly<SpecialIds>;
  private readonly document: TokenizerDocument;
  private readonly tokens: readonly (string | undefined)[];
  private readonly ids: ReadonlyMap<string, number>;
  private readonly merges: Int32Array;
  private readonly model: BpeModel;
  private readonly how: PreTokenizer;
  private readonly finder: AddedTokenFinder;
  private readonly added = new Map<string, AddedToken>();
  private readonly addedById = new Map<number, AddedToken>();
  private readonly decoder: Decoder;
  private readonly frame: Frame;

  /** @param file The parts of a tokenizer.json that were checked to belong together; use `fromJSON` or `trainBpe`. */
  constructor(file: TokenizerFile) {
    const { document, tokens, ids, merges, made } = file;
    this.document = document;
    this.tokens = tokens;
    this.ids = ids;
    this.merges = merges;
    this.how = readPreTokenizer(document.pre_tokenizer);
    this.frame = readPostProcessor(document.post_processor);
    const decoder = document.decoder === null ? null : fields(document.decoder, "decoder").type;
    if (decoder !== "ByteLevel") throw unsupported("decoder", decoder);
    const { unk_token: unkToken, fuse_unk: fuseUnk, ignore_merges: ignoreMerges } = document.model;
    this.model = new BpeModel({ ids, merges: new MergeRanks(merges, made), unkToken, fuseUnk, ignoreMerges });
    this.finder = new AddedTokenFinder(document.added_tokens);
    let largest = tokens.length - 1;
    for (const token of document.added_tokens) {
      this.added.set(token.content, token);
      this.addedById.set(token.id, token);
      largest = Math.max(largest, token.id);
    }
    this.vocabSize = largest + 1;
    this.decoder = new Decoder((id) => this.idToToken(id), new Set(document.added_tokens.filter((token) => token.special).map((token) => token.id)));
    this.special = findSpecialIds((token) => this.tokenToId(token));
  }

  /**
   * Reads a Hugging Face tokenizer.json (byte-level BPE; merges as pairs or as "a b").
   *
   * @param source The file's text, or its parsed JSON.
   * @throws BpeError where the file is broken, or uses a component that is not supported (named in the message).
   */
  static fromJSON(source: string | object): Tokenizer {
    return new Tokenizer(readTokenizerJson(source));
  }

  /**
   * The tokenizer.json, byte for byte as Hugging Face tokenizers saves it.
   *
   * @param pretty Indented as of `save(path)` (default), or compact as of `save(path, pretty=False)`.
   */
  toJSON(pretty = true): string {
    return writeTokenizerJson(this.document, this.tokens, this.merges, pretty);
  }

  /** The id of a token as it stands in the vocabulary ("Ġworld", "<s>"), or undefined. */
  tokenToId(token: string): number | undefined {
    return this.added.get(token)?.id ?? this.ids.get(token);
  }

  /** The token of an id as it stands in the vocabulary, or undefined. */
  idToToken(id: number): string | undefined {
    return this.addedById.get(id)?.content ?? this.tokens[id];
  }

  /** Every merge, the earliest first, as [left, right] tokens. */
  *mergePairs(): Generator<[string, string]> {
    for (let at = 0; at < this.merges.length; at += 2) yield [this.tokens[this.merges[at]!]!, this.tokens[this.merges[at + 1]!]!];
  }

  /** The tokens that are cut out of texts before words are looked at, special ones among them. */
  get addedTokens(): readonly Readonly<AddedToken>[] {
    return this.document.added_tokens;
  }

  /** Encodes a text. Lone surrogates count as U+FFFD. */
  encode(text: string, options: EncodeOptions = {}): Encoding {
    const out = new IdList();
    const frame = options.addSpecialTokens ? this.frameOf() : undefined;
    frame?.before.forEach((id) => out.push(id));
    this.append(text, options.special === "parse", out);
    frame?.after.forEach((id) => out.push(id));
    return { ids: out.toArray() };
  }

  /** Encodes a text to a plain array of ids; options as of `encode`. */
  encodeIds(text: string, options: EncodeOptions = {}): number[] {
    return Array.from(this.encode(text, options).ids);
  }

  /**
   * Encodes a text exactly as Hugging Face's `Tokenizer.from_file(path).encode(text)` does: special tokens in the text are
   * parsed, and the file's own post-processor, truncation and padding apply.
   *
   * @param options `addSpecialTokens`: whether the post-processor adds its tokens; default true, as there. `special`: default
   *   "parse", as there.
   */
  encodeAsSaved(text: string, { addSpecialTokens = true, special = "parse" }: EncodeOptions = {}): Encoding {
    const frame = addSpecialTokens ? this.frame : { before: [], after: [] };
    return { ids: fitToFile(this.encode(text, { special }).ids, frame, this.document) };
  }

  /**
   * Encodes texts to one rectangle of ids with its attention mask: shorter texts are padded, longer ones cut.
   *
   * @throws BpeError where an option is out of range or there is no pad token.
   */
  encodeBatch(texts: readonly string[], options: BatchOptions = {}): BatchEncoding {
    const frame = options.addSpecialTokens ? this.frameOf() : { before: [], after: [] };
    return encodeBatch(texts.map((text) => this.encode(text, { special: options.special }).ids), frame, options, this.special.pad);
  }

  /**
   * The text of some ids; ids that are not in the vocabulary are left out, bytes that are no UTF-8 become U+FFFD.
   *
   * @param skipSpecialTokens Whether special tokens are left out; default true.
   */
  decode(ids: Iterable<number>, { skipSpecialTokens = true }: { skipSpecialTokens?: boolean } = {}): string {
    return this.decoder.decode(ids, skipSpecialTokens);
  }

  /** Decodes ids one by one; the pieces of text joined equal `decode` of all ids, and no piece ends inside a character. */
  decodeStream({ skipSpecialTokens = true }: { skipSpecialTokens?: boolean } = {}): DecodeStream {
    return this.decoder.stream(skipSpecialTokens);
  }

  /** The bytes that a token stands for, or undefined for an unknown id. */
  tokenBytes(id: number): Uint8Array | undefined {
    return this.decoder.bytesOf(id, false)?.slice();
  }

  private append(text: string, parse: boolean, out: IdList): void {
    for (const piece of this.finder.split(text, parse)) {
      if (piece.id >= 0) out.push(piece.id);
      else {
        const part = piece.end - piece.start === text.length ? text : text.slice(piece.start, piece.end);
        forEachWord(part, this.how, (bytes, start, end) => this.model.encodeWord(bytes, start, end, out));
      }
    }
  }

  /** What `addSpecialTokens` puts around a text. */
  private frameOf(): Frame {
    if (this.frame.before.length + this.frame.after.length > 0) return this.frame;
    const { bos, eos } = this.special;
    if (bos === undefined || eos === undefined) {
      throw new BpeError("addSpecialTokens needs <s> and </s> in the vocabulary, or a post-processor that adds tokens; this tokenizer has neither.");
    }
    return { before: [bos], after: [eos] };
  }
}
