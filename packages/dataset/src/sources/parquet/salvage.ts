import type { ColumnMetaData, CompressionCodec, FileMetaData, ParquetType, RowGroup, SchemaElement } from "hyparquet";
import type { RandomAccess } from "../access.js";
import { decompressPage } from "./codecs.js";
import { physicalColumns } from "./footer.js";
import { type Page, readPageHeader } from "./pages.js";
import { ThriftReader } from "./thrift.js";
import { checkPage } from "./validate.js";

/** Row groups that were found without a footer. */
export interface Salvaged {
  metadata: FileMetaData;
  /** Position behind the last row group that is whole. */
  end: number;
}

/** A page, or a copy of a column's metadata that older writers leave behind its chunk. */
type Piece = { page: Page; position: number } | { column: { type: ParquetType; name: string; codec: CompressionCodec; values: number } };

/** The schema elements of a file of flat columns, the root first. */
type Layout = readonly SchemaElement[];

/** Bytes that a page header may take; statistics with long values are what makes one long. */
const HEADER = 64 << 10;
const WINDOW = 4 << 20;
const CODECS: readonly CompressionCodec[] = ["UNCOMPRESSED", "SNAPPY", "GZIP", "LZO", "BROTLI", "LZ4", "ZSTD", "LZ4_RAW"];
const TYPES: readonly ParquetType[] = ["BOOLEAN", "INT32", "INT64", "INT96", "FLOAT", "DOUBLE", "BYTE_ARRAY", "FIXED_LEN_BYTE_ARRAY"];

const column = (name: string, type: ParquetType, repetition: "OPTIONAL" | "REQUIRED"): SchemaElement => ({ name, type, repetition_type: repetition, ...(type === "BYTE_ARRAY" ? { converted_type: "UTF8", logical_type: { type: "STRING" } } : {}) });
const layout = (columns: readonly SchemaElement[]): Layout => [{ name: "schema", num_children: columns.length }, ...columns];

const TEXT = "BYTE_ARRAY";
const fineweb = (first: "OPTIONAL" | "REQUIRED"): SchemaElement[] => [...["text", "id"].map((name) => column(name, TEXT, first)), ...["dump", "url", "date", "file_path", "language"].map((name) => column(name, TEXT, "OPTIONAL")), column("language_score", "DOUBLE", "OPTIONAL"), column("token_count", "INT64", "OPTIONAL")];
/** What this package writes, FineWeb's columns and FineWeb-Edu's as their own files have them. A layout that begins like another one comes before it. */
const KNOWN: readonly Layout[] = [
  layout([...fineweb("REQUIRED"), column("source_file", TEXT, "OPTIONAL"), column("source_row", "INT64", "OPTIONAL")]),
  layout(fineweb("OPTIONAL")),
  layout(fineweb("REQUIRED")),
  layout([...["text", "id", "dump", "url", "file_path", "language"].map((name) => column(name, TEXT, "OPTIONAL")), column("language_score", "DOUBLE", "OPTIONAL"), column("token_count", "INT64", "OPTIONAL"), column("score", "DOUBLE", "OPTIONAL"), column("int_score", "INT64", "OPTIONAL")]),
];

/** What a copy of a column's metadata says (ColumnMetaData of parquet.thrift), or undefined where it is none. */
function readColumnCopy(bytes: Uint8Array, start: number): { piece: Piece; end: number } | undefined {
  try {
    const reader = new ThriftReader(bytes, start);
    const fields = reader.struct();
    const path = fields.get(3);
    const [type, codec, values] = [1, 4, 5].map((field) => fields.get(field));
    if (!Array.isArray(path) || path.length !== 1 || !(path[0] instanceof Uint8Array) || typeof type !== "number" || typeof codec !== "number" || typeof values !== "number" || !TYPES[type] || !CODECS[codec]) return undefined;
    return { piece: { column: { type: TYPES[type], name: Buffer.from(path[0]).toString("utf8"), codec: CODECS[codec], values } }, end: reader.offset };
  } catch {
    return undefined;
  }
}

/** Walks the pages from the front of a file, as far as there are any. */
async function walk(access: RandomAccess): Promise<Piece[]> {
  const pieces: Piece[] = [];
  let from = 0;
  let window = new Uint8Array(0);
  for (let at = 4; at < access.size; ) {
    if (at - from + HEADER > window.length && from + window.length < access.size) {
      from = at;
      window = await access.read(at, Math.min(access.size, at + WINDOW));
    }
    try {
      const page = readPageHeader(window, at - from);
      const length = page.end - page.start;
      if (at + length > access.size) break;
      pieces.push({ page: { ...page, start: 0, payload: page.payload - page.start, end: length }, position: at });
      at += length;
    } catch {
      const copy = readColumnCopy(window, at - from);
      if (!copy) break;
      pieces.push(copy.piece);
      at = from + copy.end;
    }
  }
  return pieces;
}

interface Chunk {
  position: number;
  end: number;
  pages: Page[];
  values: number;
  codec?: CompressionCodec;
}

/** Takes the next chunk of `rows` values off the pieces; undefined where they don't come out even. */
function takeChunk(pieces: readonly Piece[], from: number, rows: number, { name, type }: SchemaElement): { chunk: Chunk; next: number } | undefined {
  const chunk: Chunk = { position: 0, end: 0, pages: [], values: 0 };
  let next = from;
  for (; next < pieces.length && chunk.values < rows; next++) {
    const piece = pieces[next]!;
    if ("column" in piece || (piece.page.kind === "dictionary" && chunk.pages.length > 0)) return undefined;
    if (chunk.pages.length === 0) chunk.position = piece.position;
    chunk.pages.push(piece.page);
    chunk.end = piece.position + piece.page.end;
    if (piece.page.kind !== "dictionary") chunk.values += piece.page.values;
  }
  if (chunk.values !== rows) return undefined;
  const copy = pieces[next];
  if (copy && "column" in copy) {
    if (copy.column.name !== name || copy.column.type !== type || copy.column.values !== rows) return undefined;
    chunk.codec = copy.column.codec;
    next++;
  }
  return { chunk, next };
}

/** Cuts the pieces from `from` into one row group of a layout. */
function* takeGroups(pieces: readonly Piece[], from: number, columns: Layout): Generator<{ chunks: Chunk[]; rows: number; next: number }> {
  // How many rows the group has is not written anywhere: the first chunk ends behind one of its pages.
  let rows = 0;
  for (let last = from; last < pieces.length; last++) {
    const piece = pieces[last]!;
    if ("column" in piece || (piece.page.kind === "dictionary" && last > from)) return;
    if (piece.page.kind === "dictionary") continue;
    rows += piece.page.values;
    const chunks: Chunk[] = [];
    let next = from;
    for (const element of columns.slice(1)) {
      const taken = takeChunk(pieces, next, rows, element);
      if (!taken) break;
      chunks.push(taken.chunk);
      next = taken.next;
    }
    if (chunks.length === columns.length - 1) yield { chunks, rows, next };
  }
}

const metaOf = ({ position, end, pages, values }: Chunk, { name, type }: SchemaElement, codec: CompressionCodec): ColumnMetaData => {
  const dictionary = pages[0]?.kind === "dictionary" ? pages[0] : undefined;
  return {
    type: type!,
    encodings: [],
    path_in_schema: [name],
    codec,
    num_values: BigInt(values),
    total_uncompressed_size: BigInt(pages.reduce((sum, page) => sum + page.payload - page.start + page.length, 0)),
    total_compressed_size: BigInt(end - position),
    data_page_offset: BigInt(position + (dictionary?.end ?? 0)),
    ...(dictionary ? { dictionary_page_offset: BigInt(position) } : {}),
  };
};

/** Whether every page of a chunk decodes as the layout says. */
async function fits(access: RandomAccess, chunk: Chunk, element: SchemaElement, codec: CompressionCodec): Promise<boolean> {
  let at = chunk.position;
  let dictionary: number | undefined;
  const meta = metaOf(chunk, element, codec);
  try {
    for (const page of chunk.pages) {
      const bytes = await access.read(at, at + page.end);
      const raw = bytes.subarray(page.payload);
      const data = page.compressed ? decompressPage(codec, raw, page.length) : raw;
      if (data.length !== page.length) return false;
      const levels = bytes.subarray(page.payload - (page.definitionBytes ?? 0) - (page.repetitionBytes ?? 0), page.payload);
      checkPage(page, data, levels, meta, { maxDefinition: element.repetition_type === "REQUIRED" ? 0 : 1, maxRepetition: 0 }, dictionary);
      if (page.kind === "dictionary") dictionary = page.values;
      at += page.end;
    }
    return true;
  } catch {
    return false;
  }
}

/** The codec with which a whole row group decodes, if there is one. */
async function codecOf(access: RandomAccess, chunks: readonly Chunk[], columns: Layout): Promise<CompressionCodec | undefined> {
  for (const codec of chunks[0]?.codec ? [chunks[0].codec] : CODECS) {
    let all = true;
    for (let i = 0; all && i < chunks.length; i++) all = await fits(access, chunks[i]!, columns[i + 1]!, codec);
    if (all) return codec;
  }
  return undefined;
}

/** Layouts of flat columns from footers of other files; others can't be cut without a footer. */
const layoutsOf = (footers: readonly FileMetaData[]): Layout[] =>
  footers.filter((footer) => footer.schema.slice(1).every(({ num_children: children }) => !children) && physicalColumns(footer).every(({ maxRepetition }) => maxRepetition === 0)).map(({ schema }) => schema);

/**
 * Finds the row groups of a parquet file whose footer is lost: the pages are walked from the front, and cut into row groups
 * by a layout under which every page of the first group decodes. Layouts are those of `footers`, of FineWeb and of
 * FineWeb-Edu. Names are never guessed from the content: a file of another layout is given up.
 *
 * @param footers Footers of files that may be of the same layout
 */
export async function salvageFooter(access: RandomAccess, footers: readonly FileMetaData[] = []): Promise<Salvaged | undefined> {
  if (access.size < 8 || Buffer.from(await access.read(0, 4)).toString("latin1") !== "PAR1") return undefined;
  const pieces = await walk(access);
  for (const columns of [...layoutsOf(footers), ...KNOWN]) {
    const groups: RowGroup[] = [];
    let codec: CompressionCodec | undefined;
    let end = 0;
    let rows = 0;
    for (let from = 0; from < pieces.length; ) {
      let found: { chunks: Chunk[]; rows: number; next: number } | undefined;
      for (const group of takeGroups(pieces, from, columns)) {
        const fitting = codec ?? (await codecOf(access, group.chunks, columns));
        if (!fitting) continue;
        codec = fitting;
        found = group;
        break;
      }
      if (!found || !codec) break;
      const { chunks } = found;
      const used = codec;
      groups.push({ columns: chunks.map((chunk, index) => ({ file_offset: 0n, meta_data: metaOf(chunk, columns[index + 1]!, used) })), num_rows: BigInt(found.rows), total_byte_size: 0n });
      end = chunks.at(-1)!.end;
      rows += found.rows;
      from = found.next;
    }
    if (groups.length > 0) return { metadata: { version: 2, schema: [...columns], num_rows: BigInt(rows), row_groups: groups, metadata_length: 0 }, end };
  }
  return undefined;
}
