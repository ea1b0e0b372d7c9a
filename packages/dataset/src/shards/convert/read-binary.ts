import { open, stat } from "node:fs/promises";
import { DatasetError } from "../../errors.js";
import type { TokenType, Tokens } from "../types.js";
import { LLMC_HEADER, LLMC_KINDS } from "./formats.js";

/** How a stream of tokens is cut into documents. */
export interface Delimiter {
  /** The token that every document begins or ends with. */
  id: number;
  at: "start" | "end";
}

/** Tokens of a document, and their mask where there is one. */
export interface ImportedDocument {
  tokens: Tokens;
  mask?: Uint8Array;
  /** The file that they stand in, and the byte at which they begin. */
  file: string;
  at: number;
}

/** Bytes that are read at once. */
const CHUNK = 8 << 20;
/** A document above this is no document: the delimiter is wrong. */
const MAX_DOCUMENT = 1 << 28;

/** What stands in a file of tokens. */
interface TokenFile {
  path: string;
  dtype: TokenType;
  /** Where the tokens begin, and how many there are. */
  offset: number;
  tokens: number;
}

/** nanoGPT's file: nothing but uint16. @throws DatasetError */
export async function nanogptFile(path: string): Promise<TokenFile> {
  const { size } = await stat(path);
  if (size % 2 !== 0) throw new DatasetError(`${path} has ${size} bytes, not a whole number of uint16 tokens: it was cut off, or is no .bin of nanoGPT.`);
  return { path, dtype: "u16", offset: 0, tokens: size / 2 };
}

/** llm.c's file by its header. @throws DatasetError */
export async function llmcFile(path: string): Promise<TokenFile> {
  const { size } = await stat(path);
  const file = await open(path, "r");
  const header = Buffer.alloc(12);
  const { bytesRead } = await file.read(header, 0, 12, 0).finally(() => file.close());
  const [magic, version, tokens] = [0, 4, 8].map((at) => header.readInt32LE(at)) as [number, number, number];
  const dtype = (["u16", "u32"] as const).find((kind) => LLMC_KINDS[kind].magic === magic);
  if (bytesRead < 12 || !dtype) throw new DatasetError(`${path} does not begin as a .bin of llm.c does (magic ${LLMC_KINDS.u16.magic} or ${LLMC_KINDS.u32.magic}): found ${magic}. Is it one of nanoGPT's (--from nanogpt)?`);
  if (version !== LLMC_KINDS[dtype].version) throw new DatasetError(`${path} is version ${version} of llm.c's format; this program reads ${LLMC_KINDS[dtype].version} with that magic.`);
  const expected = LLMC_HEADER + tokens * (dtype === "u16" ? 2 : 4);
  if (tokens < 0 || size !== expected) throw new DatasetError(`${path} has ${size} bytes, but its header speaks of ${tokens} tokens, which makes ${expected}: it was cut off, or written by halves.`);
  return { path, dtype, offset: LLMC_HEADER, tokens };
}

/** Pieces of a file, `size` bytes each but for the last. */
async function* pieces(path: string, from: number, to: number, size: number): AsyncGenerator<Uint8Array> {
  const file = await open(path, "r");
  try {
    for (let at = from; at < to; ) {
      const wanted = Math.min(size, to - at);
      const bytes = new Uint8Array(wanted);
      for (let filled = 0; filled < wanted; ) {
        const { bytesRead } = await file.read(bytes, filled, wanted - filled, at + filled);
        if (bytesRead === 0) throw new DatasetError(`${path} ended at byte ${at + filled} while it was read; ${to} were expected.`);
        filled += bytesRead;
      }
      at += wanted;
      yield bytes;
    }
  } finally {
    await file.close();
  }
}

const asTokens = (dtype: TokenType, bytes: Uint8Array): Tokens => (dtype === "u16" ? new Uint16Array(bytes.buffer) : new Uint32Array(bytes.buffer));

function joined<A extends Tokens | Uint8Array>(parts: readonly A[]): A {
  if (parts.length === 1) return parts[0]!;
  const total = parts.reduce((sum, part) => sum + part.length, 0);
  const all = new (parts[0]!.constructor as new (length: number) => A)(total);
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

/**
 * Cuts a file of tokens into documents. Memory: two chunks and the longest document.
 * @param maskPath A file of a byte of 0 or 1 for each token, or none
 * @throws DatasetError when a mask does not fit or the delimiter cuts nothing
 */
export async function* documentsOfFile({ path, dtype, offset, tokens: total }: TokenFile, { id, at: place }: Delimiter, maskPath?: string): AsyncGenerator<ImportedDocument> {
  const size = dtype === "u16" ? 2 : 4;
  if (maskPath !== undefined && (await stat(maskPath)).size !== total) throw new DatasetError(`${maskPath} has ${(await stat(maskPath)).size} bytes, expected one for each of the ${total} tokens of ${path}.`);
  const masks = maskPath === undefined ? undefined : pieces(maskPath, 0, total, CHUNK / size);
  let begun: Tokens[] = [];
  let begunMasks: Uint8Array[] = [];
  let length = 0;
  let at = offset;
  const finish = (): ImportedDocument => {
    const document = { tokens: joined(begun), ...(masks ? { mask: joined(begunMasks) } : {}), file: path, at };
    at += length * size;
    begun = [];
    begunMasks = [];
    length = 0;
    return document;
  };
  const add = (tokens: Tokens, mask: Uint8Array | undefined, from: number, to: number): void => {
    if (to <= from) return;
    begun.push(tokens.subarray(from, to));
    if (mask) begunMasks.push(mask.subarray(from, to));
    length += to - from;
    if (length > MAX_DOCUMENT) throw new DatasetError(`${path} has a document of more than ${MAX_DOCUMENT} tokens: no token ${id}, with which every document should ${place === "start" ? "begin" : "end"}, comes for that long. Name the right token with --delimiter.`);
  };
  try {
    for await (const bytes of pieces(path, offset, offset + total * size, CHUNK)) {
      const tokens = asTokens(dtype, bytes);
      const mask = masks ? ((await masks.next()).value as Uint8Array) : undefined;
      let from = 0;
      for (let i = tokens.indexOf(id); i >= 0; i = tokens.indexOf(id, i + 1)) {
        const cut = place === "start" ? i : i + 1;
        add(tokens, mask, from, cut);
        from = cut;
        if (length > 0) yield finish();
      }
      add(tokens, mask, from, tokens.length);
    }
    if (length > 0) yield finish();
  } finally {
    await masks?.return(undefined);
  }
}
