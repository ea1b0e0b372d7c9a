import { type ColumnMetaData, type CompressionCodec, type Compressors, type FileMetaData, type RowGroup, parquetReadObjects } from "hyparquet";
import { DatasetError, reasonOf } from "../../errors.js";
import type { RandomAccess } from "../access.js";
import { LIMITS } from "../types.js";
import { decompressPage } from "./codecs.js";
import { type PhysicalColumn, checkGroup, chunkRange } from "./footer.js";
import { type Page, PageError, readPages } from "./pages.js";
import { checkPage } from "./validate.js";

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Bytes that should be text and are not UTF-8. */
export class InvalidText {
  constructor(readonly bytes: Uint8Array) {}
}

interface Chunk {
  start: number;
  bytes: Uint8Array<ArrayBuffer>;
}

const CODECS: readonly CompressionCodec[] = ["SNAPPY", "GZIP", "BROTLI", "ZSTD", "LZ4", "LZ4_RAW"];

/** Groups with more bytes, decompressed, are decoded in slices of about this size, so that memory does not grow with the group. */
const SLICE_BYTES = 32 << 20;

/** Reads a column chunk, verifies its pages, and keeps them decompressed by where their payload stands in the file, if they are to be kept. */
async function readChunk(access: RandomAccess, meta: ColumnMetaData, { start, end }: { start: number; end: number }, column: PhysicalColumn, decompressed: Map<number, Uint8Array> | undefined): Promise<Chunk> {
  const bytes = await access.read(start, end);
  let pages: Page[] = [];
  let page: Page | undefined;
  try {
    pages = readPages(bytes, meta);
    let dictionarySize: number | undefined;
    let nulls = 0;
    for (page of pages) {
      const raw = bytes.subarray(page.payload, page.end);
      const data = page.compressed && meta.codec !== "UNCOMPRESSED" ? decompressPage(meta.codec, raw, page.length) : raw;
      if (data.length !== page.length) throw new PageError(`it holds ${data.length} bytes, its header says ${page.length}`);
      const levels = bytes.subarray(page.payload - (page.definitionBytes ?? 0) - (page.repetitionBytes ?? 0), page.payload);
      const present = checkPage(page, data, levels, meta, column, dictionarySize);
      if (page.kind === "dictionary") dictionarySize = page.values;
      else nulls += page.values - present;
      if (data !== raw) decompressed?.set(start + page.payload, data);
    }
    page = undefined;
    const stated = meta.statistics?.null_count;
    if (column.maxRepetition === 0 && stated !== undefined && Number(stated) !== nulls) throw new PageError(`${nulls} of its values are missing, the footer says ${stated}`);
  } catch (error) {
    const place = page ? `page ${pages.indexOf(page)} of the column "${column.path.join(".")}", at byte ${start + page.start}` : `the column "${column.path.join(".")}", from byte ${start}`;
    throw new Error(`${place}: ${reasonOf(error)}`, { cause: error });
  }
  return { start, bytes };
}

/** A row group whose pages are sound. */
export interface OpenGroup {
  /** Rows that are decoded at a time: all of them, unless the group is large. */
  sliceRows: number;
  /**
   * The rows `from` up to `to`. Text that is not UTF-8 comes as {@link InvalidText}; `invalid` says whether there is any.
   * @throws Error where they can't be decoded
   */
  read(from: number, to: number): Promise<{ rows: Record<string, unknown>[]; invalid: boolean }>;
}

/**
 * Opens one row group: every page of the wanted columns is verified before any is decoded. The pages of a large group are decompressed a
 * second time when their rows are asked for, slice by slice; what is in memory is the group as it stands in the file, and a slice.
 * @throws Error naming column, page and byte where it is damaged; DatasetError where a server can't be reached
 */
export async function openGroup(access: RandomAccess, metadata: FileMetaData, group: RowGroup, columns: readonly PhysicalColumn[], wanted: readonly string[], sliceBytes = SLICE_BYTES): Promise<OpenGroup> {
  checkGroup(group, columns, access.size);
  const read = group.columns.map((chunk, index) => ({ chunk, column: columns[index]! })).filter(({ column }) => wanted.includes(column.path[0]!));
  const bytes = read.reduce((sum, { chunk }) => sum + Number(chunk.meta_data!.total_uncompressed_size), 0);
  if (!(bytes <= LIMITS.parquetGroupBytes)) throw new DatasetError(`${bytes} bytes in one row group; the limit is ${LIMITS.parquetGroupBytes}. Write the file with smaller row groups.`);
  const rows = Number(group.num_rows);
  // Lists know their rows only when they are read from the beginning.
  const isSliced = bytes > 2 * sliceBytes && read.every(({ column }) => column.maxRepetition === 0);
  const decompressed = isSliced ? undefined : new Map<number, Uint8Array>();
  const chunks: Chunk[] = [];
  for (const { chunk, column } of read) chunks.push(await readChunk(access, chunk.meta_data!, chunkRange(chunk), column, decompressed));

  // hyparquet reads from memory, synchronously: it starts several reads at once, and where two promises fail, one of them
  // would be left without a handler. Where its slices begin tells which page it asks to decompress.
  const sliceStarts = new WeakMap<ArrayBufferLike, number>();
  const slice = (start: number, end: number): ArrayBuffer => {
    const whole = chunks.find((chunk) => chunk.start === start && chunk.start + chunk.bytes.length === end);
    const bytes = whole?.bytes ?? new Uint8Array(end - start);
    for (const chunk of whole ? [] : chunks) {
      const from = Math.max(start, chunk.start);
      const to = Math.min(end, chunk.start + chunk.bytes.length);
      if (from < to) bytes.set(chunk.bytes.subarray(from - chunk.start, to - chunk.start), from - start);
    }
    sliceStarts.set(bytes.buffer, start);
    // Neighbouring columns are asked for together and cut apart; the cut must know where it begins, too.
    return Object.assign(bytes.buffer, { slice: (from = 0, to = end - start) => slice(start + from, start + to) });
  };
  const file = { byteLength: access.size, slice: (start: number, end = access.size) => slice(start, end) };
  const compressors: Compressors = Object.fromEntries(
    CODECS.map((codec) => [
      codec,
      (input: Uint8Array, length: number) => {
        const position = (sliceStarts.get(input.buffer) ?? NaN) + input.byteOffset;
        const ready = decompressed?.get(position);
        decompressed?.delete(position);
        return ready ?? decompressPage(codec, input, length);
      },
    ]),
  );
  let invalid = false;
  const stringFromBytes = (value: Uint8Array | undefined): unknown => {
    if (value === undefined) return undefined;
    try {
      return decoder.decode(value);
    } catch {
      invalid = true;
      return new InvalidText(value);
    }
  };
  return {
    sliceRows: isSliced ? Math.max(1, Math.floor((rows * sliceBytes) / bytes)) : Math.max(1, rows),
    async read(from, to) {
      invalid = false;
      const table = from >= to ? [] : await parquetReadObjects({ file, metadata: { ...metadata, num_rows: group.num_rows, row_groups: [group] }, columns: [...wanted], rowStart: from, rowEnd: to, compressors, parsers: { stringFromBytes } });
      if (table.length !== to - from) throw new Error(`it has ${from + table.length} rows, the footer says ${rows}`);
      return { rows: table, invalid };
    },
  };
}

/** The name of a column with text that is not UTF-8, if the value has any. */
export function findInvalidText(value: unknown, name: string): string | undefined {
  if (value instanceof InvalidText) return name;
  if (Array.isArray(value)) {
    for (const item of value) {
      const found = findInvalidText(item, name);
      if (found) return found;
    }
  } else if (typeof value === "object" && value !== null && Object.getPrototypeOf(value) === Object.prototype) {
    for (const [key, item] of Object.entries(value)) {
      const found = findInvalidText(item, name ? `${name}.${key}` : key);
      if (found) return found;
    }
  }
  return undefined;
}
