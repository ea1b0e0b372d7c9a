import { BpeError } from "./errors.js";

/**
 * What is known of each token of a sequence, column by column, while it is cut, framed and padded.
 *
 * Source of the rules: huggingface/tokenizers, tokenizers/src/tokenizer/encoding.rs and utils/{truncation,padding}.rs.
 */
export class Row {
  ids: number[] = [];
  typeIds: number[] = [];
  tokens: string[] = [];
  /** Which word of its text a token belongs to; -1 for none. */
  words: number[] = [];
  from: number[] = [];
  to: number[] = [];
  /** 1 for tokens that were put around the text. */
  special: number[] = [];
  attention: number[] = [];
  /** 0 for tokens of the first text, 1 for those of the second, -1 for all others. */
  sequences: number[] = [];
  overflow: Row[] = [];

  push(id: number, token: string, word: number, from: number, to: number, typeId: number, sequence: number, special = 0, attention = 1): void {
    this.ids.push(id);
    this.tokens.push(token);
    this.words.push(word);
    this.from.push(from);
    this.to.push(to);
    this.typeIds.push(typeId);
    this.sequences.push(sequence);
    this.special.push(special);
    this.attention.push(attention);
  }

  slice(start: number, end?: number): Row {
    const row = new Row();
    for (const name of COLUMNS) (row[name] as unknown[]) = this[name].slice(start, end);
    return row;
  }

  /**
   * This row with the other one's columns after its own; what overflows is paired with each other's.
   *
   * @throws BpeError where that makes too many pieces.
   */
  append(other: Row): void {
    const pairs = (this.overflow.length + 1) * (other.overflow.length + 1);
    if (pairs > MAX_PIECES) throw new BpeError(`The texts of this pair overflow into ${pairs} pieces, each of one with each of the other; at most ${MAX_PIECES} are made. Cut one of the texts alone, or encode them apart.`);
    const overflow: Row[] = [];
    const both = (left: Row, right: Row): void => {
      const row = left.slice(0);
      row.append(right.slice(0));
      overflow.push(row);
    };
    for (const left of this.overflow) {
      both(left, other);
      for (const right of other.overflow) both(left, right);
    }
    for (const right of other.overflow) both(this, right);
    for (const name of COLUMNS) (this[name] as unknown[]) = [...this[name], ...other[name]];
    this.overflow = overflow;
  }

  /** Cuts to `most` tokens; what is cut off comes back as overflow, pieces of `most` tokens that share `stride` of them. */
  truncate(most: number, stride: number, left: boolean): void {
    const { length } = this.ids;
    if (most >= length) return;
    if (most === 0) {
      const all = this.slice(0);
      for (const name of COLUMNS) this[name].length = 0;
      this.overflow.push(all);
      return;
    }
    if (stride >= most) throw new BpeError(`stride is ${stride}; it must be below the ${most} tokens that truncation leaves of a text.`);
    const parts: Row[] = [];
    for (let step = 0; ; step += most - stride) {
      const start = left ? Math.max(0, length - step - most) : step;
      const end = left ? length - step : Math.min(length, step + most);
      parts.push(this.slice(start, end));
      if (left ? start === 0 : end === length) break;
    }
    const [first, ...rest] = parts;
    for (const name of COLUMNS) (this[name] as unknown[]) = first![name];
    this.overflow = rest;
  }

  pad(length: number, { id, typeId, token, left }: PadWith): void {
    for (const row of this.overflow) row.pad(length, { id, typeId, token, left });
    const padding = new Row();
    for (let at = this.ids.length; at < length; at++) padding.push(id, token, -1, 0, 0, typeId, -1, 1, 0);
    const [first, second] = left ? [padding, this] : [this, padding];
    for (const name of COLUMNS) (this[name] as unknown[]) = [...first[name], ...second[name]];
  }
}

/** Most pieces that a pair of texts may overflow into. */
const MAX_PIECES = 1 << 15;

const COLUMNS = ["ids", "typeIds", "tokens", "words", "from", "to", "special", "attention", "sequences"] as const;

/** What a row is padded with. */
export interface PadWith {
  id: number;
  typeId: number;
  token: string;
  left: boolean;
}

/** How texts, or pairs of them, are cut to a length. */
export interface Truncation {
  /** Most tokens of a row, added special tokens included. */
  maxLength: number;
  /** Tokens that pieces of overflow share with those before them. */
  stride: number;
  strategy: "longest_first" | "only_first" | "only_second";
  /** Whether the start of a text is cut off instead of its end. */
  left: boolean;
}

/** Cuts one or two rows so that `added` tokens fit beside them. */
export function truncateRows(rows: readonly Row[], { maxLength, stride, strategy, left }: Truncation, added: number): void {
  const [one, two] = rows as [Row, Row | undefined];
  const most = maxLength - added;
  if (most < 0) throw new BpeError(`A length of ${maxLength} leaves no room: ${added} special tokens are added to each text.`);
  const total = one.ids.length + (two?.ids.length ?? 0);
  if (most === 0) rows.forEach((row) => row.truncate(0, stride, left));
  else if (total <= most) return;
  else if (strategy === "longest_first" && two) {
    const [short, long] = one.ids.length <= two.ids.length ? [one, two] : [two, one];
    let n1 = short.ids.length;
    let n2 = n1 > most ? n1 : Math.max(n1, most - n1);
    if (n1 + n2 > most) {
      n1 = Math.floor(most / 2);
      n2 = n1 + (most % 2);
    }
    short.truncate(n1, stride, left);
    long.truncate(n2, stride, left);
  } else if (strategy === "longest_first") one.truncate(most, stride, left);
  else {
    const target = strategy === "only_first" ? one : two;
    if (!target) throw new BpeError('The truncation strategy "only_second" needs a second text.');
    const kept = target.ids.length - (total - most);
    if (kept <= 0) throw new BpeError(`A text of ${target.ids.length} tokens can't be cut so that the row has ${maxLength}: ${total + added - maxLength} must go.`);
    target.truncate(kept, stride, left);
  }
}
