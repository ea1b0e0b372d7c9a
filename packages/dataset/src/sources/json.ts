import { isUtf8 } from "node:buffer";
import type { Document } from "../document.js";
import { DatasetError, reasonOf } from "../errors.js";
import type { RandomAccess } from "./access.js";
import { BadRow, parseRow, readJsonl } from "./jsonl.js";
import { type FileReadOptions, LIMITS } from "./types.js";

const [SPACE, TAB, LF, CR, QUOTE, COMMA, BACKSLASH] = [0x20, 0x09, 0x0a, 0x0d, 0x22, 0x2c, 0x5c];
const [OPEN_LIST, CLOSE_LIST, OPEN, CLOSE] = [0x5b, 0x5d, 0x7b, 0x7d];
const isSpace = (byte: number): boolean => byte === SPACE || byte === TAB || byte === LF || byte === CR;

/** An item of the list: its bytes, and where it ends in the file. */
interface Item {
  bytes: Buffer;
  end: number;
}

/** Where the file stops being a list of objects. */
class NoList extends Error {}

/**
 * The objects of a JSON list, one after the other, cut out of the stream by their brackets: at most one is in memory.
 * @throws NoList where something else comes, or the file ends before the list does
 */
async function* items(access: RandomAccess, signal: AbortSignal | undefined): AsyncGenerator<Item> {
  let place = 0; // of the chunk's first byte
  // Asserted, since it changes between the pieces.
  let state = "begin" as "begin" | "first" | "item" | "comma" | "next" | "end";
  let depth = 0;
  let quoted = false;
  let escaped = false;
  let rest: Buffer[] = [];
  let length = 0;
  const refuse = (at: number, byte: number | undefined, expected: string): never => {
    throw new NoList(`byte ${at}: expected ${expected}, found ${byte === undefined ? "the end of the file" : JSON.stringify(String.fromCharCode(byte))}`);
  };
  for await (const piece of access.stream()) {
    signal?.throwIfAborted();
    const chunk = Buffer.from(piece.buffer, piece.byteOffset, piece.byteLength);
    let from = 0;
    // A byte order mark.
    for (let at = place === 0 && chunk[0] === 0xef && chunk[1] === 0xbb && chunk[2] === 0xbf ? 3 : 0; at < chunk.length; at++) {
      const byte = chunk[at]!;
      if (state === "item") {
        if (escaped) escaped = false;
        else if (quoted) {
          if (byte === BACKSLASH) escaped = true;
          else if (byte === QUOTE) quoted = false;
        } else if (byte === QUOTE) quoted = true;
        else if (byte === OPEN || byte === OPEN_LIST) depth++;
        else if ((byte === CLOSE || byte === CLOSE_LIST) && --depth === 0) {
          yield { bytes: Buffer.concat([...rest, chunk.subarray(from, at + 1)]), end: place + at + 1 };
          rest = [];
          length = 0;
          state = "comma";
        }
      } else if (isSpace(byte)) continue;
      else if (state === "begin") state = byte === OPEN_LIST ? "first" : refuse(at + place, byte, "a list of objects, which begins with [");
      else if (state === "end") refuse(at + place, byte, "nothing behind the list");
      else if (byte === CLOSE_LIST && state !== "next") state = "end";
      else if (state === "comma") state = byte === COMMA ? "next" : refuse(at + place, byte, "a comma or the end of the list");
      else if (byte === OPEN) [state, depth, from] = ["item", 1, at];
      else refuse(at + place, byte, "an object");
    }
    if (state === "item") {
      // A copy: the piece may be overwritten by the next one.
      rest.push(Buffer.from(chunk.subarray(from)));
      length += chunk.length - from;
      if (length > LIMITS.line) throw new NoList(`byte ${place + chunk.length - length}: an object is longer than ${LIMITS.line >> 20} MiB, the limit for one`);
    }
    place += chunk.length;
  }
  if (state !== "end") refuse(place, undefined, "the end of the list");
}

/**
 * The rows of a file that is one JSON list of objects, in any of the forms of `rowToDocument`; never parsed as a whole. A file that
 * begins with an object has one on each line, as many files of this name do.
 * @throws DatasetError naming the row, where one is no document, or the byte, where the file is no list of objects, and nobody is told by
 * `onDamage`; behind a place where brackets don't fit nothing can be read
 */
export async function* readJson(access: RandomAccess, name: string, options: FileReadOptions = {}): AsyncGenerator<Document> {
  const { address, columns, skip = 0, signal, onBytes, onDamage } = options;
  const head = await access.read(0, Math.min(access.size, 4_096));
  if (/^(?:\u00ef\u00bb\u00bf)?\s*\{/.test(Buffer.from(head).toString("latin1"))) {
    yield* readJsonl(access, name, options);
    return;
  }
  let index = 0;
  let before = 0;
  const source = items(access, signal);
  for (;;) {
    let item: Item;
    try {
      const { value, done } = await source.next();
      if (done) return;
      item = value;
    } catch (error) {
      if (!(error instanceof NoList)) throw error;
      const place = `from row ${index} to the end`;
      if (!onDamage) throw new DatasetError(`${name}, ${place}: ${error.message}. The file must be one JSON list of objects, [{"text": "…"}, …]; lines of JSON end in .jsonl.`, { cause: error });
      onDamage({ file: name, place, reason: error.message, bytes: Math.max(1, access.size - before) });
      return;
    }
    const { bytes, end } = item;
    const length = end - before;
    before = end;
    if (index++ < skip) continue;
    const place = `row ${index - 1}`;
    onBytes?.(end);
    try {
      if (!isUtf8(bytes)) throw new BadRow(new DatasetError(`${name}, ${place}: the bytes are not UTF-8 text. Convert the file to UTF-8 first.`));
      yield parseRow(bytes.toString("utf8"), { name, index: index - 1, place: `${name}, ${place}`, columns, address });
    } catch (error) {
      if (!(error instanceof BadRow)) throw error;
      if (!onDamage) throw error.error;
      onDamage({ file: name, place, reason: reasonOf(error.error).replace(`${name}, ${place}: `, ""), bytes: length, documents: 1, content: bytes.subarray(0, 2_000).toString("latin1") });
    }
  }
}
