import { AddedTokenFinder, type AddedToken } from "./added-tokens.js";
import { encodeBatch, type BatchEncoding, type BatchOptions, type BatchText } from "./batch.js";
import { Decoder, readDecoder, type DecodeStream } from "./decoder.js";
import { detailed, type DetailedEncoding } from "./detailed.js";
import { BpeError } from "./errors.js";
import type { TokenizerDocument } from "./json/document.js";
import { readTokenizerJson, type TokenIds, type TokenizerFile } from "./json/read.js";
import { writeTokenizerJson } from "./json/write.js";
import { BpeModel } from "./model/bpe-model.js";
import { IdList } from "./model/id-list.js";
import { MergeRanks } from "./model/merge-ranks.js";
import { TextModel } from "./model/text-model.js";
import { WordMerger } from "./model/word-merger.js";
import { readNormalizer, type Normalizer } from "./normalizer.js";
import { Pipeline, pointPlaces, type OffsetUnit } from "./pipeline.js";
import { readPostProcessor, type PostProcessor } from "./post-processor.js";
import { readPreTokenizer, readSplitter, type PreTokenizer, type Splitter } from "./pre-tokenizer.js";
import { Row } from "./row.js";
import { wordEnd } from "./scanner.js";
import { Span } from "./span.js";
import { SafeCuts, StreamEncoder } from "./segments.js";
import { findSpecialIds, type SpecialIds } from "./special-tokens.js";
import { forEachPart, withBytes } from "./text-chunks.js";
import { normalize, type Form } from "./unicode/normalize.js";

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

/** How a text, or a pair of texts, is encoded as a tokenizer.json says. */
export interface SavedEncodeOptions extends EncodeOptions {
  /** A second text, for the pair template of the post-processor. */
  pair?: string;
  /** What offsets count; default "utf16", the units of JavaScript strings. */
  offsets?: OffsetUnit;
}

/** An encoded text. */
export interface Encoding {
  ids: Uint32Array<ArrayBuffer>;
}

/** The two ways to encode: bytes in one pass, where the file's components allow it, and step by step. */
interface FastPath {
  how: PreTokenizer;
  form: Form | undefined;
}

/** A BPE tokenizer: its vocabulary, merges and settings. Made by `trainBpe` or read from files. */
export class Tokenizer {
  /** One more than the largest id: the rows that an embedding needs. */
  readonly vocabSize: number;
  /** The ids of the special tokens that have a part to play, by the usual names. */
  readonly special: Readonly<SpecialIds>;
  private readonly document: TokenizerDocument;
  private readonly tokens: readonly (string | undefined)[];
  private readonly ids: TokenIds;
  private readonly merges: Int32Array;
  private readonly model: BpeModel;
  private readonly fast: FastPath | undefined;
  private readonly pipeline: Pipeline;
  /** Where a text may be cut; undefined where that is not known. */
  private readonly cuts: SafeCuts | undefined;
  private readonly finders: readonly [AddedTokenFinder, AddedTokenFinder];
  private readonly added = new Map<string, AddedToken>();
  private readonly addedById = new Map<number, string>();
  /** Where ids are gathered during a call. */
  private readonly gathered = new IdList();
  private readonly decoder: Decoder;
  private readonly processor: PostProcessor | undefined;

  /** @param file The parts of a tokenizer.json that were checked to belong together; use `fromJSON` or `trainBpe`. */
  constructor(file: TokenizerFile) {
    const { document, tokens, ids, merges, made } = file;
    this.document = document;
    this.tokens = tokens;
    this.ids = ids;
    this.merges = merges;
    const normalizer = readNormalizer(document.normalizer);
    const splitter = readSplitter(document.pre_tokenizer);
    this.processor = readPostProcessor(document.post_processor);
    const { added_tokens: added, model: settings } = document;
    let largest = tokens.length - 1;
    const special = new Set<number>();
    for (const token of added) {
      this.added.set(token.content, token);
      // A token that is looked for in normalized text is known by what it looks like there.
      const shown = token.normalized && normalizer ? normalizer(new Span(token.content)).text : token.content;
      this.addedById.set(token.id, shown);
      largest = Math.max(largest, token.id);
    }
    for (const [id, shown] of this.addedById) if (this.added.get(shown)?.special) special.add(id);
    this.vocabSize = largest + 1;
    const shown = (token: AddedToken): string => this.addedById.get(token.id)!;
    this.finders = [new AddedTokenFinder(added.filter((token) => !token.normalized)), new AddedTokenFinder(added.filter((token) => token.normalized), shown)];
    this.decoder = new Decoder((id) => this.addedById.get(id) ?? this.tokens[id], special, readDecoder(document.decoder));
    this.special = findSpecialIds((token) => this.tokenToId(token));
    const ranks = new MergeRanks(merges, made, !settings.continuing_subword_prefix);
    const merger = new WordMerger(ranks);
    this.model = new BpeModel({ ids, merges: ranks, unkToken: settings.unk_token, fuseUnk: settings.fuse_unk, ignoreMerges: settings.ignore_merges });
    this.fast = fastPath(document);
    // What is looked for in normalized text can't be seen in the text itself.
    const seen = !this.fast?.form || !this.finders[1].looks(true);
    this.cuts = this.fast?.how.useRegex && seen ? new SafeCuts(this.finders, !this.fast.how.addPrefixSpace) : undefined;
    this.pipeline = this.makePipeline(normalizer, splitter, new TextModel(ids, merger, settings));
  }

  /**
   * Reads a Hugging Face tokenizer.json with a BPE model; merges as pairs or as "a b".
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
    return this.addedById.get(id) ?? this.tokens[id];
  }

  /** Every merge, the earliest first, as [left, right] tokens. */
  *mergePairs(): Generator<[string, string]> {
    for (let at = 0; at < this.merges.length; at += 2) yield [this.tokens[this.merges[at]!]!, this.tokens[this.merges[at + 1]!]!];
  }

  /** The tokens of the model with their ids, by id; added tokens are there only where the model has them too. */
  modelTokens(): [token: string, id: number][] {
    return this.tokens.flatMap((token, id): [string, number][] => (token === undefined ? [] : [[token, id]]));
  }

  /** The tokens that are cut out of texts before words are looked at, special ones among them. */
  get addedTokens(): readonly Readonly<AddedToken>[] {
    return this.document.added_tokens;
  }

  /** Encodes a text. Lone surrogates count as U+FFFD. */
  encode(text: string, options: EncodeOptions = {}): Encoding {
    const out = this.gathered.cleared();
    const [before, after] = options.addSpecialTokens ? this.frame() : NO_FRAME;
    before.forEach((id) => out.push(id));
    this.append(text, options.special === "parse", out);
    after.forEach((id) => out.push(id));
    return { ids: out.toArray() };
  }

  /** Encodes a text to a plain array of ids; options as of `encode`. */
  encodeIds(text: string, options: EncodeOptions = {}): number[] {
    return Array.from(this.encode(text, options).ids);
  }

  /**
   * Encodes a text, or a pair, exactly as Hugging Face's `Tokenizer.from_file(path).encode(text)` does, with all that is known
   * of each token: special tokens in the text are parsed, and the file's own post-processor, truncation and padding apply.
   *
   * @param options `addSpecialTokens`: whether the post-processor adds its tokens; default true, as there. `special`: default
   *   "parse", as there.
   */
  encodeAsSaved(text: string, { addSpecialTokens = true, special = "parse", pair, offsets = "utf16" }: SavedEncodeOptions = {}): DetailedEncoding {
    const texts = pair === undefined ? [text] : [text, pair];
    const rowOf = (sequence: number): Row => this.pipeline.row(texts[sequence]!, special === "parse", sequence);
    return detailed(this.document, this.processor, addSpecialTokens, rowOf, texts.map((each) => pointPlaces(each, offsets)));
  }

  /** How many tokens a text has; with a `limit`, encoding stops when it is passed, and the answer is above it. */
  count(text: string, { limit = Infinity, ...options }: EncodeOptions & { limit?: number } = {}): number {
    const [before, after] = options.addSpecialTokens ? this.frame() : NO_FRAME;
    let count = before.length + after.length;
    for (const { ids } of this.segments(text, options.special === "parse", limit)) {
      count += ids.length;
      if (count > limit) break;
    }
    return count;
  }

  /**
   * The first `tokens` tokens of a text, and the part of the text that they stand for: the whole characters at its start. The
   * rest is not encoded.
   */
  truncate(text: string, tokens: number, { special = "text" }: Pick<EncodeOptions, "special"> = {}): { ids: Uint32Array<ArrayBuffer>; text: string } {
    const out = new IdList();
    const parse = special === "parse";
    for (const { ids, start, end } of this.segments(text, parse, tokens)) {
      if (out.length + ids.length <= tokens) {
        for (const id of ids) out.push(id);
        continue;
      }
      const kept = tokens - out.length;
      for (const id of ids.subarray(0, kept)) out.push(id);
      const part = text.slice(start, end);
      const row = this.pipeline.row(part, parse, 0);
      // A character that the next token has a share of is not whole.
      const points = kept === 0 ? 0 : Math.min(row.to[kept - 1]!, row.from[kept]!);
      return { ids: out.toArray(), text: text.slice(0, start + (pointPlaces(part, "utf16")?.[points] ?? points)) };
    }
    return { ids: out.toArray(), text };
  }

  /**
   * Encodes a text that comes in parts: `push` gives the ids that no later text can change, `end` those that are left. Joined
   * they are the ids of the whole text. Only a little text is held, where it has blanks or lines and the words are those of a
   * known pattern; else all of it.
   */
  encoder({ special = "text" }: Pick<EncodeOptions, "special"> = {}): StreamEncoder {
    return new StreamEncoder(this.cuts, (text) => this.encode(text, { special }).ids);
  }

  /** Encodes a text that comes in parts, as of `encoder`; no list of ids that it yields is empty. */
  encodeStream(parts: Iterable<string>, options?: Pick<EncodeOptions, "special">): Generator<Uint32Array<ArrayBuffer>>;
  encodeStream(parts: AsyncIterable<string>, options?: Pick<EncodeOptions, "special">): AsyncGenerator<Uint32Array<ArrayBuffer>>;
  encodeStream(parts: Iterable<string> | AsyncIterable<string>, options?: Pick<EncodeOptions, "special">): Generator<Uint32Array<ArrayBuffer>> | AsyncGenerator<Uint32Array<ArrayBuffer>> {
    const encoder = this.encoder(options);
    return Symbol.asyncIterator in parts ? encodeAsync(parts, encoder) : encodeSync(parts, encoder);
  }

  /**
   * Encodes texts, or pairs of texts, to one rectangle of ids with its attention mask: shorter ones are padded, longer ones cut.
   *
   * @throws BpeError where an option is out of range or there is no pad token.
   */
  encodeBatch(texts: readonly BatchText[], options: BatchOptions = {}): BatchEncoding {
    const encode = (text: string): Uint32Array<ArrayBuffer> => this.encode(text, { special: options.special }).ids;
    return encodeBatch(texts, encode, options, options.addSpecialTokens ? this.around() : undefined, this.special.pad);
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

  /** A text part by part, each encoded when it is asked for; parts grow from what `tokens` tokens may need. */
  private *segments(text: string, parse: boolean, tokens: number): Generator<{ ids: Uint32Array<ArrayBuffer>; start: number; end: number }> {
    const size = Math.min(Math.max(256, tokens * 4), 1 << 16);
    for (let start = 0; start < text.length; ) {
      const end = this.cuts ? this.cuts.next(text, start + size) : text.length;
      const out = this.gathered.cleared();
      this.append(start === 0 && end === text.length ? text : text.slice(start, end), parse, out);
      yield { ids: out.toArray(), start, end };
      start = end;
    }
  }

  private makePipeline(normalizer: Normalizer | undefined, splitter: Splitter | undefined, model: TextModel): Pipeline {
    return new Pipeline({ finders: this.finders, normalizer, splitter, model, tokenOf: (id) => this.tokens[id] ?? "" });
  }

  private append(text: string, parse: boolean, out: IdList): void {
    const { fast, finders } = this;
    if (!fast) {
      for (const id of this.pipeline.row(text, parse, 0).ids) out.push(id);
      return;
    }
    const words = (part: string): void => this.appendWords(part, fast.how, out);
    eachPiece(text, finders[0], parse, out, (raw) => {
      eachPiece(fast.form ? normalize(raw, fast.form) : raw, finders[1], parse, out, words);
    });
  }

  /** Appends the tokens of a text without added tokens. */
  private appendWords(text: string, { addPrefixSpace, useRegex, scan = wordEnd }: PreTokenizer, out: IdList): void {
    if (text === "") return;
    const whole = addPrefixSpace && !text.startsWith(" ") ? ` ${text}` : text;
    if (useRegex) forEachPart(whole, (bytes, length) => this.model.encodeWords(bytes, length, scan, out));
    else withBytes(whole, (bytes, length) => this.model.encodeWord(bytes, 0, length, out));
  }

  /** What `addSpecialTokens` puts around a text. */
  private around(): PostProcessor {
    if (this.processor && this.processor.added[0] > 0) return this.processor;
    const { bos, eos } = this.special;
    if (bos === undefined || eos === undefined) {
      throw new BpeError("addSpecialTokens needs <s> and </s> in the vocabulary, or a post-processor that adds tokens; this tokenizer has neither.");
    }
    const [before, after] = [bos, eos].map((id) => ({ SpecialToken: { id: String(id), type_id: 0 } }));
    const special_tokens = Object.fromEntries([bos, eos].map((id) => [id, { ids: [id], tokens: [this.idToToken(id)!] }]));
    const [first, second] = ["A", "B"].map((id) => ({ Sequence: { id, type_id: 0 } }));
    return readPostProcessor({ type: "TemplateProcessing", single: [before!, first!, after!], pair: [before!, first!, after!, second!, after!], special_tokens })!;
  }

  /** The ids before and after one text. */
  private frame(): readonly [readonly number[], readonly number[]] {
    const row = new Row();
    row.push(-1, "", 0, 0, 0, 0, 0);
    const { ids } = this.around().process([row], true).reduce((whole, part) => (whole.append(part), whole), new Row());
    const place = ids.indexOf(-1);
    if (ids.includes(-1, place + 1)) throw new BpeError("This tokenizer's post-processor repeats the text; use encodeAsSaved.");
    return [ids.slice(0, place), ids.slice(place + 1)];
  }
}

const NO_FRAME = [[], []] as const;

function* encodeSync(parts: Iterable<string>, encoder: StreamEncoder): Generator<Uint32Array<ArrayBuffer>> {
  for (const part of parts) {
    const ids = encoder.push(part);
    if (ids.length > 0) yield ids;
  }
  const rest = encoder.end();
  if (rest.length > 0) yield rest;
}

async function* encodeAsync(parts: AsyncIterable<string>, encoder: StreamEncoder): AsyncGenerator<Uint32Array<ArrayBuffer>> {
  for await (const part of parts) {
    const ids = encoder.push(part);
    if (ids.length > 0) yield ids;
  }
  const rest = encoder.end();
  if (rest.length > 0) yield rest;
}

function eachPiece(text: string, finder: AddedTokenFinder, parse: boolean, out: IdList, visit: (part: string) => void): void {
  if (!finder.looks(parse)) {
    visit(text);
    return;
  }
  for (const { id, start, end } of finder.split(text, parse)) {
    if (id >= 0) out.push(id);
    else visit(end - start === text.length ? text : text.slice(start, end));
  }
}

/** How texts become words of bytes in one pass, where every component of the file allows it. */
function fastPath({ normalizer, pre_tokenizer: pre, model }: TokenizerDocument): FastPath | undefined {
  const how = readPreTokenizer(pre);
  const type = normalizer === null ? undefined : (normalizer as { type?: unknown }).type;
  const form = FORMS.find((name) => name === type);
  if (!how || (normalizer !== null && !form) || model.byte_fallback || model.continuing_subword_prefix || model.end_of_word_suffix) return undefined;
  return { how, form };
}

const FORMS: readonly Form[] = ["NFC", "NFD", "NFKC", "NFKD"];
