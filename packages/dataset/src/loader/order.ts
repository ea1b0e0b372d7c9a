import { SeededRandom } from "../util/random.js";
import { type Piece, cutPieces, packRows } from "./packing.js";
import { Permutation } from "./permutation.js";

/** Documents that are packed together; part of the order, so a change of it is a change of the loader's version. */
export const WINDOW = 2048;
export const ORDER_VERSION = 1;

/** A place in the order of rows. */
export interface Position {
  epoch: number;
  window: number;
  /** Next row within the window. */
  row: number;
}

/** The rows of a window; a piece's `document` is its place in the split. */
export type PlannedRow = readonly Piece[];

/**
 * The order of training rows as a pure function of (seed, epoch, window): a permutation of the documents, cut into windows
 * of 2,048, whose documents are packed into rows by best fit; the rows of a window are shuffled. It needs the lengths of
 * the documents and no token, so any place of it costs at most one window of lengths.
 */
export class RowOrder {
  /** Windows of an epoch. */
  readonly windows: number;
  #permutation: { epoch: number; permutation: Permutation } | undefined;
  #planned: { epoch: number; window: number; rows: PlannedRow[] } | undefined;

  /** @param lengths Tokens of each document. @param capacity Tokens of a row. */
  constructor(
    private readonly lengths: ArrayLike<number>,
    private readonly capacity: number,
    private readonly seed: number,
  ) {
    this.windows = Math.ceil(lengths.length / WINDOW);
  }

  /** The rows of a window, in their order. */
  rows(epoch: number, window: number): readonly PlannedRow[] {
    if (this.#planned?.epoch !== epoch || this.#planned.window !== window) this.#planned = { epoch, window, rows: this.#plan(epoch, window) };
    return this.#planned.rows;
  }

  /** The next `count` rows from a place on, fewer where the epoch ends, and the place behind them. */
  take(from: Position, count: number): { rows: PlannedRow[]; next: Position } {
    const next = { ...from };
    const taken: PlannedRow[] = [];
    while (taken.length < count && next.window < this.windows) {
      const rows = this.rows(next.epoch, next.window);
      while (next.row < rows.length && taken.length < count) taken.push(rows[next.row++]!);
      if (next.row >= rows.length) {
        next.window++;
        next.row = 0;
      }
    }
    return { rows: taken, next: next.window >= this.windows ? { epoch: next.epoch + 1, window: 0, row: 0 } : next };
  }

  #plan(epoch: number, window: number): PlannedRow[] {
    if (this.#permutation?.epoch !== epoch) this.#permutation = { epoch, permutation: new Permutation(this.lengths.length, this.seed, epoch) };
    const { permutation } = this.#permutation;
    const first = window * WINDOW;
    const documents = Array.from({ length: Math.min(this.lengths.length, first + WINDOW) - first }, (_, i) => permutation.at(first + i));
    const rows = packRows(cutPieces(documents.map((document) => this.lengths[document]!), this.capacity), this.capacity);
    // Best fit puts the longest piece first. Left so, a short document would never begin a row, and a model would learn from
    // the position alone what kind of text comes next; so the pieces of each row are shuffled too.
    const random = new SeededRandom(this.seed, epoch, window);
    const shuffled = random.shuffle(rows.map((row) => random.shuffle(row)));
    for (const row of shuffled) for (const piece of row) piece.document = documents[piece.document]!;
    return shuffled;
  }
}
