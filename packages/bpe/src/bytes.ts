// GPT-2's one-to-one map between bytes and printable characters, in which vocabularies of byte-level BPE are written.
// Source: openai/gpt-2 encoder.py, bytes_to_unicode.

const codes = new Uint16Array(256);
const printable = (byte: number): boolean => (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || byte >= 0xae;
let next = 0x100;
for (let byte = 0; byte < 256; byte++) codes[byte] = printable(byte) ? byte : next++;

/** The character that stands for each byte. */
export const BYTE_TO_CHAR: readonly string[] = Array.from(codes, (code) => String.fromCharCode(code));

/** The byte that a UTF-16 code unit stands for, or -1; for units below 0x144. */
const CODE_TO_BYTE = new Int16Array(0x144).fill(-1);
codes.forEach((code, byte) => (CODE_TO_BYTE[code] = byte));

/** The 256 bytes in the order of their characters, which is the order of ids in a trained vocabulary. */
export const ALPHABET: readonly number[] = Array.from({ length: 256 }, (_, byte) => byte).sort((a, b) => codes[a]! - codes[b]!);

const utf8 = new TextEncoder();

/** The byte of one character of the map, or -1 where it is not in it. */
export const charToByte = (text: string, index: number): number => CODE_TO_BYTE[text.charCodeAt(index)] ?? -1;

/**
 * The bytes that a vocabulary entry stands for. An entry with any character outside the map stands for its own UTF-8,
 * as in the decoder of Hugging Face tokenizers.
 */
export function tokenToBytes(token: string): Uint8Array {
  const bytes = new Uint8Array(token.length);
  for (let i = 0; i < token.length; i++) {
    const byte = charToByte(token, i);
    if (byte < 0) return utf8.encode(token);
    bytes[i] = byte;
  }
  return bytes;
}

/** The characters that stand for some bytes. */
export function bytesToToken(bytes: Uint8Array, start = 0, end = bytes.length): string {
  let token = "";
  for (let i = start; i < end; i++) token += BYTE_TO_CHAR[bytes[i]!]!;
  return token;
}
