import type { Tokenizer } from "../tokenizer.js";

/** A token of a text, as it can be shown. */
export interface TokenPiece {
  id: number;
  /** As it stands in the vocabulary ("Ġthe"). */
  token: string;
  /** What it stands for; bytes that are part of a character only are written as \xE4, line ends and tabs as \n, \r and \t. */
  text: string;
}

/** The tokens of a text one by one; special tokens in it are parsed. */
export function tokenPieces(tokenizer: Tokenizer, text: string): TokenPiece[] {
  return Array.from(tokenizer.encode(text, { special: "parse" }).ids, (id) => ({ id, token: tokenizer.idToToken(id) ?? "", text: showToken(tokenizer, id) }));
}

const ESCAPES: Record<string, string> = { "\n": "\\n", "\r": "\\r", "\t": "\\t" };

const escaped = (byte: number): string => `\\x${byte.toString(16).toUpperCase().padStart(2, "0")}`;

/** What a token stands for, on one line. */
export function showToken(tokenizer: Tokenizer, id: number): string {
  const bytes = tokenizer.tokenBytes(id) ?? new Uint8Array();
  let shown = "";
  for (let at = 0; at < bytes.length; ) {
    const byte = bytes[at]!;
    const width = byte < 0x80 ? 1 : byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc0 ? 2 : 1;
    const text = new TextDecoder().decode(bytes.subarray(at, at + width));
    if (text.includes("\ufffd") && !(width === 3 && byte === 0xef && bytes[at + 1] === 0xbf)) {
      shown += escaped(byte);
      at++;
    } else {
      // Control characters would move the terminal's cursor.
      const code = text.codePointAt(0)!;
      shown += ESCAPES[text] ?? (code < 0x20 || (code >= 0x7f && code < 0xa0) ? Array.from(bytes.subarray(at, at + width), escaped).join("") : text);
      at += width;
    }
  }
  return shown;
}
