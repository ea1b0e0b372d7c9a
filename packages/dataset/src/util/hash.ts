import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import xxhash from "xxhash-wasm";

/** SHA-256 as 64 hexadecimal digits. Strings count as UTF-8. */
export const sha256Hex = (data: string | Uint8Array): string => createHash("sha256").update(data).digest("hex");

/** SHA-256 of a file's bytes, read as a stream. @throws NodeJS.ErrnoException when it can't be read */
export async function sha256File(path: string, range?: { start: number; end: number }): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20, ...range })) hash.update(chunk as Uint8Array);
  return hash.digest("hex");
}

/**
 * The hash that decides which split a document goes to: the first 64 bits of the SHA-256 of its UTF-8 text, as 16
 * hexadecimal digits. It depends on the text alone, so a document stays in its split whatever else is in the corpus.
 */
export const documentHash = (text: string): string => sha256Hex(text).slice(0, 16);

/** A document hash as a number from 0 (included) to 1 (excluded): `hashFraction(documentHash(text)) < 0.01` holds out one in a hundred. */
export const hashFraction = (hash: string): number => Number.parseInt(hash.slice(0, 8), 16) / 0x1_0000_0000;

/** xxHash64 (seed 0) of bytes as 16 hexadecimal digits and of text as a 64-bit number; loaded once. */
export interface Xxh64 {
  hex(bytes: Uint8Array): string;
  text(text: string): bigint;
}

let loaded: Promise<Xxh64> | undefined;

/** The hash is WebAssembly, which is compiled on first use. */
export const xxh64 = (): Promise<Xxh64> =>
  (loaded ??= xxhash().then(({ h64Raw, h64 }) => ({
    hex: (bytes) => h64Raw(bytes).toString(16).padStart(16, "0"),
    text: (text) => h64(text),
  })));
