import { readFile } from "node:fs/promises";
import type { Tokens } from "./types.js";

/** A token's bytes of text; undefined for special tokens and for ids that the tokenizer does not have. */
export type TokenBytes = (id: number) => Uint8Array | undefined;

interface TokenizerJson {
  model?: { vocab?: Record<string, number> | [string, number][] };
  added_tokens?: { id: number; content: string; special?: boolean }[];
}

/** Characters that stand for bytes in byte-level vocabularies (GPT-2's bytes_to_unicode): printable Latin-1 for itself, others from U+0100 on. */
function byteCharacters(): Map<string, number> {
  const found = new Map<string, number>();
  let others = 0;
  for (let byte = 0; byte < 256; byte++) {
    const printable = (byte >= 33 && byte <= 126) || (byte >= 161 && byte <= 172) || byte >= 174;
    found.set(String.fromCharCode(printable ? byte : 256 + others++), byte);
  }
  return found;
}

/** The bytes of the tokens of a Hugging Face tokenizer.json; undefined where there is none, or none that can be read. */
export async function readTokenBytes(path: string): Promise<TokenBytes | undefined> {
  let text: string;
  let json: TokenizerJson;
  try {
    text = await readFile(path, "utf8");
    json = JSON.parse(text) as TokenizerJson;
  } catch {
    return undefined;
  }
  const vocab = json?.model?.vocab;
  if (typeof vocab !== "object" || vocab === null) return undefined;
  const bytes = new Map<number, Uint8Array>();
  const table = text.includes('"ByteLevel"') ? byteCharacters() : undefined;
  const encode = (token: string): Uint8Array => {
    if (table) return Uint8Array.from(token, (char) => table.get(char) ?? 0x3f);
    const single = /^<0x([0-9A-F]{2})>$/.exec(token);
    return single ? Uint8Array.of(Number.parseInt(single[1]!, 16)) : Buffer.from(token.replaceAll("▁", " "));
  };
  const entries: [string, number][] = Array.isArray(vocab) ? vocab.map(([token], id) => [token, id]) : Object.entries(vocab);
  for (const [token, id] of entries) bytes.set(id, encode(token));
  for (const { id, content, special } of json.added_tokens ?? []) {
    if (special === false) bytes.set(id, Buffer.from(content));
    else bytes.delete(id);
  }
  return (id) => bytes.get(id);
}

/** The text of a document's tokens, and where in it one of them stands, in UTF-16 units. */
export interface DecodedDocument {
  text: string;
  start: number;
  end: number;
}

/** A place in UTF-8 moved to the beginning of the character that it is in (or, with `up`, to the end of it). */
function boundary(bytes: Uint8Array, at: number, up: boolean): number {
  let place = at;
  while (place > 0 && place < bytes.length && (bytes[place]! & 0xc0) === 0x80) place += up ? 1 : -1;
  return place;
}

/**
 * The text of a document, in which special tokens between two texts are a line end, as in the text of a chat.
 * @param offset The token that is asked for; a special one stands where the text before it ends
 */
export function decodeTokens(tokens: Tokens, bytesOf: TokenBytes, offset: number): DecodedDocument {
  const pieces: Uint8Array[] = [];
  let length = 0;
  let separated = false;
  let [from, to] = [0, 0];
  for (const [index, id] of tokens.entries()) {
    const bytes = bytesOf(id);
    if (bytes && bytes.length > 0) {
      if (separated && length > 0) length += pieces.push(Uint8Array.of(0x0a)) && 1;
      separated = false;
    } else separated = true;
    if (index === offset) from = length;
    if (bytes) {
      pieces.push(bytes);
      length += bytes.length;
    }
    if (index === offset) to = length;
  }
  const all = Buffer.concat(pieces);
  const [first, last] = from === to ? [boundary(all, from, false), boundary(all, from, false)] : [boundary(all, from, false), boundary(all, to, true)];
  const start = all.subarray(0, first).toString("utf8").length;
  return { text: all.toString("utf8"), start, end: start + all.subarray(first, last).toString("utf8").length };
}
