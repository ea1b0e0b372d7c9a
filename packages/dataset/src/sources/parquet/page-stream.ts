import type { ColumnMetaData } from "hyparquet";
import { reasonOf } from "../../errors.js";
import type { RandomAccess } from "../access.js";
import type { PhysicalColumn } from "./footer.js";
import { type Page, PageError, readPage, readPageHeader } from "./pages.js";
import { verifyNulls, verifyPage } from "./verify.js";

/** Bytes of a chunk that are read at a time; a larger page is read as a whole. */
const WINDOW = 4 << 20;
/** Bytes in which a page header is looked for first; one with long statistics takes more. */
const HEADER = 64 << 10;
const LONGEST_HEADER = 16 << 20;

/** Bytes of the file. */
export interface Piece {
  start: number;
  bytes: Uint8Array<ArrayBuffer>;
}

/** Where a page stands in the file, and which row of its group it begins with. */
export interface PageLocation {
  start: number;
  end: number;
  firstRow: number;
}

/**
 * The pages of a column chunk without repeated values, front to back: read in windows, verified as they come, and forgotten behind
 * the rows that are asked for. What is in memory is a window, the dictionary, and the pages of the rows.
 */
export class PageStream {
  #window: Piece = { start: 0, bytes: new Uint8Array() };
  #at: number;
  #dictionary: Piece | undefined;
  #dictionarySize: number | undefined;
  #held: (Piece & { rowEnd: number })[] = [];
  #rows = 0;
  #nulls = 0;
  #count = 0;
  #checked: boolean | undefined;
  /** Of every data page so far. */
  readonly locations: PageLocation[] = [];

  /**
   * @param range The chunk's bytes in the file
   * @param isVerified Whether the pages were verified before
   */
  constructor(
    private readonly access: RandomAccess,
    private readonly meta: ColumnMetaData,
    readonly range: { start: number; end: number },
    private readonly column: PhysicalColumn,
    private readonly isVerified: boolean,
    private readonly windowBytes = WINDOW,
  ) {
    this.#at = range.start;
  }

  /** The dictionary and the pages that are held, in the order of the file. */
  get pieces(): Piece[] {
    return this.#dictionary ? [this.#dictionary, ...this.#held] : this.#held;
  }

  /**
   * Holds the pages of the rows `from` up to `to`. Rows before `from` can't be asked for any more.
   * @throws Error naming the column, and the page and its byte, where it is damaged; what a server can't give is thrown as it comes
   */
  async advance(from: number, to: number): Promise<void> {
    this.#held = this.#held.filter(({ rowEnd }) => rowEnd > from);
    const values = Number(this.meta.num_values);
    // Behind the last row there may be pages without values; then the sums must fit.
    while (this.#rows < to || (to >= values && this.#at < this.range.end)) {
      const { start, end } = this.range;
      if (this.#at >= end) throw new Error(`the column "${this.column.path.join(".")}", from byte ${start}: its pages hold ${this.#rows} values, the footer says ${values}`);
      await this.#next(from);
    }
    if (this.#at < this.range.end) return;
    try {
      if (this.#rows !== values) throw new PageError(`its pages hold ${this.#rows} values, the footer says ${values}`);
      if (!this.isVerified) verifyNulls(this.#nulls, this.meta, this.column);
    } catch (error) {
      throw new Error(`the column "${this.column.path.join(".")}", from byte ${this.range.start}: ${reasonOf(error)}`, { cause: error });
    }
  }

  /** Takes the next page, and holds it unless its rows are before `from`. */
  async #next(from: number): Promise<void> {
    const start = this.#at;
    const place = `page ${this.#count} of the column "${this.column.path.join(".")}", at byte ${start}`;
    const header = await this.#header(place);
    const end = start + header.end - header.start;
    if (end > this.range.end) throw new Error(`${place}: it ends at byte ${end}, behind the chunk's end at ${this.range.end}`);
    await this.#reach(end);
    const bytes = this.#window.bytes.subarray(start - this.#window.start, end - this.#window.start);
    try {
      const page = readPage(bytes, 0);
      if (page.kind === "dictionary" && this.#count > 0) throw new PageError("a dictionary must be the first page");
      // Writers that state all checksums but one do not exist: the header that lost its own is damaged.
      if (page.checked !== (this.#checked ??= page.checked)) throw new PageError("some of the column's pages have a checksum and others lost theirs");
      const present = this.isVerified ? page.values : verifyPage(page, bytes, this.meta, this.column, this.#dictionarySize).present;
      if (page.kind === "dictionary") {
        // A copy, so that its window can go.
        this.#dictionary = { start, bytes: bytes.slice() };
        this.#dictionarySize = page.values;
      } else {
        this.#nulls += page.values - present;
        this.locations.push({ start, end, firstRow: this.#rows });
        this.#rows += page.values;
        if (this.#rows > from) this.#held.push({ start, bytes, rowEnd: this.#rows });
      }
    } catch (error) {
      throw new Error(`${place}: ${reasonOf(error)}`, { cause: error });
    }
    this.#count++;
    this.#at = end;
  }

  /** The header of the next page. */
  async #header(place: string): Promise<Page> {
    for (let length = HEADER; ; length *= 8) {
      const end = Math.min(this.range.end, this.#at + length);
      await this.#reach(end);
      try {
        return readPageHeader(this.#window.bytes, this.#at - this.#window.start);
      } catch (error) {
        if (end === this.range.end || length > LONGEST_HEADER) throw new Error(`${place}: ${reasonOf(error)}`, { cause: error });
      }
    }
  }

  /** Makes the window hold what is not read yet, up to `end`. */
  async #reach(end: number): Promise<void> {
    const { start, bytes } = this.#window;
    const known = start + bytes.length;
    if (end <= known) return;
    const to = Math.min(this.range.end, Math.max(end, this.#at + this.windowBytes));
    const rest = bytes.subarray(Math.min(bytes.length, this.#at - start));
    const window = new Uint8Array(to - this.#at);
    window.set(rest);
    window.set(await this.access.read(this.#at + rest.length, to), rest.length);
    this.#window = { start: this.#at, bytes: window };
  }
}

/** Writes where pages stand as parquet's offset index (OffsetIndex of parquet.thrift, in Thrift's compact protocol). */
export function offsetIndex(locations: readonly PageLocation[]): Uint8Array<ArrayBuffer> {
  const bytes: number[] = [];
  const number = (value: number): void => {
    for (; value >= 128; value = Math.floor(value / 128)) bytes.push((value % 128) + 128);
    bytes.push(value);
  };
  // A list of structures in field 1; of each the position (i64), length (i32) and first row (i64), whose signs stand in the lowest bit.
  bytes.push(0x19, 0xfc);
  number(locations.length);
  for (const { start, end, firstRow } of locations) {
    for (const [type, value] of [[0x16, start], [0x15, end - start], [0x16, firstRow]] as const) {
      bytes.push(type);
      number(2 * value);
    }
    bytes.push(0);
  }
  bytes.push(0);
  return Uint8Array.from(bytes);
}
