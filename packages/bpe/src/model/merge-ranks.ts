import { invalid } from "../json/read.js";
import { hashPair, placesFor, probesFor } from "../train/pair-table.js";

/** The merges of a model: which pair of ids becomes which id, and how early. */
export class MergeRanks {
  /** The id that the merge of each rank makes. */
  readonly ids: Int32Array;
  /**
   * Whether a merge may make a token that is no longer than its left part, and two merges make the same id; then the order of
   * work matters beyond the ranks. Otherwise a pair at one place makes an id only once: whatever it is merged with makes it longer.
   */
  readonly ambiguous: boolean;
  private readonly slots: Int32Array;
  private readonly mask: number;

  /**
   * @param merges Left id, right id, left id … by rank; of a repeated pair the later rank counts.
   * @param growing Whether every merge makes a longer text than both its parts; not sure where parts lose a prefix.
   * @param slots The hash table of the merges, where it is made already.
   * @throws BpeError where the merges were chosen so that it is slow
   */
  constructor(
    readonly merges: Int32Array,
    ids: Int32Array,
    growing = true,
    slots?: Int32Array,
  ) {
    const count = ids.length;
    this.ids = ids;
    this.slots = slots ?? new Int32Array(placesFor(count));
    this.mask = this.slots.length - 1;
    if (!slots) this.fill(count);
    this.ambiguous = !growing && new Set(ids).size < count;
  }

  /** How many places the hash table has: a power of two, at least twice as many as there are merges. */
  get places(): number {
    return this.slots.length;
  }

  /** The rank of a pair, or -1. */
  rank(left: number, right: number): number {
    return this.slots[this.slotOf(left, right)]! - 1;
  }

  private fill(count: number): void {
    const { merges, slots, mask } = this;
    let left = probesFor(count);
    for (let rank = 0; rank < count; rank++) {
      const slot = this.slotOf(merges[rank * 2]!, merges[rank * 2 + 1]!);
      left -= (slot - hashPair(merges[rank * 2]!, merges[rank * 2 + 1]!)) & mask;
      if (left < 0) throw invalid("its merges are chosen so that it takes very long to find one");
      slots[slot] = rank + 1;
    }
  }

  private slotOf(left: number, right: number): number {
    const { merges, slots, mask } = this;
    let slot = hashPair(left, right) & mask;
    for (;;) {
      const rank = slots[slot]! - 1;
      if (rank < 0 || (merges[rank * 2] === left && merges[rank * 2 + 1] === right)) return slot;
      slot = (slot + 1) & mask;
    }
  }
}
