import { isUtf8 } from "node:buffer";
import { DatasetError, reasonOf } from "../errors.js";
import type { RandomAccess } from "./access.js";
import { decompress, soundPart } from "./decompress.js";
import { type Compression, type Damage, LIMITS, type LineRange } from "./types.js";

/** One line without its line end. */
export interface Line {
  text: string;
  /** From 1. */
  number: number;
  /** Bytes of the file up to the end of this line; of a compressed file, about. */
  end: number;
  /** Bytes of the line itself, decompressed. */
  length: number;
}

/** How {@link readLines} reads. */
export interface LineOptions {
  name: string;
  compression?: Compression | undefined;
  /** Read these lines alone. */
  lines?: LineRange | undefined;
  signal?: AbortSignal | undefined;
  onDamage?: ((damage: Damage) => void) | undefined;
}

/** Where a compressed stream fails: told apart from what the consumer of the lines throws. */
class StreamDamage extends Error {}

/**
 * The lines of a UTF-8 file, as a stream. "\n" and "\r\n" end a line; a byte order mark at the beginning is left out.
 * @throws DatasetError naming the line, when it is longer than 32 MiB or not UTF-8, or compressed data are damaged, and
 * nobody is told by `onDamage`
 */
export async function* readLines(access: RandomAccess, { name, compression, lines, signal, onDamage }: LineOptions): AsyncGenerator<Line> {
  let number = lines?.line ?? 0;
  let end = lines?.start ?? 0;
  let consumed = 0;
  let rest: Buffer[] = [];
  let restLength = 0;
  let overlong = 0;
  const compressedShare = (bytes: number): number => (compression ? 0 : bytes);
  const damage = (place: string, reason: string, advice: string, bytes: number, content?: Buffer, cause?: unknown): void => {
    if (!onDamage) throw new DatasetError(`${name}, ${place}: ${reason}. ${advice}`, { cause });
    onDamage({ file: name, place, reason, bytes, ...(content ? { documents: 1, content: content.subarray(0, 2_000).toString("latin1") } : {}) });
  };
  const toLine = (bytes: Buffer, terminated: boolean): Line | undefined => {
    number++;
    const length = bytes.length + (terminated ? 1 : 0);
    end = compression ? consumed : end + length;
    const cut = bytes.at(-1) === 0x0d ? bytes.subarray(0, -1) : bytes;
    if (!isUtf8(cut)) {
      // Of a compressed file, a line's share of it is not known; a twelfth of what comes out is close for prose.
      damage(`line ${number}`, "the bytes are not UTF-8 text", "Convert the file to UTF-8 first.", compression ? Math.ceil(length / 12) : length, bytes);
      return undefined;
    }
    const text = cut.toString("utf8");
    return { text: number === 1 && text.startsWith("\uFEFF") ? text.slice(1) : text, number, end, length };
  };
  async function* counted(): AsyncGenerator<Uint8Array> {
    for await (const chunk of access.stream(lines?.start, lines?.end)) {
      signal?.throwIfAborted();
      consumed += chunk.length;
      yield chunk;
    }
  }
  async function* whole(): AsyncGenerator<Uint8Array> {
    try {
      if (onDamage && compression && access.local) {
        const { sound, damage: found } = await soundPart(access, compression, signal);
        let left = sound;
        if (left > 0) {
          for await (const piece of decompress(counted(), compression)) {
            yield piece.subarray(0, left);
            left -= piece.length;
            if (left <= 0) break;
          }
        }
        if (found) throw found;
      } else yield* decompress(counted(), compression);
    } catch (error) {
      signal?.throwIfAborted();
      if (!compression || error instanceof DatasetError) throw error;
      throw new StreamDamage(reasonOf(error), { cause: error });
    }
  }
  try {
    for await (const piece of whole()) {
      const chunk = Buffer.from(piece.buffer, piece.byteOffset, piece.byteLength);
      let start = 0;
      for (let newline = chunk.indexOf(10); newline >= 0; newline = chunk.indexOf(10, start)) {
        const part = chunk.subarray(start, newline);
        const bytes = restLength > 0 ? Buffer.concat([...rest, part]) : part;
        rest = [];
        restLength = 0;
        start = newline + 1;
        if (overlong > 0) {
          // The end of a line that was given up.
          number++;
          end += overlong + bytes.length + 1;
          overlong = 0;
          continue;
        }
        const line = toLine(bytes, true);
        if (line) yield line;
      }
      if (start < chunk.length) {
        // A copy: a piece may be overwritten by the next one, and must not keep a large buffer alive.
        rest.push(Buffer.from(chunk.subarray(start)));
        restLength += chunk.length - start;
      }
      if (restLength > LIMITS.line || overlong > 0) {
        if (overlong === 0) damage(`line ${number + 1}`, `longer than ${LIMITS.line >> 20} MiB, the limit for one line`, "Split it into several.", compressedShare(restLength), Buffer.concat(rest));
        overlong += restLength;
        rest = [];
        restLength = 0;
      }
    }
    if (restLength > 0 && overlong === 0) {
      const line = toLine(Buffer.concat(rest), false);
      if (line) yield line;
    }
  } catch (error) {
    if (!(error instanceof StreamDamage)) throw error;
    damage(`from line ${number + 1} to the end`, `the ${compression} data are damaged or cut off near byte ${consumed} of ${access.size} (${error.message})`, "Download or make it again.", Math.max(1, access.size - Math.min(consumed, access.size - 1)), undefined, error.cause);
  }
}
