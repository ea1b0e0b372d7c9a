import type { WordSplit } from "../../train/word-counts.js";
import { WordCounts } from "../../train/word-counts.js";

/** Sequences to count, as UTF-8. */
export interface CountTask {
  bytes: Uint8Array<ArrayBuffer>;
  /** Where each sequence ends; it begins where the one before ended. */
  ends: Uint32Array<ArrayBuffer>;
  /** Whether nothing is kept back: the last task of a worker. */
  last: boolean;
}

/** Unique words with their counts, in flat arrays. */
export interface CountTable {
  size: number;
  starts: Int32Array<ArrayBuffer>;
  arena: Uint8Array<ArrayBuffer>;
  hashes: Int32Array<ArrayBuffer>;
  counts: Float64Array<ArrayBuffer>;
}

/** What a worker counted. Counts are kept back until there are many words. */
export interface CountResult {
  /** The task's buffer, to be used again. */
  bytes: Uint8Array<ArrayBuffer>;
  words: number;
  table?: CountTable;
}

/** Unique words that a worker keeps before it hands them on: bounds its memory to a few megabytes. */
const MOST_WORDS = 1 << 17;

/** Counts the sequences of a task. */
export function addSequences(words: WordCounts, { bytes, ends }: Pick<CountTask, "bytes" | "ends">): void {
  let start = 0;
  for (const end of ends) {
    words.addBytes(bytes, start, end);
    start = end;
  }
}

/** What a worker does with each of its tasks. */
export function countJob(split: WordSplit): (task: CountTask) => { result: CountResult; transfer: ArrayBuffer[] } {
  let words = new WordCounts(split);
  return (task) => {
    const before = words.total;
    addSequences(words, task);
    const result: CountResult = { bytes: task.bytes, words: words.total - before };
    const transfer = [task.bytes.buffer];
    if (task.last || words.sizeSoFar > MOST_WORDS) {
      const { table, counts } = words.flat();
      const { size } = table;
      result.table = {
        size,
        starts: table.starts.slice(0, size + 1),
        arena: table.arena.slice(0, table.starts[size]),
        hashes: table.hashes.slice(0, size),
        counts: counts.slice(0, size),
      };
      transfer.push(result.table.starts.buffer, result.table.arena.buffer, result.table.hashes.buffer, result.table.counts.buffer);
      words = new WordCounts(split);
    }
    return { result, transfer };
  };
}
