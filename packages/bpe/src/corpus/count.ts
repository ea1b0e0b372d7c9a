import { BpeError } from "../errors.js";
import { forEachPart, withBytes } from "../text-chunks.js";
import type { TrainProgress } from "../train/options.js";
import type { Texts } from "../train/train.js";
import { turns } from "../train/turns.js";
import { WordCounts, type WordSplit } from "../train/word-counts.js";
import { type CountResult, type CountTask, addSequences } from "./threads/count-task.js";
import { WorkerPool, threadCount } from "./threads/pool.js";

/** Options of {@link countWordsOnThreads}. */
export interface CountOptions extends WordSplit {
  /** Worker threads; 0 for none, default one for each processor. The result does not depend on it. */
  threads?: number;
  onProgress?: (event: TrainProgress) => void;
  signal?: AbortSignal;
}

/** Bytes of text in a task. */
const TASK = 1 << 20;
/** Texts of up to this many tasks are counted before threads would be ready. */
const FEW = 4;

/**
 * Counts the words of texts on worker threads, as `countWords` does on one. Memory: that of the unique words, and about
 * 20 MB for each thread.
 *
 * @throws BpeError where an option is out of range or a text is none; the signal's reason where it aborts.
 */
export async function countWordsOnThreads(texts: Texts, options: CountOptions = {}): Promise<WordCounts> {
  const { addPrefixSpace = false, useRegex = true, onProgress, signal } = options;
  const threads = threadCount(options.threads);
  const turn = turns(signal);
  const packer = new Packer(addPrefixSpace, useRegex);
  const words = new WordCounts({ addPrefixSpace, useRegex });
  let seen = 0;
  let bytes = 0;
  let pool: WorkerPool<CountTask, CountResult> | undefined;
  let failure: { error: unknown } | undefined;
  const running = new Set<Promise<void>>();

  const take = ({ bytes: buffer, words: counted, table }: CountResult): void => {
    packer.reuse(buffer);
    words.total += counted;
    if (table) words.addTable(table, table.counts);
  };
  const start = (task: CountTask): void => {
    const run = pool!.run(task, [task.bytes.buffer]).then(take).catch((error: unknown) => (failure ??= { error })).then(() => void running.delete(run));
    running.add(run);
  };
  const dispatch = async (): Promise<void> => {
    if (!pool && (packer.full.length <= FEW || threads === 0)) {
      if (threads === 0) for (const task of packer.full.splice(0)) countHere(task);
      return;
    }
    pool ??= new WorkerPool({ kind: "count", data: { useRegex } }, threads);
    for (const task of packer.full.splice(0)) {
      await pool.room();
      if (failure) throw failure.error;
      signal?.throwIfAborted();
      start(task);
    }
  };
  const countHere = (task: CountTask): void => {
    addSequences(words, task);
    packer.reuse(task.bytes);
  };
  const report = (): void => onProgress?.({ stage: "count", texts: seen, bytes, words: words.total, uniqueWords: words.sizeSoFar });

  try {
    for await (const batch of texts) {
      for (const text of typeof batch === "string" ? [batch] : batch) {
        if (typeof text !== "string") throw new BpeError(`A text is ${text === null ? "null" : typeof text}; expected strings or lists of strings.`);
        bytes += packer.add(text);
        seen++;
        if (packer.full.length > 0) await dispatch();
      }
      const pause = turn();
      if (pause && (await pause)) report();
    }
    packer.close();
    await dispatch();
    if (pool) {
      // One empty task for each worker asks for what it kept back: every worker has the same number of tasks by then.
      await Promise.all(running);
      for (let index = 0; index < threads; index++) start({ bytes: new Uint8Array(0), ends: new Uint32Array(0), last: true });
      await Promise.all(running);
      if (failure) throw (failure as { error: unknown }).error;
      signal?.throwIfAborted();
    } else for (const task of packer.full.splice(0)) countHere(task);
  } finally {
    await pool?.close();
  }
  // Counted here, or not, they are all here; what was counted in threads brought no sum of bytes along.
  words.bytes = bytes;
  words.flat();
  report();
  return words;
}

/** Packs sequences as UTF-8 into buffers of about a megabyte. */
class Packer {
  /** Tasks that are complete. */
  readonly full: CountTask[] = [];
  private readonly free: Uint8Array<ArrayBuffer>[] = [];
  private bytes: Uint8Array<ArrayBuffer> = new Uint8Array(TASK);
  private used = 0;
  private ends: number[] = [];

  constructor(
    private readonly addPrefixSpace: boolean,
    private readonly useRegex: boolean,
  ) {}

  /** Adds a sequence, a long one in parts; returns its bytes. */
  add(text: string): number {
    if (text === "") return 0;
    let total = 0;
    const whole = this.addPrefixSpace && !text.startsWith(" ") ? ` ${text}` : text;
    (this.useRegex ? forEachPart : withBytes)(whole, (bytes, length) => {
      if (this.used + length > this.bytes.length) this.close(length);
      this.bytes.set(bytes.subarray(0, length), this.used);
      this.ends.push((this.used += length));
      total += length;
    });
    return total;
  }

  /** Completes the open task; the next one has room for `room` bytes. */
  close(room = TASK): void {
    if (this.used > 0) this.full.push({ bytes: this.bytes, ends: Uint32Array.from(this.ends), last: false });
    this.bytes = room <= TASK ? (this.free.pop() ?? new Uint8Array(TASK)) : new Uint8Array(room);
    this.used = 0;
    this.ends = [];
  }

  /** Takes back the buffer of a task that is done. */
  reuse(bytes: Uint8Array<ArrayBuffer>): void {
    if (bytes.length === TASK && this.free.length < 64) this.free.push(bytes);
  }
}
