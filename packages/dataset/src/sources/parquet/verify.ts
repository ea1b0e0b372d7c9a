import type { ColumnMetaData } from "hyparquet";
import { decompressPage } from "./codecs.js";
import type { PhysicalColumn } from "./footer.js";
import { type Page, PageError } from "./pages.js";
import { checkPage } from "./validate.js";

/**
 * Decompresses a page and checks its inside.
 * @param bytes In which the page stands at `page.start`
 * @param dictionarySize Values of the chunk's dictionary, if it has one
 * @returns its payload, and how many of its values are not null
 * @throws PageError, or an Error of the decompressor
 */
export function verifyPage(page: Page, bytes: Uint8Array, meta: ColumnMetaData, column: PhysicalColumn, dictionarySize: number | undefined): { data: Uint8Array; present: number } {
  const raw = bytes.subarray(page.payload, page.end);
  const data = page.compressed && meta.codec !== "UNCOMPRESSED" ? decompressPage(meta.codec, raw, page.length) : raw;
  if (data.length !== page.length) throw new PageError(`it holds ${data.length} bytes, its header says ${page.length}`);
  const levels = bytes.subarray(page.payload - (page.definitionBytes ?? 0) - (page.repetitionBytes ?? 0), page.payload);
  return { data, present: checkPage(page, data, levels, meta, column, dictionarySize) };
}

/** Checks how many of a chunk's values are missing, where the footer says it. @throws PageError */
export function verifyNulls(nulls: number, meta: ColumnMetaData, column: PhysicalColumn): void {
  const stated = meta.statistics?.null_count;
  if (column.maxRepetition === 0 && stated !== undefined && Number(stated) !== nulls) throw new PageError(`${nulls} of its values are missing, the footer says ${stated}`);
}
