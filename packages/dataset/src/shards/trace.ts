import { readFile } from "node:fs/promises";
import { dirname, isAbsolute, join, relative, resolve, sep } from "node:path";
import type { Document } from "../document.js";
import { isHubSource } from "../download/hub-list.js";
import { isUrl } from "../download/probe.js";
import { DatasetError, reasonOf } from "../errors.js";
import { readSourceFile } from "../sources/read.js";
import { resolveSources } from "../sources/resolve.js";
import type { ColumnNames } from "../sources/types.js";
import { type ShardSet, openShards } from "./reader.js";
import { type DecodedDocument, decodeTokens, readTokenBytes } from "./token-text.js";
import type { DocumentSource, Split } from "./types.js";

/** What is to be traced, and how far. */
export interface TraceOptions {
  /** Default "train". */
  split?: Split;
  /** A token, counted over all shards of the split from 0. Give this or `document`. */
  token?: number;
  /** A document, counted likewise; its first token that has text is the one that is shown. */
  document?: number;
  /** Characters of text to show on each side; default 200. */
  context?: number;
  /** Folder from which relative paths of files are taken; default the current one. */
  root?: string;
  /** Read the row of a file that is on a server by range requests; default false. */
  fetch?: boolean;
  /** Columns whose names differ, as they were given when the file was read first. */
  columns?: ColumnNames;
  signal?: AbortSignal;
}

/** Text around a token. */
export interface Excerpt {
  before: string;
  token: string;
  after: string;
}

/** The row that a document was first read from. */
export interface OriginalRow {
  /**
   * How the passage was found in the row's text: the shard's text is the row's ("same"), the passage around the token is in it
   * ("passage"), or neither ("other"): cleaning has changed it, or the file is another one by now.
   */
  match: "same" | "passage" | "other";
  id: string;
  url?: string;
  /** Characters (UTF-16 units) of the row's text, and the place of the token in them; no place for "other". */
  characters: number;
  at?: number;
  /** The original text around the token, for "other" its beginning. */
  text: Excerpt;
}

/** From a token to where it is from. What is not known is null. */
export interface TokenTrace {
  split: Split;
  /** The token within the split, its place in the document, and its id. */
  token: number;
  offset: number;
  id: number;
  /** The document within the split, and its number of tokens. */
  document: number;
  tokens: number;
  /** The shard's file and the document's number within it. */
  shard: { file: string; document: number };
  /** The text around the token, as the tokenizer beside the shards decodes it. */
  text: Excerpt | null;
  /** File and row, in sets that say so; id and URL too, if the shards or the row have them. */
  source: DocumentSource | null;
  /** Where the file was downloaded from, if a download.json says so. */
  fileUrl: string | null;
  /** The row as the file has it. */
  original: OriginalRow | null;
  /** Why there is no original row. */
  reason?: string;
}

const CONTEXT = 200;
/** What sets were imported from. */
const TOKEN_FILE = /\.bin$/;
/** Characters on each side by which a passage is looked for in a text that is not the same, the longest first. */
const WINDOWS = [120, 60, 30, 15] as const;

const excerpt = (text: string, start: number, end: number, context: number): Excerpt => ({ before: text.slice(Math.max(0, start - context), start), token: text.slice(start, end), after: text.slice(end, end + context) });

/** The place of a passage in another text: that of the longest surrounding that is found, nearest to where it should be. */
function findPassage({ text, start, end }: DecodedDocument, original: string): number | undefined {
  for (const window of WINDOWS) {
    const from = Math.max(0, start - window);
    const passage = text.slice(from, end + window);
    if (passage.trim().length < Math.min(window, text.trim().length)) continue;
    const expected = (from / Math.max(1, text.length)) * original.length;
    let best: number | undefined;
    for (let at = original.indexOf(passage); at >= 0; at = original.indexOf(passage, at + 1)) if (best === undefined || Math.abs(at - expected) < Math.abs(best - expected)) best = at;
    if (best !== undefined) return best + start - from;
  }
  return undefined;
}

/** What the file of a download says of where it is from. */
async function downloadedFrom(path: string): Promise<string | undefined> {
  for (let folder = dirname(path), parent; ; folder = parent) {
    try {
      const record = JSON.parse(await readFile(join(folder, "download.json"), "utf8")) as { format?: unknown; files?: { file: string; url?: string }[] };
      const name = relative(folder, path).split(sep).join("/");
      if (record.format === "llm-dataset-download") return record.files?.find(({ file }) => file === name)?.url;
    } catch {
      // Not a download's folder.
    }
    parent = dirname(folder);
    if (parent === folder) return undefined;
  }
}

/** The document of a row. @throws DatasetError when the file is not there, or has no such row */
async function readRow(file: string, row: number, { columns, signal }: TraceOptions): Promise<Document> {
  const [source] = await resolveSources(file, { signal });
  for await (const document of readSourceFile(source!, { skip: row, partial: true, signal, columns })) return document;
  throw new DatasetError(`${file} has no row ${row}: it is another file than the one that was read.`);
}

function toOriginal(decoded: DecodedDocument | undefined, { text, id, url }: Document, context: number): OriginalRow {
  const facts = { id, ...(url === undefined ? {} : { url }), characters: text.length };
  if (decoded) {
    const same = decoded.text === text;
    const at = same ? decoded.start : findPassage(decoded, text);
    if (at !== undefined) return { match: same ? "same" : "passage", ...facts, at, text: excerpt(text, at, at + decoded.end - decoded.start, context) };
  }
  return { match: "other", ...facts, text: { before: "", token: "", after: text.slice(0, 2 * context) } };
}

/**
 * Follows a token of a set of shards back to its document, the row and file that the document was first read from, and its URL; where
 * the file is at hand, with the original text around the token.
 * @param shards A folder of shards, or an open set
 * @throws DatasetError when there is no such token or document; ShardError for damaged shards
 */
export async function traceToken(shards: string | ShardSet, options: TraceOptions): Promise<TokenTrace> {
  if ((options.token === undefined) === (options.document === undefined)) throw new DatasetError("Say either which token is to be traced or which document.");
  const set = typeof shards === "string" ? await openShards(shards, { verify: false, cacheBytes: 0, ...(options.signal ? { signal: options.signal } : {}) }) : shards;
  try {
    return await trace(set, options);
  } finally {
    if (typeof shards === "string") set.close();
  }
}

async function trace(set: ShardSet, options: TraceOptions): Promise<TokenTrace> {
  const { split: name = "train", context = CONTEXT, root = "." } = options;
  const split = set.split(name);
  const bytesOf = await readTokenBytes(join(set.folder, "tokenizer.json"));
  const first = options.token ?? (await split.firstToken(options.document!));
  const place = options.token === undefined ? { document: options.document!, offset: 0, ...(await split.shardOf(options.document!)) } : await split.locate(options.token);
  const { tokens } = await split.document(place.document);
  // Of a document, the first token that stands for text says most.
  const shown = options.token === undefined && bytesOf ? Math.max(0, tokens.findIndex((id) => (bytesOf(id)?.length ?? 0) > 0)) : place.offset;
  const decoded = bytesOf && decodeTokens(tokens, bytesOf, shown);
  const found: TokenTrace = {
    split: name,
    token: options.token === undefined ? first + shown : first,
    offset: shown,
    id: tokens[shown] ?? -1,
    document: place.document,
    tokens: tokens.length,
    shard: { file: place.file, document: place.row },
    text: decoded ? excerpt(decoded.text, decoded.start, decoded.end, context) : null,
    source: (await split.source(place.document)) ?? null,
    fileUrl: null,
    original: null,
  };
  if (!found.source) return { ...found, reason: "this set does not say where its documents are from; tokenize with --provenance rows or full" };
  const { file, row } = found.source;
  const remote = isHubSource(file) || isUrl(file);
  const path = remote || isAbsolute(file) ? file : join(root, file);
  found.fileUrl = remote ? file : ((await downloadedFrom(resolve(path))) ?? null);
  if (remote && !options.fetch) return { ...found, reason: `${file} is on a server; with --fetch the row is read from there` };
  if (TOKEN_FILE.test(file)) return { ...found, reason: `${file} holds tokens; their text is that of the shard` };
  try {
    const document = await readRow(path, row, options);
    found.original = toOriginal(decoded, document, context);
    const { id = document.id, url = document.url } = found.source;
    found.source = { file, row, id, ...(url === undefined ? {} : { url }) };
    return found;
  } catch (error) {
    options.signal?.throwIfAborted();
    return { ...found, reason: reasonOf(error).replace(/\.$/, "") };
  }
}
