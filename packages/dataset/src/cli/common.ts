import type { ColumnNames } from "../sources/types.js";

/** Aborts on Ctrl-C or a request to end, so that what is written is closed and removed. A second Ctrl-C ends at once. */
export async function interruptible<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  const abort = (): void => controller.abort();
  process.once("SIGINT", abort).once("SIGTERM", abort);
  try {
    return await work(controller.signal);
  } finally {
    process.off("SIGINT", abort).off("SIGTERM", abort);
  }
}

/** Writes a line for people. */
export const say = (text: string): void => {
  process.stderr.write(`${text}\n`);
};

/** The column names behind --text-column. */
export const columnsOf = (textColumn: string | undefined): ColumnNames => (textColumn === undefined ? {} : { text: textColumn });
export const TEXT_COLUMN = ["--text-column <name>", 'the column that holds the text (default: "text" or "content")'] as const;
