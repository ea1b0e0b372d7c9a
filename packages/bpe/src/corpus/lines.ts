import { createReadStream } from "node:fs";
import { BpeError } from "../errors.js";

const NEWLINE = 0x0a;
const LINES = /[^\n]*\n|[^\n]+$/g;

/**
 * The lines of files as sequences to train on, each with its line end: what Hugging Face's `train(files)` reads. (As one
 * text with `trainBpe`, whitespace at a line's end would go together with that of the next line.)
 *
 * Lines come in batches of about a megabyte; only "\n" ends one, and a byte order mark counts as text, as there.
 *
 * @throws BpeError where a file is not UTF-8; NodeJS.ErrnoException where it can't be read; the signal's reason.
 */
export async function* fileLines(paths: string | readonly string[], { signal }: { signal?: AbortSignal } = {}): AsyncGenerator<string[]> {
  for (const path of typeof paths === "string" ? [paths] : paths) {
    const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
    const decode = (bytes: Uint8Array): string[] => {
      try {
        return decoder.decode(bytes).match(LINES) ?? [];
      } catch (cause) {
        throw new BpeError(`${path} is not UTF-8 text. Convert it to UTF-8 first.`, { cause });
      }
    };
    let rest: Buffer[] = [];
    for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 }) as AsyncIterable<Buffer>) {
      signal?.throwIfAborted();
      const end = chunk.lastIndexOf(NEWLINE) + 1;
      if (end > 0) {
        yield decode(Buffer.concat([...rest, chunk.subarray(0, end)]));
        rest = [];
      }
      if (end < chunk.length) rest.push(chunk.subarray(end));
    }
    if (rest.length > 0) yield decode(Buffer.concat(rest));
  }
}
