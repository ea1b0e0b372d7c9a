import type { Document } from "../document.js";
import type { RandomAccess } from "./access.js";

/** What a source file holds, by the end of its name. */
export type SourceKind = "parquet" | "jsonl" | "json" | "text";
/** How a file of lines is compressed as a whole. */
export type Compression = "gzip" | "zstd";

/** One file of a source. */
export interface SourceFile {
  /** Its name within the source, with "/"; the same on every machine. */
  name: string;
  /** Where it is: its path as it was given, with "/", or its hf:// or http(s) address. It becomes `source_file` of its documents. */
  address: string;
  kind: SourceKind;
  compression?: Compression;
  /** Bytes. */
  size: number;
  /** A digest of the content where the source knows one (the Hub does). */
  digest?: string;
  /** Where the file is on this machine; fetches it first if it is not. */
  locate(signal?: AbortSignal): Promise<string>;
  /** Opens the file where it is, by range requests, without fetching it as a whole. Local files have none. */
  open?(signal?: AbortSignal): Promise<RandomAccess>;
}

/** Names of columns that differ from {@link Document}'s, e.g. `{ text: "body" }`. */
export type ColumnNames = Partial<Record<keyof Document, string>>;

/** A part of a source that can't be read, with its place and reason. */
export interface Damage {
  /** Name of the file. */
  file: string;
  /** "line 17", "row group 3, rows 3000 to 3999", "row 12", "bytes 800 to 1200 (the end)". */
  place: string;
  reason: string;
  /** Bytes of the file that are lost; a row of a row group counts as its share of the group. */
  bytes: number;
  /** Documents that are lost, where that is known. */
  documents?: number;
  /** The line or the row as it stands, up to 2,000 characters, where there is one. */
  content?: string;
}

/** A run of whole lines of a file that is not compressed, and what stands before it. */
export interface LineRange {
  /** Where its first line begins and where its last one ends, in bytes. */
  start: number;
  end: number;
  /** Lines and rows of the file before it. */
  line: number;
  row: number;
}

/** How one file is read. */
export interface FileReadOptions {
  /** `source_file` of the documents; default: the name of the file. */
  address?: string | undefined;
  columns?: ColumnNames | undefined;
  /** Rows to leave out at the beginning. Lost rows count as read. */
  skip?: number | undefined;
  /** Of a parquet file, stop before the row group that begins with this row or a later one. */
  end?: number | undefined;
  /** Of JSONL or text that is not compressed, read these lines alone. Rows, lines and bytes are counted as from the beginning of the file. */
  lines?: LineRange | undefined;
  signal?: AbortSignal | undefined;
  /** Called with the bytes of the file that are done. */
  onBytes?: ((bytes: number) => void) | undefined;
  /** Called for each part that can't be read; reading goes on behind it. Without it, the first one is an error. */
  onDamage?: ((damage: Damage) => void) | undefined;
  /** Other files of the source: where a parquet file has lost its footer, one of the same layout says what its columns are. */
  siblings?: readonly SourceFile[] | undefined;
  /** Only the beginning is wanted: a remote file is read by range requests instead of being fetched as a whole. */
  partial?: boolean | undefined;
}

/** Limits on what untrusted files may ask for. */
export const LIMITS = {
  /** Bytes of a parquet footer. */
  parquetFooter: 64 << 20,
  /** Rows of one parquet row group. */
  parquetGroupRows: 1 << 24,
  /** Uncompressed bytes of one parquet page. */
  parquetPage: 1 << 30,
  /** Uncompressed bytes of the columns that are read of one row group; less where one has lists, which is read as a whole. */
  parquetGroupBytes: 2 ** 36,
  parquetWholeGroupBytes: 2 ** 31,
  /** Bytes of one line of JSONL or text. */
  line: 32 << 20,
} as const;

/** Endings of names, the longer first. JSON with a compressed ending is JSON lines, as C4 and Dolma have it. */
const KINDS: readonly (readonly [string, SourceKind, Compression?])[] = [
  [".parquet", "parquet"],
  [".jsonl", "jsonl"],
  [".ndjson", "jsonl"],
  [".json", "json"],
  [".txt", "text"],
  ...([["gz", "gzip"], ["zst", "zstd"]] as const).flatMap(([end, compression]) => [[`.jsonl.${end}`, "jsonl", compression] as const, [`.ndjson.${end}`, "jsonl", compression] as const, [`.json.${end}`, "jsonl", compression] as const, [`.txt.${end}`, "text", compression] as const]),
];

/** Whether files that are not named one by one are meant to be read: records and settings are .json too, so those must be asked for. */
export const isMeant = (name: string, pattern: string): boolean => kindOf(name) !== undefined && (kindOf(name) !== "json" || /json/i.test(pattern));

/** Endings that are read, for messages. */
export const ACCEPTED = ".parquet, .jsonl or .txt, or of the last two with .gz or .zst";

/** What a file is by its name, or undefined where it is none of ours. */
export function formatOf(name: string): { kind: SourceKind; compression?: Compression } | undefined {
  const found = KINDS.find(([end]) => name.toLowerCase().endsWith(end));
  return found && { kind: found[1], ...(found[2] ? { compression: found[2] } : {}) };
}

/** The kind of a file by its name, or undefined where it is none of ours. */
export const kindOf = (name: string): SourceKind | undefined => formatOf(name)?.kind;
