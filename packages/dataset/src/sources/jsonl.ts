import type { Document } from "../document.js";
import { DatasetError, reasonOf } from "../errors.js";
import type { RandomAccess } from "./access.js";
import { readLines } from "./lines.js";
import { type Row, rowToDocument } from "./row.js";
import type { Compression, FileReadOptions } from "./types.js";

/**
 * The rows of a JSONL file: one object a line, in any of the forms of `rowToDocument`. Empty lines are left out.
 * @throws DatasetError naming the line, when one is not such an object and nobody is told by `onDamage`
 */
export async function* readJsonl(access: RandomAccess, name: string, { address, columns, skip = 0, lines, signal, onBytes, onDamage, compression }: FileReadOptions & { compression?: Compression | undefined } = {}): AsyncGenerator<Document> {
  let index = lines?.row ?? 0;
  let before = 0;
  // A line that is no text counts as a row too, so that rows keep their numbers.
  const lineDamage = onDamage && ((damage: Parameters<typeof onDamage>[0]): void => {
    if (damage.documents === undefined || index++ >= skip) onDamage(damage);
  });
  for await (const { text, number, end, length } of readLines(access, { name, compression, lines, signal, onDamage: lineDamage })) {
    if (text.trim() === "") continue;
    const bytes = compression ? Math.max(1, end - before) : length;
    before = end;
    if (index++ < skip) continue;
    const place = `line ${number}`;
    onBytes?.(end);
    try {
      yield parseRow(text, { name, index: index - 1, place: `${name}, ${place}`, columns, address });
    } catch (error) {
      if (!onDamage || !(error instanceof BadRow)) throw error instanceof BadRow ? error.error : error;
      onDamage({ file: name, place, reason: error.error.message.replace(`${name}, ${place}: `, ""), bytes, documents: 1, content: text.slice(0, 2_000) });
    }
  }
}

/** A row that can't be read, told apart from what the consumer of the rows throws. */
export class BadRow extends Error {
  constructor(readonly error: DatasetError) {
    super(error.message);
  }
}

export function parseRow(text: string, where: Parameters<typeof rowToDocument>[1]): Document {
  try {
    let row: unknown;
    try {
      row = JSON.parse(text);
    } catch (error) {
      throw new DatasetError(`${where.place}: not valid JSON (${reasonOf(error)}). Each row must be one JSON object; mend or remove this one.`, { cause: error });
    }
    if (typeof row !== "object" || row === null || Array.isArray(row)) throw new DatasetError(`${where.place}: expected a JSON object such as {"text": "…"}, found ${Array.isArray(row) ? "a list" : row === null ? "null" : typeof row}.`);
    return rowToDocument(row as Row, where);
  } catch (error) {
    throw error instanceof DatasetError ? new BadRow(error) : error;
  }
}
