import { PairTable } from "./pair-table.js";
import { PlaceLists } from "./places.js";
import type { WordTable } from "./word-table.js";

/** Unique words and how often each occurs. */
export interface FlatWords {
  table: Pick<WordTable, "size" | "starts" | "arena">;
  counts: Float64Array;
}

/** How words begin: what their symbols are before the first merge that is looked for. */
export interface Symbols {
  /** Writes the ids of a word's symbols and returns how many they are; at most one for each byte. */
  split(bytes: Uint8Array, start: number, end: number, ids: Int32Array): number;
  /** Bytes of each token by id; as long as there can be ids. */
  lengths: Int32Array;
}

/** Up to here lengths and ids fit into cells of 16 bits, which halves the memory. */
const NARROW = 0x7fff;

/**
 * The unique words as one strip of cells, a cell for each byte: a symbol has its id in its first cell, and the negative of
 * its length in its last one when it has more than one, so that both neighbours of a symbol are found without links.
 * Other cells of a symbol are negative. Words stand by falling count, which makes the weight of a cell piecewise constant.
 */
export class SymbolStrip {
  readonly cells: Int32Array | Int16Array;
  /** What stands between two words. */
  readonly gap: number;
  /** Bytes of each token by id; those of tokens that are merged are filled in by who merges. */
  readonly lengths: Int32Array;
  /** The weights that occur, falling, and the cell where each begins. */
  private readonly weights: Float64Array;
  private readonly begins: Int32Array;
  /** For every 64th cell the index of its weight. */
  private readonly hints: Int32Array;

  constructor({ table, counts }: FlatWords, { split, lengths }: Symbols) {
    this.lengths = lengths;
    const { starts, arena } = table;
    const order = new Uint32Array(table.size);
    let length = 1;
    let kept = 0;
    let longest = 0;
    for (let word = 0; word < table.size; word++) {
      const size = starts[word + 1]! - starts[word]!;
      if (size < 2) continue; // a single symbol has no pair
      order[kept++] = word;
      length += size + 1;
      longest = Math.max(longest, size);
    }
    const narrow = lengths.length <= NARROW && longest <= NARROW;
    const cells = narrow ? new Int16Array(length) : new Int32Array(length);
    this.gap = narrow ? -0x8000 : -0x80000000;
    cells[0] = this.gap;
    const weights: number[] = [];
    const begins: number[] = [];
    const ids = new Int32Array(longest);
    let cell = 1;
    for (const word of byFallingCount(order.subarray(0, kept), counts)) {
      const weight = counts[word]!;
      if (weights.at(-1) !== weight) {
        weights.push(weight);
        begins.push(cell);
      }
      const symbols = split(arena, starts[word]!, starts[word + 1]!, ids);
      for (let at = 0; at < symbols; at++) {
        const size = lengths[ids[at]!]!;
        if (size > 1) {
          cells.fill(-1, cell + 1, cell + size - 1);
          cells[cell + size - 1] = -size;
        }
        cells[cell] = ids[at]!;
        cell += size;
      }
      cells[cell++] = this.gap;
    }
    this.cells = cells.subarray(0, cell);
    this.weights = Float64Array.from(weights);
    this.begins = Int32Array.from([...begins, length]);
    this.hints = new Int32Array((length >> 6) + 1);
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

  /**
   * Counts every pair of neighbours and lists the cells where each stands, in order.
   *
   * @param maxTokenLength Pairs of this many bytes or more are left out, but for those of two bytes: as the oracle does.
   */
  pairs(maxTokenLength: number): { table: PairTable; places: PlaceLists } {
    const { cells, lengths } = this;
    const table = new PairTable();
    const sizes: number[] = [];
    /** The cell after a symbol where a pair begins that counts, else -1. */
    const second = (cell: number): number => {
      if (cells[cell]! < 0) return -1;
      const next = cell + lengths[cells[cell]!]!;
      if (cells[next]! < 0) return -1;
      const length = next - cell + lengths[cells[next]!]!;
      return length > 2 && length >= maxTokenLength ? -1 : next;
    };
    for (let cell = 1; cell + 1 < cells.length; cell++) {
      const next = second(cell);
      if (next < 0) continue;
      const pair = table.add(cells[cell]!, cells[next]!);
      table.counts[pair]! += this.weightAt(cell);
      sizes[pair] = (sizes[pair] ?? 0) + 1;
    }
    const places = new PlaceLists(sizes.reduce((sum, size) => sum + size, 0));
    for (let pair = 0; pair < table.size; pair++) places.reserve(pair, sizes[pair]!);
    for (let cell = 1; cell + 1 < cells.length; cell++) {
      const next = second(cell);
      if (next >= 0) places.put(table.find(cells[cell]!, cells[next]!), cell);
    }
    return { table, places };
  }
}

/** Counts below this are sorted by counting them. */
const SMALL = 1 << 16;

/** Words with the frequent ones first, equally frequent ones as they came. */
function byFallingCount(words: Uint32Array, counts: Float64Array): Uint32Array {
  const ends = new Uint32Array(SMALL + 1);
  const large: number[] = [];
  for (const word of words) {
    if (counts[word]! < SMALL) ends[counts[word]!]!++;
    else large.push(word);
  }
  large.sort((a, b) => counts[b]! - counts[a]! || a - b);
  const sorted = new Uint32Array(words.length);
  sorted.set(large);
  for (let count = SMALL - 1, at = large.length; count >= 0; count--) {
    const size = ends[count]!;
    ends[count] = at;
    at += size;
  }
  for (const word of words) if (counts[word]! < SMALL) sorted[ends[counts[word]!]!++] = word;
  return sorted;
}
