import { readFile, stat } from "node:fs/promises";
import { atomicWriteFile } from "@llm/dataset";
import { BpeError } from "../errors.js";
import { MAX_CHARACTERS } from "../json/read.js";
import { Tokenizer } from "../tokenizer.js";

/**
 * Reads the bytes of a tokenizer.json.
 * @throws BpeError where it is larger than 200 MB; NodeJS.ErrnoException where it can't be read
 */
export async function readTokenizerFile(path: string): Promise<Uint8Array> {
  const { size } = await stat(path);
  if (size > MAX_CHARACTERS) throw new BpeError(`${path} has ${size} bytes; a tokenizer.json of at most ${MAX_CHARACTERS} is read. Is it another file?`);
  return readFile(path);
}

/** Makes a tokenizer of the bytes of a tokenizer.json; errors name the file. */
export function parseTokenizer(bytes: Uint8Array, name: string): Tokenizer {
  try {
    return Tokenizer.fromJSON(bytes);
  } catch (cause) {
    throw cause instanceof BpeError ? new BpeError(`${name}: ${cause.message}`, { cause: cause.cause }) : cause;
  }
}

/**
 * Reads a tokenizer from a tokenizer.json.
 * @throws BpeError where the file is broken or uses what is not supported; NodeJS.ErrnoException where it can't be read
 */
export const loadTokenizer = async (path: string): Promise<Tokenizer> => parseTokenizer(await readTokenizerFile(path), path);

/** Writes a tokenizer.json, complete or not at all, byte for byte as Hugging Face tokenizers saves it. */
export const saveTokenizer = (path: string, tokenizer: Tokenizer): Promise<void> => atomicWriteFile(path, tokenizer.toJSON());
