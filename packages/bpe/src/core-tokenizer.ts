import { AddedTokenFinder, type AddedToken } from "./added-tokens.js";
import { encodeBatch, type BatchEncoding, type BatchOptions, type BatchText } from "./batch.js";
import { Decoder, isByteLevel, type DecodeStream, type DecodeStep } from "./decoder.js";
import { BpeError } from "./errors.js";
import type { Json, TokenizerDocument } from "./json/document.js";
import { readTokenizerJson, tokenOf, type TokenIds, type TokenizerFile } from "./json/read.js";
import { BpeModel, type FastWords } from "./model/bpe-model.js";
import { IdList } from "./model/id-list.js";
import { MergeRanks } from "./model/merge-ranks.js";
import { readPostProcessor, type PostProcessor } from "./post-processor.js";
import { readPreTokenizer, type PreTokenizer } from "./pre-tokenizer.js";
import { Row } from "./row.js";
import { wordEnd } from "./scanner.js";
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

/** An encoded text. */
export interface Encoding {
  ids: Uint32Array<ArrayBuffer>;
}

/** The two ways to encode: bytes in one pass, where the file's components allow it, and step by step. */
interface FastPath {
  how: PreTokenizer;
  form: Form | undefined;
}

/** What encodes and decodes step by step where one pass over bytes can't, and knows where each token comes from. */
export interface Steps {
  /** A text as the normalizer leaves it; absent where there is none. */
  normalized?: (text: string) => string;
  /** Turns tokens into text, where that is not their bytes. */
  decode: DecodeStep | undefined;
  /** Makes what encodes the words of one pass faster. */
  fastWords?: FastWords;
  /** Makes the encoder, once all is known that it takes. */
  encoder(parts: StepParts): StepEncoder;
}

/** What an encoder of steps is made of, beside the file. */
export interface StepParts {
  finders: readonly [AddedTokenFinder, AddedTokenFinder];
  merges: MergeRanks;
}

/** Encodes the text of a sequence, 0 or 1, with all that is known of each token; offsets count code points. */
export type StepEncoder = (text: string, parsed: boolean, sequence: number) => Row;

/**
 * A BPE tokenizer whose texts are encoded in one pass over their bytes: the byte-level ones, with the words of a known pattern.
 * It is small; `Tokenizer` of the main entry adds what other tokenizers need, and offsets.
 */
export class CoreTokenizer {
  /** One more than the largest id: the rows that an embedding needs. */
  readonly vocabSize: number;
  /** The ids of the special tokens that have a part to play, by the usual names. */
  readonly special: Readonly<SpecialIds>;
  protected readonly document: TokenizerDocument;
  protected readonly processor: PostProcessor | undefined;
  protected readonly steps: StepEncoder | undefined;
  private readonly ids: TokenIds;
  protected readonly merges: Int32Array;
  protected readonly model: BpeModel;
  protected readonly fast: FastPath | undefined;
  protected readonly finders: readonly [AddedTokenFinder, AddedTokenFinder];
  private readonly added = new Map<string, AddedToken>();
  private readonly addedById = new Map<number, string>();
  /** Where ids are gathered during a call. */
  protected readonly gathered = new IdList();
  private readonly decoder: Decoder;

  /**
   * @param file The parts of a tokenizer.json that were checked to belong together; use `fromJSON`.
   * @param steps What is used where one pass does not do.
   * @throws BpeError where there are no steps and one pass does not do.
   */
  constructor(
    protected readonly file: TokenizerFile,
    steps?: Steps,
  ) {
    const { document, ids, merges, made, slots } = file;
    this.document = document;
    this.ids = ids;
    this.merges = merges;
    this.processor = readPostProcessor(document.post_processor);
    const fast = (this.fast = fastPath(document));
    if (!steps) {
      if (!readPreTokenizer(document.pre_tokenizer)) throw needsSteps("pre_tokenizer", document.pre_tokenizer);
      if (!fast) throw document.normalizer === null ? needsSteps("model with byte_fallback, a prefix or a suffix") : needsSteps("normalizer", document.normalizer);
      if (!isByteLevel(document.decoder)) throw needsSteps("decoder", document.decoder);
    }
    const form = fast?.form;
    const normalized = steps ? steps.normalized : form && ((text: string) => normalize(text, form));
    const { added_tokens: added, model: settings } = document;
    const limit = ids.limit ?? file.tokens.length;
    let largest = limit - 1;
    const special = new Set<number>();
    for (const token of added) {
      this.added.set(token.content, token);
      // A token that is looked for in normalized text is known by what it looks like there.
      this.addedById.set(token.id, token.normalized && normalized ? normalized(token.content) : token.content);
      largest = Math.max(largest, token.id);
    }
    for (const [id, shown] of this.addedById) if (this.added.get(shown)?.special) special.add(id);
    this.vocabSize = largest + 1;
    const shown = (token: AddedToken): string => this.addedById.get(token.id)!;
    this.finders = [new AddedTokenFinder(added.filter((token) => !token.normalized)), new AddedTokenFinder(added.filter((token) => token.normalized), shown)];
    this.decoder = new Decoder((id) => this.idToToken(id), special, steps?.decode);
    this.special = findSpecialIds((token) => this.tokenToId(token));
    const ranks = new MergeRanks(merges, made, !settings.continuing_subword_prefix, slots);
    this.model = new BpeModel({ ids, merges: ranks, limit, unkToken: settings.unk_token, fuseUnk: settings.fuse_unk, ignoreMerges: settings.ignore_merges, fastWords: steps?.fastWords });
    this.steps = steps?.encoder({ finders: this.finders, merges: ranks });
  }

  /**
   * Reads a Hugging Face tokenizer.json with a BPE model; merges as pairs or as "a b".
   *
   * @param source The file's text, or its parsed JSON.
   * @throws BpeError where the file is broken, or uses a component that is not supported (named in the message).
   */
  static fromJSON(source: string | object): CoreTokenizer {
    return new CoreTokenizer(readTokenizerJson(source));
  }

  /** The id of a token as it stands in the vocabulary ("Ġworld", "<s>"), or undefined. */
  tokenToId(token: string): number | undefined {
    return this.added.get(token)?.id ?? this.ids.get(token);
  }

  /** The token of an id as it stands in the vocabulary, or undefined. */
  idToToken(id: number): string | undefined {
    return this.addedById.get(id) ?? tokenOf(this.file, id);
  }

  /** The tokens that are cut out of texts before words are looked at, special ones among them. */
  get addedTokens(): readonly Readonly<AddedToken>[] {
    return this.document.added_tokens;
  }

  /** Encodes a text. Lone surrogates count as U+FFFD. */
  encode(text: string, options?: EncodeOptions): Encoding {
    return { ids: this.gather(text, options).toArray() };
  }

  /** Encodes a text to a plain array of ids; options as of `encode`. */
  encodeIds(text: string, options?: EncodeOptions): number[] {
    return this.gather(text, options).toList();
  }

  /** Encodes a text into the list that is used for every call. */
  private gather(text: string, options: EncodeOptions = {}): IdList {
    const out = this.gathered.cleared();
    const [before, after] = options.addSpecialTokens ? this.frame() : NO_FRAME;
    before.forEach((id) => out.push(id));
    // About what prose takes; a list that grows on the way is copied each time.
    out.reserve(text.length >> 2);
    this.append(text, options.special === "parse", out);
    after.forEach((id) => out.push(id));
    return out;
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

  protected append(text: string, parse: boolean, out: IdList): void {
    const { fast, finders } = this;
    if (!fast) {
      for (const id of this.steps!(text, parse, 0).ids) out.push(id);
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
    if (useRegex) forEachPart(whole, (bytes, length) => this.model.encodeWords(bytes, 0, length, scan, out));
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
  protected frame(): readonly [readonly number[], readonly number[]] {
    const row = new Row();
    row.push(-1, "", 0, 0, 0, 0, 0);
    const { ids } = this.around().process([row], true).reduce((whole, part) => (whole.append(part), whole), new Row());
    const place = ids.indexOf(-1);
    if (ids.includes(-1, place + 1)) throw new BpeError("This tokenizer's post-processor repeats the text; use encodeAsSaved.");
    return [ids.slice(0, place), ids.slice(place + 1)];
  }
}

export const NO_FRAME = [[], []] as const;

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

function needsSteps(place: string, value?: Json): BpeError {
  const found = value === undefined ? "" : ` ${JSON.stringify((value as { type?: Json } | null)?.type ?? null)}`;
  return new BpeError(`This tokenizer.json has a ${place}${found} that the core does not have. Use Tokenizer of "@llm/bpe", which has more.`);
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
