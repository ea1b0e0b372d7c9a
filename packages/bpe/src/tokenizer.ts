import { CoreTokenizer, NO_FRAME, type EncodeOptions, type Steps } from "./core-tokenizer.js";
import { readDecoder } from "./decoder.js";
import { detailed, type DetailedEncoding } from "./detailed.js";
import { tokenOf, type TokenizerFile } from "./json/read.js";
import { writeTokenizerJson } from "./json/write.js";
import type { FlatEncoder } from "./flat-encoder.js";
import { readTokenizer } from "./load/reader.js";
import { IdList } from "./model/id-list.js";
import { TextModel } from "./model/text-model.js";
import { wordKernel } from "./model/word-kernel.js";
import { WordMerger } from "./model/word-merger.js";
import { readNormalizer } from "./normalizer.js";
import { Pipeline, pointPlaces, type OffsetUnit } from "./pipeline.js";
import { readSplitter } from "./pre-tokenizer.js";
import type { Row } from "./row.js";
import { wordEnd } from "./scanner.js";
import { SafeCuts, StreamEncoder } from "./segments.js";
import { Span } from "./span.js";

export type { EncodeOptions, Encoding } from "./core-tokenizer.js";

/** How a text, or a pair of texts, is encoded as a tokenizer.json says. */
export interface SavedEncodeOptions extends EncodeOptions {
  /** A second text, for the pair template of the post-processor. */
  pair?: string;
  /** What offsets count; default "utf16", the units of JavaScript strings. */
  offsets?: OffsetUnit;
}

/** A BPE tokenizer: its vocabulary, merges and settings. Made by `trainBpe` or read from files. */
export class Tokenizer extends CoreTokenizer {
  /** Where a text may be cut; undefined where that is not known. */
  private readonly cuts: SafeCuts | undefined;

  /** @param file The parts of a tokenizer.json that were checked to belong together; use `fromJSON` or `trainBpe`. */
  constructor(file: TokenizerFile) {
    super(file, readSteps(file));
    const { fast, finders } = this;
    // What is looked for in normalized text can't be seen in the text itself.
    const seen = !fast?.form || !finders[1].looks(true);
    this.cuts = fast?.how.useRegex && seen ? new SafeCuts(finders, !fast.how.addPrefixSpace) : undefined;
  }

  /**
   * Reads a Hugging Face tokenizer.json with a BPE model; merges as pairs or as "a b".
   *
   * @param source The file's bytes, which are read fastest (a byte order mark is skipped), its text, or its parsed JSON.
   * @throws BpeError where the file is broken, or uses a component that is not supported (named in the message).
   */
  static override fromJSON(source: Uint8Array | string | object): Tokenizer {
    return new Tokenizer(readTokenizer(source));
  }

  /**
   * The tokenizer.json, byte for byte as Hugging Face tokenizers saves it.
   *
   * @param pretty Indented as of `save(path)` (default), or compact as of `save(path, pretty=False)`.
   */
  toJSON(pretty = true): string {
    return writeTokenizerJson(this.document, this.file.tokens, this.merges, pretty);
  }

  /** Every merge, the earliest first, as [left, right] tokens. */
  *mergePairs(): Generator<[string, string]> {
    const { tokens } = this.file;
    for (let at = 0; at < this.merges.length; at += 2) yield [tokens[this.merges[at]!]!, tokens[this.merges[at + 1]!]!];
  }

  /** The tokens of the model with their ids, by id; added tokens are there only where the model has them too. */
  modelTokens(): [token: string, id: number][] {
    return this.file.tokens.flatMap((token, id): [string, number][] => (token === undefined ? [] : [[token, id]]));
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
    const rowOf = (sequence: number): Row => this.steps!(texts[sequence]!, special === "parse", sequence);
    return detailed(this.document, this.processor, addSpecialTokens, rowOf, texts.map((each) => pointPlaces(each, offsets)));
  }

  /**
   * Encodes many texts into one list, without an object for each; for threads that encode.
   *
   * @throws BpeError where `addSpecialTokens` asks for tokens that this tokenizer does not have.
   * @internal
   */
  flatEncoder({ special = "text", addSpecialTokens = false }: EncodeOptions = {}): FlatEncoder {
    const { fast, model } = this;
    const ids = new IdList();
    const [before, after] = addSpecialTokens ? this.frame() : NO_FRAME;
    const parse = special === "parse";
    const framed = (append: () => void): void => {
      for (const id of before) ids.push(id);
      append();
      for (const id of after) ids.push(id);
    };
    const text = (source: string): void => framed(() => this.append(source, parse, ids));
    if (!this.readsUtf8(parse)) return { ids, text };
    const { scan = wordEnd } = fast!.how;
    return { ids, text, utf8: (bytes, from, to) => framed(() => model.encodeWords(bytes, from, to, scan, ids)) };
  }

  /** Whether the UTF-8 of a text is all that encoding it takes: nothing is looked for in it, changed or put before it. @internal */
  readsUtf8(parse: boolean): boolean {
    const { fast, finders } = this;
    return fast !== undefined && !fast.form && fast.how.useRegex && !fast.how.addPrefixSpace && !finders.some((finder) => finder.looks(parse));
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
      const row = this.steps!(part, parse, 0);
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
}

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

/** The components of a file that work step by step. */
function readSteps(file: TokenizerFile): Steps {
  const { document, ids } = file;
  const normalizer = readNormalizer(document.normalizer);
  const splitter = readSplitter(document.pre_tokenizer);
  return {
    normalized: normalizer && ((text) => normalizer(new Span(text)).text),
    decode: readDecoder(document.decoder),
    fastWords: wordKernel,
    encoder({ finders, merges }) {
      const model = new TextModel(ids, new WordMerger(merges), document.model);
      const pipeline = new Pipeline({ finders, normalizer, splitter, model, tokenOf: (id) => tokenOf(file, id) ?? "" });
      return (text, parsed, sequence) => pipeline.row(text, parsed, sequence);
    },
  };
}
