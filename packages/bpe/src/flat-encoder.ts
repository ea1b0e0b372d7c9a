import type { IdList } from "./model/id-list.js";

/** Encodes texts one after another into one list of ids; made by `Tokenizer.flatEncoder`. */
export interface FlatEncoder {
  /** Where the ids are gathered; emptied by who reads them. */
  readonly ids: IdList;
  /** Appends the ids of a text. */
  text(source: string): void;
  /**
   * Appends the ids of a text that is well-formed UTF-8, `bytes[from, to)`; the `BYTES_BEYOND` bytes after it are overwritten.
   * Absent where the tokenizer must see a text as a string: see `Tokenizer.readsUtf8`.
   */
  utf8?(bytes: Uint8Array, from: number, to: number): void;
}
