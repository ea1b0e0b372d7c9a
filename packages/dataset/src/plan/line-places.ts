import { isUtf8 } from "node:buffer";
import type { RandomAccess } from "../sources/access.js";
import { readText } from "../sources/text.js";
import { LIMITS, type LineRange } from "../sources/types.js";

/** Where a line begins, with the lines and rows of the file before it. */
type Place = Omit<LineRange, "end">;

/**
 * Counts the lines and rows of a JSONL file from its bytes, as `readJsonl` counts them: whatever is not blank is a row, whether it can be
 * read or not.
 * @param onLine Called behind each line
 */
async function countRows(access: RandomAccess, onLine: (behind: Place) => void, signal: AbortSignal | undefined): Promise<Place> {
  const at: Place = { start: 0, line: 0, row: 0 };
  let isRow = false;
  /** The line so far, while it may be blank. */
  let rest: Buffer[] = [];
  let restLength = 0;
  const take = (part: Buffer): void => {
    if (isRow || part.length === 0) return;
    // A row begins with a brace, or at least with something that is seen; the others are looked at as a whole.
    isRow = restLength === 0 && part[0]! > 0x20 && part[0]! < 0x80;
    if (isRow) return;
    rest.push(part);
    restLength += part.length;
  };
  const finish = (): void => {
    at.line++;
    if (isRow || (restLength > 0 && !isBlank(Buffer.concat(rest)))) at.row++;
    isRow = false;
    rest = [];
    restLength = 0;
  };
  let done = 0;
  for await (const piece of access.stream()) {
    signal?.throwIfAborted();
    const chunk = Buffer.from(piece.buffer, piece.byteOffset, piece.byteLength);
    let from = 0;
    for (let newline = chunk.indexOf(10); newline >= 0; newline = chunk.indexOf(10, from)) {
      take(chunk.subarray(from, newline));
      from = newline + 1;
      finish();
      at.start = done + from;
      onLine(at);
    }
    take(chunk.subarray(from));
    // What is longer than a line may be is damage, and counts.
    isRow ||= restLength > LIMITS.line;
    if (isRow) rest = [];
    done += chunk.length;
  }
  if (at.start < done) finish();
  at.start = done;
  return at;
}

const isBlank = (line: Buffer): boolean => isUtf8(line) && line.toString("utf8").trim() === "";

/** Reads a text file for where its documents end. What is damaged is met again by who reads it. */
async function findDocuments(access: RandomAccess, onPlace: (behind: Place) => void, signal: AbortSignal | undefined): Promise<Place> {
  let row = 0;
  for await (const _ of readText(access, "", { signal, onDamage: () => undefined, onPlace })) row++;
  return { start: access.size, line: 0, row };
}

/**
 * The runs of lines into which a file of JSONL or text can be cut, each of about `bytes` bytes: a run begins with the first line (of text,
 * the first document) that begins at or behind a multiple of it. One pass over the file counts what stands before each of them.
 * @returns runs in the order of the file, with the number of rows in each
 */
export async function cutLines(access: RandomAccess, kind: "jsonl" | "text", { bytes, signal }: { bytes: number; signal?: AbortSignal | undefined }): Promise<(LineRange & { rows: number })[]> {
  const begins: Place[] = [{ start: 0, line: 0, row: 0 }];
  let next = bytes;
  const last = await (kind === "jsonl" ? countRows : findDocuments)(
    access,
    (place) => {
      if (place.start < next || place.start >= access.size) return;
      begins.push({ ...place });
      next = (Math.floor(place.start / bytes) + 1) * bytes;
    },
    signal,
  );
  return begins.map((begin, index) => {
    const { start: end, row } = begins[index + 1] ?? last;
    return { ...begin, end, rows: row - begin.row };
  });
}
