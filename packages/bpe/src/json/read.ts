import type { AddedToken } from "../added-tokens.js";
import { BpeError } from "../errors.js";
import type { Json, ModelSettings, TokenizerDocument } from "./document.js";
import { isTooDeep, isTooLarge, shown } from "./limits.js";

/** Largest tokenizer.json that is read, in characters; those of today's models are below 40 million. */
export const MAX_CHARACTERS = 200_000_000;
/** Largest id and number of merges that are accepted. */
export const MAX_IDS = 1 << 21;

/** Ids by token; a map is one. */
export interface TokenIds extends Iterable<[string, number]> {
  /** One more than the largest id, and the token of an id: there where they can be had without a list of all tokens. */
  readonly limit?: number;
  tokenOf?(id: number): string | undefined;
  get(token: string): number | undefined;
  keys(): Iterable<string>;
  values(): Iterable<number>;
}

/** The vocabulary and the merges of a tokenizer.json. */
export interface TokenTables {
  /** The model's tokens by id; undefined where an id is not in use. Perhaps made only when it is read. */
  readonly tokens: readonly (string | undefined)[];
  /** The same the other way round. */
  ids: TokenIds;
  /** Left id, right id, left id … by rank. */
  merges: Int32Array;
  /** The id that the merge of each rank makes. */
  made: Int32Array;
  /** The hash table of `MergeRanks`, where it is made already. */
  slots?: Int32Array;
}

/** What a tokenizer.json holds. */
export interface TokenizerFile extends TokenTables {
  document: TokenizerDocument;
}

/** The model's token of an id, or undefined. */
export const tokenOf = (file: Vocab, id: number): string | undefined => (file.ids.tokenOf ? file.ids.tokenOf(id) : file.tokens[id]);

type Vocab = Pick<TokenTables, "ids" | "tokens">;
type Fields = { [key: string]: Json };

/**
 * Reads and checks a tokenizer.json of the byte-level BPE family; both forms of merges.
 *
 * @param tables The vocabulary and the merges, where they were read already; those of `source` count for nothing then.
 * @throws BpeError where it is no JSON, lacks what it needs, contradicts itself, or uses a component that is not supported
 *   (named in the message): nothing is guessed.
 */
export function readTokenizerJson(source: string | object, tables?: TokenTables): TokenizerFile {
  const root = fields(typeof source === "string" ? parse(source) : (source as Json), "the file");
  const { truncation, padding, added_tokens: added, normalizer, pre_tokenizer: pre, post_processor: post, decoder } = root;
  if (isTooLarge([truncation, padding, added, normalizer, pre, post, decoder])) throw invalid("its components are nested too deeply, or too many");
  const model = fields(root.model ?? null, "model");
  if (model.type !== undefined && model.type !== "BPE") throw unsupported("model", model.type);
  if (model.type === undefined && !("merges" in model)) throw invalid("model has no type and no merges; a BPE model was expected");
  const settings: ModelSettings = {
    dropout: typeof model.dropout === "number" ? model.dropout : null,
    unk_token: text(model.unk_token ?? null, "model.unk_token"),
    continuing_subword_prefix: text(model.continuing_subword_prefix ?? null, "model.continuing_subword_prefix"),
    end_of_word_suffix: text(model.end_of_word_suffix ?? null, "model.end_of_word_suffix"),
    fuse_unk: model.fuse_unk === true,
    byte_fallback: model.byte_fallback === true,
    ignore_merges: model.ignore_merges === true,
  };
  if (settings.dropout) throw unsupported("model.dropout", settings.dropout);
  const vocab = tables ?? readVocab(model.vocab ?? null);
  const document: TokenizerDocument = {
    version: text(root.version ?? null, "version") ?? "1.0",
    truncation: root.truncation ?? null,
    padding: root.padding ?? null,
    added_tokens: readAddedTokens(root.added_tokens ?? [], vocab),
    normalizer: root.normalizer ?? null,
    pre_tokenizer: root.pre_tokenizer ?? null,
    post_processor: root.post_processor ?? null,
    decoder: root.decoder ?? null,
    model: settings,
  };
  if (tables) return Object.assign(tables, { document });
  return { document, ...vocab, ...readMerges(model.merges ?? null, vocab, settings.continuing_subword_prefix ?? "") };
}

function parse(source: string): Json {
  if (source.length > MAX_CHARACTERS) {
    throw invalid(`it has ${source.length} characters; at most ${MAX_CHARACTERS} are read`);
  }
  if (isTooDeep(source)) throw invalid("it is nested too deeply");
  try {
    return JSON.parse(source) as Json;
  } catch (cause) {
    throw new BpeError(`This is not a tokenizer.json: its text is not valid JSON. Was it cut off, or is it another file?`, { cause });
  }
}

/**
 * The parsed object serves as the table itself: filling a map with its entries would take longer than parsing it did.
 *
 * @param value Ids by token, as an object or, from our own code, a map.
 */
function readVocab(value: unknown): Vocab {
  const table = value instanceof Map ? (value as Map<string, number>) : undefined;
  const vocab = table ? {} : fields(value as Json, "model.vocab");
  const names = table ? [...table.keys()] : Object.keys(vocab);
  const tokens: (string | undefined)[] = [];
  if (names.length === 0) throw invalid("model.vocab is empty");
  for (const token of names) {
    const id = table ? table.get(token) : (vocab[token] as number);
    if (!Number.isInteger(id) || id! < 0 || id! >= MAX_IDS) {
      throw invalid(`model.vocab gives ${shown(token)} the id ${shown(id)}; expected a whole number below ${MAX_IDS}`);
    }
    while (tokens.length <= id!) tokens.push(undefined);
    if (tokens[id!] !== undefined) throw invalid(`model.vocab gives the id ${id} to both ${shown(tokens[id!])} and ${shown(token)}`);
    tokens[id!] = token;
  }
  return { tokens, ids: table ?? idsOf(vocab as Record<string, number>, names) };
}

const idsOf = (vocab: Readonly<Record<string, number>>, names: readonly string[]): TokenIds => ({
  get: (token) => (Object.hasOwn(vocab, token) ? vocab[token] : undefined),
  keys: () => names,
  values: () => Object.values(vocab),
  [Symbol.iterator]: () => names.map((token): [string, number] => [token, vocab[token]!]).values(),
});

function readMerges(list: Json, { tokens, ids }: Vocab, prefix: string): { merges: Int32Array; made: Int32Array } {
  if (!Array.isArray(list)) throw invalid("model.merges is missing or no list");
  if (list.length > MAX_IDS) throw invalid(`model.merges has ${list.length} entries; at most ${MAX_IDS} are read`);
  const merges = new Int32Array(list.length * 2);
  const made = new Int32Array(list.length);
  const idOf = (token: string, rank: number): number => {
    const id = ids.get(token);
    if (id === undefined) throw invalid(`model.merges[${rank}] needs ${shown(token)}, which is not in model.vocab`);
    return id;
  };
  // Most files have their merges in the order of the ids that they make: the id after the last one is tried first, which
  // spares joining and looking up two texts per merge.
  let next = 0;
  for (let rank = 0; rank < list.length; rank++) {
    const merge = list[rank]!;
    let left: Json | undefined;
    let right: Json | undefined;
    if (typeof merge === "string") {
      const blank = merge.indexOf(" ");
      if (blank >= 0 && !merge.includes(" ", blank + 1)) [left, right] = [merge.slice(0, blank), merge.slice(blank + 1)];
    } else if (Array.isArray(merge) && merge.length === 2) [left, right] = merge;
    if (typeof left !== "string" || typeof right !== "string") throw invalid(`model.merges[${rank}] is ${shown(merge)}; expected two tokens`);
    merges[rank * 2] = idOf(left, rank);
    merges[rank * 2 + 1] = idOf(right, rank);
    // A prefix of all but the first part of a word is not repeated.
    if (prefix !== "") right = right.slice(prefix.length);
    const likely = tokens[next];
    const same = likely !== undefined && likely.length === left.length + right.length && likely.startsWith(left) && likely.endsWith(right);
    const id = same ? next : idOf(left + right, rank);
    made[rank] = id;
    next = id + 1;
  }
  return { merges, made };
}

function readAddedTokens(list: Json, vocab: Vocab): AddedToken[] {
  if (!Array.isArray(list)) throw invalid("added_tokens is no list");
  return list.map((entry, index) => {
    const token = fields(entry, `added_tokens[${index}]`);
    const { id, content } = token;
    if (!Number.isInteger(id) || (id as number) < 0 || (id as number) >= MAX_IDS || typeof content !== "string" || content === "") {
      throw invalid(`added_tokens[${index}] has no usable id and content`);
    }
    const other = tokenOf(vocab, id as number);
    const own = vocab.ids.get(content);
    if (own !== undefined ? own !== id : other !== undefined) {
      throw invalid(`added_tokens[${index}] gives ${shown(content)} the id ${id as number}, and model.vocab says otherwise`);
    }
    return {
      id: id as number,
      content,
      single_word: token.single_word === true,
      lstrip: token.lstrip === true,
      rstrip: token.rstrip === true,
      normalized: token.normalized === true,
      special: token.special === true,
    };
  });
}

/** The value as an object, or an error that names the place. */
export function fields(value: Json, place: string): Fields {
  if (value === null || typeof value !== "object" || Array.isArray(value)) throw invalid(`${place} is missing or no object`);
  return value;
}

/** The value as a list, or an error that names the place. */
export function list(value: Json | undefined, place: string): Json[] {
  if (!Array.isArray(value)) throw invalid(`${place} is missing or no list`);
  return value;
}

/** The value as a text, or an error that names the place. */
export function textOf(value: Json | undefined, place: string): string {
  if (typeof value !== "string") throw invalid(`${place} is missing or no text`);
  return value;
}

function text(value: Json, place: string): string | null {
  if (value !== null && typeof value !== "string") throw invalid(`${place} is no text`);
  return value;
}

/** An error for a file that contradicts the format. */
export const invalid = (what: string): BpeError => new BpeError(`This tokenizer.json can't be used: ${what}.`);

/** An error for a component that we don't implement. */
export const unsupported = (place: string, found: Json | undefined): BpeError =>
  new BpeError(`This tokenizer.json uses ${place} ${shown(found)}, which is not supported.`);
