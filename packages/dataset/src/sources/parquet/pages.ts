import { crc32 } from "node:zlib";
import type { ColumnMetaData, Encoding } from "hyparquet";
import { type ThriftStruct, ThriftReader } from "./thrift.js";

const ENCODINGS: readonly Encoding[] = ["PLAIN", "GROUP_VAR_INT", "PLAIN_DICTIONARY", "RLE", "BIT_PACKED", "DELTA_BINARY_PACKED", "DELTA_LENGTH_BYTE_ARRAY", "DELTA_BYTE_ARRAY", "RLE_DICTIONARY", "BYTE_STREAM_SPLIT"];

/** One page of a column chunk, by its header. */
export interface Page {
  kind: "dictionary" | "data" | "data-v2";
  /** Position of its header in the chunk. */
  start: number;
  /** Position in the chunk of what is compressed: behind the header, and for "data-v2" behind the levels too. */
  payload: number;
  /** Position behind the page. */
  end: number;
  /** Bytes of the payload when decompressed. */
  length: number;
  /** Whether the payload is compressed. */
  compressed: boolean;
  values: number;
  /** Rows, nulls and bytes of levels, which "data-v2" states. */
  rows?: number;
  nulls?: number;
  repetitionBytes?: number;
  definitionBytes?: number;
  encoding: Encoding;
  /** Whether the header has a CRC-32, which was then found to fit. */
  checked: boolean;
}

/** A page that can't be trusted. */
export class PageError extends Error {}

const number = (struct: ThriftStruct | undefined, field: number): number | undefined => {
  const value = struct?.get(field);
  return typeof value === "number" && Number.isSafeInteger(value) ? value : undefined;
};

const required = (struct: ThriftStruct | undefined, field: number, what: string): number => {
  const value = number(struct, field);
  if (value === undefined || value < 0) throw new Error(`its header has no valid ${what}`);
  return value;
};

/** Reads the page header at `start`; the page itself need not be there. @throws Error where there is none */
export function readPageHeader(bytes: Uint8Array, start: number): Page & { body: number; crc: number | undefined } {
  const reader = new ThriftReader(bytes, start);
  const header = reader.struct();
  const type = required(header, 1, "type");
  const uncompressed = required(header, 2, "length");
  const compressed = required(header, 3, "compressed length");
  const body = reader.offset;
  const end = body + compressed;
  const struct = (field: number): ThriftStruct => {
    const value = header.get(field);
    if (!(value instanceof Map)) throw new Error("its header does not say what it holds");
    return value;
  };
  for (const [field, of] of [[5, 0], [7, 2], [8, 3]] as const) if (header.has(field) && of !== type) throw new Error("its header describes a page of another type");
  let page: Omit<Page, "encoding" | "checked">;
  let encoding: number;
  const common = { start, payload: body, end, length: uncompressed, compressed: true };
  if (type === 0 || type === 2) {
    const inner = struct(type === 0 ? 5 : 7);
    page = { ...common, kind: type === 0 ? "data" : "dictionary", values: required(inner, 1, "number of values") };
    encoding = required(inner, 2, "encoding");
  } else if (type === 3) {
    const inner = struct(8);
    const definitionBytes = required(inner, 5, "length of levels");
    const repetitionBytes = required(inner, 6, "length of levels");
    const levels = definitionBytes + repetitionBytes;
    if (levels > compressed || levels > uncompressed) throw new Error("its levels are longer than the page");
    page = { ...common, kind: "data-v2", payload: body + levels, length: uncompressed - levels, compressed: inner.get(7) !== false, values: required(inner, 1, "number of values"), nulls: required(inner, 2, "number of nulls"), rows: required(inner, 3, "number of rows"), definitionBytes, repetitionBytes };
    encoding = required(inner, 4, "encoding");
  } else throw new Error(`its type ${type} is unknown`);
  const named = ENCODINGS[encoding];
  if (!named) throw new Error(`its encoding ${encoding} is unknown`);
  const crc = number(header, 4);
  if (header.has(4) && crc === undefined) throw new Error("its checksum is no number");
  return { ...page, encoding: named, checked: header.has(4), body, crc };
}

/** Reads the page at `start` and verifies its checksum, if it has one. @throws Error where there is none, or it is damaged */
export function readPage(bytes: Uint8Array, start: number): Page {
  const { body, crc, ...page } = readPageHeader(bytes, start);
  if (page.end > bytes.length) throw new PageError(`it ends at byte ${page.end}, behind the ${bytes.length} that there are`);
  if (crc !== undefined) {
    // The CRC-32 of what stands behind the header, as parquet.thrift defines it.
    const found = crc32(bytes.subarray(body, page.end)) | 0;
    if (found !== (crc | 0)) throw new PageError(`its CRC-32 is ${hex(found)}, its header says ${hex(crc)}`);
  }
  return page;
}

const hex = (value: number): string => (value >>> 0).toString(16).padStart(8, "0");

/**
 * The pages of a column chunk, each header read and each CRC-32 verified that is there.
 * @param bytes The chunk
 * @param meta What the footer says of it
 * @throws PageError naming the page
 */
export function readPages(bytes: Uint8Array, meta: ColumnMetaData): Page[] {
  const pages: Page[] = [];
  let values = 0;
  for (let at = 0; at < bytes.length; ) {
    let page: Page;
    try {
      page = readPage(bytes, at);
      if (page.kind === "dictionary" && pages.length > 0) throw new Error("a dictionary must be the first page");
    } catch (error) {
      throw new PageError(`page ${pages.length} is damaged: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
    }
    if (page.kind !== "dictionary") values += page.values;
    pages.push(page);
    at = page.end;
  }
  if (values !== Number(meta.num_values)) throw new PageError(`its pages hold ${values} values, the footer says ${meta.num_values}`);
  // Writers that state all checksums but one do not exist: the header that lost its own is damaged.
  if (pages.some(({ checked }) => checked) && !pages.every(({ checked }) => checked)) throw new PageError("some of its pages have a checksum and others lost theirs");
  return pages;
}
