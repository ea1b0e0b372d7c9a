import { BpeError } from "../errors.js";
import type { TokenizerDocument } from "../json/document.js";
import { isTooDeep } from "../json/limits.js";
import { MAX_CHARACTERS, invalid, readTokenizerJson, type TokenizerFile } from "../json/read.js";
import { TableBuilder, type Source } from "./table-builder.js";

export type { Source } from "./table-builder.js";

/** Up to this many characters a file is read before the module is ready; beyond the other bound its tables would take much memory. */
const SMALL = 1 << 16;
const LARGE = 1 << 26;

/** From where to where a part of a file stands, and what takes its place in the rest. */
type Cut = readonly [from: number, to: number, by: string];

/**
 * Reads and checks a tokenizer.json as `readTokenizerJson` does, a large one faster: its vocabulary and merges never become
 * strings. What that way does not read, errors among it, is left to `readTokenizerJson`.
 *
 * @param source The file's text or bytes, or its parsed JSON.
 * @param small Files up to this many characters are not read the faster way.
 * @throws BpeError as `readTokenizerJson`; also where bytes are not UTF-8.
 */
export function readTokenizer(source: Source | object, small = SMALL): TokenizerFile {
  if (typeof source !== "string" && !(source instanceof Uint8Array)) return readTokenizerJson(source);
  return (isFast(source, small) ? readFast(source) : undefined) ?? readTokenizerJson(textOf(source, "tokenizer.json"));
}

/**
 * Reads vocab.json and merges.txt the faster way.
 *
 * @param document Makes the rest of the tokenizer, once the ids of tokens are known.
 * @returns undefined where that way does not read them: they have errors, or are small.
 */
export function readPair(vocab: Source, merges: Source, document: (idOf: (token: string) => number | undefined) => TokenizerDocument, small = SMALL): TokenizerFile | undefined {
  if (!isFast(vocab, small) || !isFast(merges, 0)) return undefined;
  const tables = TableBuilder.attempt((builder) => {
    const [at, end] = builder.put(vocab);
    const [from, to] = builder.put(merges);
    const after = builder.vocab(builder.blanks(at));
    if (after === 0 || builder.blanks(after) !== end) return undefined;
    if (!builder.lines(builder.afterVersion(from, to), to) || (builder.replaced && isBroken([vocab, merges]))) return undefined;
    return builder.tables();
  });
  if (!tables) return undefined;
  const made = document((token) => tables.ids.get(token));
  return readTokenizerJson({ ...made, model: { ...made.model, type: "BPE", vocab: {}, merges: [] } }, tables);
}

/**
 * The text of a file.
 *
 * @param name What the file is, for errors.
 * @throws BpeError where its bytes are not UTF-8, or too many.
 */
export function textOf(source: Source, name: string): string {
  if (typeof source === "string") return source;
  if (source.length > MAX_CHARACTERS) throw invalid(`it has ${source.length} bytes; at most ${MAX_CHARACTERS} are read`);
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(source);
  } catch (cause) {
    throw new BpeError(`This is not a ${name}: its bytes are not UTF-8 text.`, { cause });
  }
}

const isFast = (source: Source, small: number): boolean => source.length > small && source.length <= LARGE;

/** Whether a string has lone surrogates, which UTF-8 can't say. */
const isBroken = (sources: readonly Source[]): boolean => sources.some((source) => typeof source === "string" && /\p{Surrogate}/u.test(source));

function readFast(source: Source): TokenizerFile | undefined {
  const read = TableBuilder.attempt((builder) => {
    const [begin, end] = builder.put(source);
    const cuts = findTables(builder, begin, end);
    if (!cuts) return undefined;
    let rest = "";
    let from = begin;
    for (const [start, stop, by] of cuts) {
      rest += builder.text(from, start) + by;
      from = stop;
    }
    rest += builder.text(from, end);
    if (rest.includes("\ufffd") || isTooDeep(rest) || (builder.replaced && isBroken([source]))) return undefined;
    return { rest, tables: builder.tables() };
  });
  if (!read) return undefined;
  let root: { model: { continuing_subword_prefix?: unknown } };
  try {
    root = JSON.parse(read.rest) as typeof root;
  } catch {
    return undefined;
  }
  // The kernel knows nothing of a prefix, which merges leave out.
  return root.model.continuing_subword_prefix ? undefined : readTokenizerJson(root, read.tables);
}

/** Reads model.vocab and model.merges of a tokenizer.json, and gives their places in order; undefined where something unusual stands. */
function findTables(builder: TableBuilder, begin: number, end: number): Cut[] | undefined {
  const cuts: Cut[] = [];
  const seen = new Set<string>();
  let early = 0;
  const member = (key: string, at: number): number => {
    if (seen.has(key)) return 0;
    seen.add(key);
    if (key !== "vocab" && key !== "merges") return builder.skip(at);
    // Merges need the vocabulary, which may come after them.
    if (key === "merges" && !seen.has("vocab")) early = at;
    const stop = key === "vocab" ? builder.vocab(at) : early > 0 ? builder.skip(at) : builder.list(at);
    cuts.push([at, stop, key === "vocab" ? "{}" : "[]"]);
    return stop;
  };
  let models = 0;
  const after = builder.members(builder.blanks(begin), (key, at) => (key !== "model" ? builder.skip(at) : models++ === 0 ? builder.members(at, member) : 0));
  if (after === 0 || builder.blanks(after) !== end || cuts.length !== 2) return undefined;
  return early === 0 || builder.list(early) === cuts[0]![1] ? cuts : undefined;
}
