import type { Json, TokenizerDocument } from "./json/document.js";
import { fields, invalid } from "./json/read.js";
import type { PostProcessor } from "./post-processor.js";
import { Row, truncateRows, type Truncation } from "./row.js";

/** An encoded text with what is known of each token; all lists have one entry per token unless said otherwise. */
export interface DetailedEncoding {
  ids: Uint32Array<ArrayBuffer>;
  /** The tokens as they stand in the vocabulary; an added token as it stood in the text. */
  tokens: string[];
  /** Which part of the text each token comes from: start and end, two entries per token; 0, 0 for tokens that are not in it. */
  offsets: Uint32Array<ArrayBuffer>;
  /** Token type ids, as the post-processor gives them. */
  typeIds: Uint32Array<ArrayBuffer>;
  /** Which word of its text a token belongs to; -1 for tokens that were put around it. */
  wordIds: Int32Array<ArrayBuffer>;
  /** 0 for tokens of the first text, 1 for those of the second, -1 for tokens that were put around them. */
  sequenceIds: Int32Array<ArrayBuffer>;
  /** 1 for tokens that the post-processor or padding added. */
  specialTokensMask: Uint8Array<ArrayBuffer>;
  /** 0 for padding, else 1. */
  attentionMask: Uint8Array<ArrayBuffer>;
  /** What truncation cut off, in pieces of the same length. */
  overflowing: DetailedEncoding[];
}

/**
 * Cuts, frames and pads rows as a tokenizer.json says.
 *
 * @param rowOf Encodes the text of a sequence, 0 or 1.
 * @param places For each of one or two texts, where its code points are in the units that offsets count; undefined for code points.
 */
export function detailed(
  document: TokenizerDocument,
  processor: PostProcessor | undefined,
  adds: boolean,
  rowOf: (sequence: number) => Row,
  places: readonly (readonly number[] | undefined)[],
): DetailedEncoding {
  const count = places.length;
  const truncation = readTruncation(document.truncation);
  const rows = Array.from({ length: count }, (_, sequence) => rowOf(sequence));
  if (truncation) truncateRows(rows, truncation, adds ? (processor?.added[count - 1] ?? 0) : 0);
  const whole = joined(processor ? processor.process(rows, adds) : rows);
  pad(whole, document.padding);
  return published(whole, places);
}

/** The rows as one. */
export function joined(rows: readonly Row[]): Row {
  const whole = new Row();
  for (const row of rows) whole.append(row);
  return whole;
}

function published(row: Row, places: readonly (readonly number[] | undefined)[]): DetailedEncoding {
  const offsets = new Uint32Array(row.ids.length * 2);
  row.from.forEach((from, index) => {
    const table = places[row.sequences[index]!];
    offsets[index * 2] = table ? table[from]! : from;
    offsets[index * 2 + 1] = table ? table[row.to[index]!]! : row.to[index]!;
  });
  return {
    ids: Uint32Array.from(row.ids),
    tokens: row.tokens,
    offsets,
    typeIds: Uint32Array.from(row.typeIds),
    wordIds: Int32Array.from(row.words),
    sequenceIds: Int32Array.from(row.sequences),
    specialTokensMask: Uint8Array.from(row.special),
    attentionMask: Uint8Array.from(row.attention),
    overflowing: row.overflow.map((part) => published(part, places)),
  };
}

const STRATEGIES: Record<string, Truncation["strategy"]> = { LongestFirst: "longest_first", OnlyFirst: "only_first", OnlySecond: "only_second" };

/** Reads the `truncation` of a tokenizer.json. */
function readTruncation(value: TokenizerDocument["truncation"]): Truncation | undefined {
  if (value === null) return undefined;
  const { max_length: maxLength, stride = 0, strategy = "LongestFirst", direction = "Right" } = fields(value, "truncation");
  const known = typeof strategy === "string" && Object.hasOwn(STRATEGIES, strategy) ? STRATEGIES[strategy] : undefined;
  if (!isCount(maxLength) || !isCount(stride) || !known) throw invalid("truncation has no usable max_length, stride and strategy");
  return { maxLength, stride, strategy: known, left: direction === "Left" };
}

function pad(row: Row, value: TokenizerDocument["padding"]): void {
  if (value === null) return;
  const { strategy, direction, pad_to_multiple_of: multiple, pad_id: id, pad_type_id: typeId, pad_token: token } = fields(value, "padding");
  const fixed = strategy !== null && typeof strategy === "object" && !Array.isArray(strategy) ? strategy.Fixed : undefined;
  const length = typeof fixed === "number" ? fixed : row.ids.length;
  const step = typeof multiple === "number" && multiple > 0 ? multiple : 1;
  const padded = Math.ceil(length / step) * step;
  if (padded > Math.max(MAX_PADDED, row.ids.length)) throw invalid(`padding asks for ${padded} tokens; at most ${MAX_PADDED} are made`);
  row.pad(padded, { id: wholeOf(id), typeId: wholeOf(typeId), token: typeof token === "string" ? token : "[PAD]", left: direction === "Left" });
}

const isCount = (value: Json | undefined): value is number => Number.isSafeInteger(value) && (value as number) >= 0;

const wholeOf = (value: Json | undefined): number => {
  if (value === undefined || value === null) return 0;
  if (!Number.isSafeInteger(value)) throw invalid("padding has a pad_id or pad_type_id that is no whole number");
  return value as number;
};

/** Longest row that a file's padding may ask for. */
const MAX_PADDED = 1 << 20;
