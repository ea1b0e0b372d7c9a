import { joined } from "./detailed.js";
import { BpeError } from "./errors.js";
import type { PostProcessor } from "./post-processor.js";
import { Row, truncateRows, type Truncation } from "./row.js";

/** A text, or a pair of texts. */
export type BatchText = string | readonly [first: string, second: string];

/** How a batch becomes a rectangle. */
export interface BatchOptions {
  special?: "text" | "parse";
  addSpecialTokens?: boolean;
  /** "longest" (default): as wide as the longest text; a number: exactly that wide. */
  padding?: "longest" | number;
  /** The width is rounded up to a multiple of this; default 1. */
  padToMultipleOf?: number;
  /** Where `<pad>` goes; default "right". Generation wants "left". */
  padSide?: "left" | "right";
  /** The id to pad with; default that of `<pad>`. */
  padId?: number;
  /** Longer texts are cut to this many tokens, added special tokens included; default no limit. */
  maxLength?: number;
  /** Which end of a long text is cut off; default "right". */
  truncationSide?: "left" | "right";
  /** Which text of a pair is cut: default "longest_first", the longer one until both are equal. */
  truncation?: "longest_first" | "only_first" | "only_second";
  /** Whether what is cut off comes as further rows, right after the row of its text; default false. */
  overflow?: boolean;
  /** Tokens that a row of overflow repeats from the one before it; default 0. */
  stride?: number;
}

/** Texts as one rectangle, row by row. */
export interface BatchEncoding {
  /** Token ids, `shape[0] * shape[1]` of them. */
  ids: Uint32Array<ArrayBuffer>;
  /** 1 for a token, 0 for padding. */
  attentionMask: Uint8Array<ArrayBuffer>;
  /** Rows (texts, and overflow where it was asked for) and columns (tokens). */
  shape: [rows: number, columns: number];
  /** Only where the batch has pairs: token type ids, as the post-processor gives them; 0 for padding. */
  typeIds?: Uint32Array<ArrayBuffer>;
  /** Only where overflow was asked for: which text each row comes from. */
  textOfRow?: Uint32Array<ArrayBuffer>;
}

/**
 * Lays texts out as a rectangle; see `Tokenizer.encodeBatch`.
 *
 * @param encode The ids of one text, without anything around it.
 * @param around What is put around texts, undefined for nothing.
 * @param pad The id of `<pad>`.
 */
export function encodeBatch(
  texts: readonly BatchText[],
  encode: (text: string) => Uint32Array,
  options: BatchOptions,
  around: PostProcessor | undefined,
  pad: number | undefined,
): BatchEncoding {
  const { padding = "longest", padSide = "right", truncationSide = "right", truncation = "longest_first", overflow = false } = options;
  const multiple = whole("padToMultipleOf", options.padToMultipleOf ?? 1, 1);
  const stride = whole("stride", options.stride ?? 0, 0);
  const cut: Truncation | undefined =
    options.maxLength === undefined ? undefined : { maxLength: whole("maxLength", options.maxLength, 1), stride, strategy: truncation, left: truncationSide === "left" };
  const rows: Row[] = [];
  const textOfRow: number[] = [];
  let pairs = false;
  texts.forEach((text, index) => {
    const parts = typeof text === "string" ? [text] : text;
    pairs ||= parts.length > 1;
    const encoded = parts.map((part, sequence) => bareRow(encode(part), sequence));
    if (cut) truncateRows(encoded, cut, around?.added[parts.length - 1] ?? 0);
    const row = joined(around ? around.process(encoded, true) : encoded);
    for (const each of overflow ? [row, ...row.overflow] : [row]) {
      rows.push(each);
      textOfRow.push(index);
    }
  });
  const longest = rows.reduce((most, row) => Math.max(most, row.ids.length), 0);
  let columns = padding === "longest" ? longest : whole("padding", padding, 0);
  columns = Math.ceil(columns / multiple) * multiple;
  if (longest > columns) {
    throw new BpeError(`A text has ${longest} tokens and padding asks for ${columns}; set maxLength to cut it, or pad to "longest".`);
  }
  const padId = options.padId ?? pad;
  if (padId === undefined && rows.some((row) => row.ids.length < columns)) {
    throw new BpeError("The texts have different lengths and this tokenizer has no <pad> token; give padId.");
  }
  const ids = new Uint32Array(rows.length * columns).fill(padId ?? 0);
  const attentionMask = new Uint8Array(ids.length);
  const typeIds = new Uint32Array(pairs ? ids.length : 0);
  rows.forEach((row, index) => {
    const start = index * columns + (padSide === "left" ? columns - row.ids.length : 0);
    ids.set(row.ids, start);
    attentionMask.fill(1, start, start + row.ids.length);
    if (pairs) typeIds.set(row.typeIds, start);
  });
  return {
    ids,
    attentionMask,
    shape: [rows.length, columns],
    ...(pairs ? { typeIds } : {}),
    ...(overflow ? { textOfRow: Uint32Array.from(textOfRow) } : {}),
  };
}

/** A row of which only the ids are known. */
function bareRow(ids: Uint32Array, sequence: number): Row {
  const row = new Row();
  for (const id of ids) row.push(id, "", 0, 0, 0, sequence, sequence);
  return row;
}

function whole(name: string, value: number, least: number): number {
  if (!Number.isSafeInteger(value) || value < least) throw new BpeError(`${name} is ${value}; expected a whole number of at least ${least}.`);
  return value;
}
