import { createReadStream } from "node:fs";
import { DatasetError } from "../errors.js";
import { LIMITS } from "./types.js";

/** One line without its line end. */
export interface Line {
  text: string;
  /** From 1. */
  number: number;
  /** Bytes of the file up to the end of this line. */
  end: number;
}

/**
 * The lines of a UTF-8 file, as a stream. "\n" and "\r\n" end a line; a byte order mark at the beginning is left out.
 * @throws DatasetError naming the line, when it is longer than 32 MiB or not UTF-8
 */
export async function* readLines(path: string, name: string, signal?: AbortSignal): AsyncGenerator<Line> {
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  let number = 0;
  let end = 0;
  let rest: Buffer[] = [];
  let restLength = 0;
  const toLine = (bytes: Buffer, terminated: boolean): Line => {
    number++;
    end += bytes.length + (terminated ? 1 : 0);
    const cut = bytes.at(-1) === 0x0d ? bytes.subarray(0, -1) : bytes;
    try {
      const text = decoder.decode(cut);
      return { text: number === 1 && text.startsWith("\uFEFF") ? text.slice(1) : text, number, end };
    } catch (error) {
      throw new DatasetError(`${name}, line ${number}: the bytes are not UTF-8 text. Convert the file to UTF-8 first.`, { cause: error });
    }
  };
  for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 }) as AsyncIterable<Buffer>) {
    signal?.throwIfAborted();
    let start = 0;
    for (let newline = chunk.indexOf(10); newline >= 0; newline = chunk.indexOf(10, start)) {
      const piece = chunk.subarray(start, newline);
      const bytes = restLength > 0 ? Buffer.concat([...rest, piece]) : piece;
      rest = [];
      restLength = 0;
      start = newline + 1;
      yield toLine(bytes, true);
    }
    if (start < chunk.length) {
      rest.push(chunk.subarray(start));
      restLength += chunk.length - start;
    }
    if (restLength > LIMITS.line) throw new DatasetError(`${name}, line ${number + 1}: longer than ${LIMITS.line >> 20} MiB, the limit for one line. Split it into several.`);
  }
  if (restLength > 0) yield toLine(Buffer.concat(rest), false);
}
