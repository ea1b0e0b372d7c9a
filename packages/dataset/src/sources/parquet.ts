import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import * as zlib from "node:zlib";
import { type AsyncBuffer, type Compressors, type FileMetaData, parquetMetadataAsync, parquetReadObjects, parquetSchema } from "hyparquet";
import { compressors as portable } from "hyparquet-compressors";
import type { Document } from "../document.js";
import { DatasetError, reasonOf } from "../errors.js";
import { hasContent, missingContent, rowToDocument, wantedColumns } from "./row.js";
import { type FileReadOptions, LIMITS } from "./types.js";

/** zlib has zstd from Node 22.15 on; it is several times faster than the portable one. */
const nativeZstd = (zlib as { zstdDecompressSync?: (input: Uint8Array) => Uint8Array }).zstdDecompressSync;

const guarded: Compressors = Object.fromEntries(
  Object.entries({ ...portable, GZIP: (input: Uint8Array) => gunzipSync(input), ...(nativeZstd ? { ZSTD: (input: Uint8Array) => nativeZstd(input) } : {}) }).map(([codec, decompress]) => [
    codec,
    (input: Uint8Array, length: number) => {
      if (length > LIMITS.parquetPage) throw new Error(`a page of ${length} bytes is larger than the limit of ${LIMITS.parquetPage}`);
      const output = decompress(input, length);
      if (output.byteLength !== length) throw new Error(`a ${codec} page holds ${output.byteLength} bytes, its header says ${length}`);
      return output;
    },
  ]),
);

/** A file as hyparquet reads it. */
interface OpenFile extends AsyncBuffer {
  slice(start: number, end?: number): ArrayBuffer;
  close(): void;
}

/**
 * Opens a file for exact reads into buffers of their own. Reads are synchronous on purpose: hyparquet starts several
 * at once, and where a damaged file makes two promises fail, one of them would be left without a handler.
 */
function openBuffer(path: string): OpenFile {
  const file = openSync(path, "r");
  const { size } = fstatSync(file);
  return {
    byteLength: size,
    slice(start, end = size) {
      if (!(start >= 0 && start <= end && end <= size)) throw new Error(`it points to bytes ${start} to ${end}, but has only ${size}`);
      const bytes = new Uint8Array(end - start);
      for (let at = 0; at < bytes.length; ) {
        const read = readSync(file, bytes, at, bytes.length - at, start + at);
        if (read === 0) throw new Error(`it ended at byte ${start + at} while being read`);
        at += read;
      }
      return bytes.buffer;
    },
    close: () => closeSync(file),
  };
}

async function readMetadata(file: OpenFile): Promise<FileMetaData> {
  if (file.byteLength < 12) throw new Error(`${file.byteLength} bytes are too few`);
  const head = new Uint8Array(file.slice(0, 4));
  if (String.fromCharCode(...head) !== "PAR1") throw new Error("it does not begin with PAR1");
  const tail = new DataView(file.slice(file.byteLength - 8));
  if (tail.getUint32(4, true) !== 0x31524150) throw new Error("it does not end with PAR1, so the end is missing");
  const footer = tail.getUint32(0, true);
  if (footer > LIMITS.parquetFooter) throw new Error(`its footer of ${footer} bytes is larger than the limit of ${LIMITS.parquetFooter}`);
  return parquetMetadataAsync(file);
}

/** The names of the columns and the number of rows of a parquet file. @throws DatasetError when it is not one */
export async function parquetInfo(path: string, name = path): Promise<{ columns: string[]; rows: number; rowGroups: number; codecs: string[] }> {
  const file = openBuffer(path);
  try {
    const metadata = await readMetadata(file);
    return {
      columns: parquetSchema(metadata).children.map((child) => child.element.name),
      rows: Number(metadata.num_rows),
      rowGroups: metadata.row_groups.length,
      codecs: [...new Set(metadata.row_groups.flatMap((group) => group.columns.map((column) => column.meta_data?.codec ?? "?")))],
    };
  } catch (error) {
    throw damaged(name, "", error);
  } finally {
    file.close();
  }
}

const damaged = (name: string, where: string, error: unknown): unknown =>
  error instanceof DatasetError || (error instanceof Error && error.name === "AbortError")
    ? error
    : new DatasetError(`${name} is damaged or not a parquet file${where}: ${reasonOf(error)}. Download or make it again.`, { cause: error });

/**
 * The rows of a parquet file, one row group in memory at a time. Columns are found by name; of the others nothing is
 * read. Reads uncompressed, snappy, gzip, zstd, brotli and lz4.
 * @throws DatasetError naming the file, when it is damaged or has no column with text
 */
export async function* readParquet(path: string, name: string, { columns, skip = 0, signal, onBytes }: FileReadOptions = {}): AsyncGenerator<Document> {
  const file = openBuffer(path);
  let where = "";
  try {
    const metadata = await readMetadata(file);
    const found = parquetSchema(metadata).children.map((child) => child.element.name);
    if (!hasContent(new Set(found), columns)) throw new DatasetError(`${name}: ${missingContent(found, columns)}.`);
    const wanted = wantedColumns(columns).filter((column) => found.includes(column));
    let rowStart = 0;
    let done = 0;
    for (const [number, group] of metadata.row_groups.entries()) {
      signal?.throwIfAborted();
      const rows = Number(group.num_rows);
      const read = group.columns.filter((column) => wanted.includes(column.meta_data?.path_in_schema[0] ?? ""));
      where = ` (row group ${number}, rows from ${rowStart})`;
      if (!(rows >= 0 && rows <= LIMITS.parquetGroupRows)) throw new Error(`${rows} rows in one row group; the limit is ${LIMITS.parquetGroupRows}`);
      const bytes = read.reduce((sum, column) => sum + Number(column.meta_data?.total_uncompressed_size ?? 0), 0);
      if (bytes > LIMITS.parquetGroupBytes) throw new Error(`${bytes} bytes in one row group; the limit is ${LIMITS.parquetGroupBytes}. Write the file with smaller row groups`);
      done += group.columns.reduce((sum, column) => sum + Number(column.meta_data?.total_compressed_size ?? 0), 0);
      if (rowStart + rows > skip && rows > 0) {
        const table = await parquetReadObjects({ file, metadata, columns: wanted, rowStart, rowEnd: rowStart + rows, compressors: guarded });
        if (table.length !== rows) throw new Error(`it has ${table.length} rows, its footer says ${rows}`);
        for (let i = Math.max(0, skip - rowStart); i < rows; i++) {
          yield rowToDocument(table[i]!, { name, index: rowStart + i, place: `${name}, row ${rowStart + i}`, columns });
        }
      }
      rowStart += rows;
      onBytes?.(Math.min(done, file.byteLength));
    }
    where = "";
    if (rowStart !== Number(metadata.num_rows)) throw new Error(`its row groups have ${rowStart} rows, its footer says ${metadata.num_rows}`);
  } catch (error) {
    throw damaged(name, where, error);
  } finally {
    file.close();
  }
}
