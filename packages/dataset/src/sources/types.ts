import type { Document } from "../document.js";

/** What a source file holds, by the end of its name. */
export type SourceKind = "parquet" | "jsonl" | "text";

/** One file of a source. */
export interface SourceFile {
  /** Its name within the source, with "/"; the same on every machine. */
  name: string;
  kind: SourceKind;
  /** Bytes. */
  size: number;
  /** A digest of the content where the source knows one (the Hub does). */
  digest?: string;
  /** Where the file is on this machine; fetches it first if it is not. */
  locate(signal?: AbortSignal): Promise<string>;
}

/** Names of columns that differ from {@link Document}'s, e.g. `{ text: "body" }`. */
export type ColumnNames = Partial<Record<keyof Document, string>>;

/** How one file is read. */
export interface FileReadOptions {
  columns?: ColumnNames | undefined;
  /** Rows to leave out at the beginning. */
  skip?: number | undefined;
  signal?: AbortSignal | undefined;
  /** Called with the bytes of the file that are done. */
  onBytes?: ((bytes: number) => void) | undefined;
}

/** Limits on what untrusted files may ask for. */
export const LIMITS = {
  /** Bytes of a parquet footer. */
  parquetFooter: 64 << 20,
  /** Rows of one parquet row group. */
  parquetGroupRows: 1 << 24,
  /** Uncompressed bytes of one parquet page. */
  parquetPage: 1 << 30,
  /** Uncompressed bytes of the columns that are read of one row group. */
  parquetGroupBytes: 2 ** 31,
  /** Bytes of one line of JSONL or text. */
  line: 32 << 20,
} as const;

const KINDS: readonly (readonly [string, SourceKind])[] = [[".parquet", "parquet"], [".jsonl", "jsonl"], [".txt", "text"]];

/** The kind of a file by its name, or undefined where it is none of ours. */
export const kindOf = (name: string): SourceKind | undefined => KINDS.find(([end]) => name.toLowerCase().endsWith(end))?.[1];
