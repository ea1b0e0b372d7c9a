import { grown } from "../byte-table.js";
import { PairTable } from "./pair-table.js";
import type { WordCounts } from "./word-counts.js";

/** The cell between two words. */
export const GAP = -0x80000000;

/**
 * The unique words as one strip of cells, a cell for each byte: a symbol has its id in its first cell, and the negative of
 * its length in its last one when it has more than one, so that both neighbours of a symbol are found without links.
 * Other cells of a symbol are negative. Words stand by falling count, which makes the weight of a cell piecewise constant.
 */
export class SymbolStrip {
  readonly cells: Int32Array;
  /** The weights that occur, falling, and the cell where each begins. */
  private readonly weights: Float64Array;
  private readonly begins: Int32Array;
  /** For every 64th cell the index of its weight. */
  private readonly hints: Int32Array;

  /** @param idOf The id of each byte; bytes with -1 are left out. */
  constructor(words: WordCounts, idOf: Int32Array) {
    const { table, counts } = words;
    const order = new Uint32Array(table.size);
    let length = 1;
    let kept = 0;
    for (let word = 0; word < table.size; word++) {
      const size = table.starts[word + 1]! - table.starts[word]!;
      if (size < 2) continue; // a single symbol has no pair
      order[kept++] = word;
      length += size + 1;
    }
    const sorted = order.subarray(0, kept).sort((a, b) => counts[b]! - counts[a]! || a - b);
    const cells = new Int32Array(length);
    cells[0] = GAP;
    this.hints = new Int32Array((length >> 6) + 1);
    const weights: number[] = [];
    const begins: number[] = [];
    let cell = 1;
    for (const word of sorted) {
      const weight = counts[word]!;
      if (weights.at(-1) !== weight) {
        weights.push(weight);
        begins.push(cell);
      }
      for (let at = table.starts[word]!; at < table.starts[word + 1]!; at++) {
        const id = idOf[table.arena[at]!]!;
        if (id >= 0) cells[cell++] = id;
      }
      cells[cell++] = GAP;
    }
    this.cells = cells.subarray(0, cell);
    this.weights = Float64Array.from(weights);
    this.begins = Int32Array.from([...begins, length]);
    for (let hint = 0, index = 0; hint < this.hints.length; hint++) {
      while (index + 1 < weights.length && this.begins[index + 1]! <= hint << 6) index++;
      this.hints[hint] = index;
    }
  }

  /** How often the word of this cell occurs in the corpus. */
  weightAt(cell: number): number {
    let index = this.hints[cell >> 6]!;
    while (this.begins[index + 1]! <= cell) index++;
    return this.weights[index]!;
  }

  /** Counts every pair of neighbours and lists the cells where each stands, in order. */
  pairs(): { table: PairTable; places: PlaceLists } {
    const { cells } = this;
    const table = new PairTable();
    const sizes: number[] = [];
    for (let cell = 1; cell + 1 < cells.length; cell++) {
      if (cells[cell]! < 0 || cells[cell + 1]! < 0) continue;
      const pair = table.add(cells[cell]!, cells[cell + 1]!);
      table.counts[pair]! += this.weightAt(cell);
      sizes[pair] = (sizes[pair] ?? 0) + 1;
    }
    const places = new PlaceLists(cells.length);
    for (let pair = 0; pair < table.size; pair++) places.reserve(pair, sizes[pair]!);
    for (let cell = 1; cell + 1 < cells.length; cell++) {
      if (cells[cell]! < 0 || cells[cell + 1]! < 0) continue;
      places.put(table.find(cells[cell]!, cells[cell + 1]!), cell);
    }
    return { table, places };
  }
}

/** For each pair the cells where it stands (or stood: readers check), as segments of one array. */
export class PlaceLists {
  arena: Int32Array;
  begins = new Int32Array(1 << 12);
  ends = new Int32Array(1 << 12);
  private used = 0;
  private known = 0;

  constructor(capacity: number) {
    this.arena = new Int32Array(capacity);
  }

  /** Gives a pair an empty segment with room for `size` cells. */
  reserve(pair: number, size: number): void {
    if (pair >= this.begins.length) {
      this.begins = grown(this.begins, pair + 1);
      this.ends = grown(this.ends, pair + 1);
    }
    this.known = Math.max(this.known, pair + 1);
    if (this.used + size > this.arena.length) this.makeRoom(size);
    this.begins[pair] = this.ends[pair] = this.used;
    this.used += size;
  }

  put(pair: number, cell: number): void {
    this.arena[this.ends[pair]!++] = cell;
  }

  /** Forgets a pair's cells; their room is used again later. */
  release(pair: number): void {
    this.ends[pair] = this.begins[pair]!;
  }

  /** Closes the gaps that released segments left, and grows only if that gives too little. */
  private makeRoom(size: number): void {
    const { arena, begins, ends } = this;
    const live: number[] = [];
    let needed = size;
    for (let pair = 0; pair < this.known; pair++) {
      if (ends[pair]! <= begins[pair]!) continue;
      live.push(pair);
      needed += ends[pair]! - begins[pair]!;
    }
    live.sort((a, b) => begins[a]! - begins[b]!);
    const target = needed > arena.length * 0.75 ? new Int32Array(Math.ceil(needed * 1.5)) : arena;
    let at = 0;
    for (const pair of live) {
      const [from, to] = [begins[pair]!, ends[pair]!];
      if (target === arena) arena.copyWithin(at, from, to);
      else target.set(arena.subarray(from, to), at);
      begins[pair] = at;
      ends[pair] = at += to - from;
    }
    this.arena = target;
    this.used = at;
  }
}
