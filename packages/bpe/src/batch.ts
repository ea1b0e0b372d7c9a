import { BpeError } from "./errors.js";
import type { TokenizerDocument } from "./json/document.js";
import type { Frame } from "./post-processor.js";

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
}

/** Texts as one rectangle, row by row. */
export interface BatchEncoding {
  /** Token ids, `shape[0] * shape[1]` of them. */
  ids: Uint32Array<ArrayBuffer>;
  /** 1 for a token, 0 for padding. */
  attentionMask: Uint8Array<ArrayBuffer>;
  /** Rows (texts) and columns (tokens). */
  shape: [rows: number, columns: number];
}

/** Lays encoded texts out as a rectangle; see `Tokenizer.encodeBatch`. */
export function encodeBatch(texts: readonly Uint32Array[], frame: Frame, options: BatchOptions, pad: number | undefined): BatchEncoding {
  const { padding = "longest", padSide = "right", truncationSide = "right" } = options;
  const multiple = whole("padToMultipleOf", options.padToMultipleOf ?? 1, 1);
  const limit = options.maxLength === undefined ? Infinity : whole("maxLength", options.maxLength, 1);
  const rows = texts.map((ids) => framed(ids, frame, limit, truncationSide));
  const longest = rows.reduce((most, row) => Math.max(most, row.length), 0);
  let columns = padding === "longest" ? longest : whole("padding", padding, 0);
  columns = Math.ceil(columns / multiple) * multiple;
  if (longest > columns) {
    throw new BpeError(`A text has ${longest} tokens and padding asks for ${columns}; set maxLength to cut it, or pad to "longest".`);
  }
  const padId = options.padId ?? pad;
  if (padId === undefined && rows.some((row) => row.length < columns)) {
    throw new BpeError("The texts have different lengths and this tokenizer has no <pad> token; give padId.");
  }
  const ids = new Uint32Array(rows.length * columns).fill(padId ?? 0);
  const attentionMask = new Uint8Array(ids.length);
  rows.forEach((row, index) => {
    const start = index * columns + (padSide === "left" ? columns - row.length : 0);
    ids.set(row, start);
    attentionMask.fill(1, start, start + row.length);
  });
  return { ids, attentionMask, shape: [rows.length, columns] };
}

/** Cuts a text so that it fits with what is put around it, and puts that around it. */
function framed(ids: Uint32Array, frame: Frame, limit: number, side: string): Uint32Array<ArrayBuffer> {
  const added = frame.before.length + frame.after.length;
  if (limit < added) throw new BpeError(`maxLength ${limit} leaves no room: ${added} special tokens are added to each text.`);
  const room = limit - added;
  const kept = ids.length <= room ? ids : side === "left" ? ids.subarray(ids.length - room) : ids.subarray(0, room);
  const result = new Uint32Array(kept.length + added);
  result.set(frame.before);
  result.set(kept, frame.before.length);
  result.set(frame.after, frame.before.length + kept.length);
  return result;
}

/** Applies the `truncation` and `padding` of a tokenizer.json to one text, as Hugging Face's `encode` does. */
export function fitToFile(ids: Uint32Array, frame: Frame, { truncation, padding }: TokenizerDocument): Uint32Array<ArrayBuffer> {
  const cut = (truncation ?? {}) as { max_length?: number; direction?: string };
  const row = framed(ids, frame, cut.max_length ?? Infinity, cut.direction === "Left" ? "left" : "right");
  if (padding === null) return row;
  const pad = padding as { strategy?: unknown; direction?: string; pad_to_multiple_of?: number | null; pad_id?: number };
  const fixed = (pad.strategy as { Fixed?: number } | undefined)?.Fixed;
  const multiple = pad.pad_to_multiple_of || 1;
  const columns = Math.max(row.length, Math.ceil((fixed ?? row.length) / multiple) * multiple);
  return encodeBatch([row], { before: [], after: [] }, { padding: columns, padSide: pad.direction === "Left" ? "left" : "right" }, pad.pad_id ?? 0).ids;
}

function whole(name: string, value: number, least: number): number {
  if (!Number.isSafeInteger(value) || value < least) throw new BpeError(`${name} is ${value}; expected a whole number of at least ${least}.`);
  return value;
}
