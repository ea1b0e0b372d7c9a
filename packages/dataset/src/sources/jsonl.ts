import type { Document } from "../document.js";
import { DatasetError, reasonOf } from "../errors.js";
import { readLines } from "./lines.js";
import { type Row, rowToDocument } from "./row.js";
import type { FileReadOptions } from "./types.js";

/**
 * The rows of a JSONL file: one object a line, with "text", "content", "messages" or "prompt" and "response". Empty lines
 * are left out.
 * @throws DatasetError naming the line, when one is not such an object
 */
export async function* readJsonl(path: string, name: string, { columns, skip = 0, signal, onBytes }: FileReadOptions = {}): AsyncGenerator<Document> {
  let index = 0;
  for await (const { text, number, end } of readLines(path, name, signal)) {
    if (text.trim() === "") continue;
    if (index++ < skip) continue;
    const place = `${name}, line ${number}`;
    let row: unknown;
    try {
      row = JSON.parse(text);
    } catch (error) {
      throw new DatasetError(`${place}: not valid JSON (${reasonOf(error)}). Each line must be one JSON object; mend or remove this line.`, { cause: error });
    }
    if (typeof row !== "object" || row === null || Array.isArray(row)) throw new DatasetError(`${place}: expected a JSON object such as {"text": "…"}, found ${Array.isArray(row) ? "a list" : row === null ? "null" : typeof row}.`);
    onBytes?.(end);
    yield rowToDocument(row as Row, { name, index: index - 1, place, columns });
  }
}
