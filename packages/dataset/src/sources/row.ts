import { type Document, type Message, NUMBER_COLUMNS, SOURCE_COLUMNS, STRING_COLUMNS, chatText } from "../document.js";
import { DatasetError } from "../errors.js";
import { CHAT_EXTRAS, CHAT_FORMS, chatOf, lateChatOf } from "./chat.js";
import type { ColumnNames } from "./types.js";

/** A row as it stands in a file: column name to value. */
export type Row = Record<string, unknown>;

/** The columns that make a row a document; the first whole set that is present counts. */
const FORMS: readonly (readonly string[])[] = [...CHAT_FORMS.early, ["text"], ["content"], ...CHAT_FORMS.late];

/** Every column that {@link rowToDocument} looks at. */
export const wantedColumns = (columns: ColumnNames = {}): string[] => [
  ...new Set([columns.text, columns.messages, columns.id, ...(columns.text === undefined ? [...FORMS.flat(), ...CHAT_EXTRAS] : []), "id", ...STRING_COLUMNS.map((key) => columns[key] ?? key), ...NUMBER_COLUMNS.map((key) => columns[key] ?? key), ...SOURCE_COLUMNS].filter((name) => name !== undefined)),
];

/** Whether these columns can make a document. */
export function hasContent(names: ReadonlySet<string>, columns: ColumnNames = {}): boolean {
  const named = [columns.text, columns.messages].filter((name) => name !== undefined);
  return named.length > 0 ? named.every((name) => names.has(name)) : FORMS.some((form) => form.every((name) => names.has(name)));
}

/** What is wrong with rows that have none of the columns, for an error message. */
export const missingContent = (found: readonly string[], columns: ColumnNames = {}): string =>
  `no ${columns.text ? `"${columns.text}"` : columns.messages ? `"${columns.messages}"` : '"text"'} column; expected ${
    columns.text || columns.messages ? "that one, as asked for" : '"text", "content", or a chat: "messages", "conversations", "prompt" with "response", "instruction" with "output"'
  }; found ${found.length > 0 ? found.map((name) => `"${name}"`).join(", ") : "none"}. Name the column that holds the text (--text-column) or use another file`;

const asText = (value: unknown): string | undefined =>
  typeof value === "string" ? value : value instanceof Date ? value.toISOString() : typeof value === "number" || typeof value === "bigint" ? String(value) : undefined;

const asNumber = (value: unknown): number | undefined => {
  const number = typeof value === "bigint" ? Number(value) : value;
  return typeof number === "number" && Number.isFinite(number) ? number : undefined;
};

function contentOf(row: Row, columns: ColumnNames, place: string): { text: string; messages?: Message[] } {
  if (columns.text === undefined) {
    const messages = chatOf(row, place, columns.messages) ?? (typeof row.text === "string" || typeof row.content === "string" ? undefined : lateChatOf(row, place));
    if (messages) return { text: chatText(messages), messages };
  }
  const name = columns.text ?? ("text" in row ? "text" : "content");
  const text = row[name];
  // A missing value is an empty document, which cleaning rejects and counts; a missing column is a mistake.
  if (text === null || (text === undefined && name in row)) return { text: "" };
  if (typeof text === "string") return { text };
  if (text === undefined) throw new DatasetError(`${place}: ${missingContent(Object.keys(row), columns)}.`);
  throw new DatasetError(`${place}: the column "${name}" must hold text; found ${Array.isArray(text) ? "a list" : typeof text}.`);
}

/**
 * A row as a document.
 * @param name Name of the file, for the id of rows that have none
 * @param index Row number from 0
 * @param address Where the file is; `source_file` of rows that don't say that they are from another one
 * @param place Where the row is, for messages ("a.jsonl, line 3")
 * @throws DatasetError naming the place, when the row can't be one
 */
export function rowToDocument(row: Row, { name, index, place, columns = {}, address = name }: { name: string; index: number; place: string; columns?: ColumnNames | undefined; address?: string | undefined }): Document {
  const content = contentOf(row, columns, place);
  const document: Document = { text: content.text, id: asText(row[columns.id ?? "id"]) ?? `${name}#${index}` };
  for (const key of STRING_COLUMNS) {
    const value = asText(row[columns[key] ?? key]);
    if (value !== undefined) document[key] = value;
  }
  for (const key of NUMBER_COLUMNS) {
    const value = asNumber(row[columns[key] ?? key]);
    if (value !== undefined) document[key] = value;
  }
  const file = asText(row.source_file);
  const number = asNumber(row.source_row);
  const told = file !== undefined && number !== undefined && Number.isSafeInteger(number) && number >= 0;
  document.source_file = told ? file : address;
  document.source_row = told ? number : index;
  if (content.messages) document.messages = content.messages;
  return document;
}
