import { grown } from "../byte-table.js";

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
