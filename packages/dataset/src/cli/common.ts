import { UsageError, integer } from "@llm/cli-kit";
import { NUMBER_COLUMNS, STRING_COLUMNS } from "../document.js";
import type { ColumnNames } from "../sources/types.js";

/** Writes a line for people. */
export const say = (text: string): void => {
  process.stderr.write(`${text}\n`);
};

const NAMES: readonly string[] = ["text", "id", "messages", ...STRING_COLUMNS, ...NUMBER_COLUMNS];

/** The column names behind --text-column and --column. */
export function columnsOf(textColumn: string | undefined, others: readonly string[] = []): ColumnNames {
  const columns: Record<string, string> = textColumn === undefined ? {} : { text: textColumn };
  for (const other of others) {
    const [, name = "", column = ""] = /^([^=]+)=(.+)$/.exec(other) ?? [];
    if (!NAMES.includes(name)) throw new UsageError(`--column ${other}: expected NAME=COLUMN, where NAME is one of ${NAMES.join(", ")}.`);
    columns[name] = column;
  }
  return columns;
}
export const COLUMN = ["--column <name=column>", "another column whose name differs, e.g. id=uuid or messages=dialog; can be repeated (default: FineWeb's names)", (value: string, previous: string[] = []): string[] => [...previous, value]] as const;
export const TEXT_COLUMN = ["--text-column <name>", 'the column that holds the text (default: "text" or "content")'] as const;
export const WORKERS = ["--workers <n>", "threads that work at once; the result does not depend on it (default: one for each processor)", integer(1, 1024)] as const;
