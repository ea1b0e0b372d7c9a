import { type ColumnMetaData, type CompressionCodec, type Compressors, type FileMetaData, type RowGroup, parquetReadObjects } from "hyparquet";
import { DatasetError, reasonOf } from "../../errors.js";
import type { RandomAccess } from "../access.js";
import { LIMITS } from "../types.js";
import { decompressPage } from "./codecs.js";
import { type PhysicalColumn, checkGroup, chunkRange } from "./footer.js";
import { PageStream, type Piece, offsetIndex } from "./page-stream.js";
import { type Page, readPages } from "./pages.js";
import { verifyNulls, verifyPage } from "./verify.js";

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Bytes that should be text and are not UTF-8. */
export class InvalidText {
  constructor(readonly bytes: Uint8Array) {}
}

const CODECS: readonly CompressionCodec[] = ["SNAPPY", "GZIP", "BROTLI", "ZSTD", "LZ4", "LZ4_RAW"];

/** Groups with more bytes, decompressed, are decoded in slices of about this size, so that memory does not grow with the group. */
const SLICE_BYTES = 32 << 20;

/** A column of a row group. */
interface ColumnChunk {
  meta: ColumnMetaData;
  /** Its bytes in the file. */
  range: { start: number; end: number };
  column: PhysicalColumn;
}

/** Reads a column chunk, verifies its pages, and keeps them decompressed by where their payload stands in the file. */
async function readChunk(access: RandomAccess, { meta, range: { start, end }, column }: ColumnChunk, decompressed: Map<number, Uint8Array>): Promise<Piece> {
  const bytes = await access.read(start, end);
  let pages: Page[] = [];
  let page: Page | undefined;
  try {
    pages = readPages(bytes, meta);
    let dictionarySize: number | undefined;
    let nulls = 0;
    for (page of pages) {
      const { data, present } = verifyPage(page, bytes, meta, column, dictionarySize);
      if (page.kind === "dictionary") dictionarySize = page.values;
      else nulls += page.values - present;
      if (data.buffer !== bytes.buffer) decompressed.set(start + page.payload, data);
    }
    page = undefined;
    verifyNulls(nulls, meta, column);
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
 * Opens one row group: every page of the wanted columns is verified before it is decoded, and where reading costs no network, before any of
 * the group is. A large group is verified page by page, and read a second time, slice by slice, when its rows are asked for: in memory are the
 * pages of a slice, and a window and the dictionary of each column. Groups with lists, whose rows are only known from the beginning,
 * are in memory as a whole.
 * @param sliceBytes Groups of more than twice as many bytes, decompressed, are large; default 32 MiB
 * @param windowBytes Of a large group, bytes of a column that are read at a time; default 4 MiB
 * @throws Error naming column, page and byte where it is damaged; DatasetError where a server can't be reached
 */
export async function openGroup(access: RandomAccess, metadata: FileMetaData, group: RowGroup, columns: readonly PhysicalColumn[], wanted: readonly string[], sliceBytes = SLICE_BYTES, windowBytes?: number): Promise<OpenGroup> {
  checkGroup(group, columns, access.size);
  const read = group.columns.map((chunk, index): ColumnChunk => ({ meta: chunk.meta_data!, range: chunkRange(chunk), column: columns[index]! })).filter(({ column }) => wanted.includes(column.path[0]!));
  const bytes = read.reduce((sum, { meta }) => sum + Number(meta.total_uncompressed_size), 0);
  const hasLists = read.some(({ column }) => column.maxRepetition > 0);
  const limit = hasLists ? LIMITS.parquetWholeGroupBytes : LIMITS.parquetGroupBytes;
  if (!(bytes <= limit)) throw new DatasetError(`${bytes} bytes in one row group${hasLists ? " with lists, which is read as a whole" : ""}; the limit is ${limit}. Write the file with smaller row groups.`);
  const rows = Number(group.num_rows);
  const decode = decoderOf(metadata, wanted, access.size);
  if (bytes <= 2 * sliceBytes || hasLists) {
    const decompressed = new Map<number, Uint8Array>();
    const pieces: Piece[] = [];
    for (const chunk of read) pieces.push(await readChunk(access, chunk, decompressed));
    return { sliceRows: Math.max(1, rows), read: (from, to) => decode(group, pieces, { from, to }, decompressed) };
  }
  const stream = (isVerified: boolean) => ({ meta, range, column }: ColumnChunk): PageStream => new PageStream(access, meta, range, column, isVerified, windowBytes);
  if (access.local) for (const chunk of read) await stream(false)(chunk).advance(rows, rows);
  let streams = read.map(stream(access.local));
  let position = 0;
  return {
    sliceRows: Math.max(1, Math.floor((rows * sliceBytes) / bytes)),
    async read(from, to) {
      if (from < position) streams = read.map(stream(access.local));
      position = from;
      for (const pages of streams) await pages.advance(from, to);
      // Which pages hold the rows is told as files tell it that have an index of them, which stands here behind the file's end.
      const pieces = streams.flatMap((pages) => pages.pieces);
      let end = access.size;
      const indexed = group.columns.map((chunk) => {
        const at = read.findIndex(({ meta }) => meta === chunk.meta_data);
        if (at < 0) return chunk;
        const index = { start: end, bytes: offsetIndex(streams[at]!.locations) };
        pieces.push(index);
        end += index.bytes.length;
        return { ...chunk, offset_index_offset: BigInt(index.start), offset_index_length: index.bytes.length };
      });
      return decode({ ...group, columns: indexed }, pieces, { from, to });
    },
  };
}

/** Decodes rows of a group from the pieces of it that are in memory. `decompressed` has payloads of pages, by where they stand in the file. */
type Decode = (group: RowGroup, pieces: readonly Piece[], rows: { from: number; to: number }, decompressed?: Map<number, Uint8Array>) => ReturnType<OpenGroup["read"]>;

function decoderOf(metadata: FileMetaData, wanted: readonly string[], size: number): Decode {
  return async (group, pieces, { from, to }, decompressed) => {
    // hyparquet reads from memory, synchronously: it starts several reads at once, and where two promises fail, one of them
    // would be left without a handler. Where its slices begin tells which page it asks to decompress.
    const sliceStarts = new WeakMap<ArrayBufferLike, number>();
    const slice = (start: number, end: number): ArrayBuffer => {
      const whole = pieces.find((piece) => piece.start === start && piece.start + piece.bytes.buffer.byteLength === end && piece.bytes.byteOffset === 0);
      const bytes = whole?.bytes ?? new Uint8Array(end - start);
      for (const piece of whole ? [] : pieces) {
        const first = Math.max(start, piece.start);
        const last = Math.min(end, piece.start + piece.bytes.length);
        if (first < last) bytes.set(piece.bytes.subarray(first - piece.start, last - piece.start), first - start);
      }
      sliceStarts.set(bytes.buffer, start);
      // Neighbouring columns are asked for together and cut apart; the cut must know where it begins, too.
      return Object.assign(bytes.buffer, { slice: (first = 0, last = end - start) => slice(start + first, start + last) });
    };
    const file = { byteLength: size, slice: (start: number, end = size) => slice(start, end) };
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
    const rows = Number(group.num_rows);
    const table = from >= to ? [] : await parquetReadObjects({ file, metadata: { ...metadata, num_rows: group.num_rows, row_groups: [group] }, columns: [...wanted], rowStart: from, rowEnd: to, useOffsetIndex: decompressed === undefined, compressors, parsers: { stringFromBytes } });
    if (table.length !== to - from) throw new Error(`it has ${from + table.length} rows, the footer says ${rows}`);
    return { rows: table, invalid };
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
