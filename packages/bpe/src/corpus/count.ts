import { isUtf8 } from "node:buffer";
import { open } from "node:fs/promises";
import { BpeError } from "../errors.js";
import type { TrainProgress } from "../train/options.js";
import { textNormalizer } from "../train/normalize.js";
import type { Texts, TrainOptions } from "../train/train.js";
import { turns } from "../train/turns.js";
import { WordCounts, type WordSplit } from "../train/word-counts.js";
import { fileLines } from "./lines.js";
import { Packer, TASK } from "./packer.js";
import { type CountResult, type CountTask, addSequences } from "./threads/count-task.js";
import { WorkerPool, threadCount } from "./threads/pool.js";

/** Options of {@link countWordsOnThreads} and {@link countLinesOnThreads}. */
export interface CountOptions extends WordSplit {
  /** Changes texts before they are split, as it stands in tokenizer.json; default none. */
  normalizer?: TrainOptions["normalizer"];
  /** Worker threads; 0 for none, default one for each processor. The result does not depend on it. */
  threads?: number;
  onProgress?: (event: TrainProgress) => void;
  signal?: AbortSignal;
}

/** Tasks that are kept back until threads are started: fewer are done before those would be ready. */
const FEW = 4;

/**
 * Counts the words of texts on worker threads, as `countWords` does on one. Memory: that of the unique words, and about
 * 20 MB for each thread.
 *
 * @throws BpeError where an option is out of range or a text is none; the signal's reason where it aborts.
 */
export function countWordsOnThreads(texts: Texts, options: CountOptions = {}): Promise<WordCounts> {
  return count(options, async (run) => {
    const normalize = textNormalizer(options.normalizer);
    const packer = new Packer(options.addPrefixSpace ?? false, options.useRegex ?? true, run.free);
    for await (const batch of texts) {
      for (const text of typeof batch === "string" ? [batch] : batch) {
        if (typeof text !== "string") throw new BpeError(`A text is ${text === null ? "null" : typeof text}; expected strings or lists of strings.`);
        run.bytes += packer.add(normalize ? normalize(text) : text);
        run.texts++;
        for (const task of packer.full.splice(0)) await run.dispatch(task);
      }
      await run.turn();
    }
    packer.close();
    for (const task of packer.full.splice(0)) await run.dispatch(task);
  });
}

/**
 * Counts the words of files line by line, as of `fileLines`: each line with its end is a sequence, as Hugging Face's
 * `train(files)` has it. The same as `countWordsOnThreads(fileLines(paths))`, and faster: bytes are counted as they are read.
 *
 * @throws BpeError where a file is not UTF-8; NodeJS.ErrnoException where one can't be read; the signal's reason.
 */
export function countLinesOnThreads(paths: string | readonly string[], options: CountOptions = {}): Promise<WordCounts> {
  // Otherwise the bytes to count are not those of the file.
  if (options.addPrefixSpace || options.normalizer) return countWordsOnThreads(fileLines(paths, options.signal ? { signal: options.signal } : {}), options);
  return count(options, async (run) => {
    for (const path of typeof paths === "string" ? [paths] : paths) {
      const file = await open(path, "r");
      try {
        let kept: Uint8Array = new Uint8Array(0);
        for (;;) {
          const size = Math.max(TASK, kept.length * 2);
          const bytes = (size === TASK ? run.free.pop() : undefined) ?? new Uint8Array(size);
          bytes.set(kept);
          let used = kept.length;
          const { bytesRead } = await file.read(bytes, used, size - used);
          used += bytesRead;
          const end = bytesRead === 0 ? used : bytes.lastIndexOf(0x0a, used - 1) + 1;
          kept = bytes.slice(end, used);
          if (end > 0) {
            if (!isUtf8(bytes.subarray(0, end))) throw new BpeError(`${path} is not UTF-8 text. Convert it to UTF-8 first.`);
            const ends: number[] = [];
            for (let at = bytes.indexOf(0x0a); at >= 0 && at < end; at = bytes.indexOf(0x0a, at + 1)) ends.push(at + 1);
            if (ends.at(-1) !== end) ends.push(end);
            run.bytes += end;
            run.texts += ends.length;
            await run.dispatch({ bytes, ends: Uint32Array.from(ends), last: false });
            await run.turn();
          }
          if (bytesRead === 0) break;
        }
      } finally {
        await file.close();
      }
    }
  });
}

/** What the sources of tasks see of a count under way. */
interface Run {
  texts: number;
  bytes: number;
  /** Buffers of tasks that are done. */
  readonly free: Uint8Array<ArrayBuffer>[];
  /** Has a task counted, here or in a thread. */
  dispatch(task: CountTask): Promise<void>;
  /** Reports progress every now and then, and lets signals through. */
  turn(): Promise<void>;
}

async function count({ addPrefixSpace = false, useRegex = true, threads: wanted, onProgress, signal }: CountOptions, feed: (run: Run) => Promise<void>): Promise<WordCounts> {
  const threads = threadCount(wanted);
  const turn = turns(signal);
  const words = new WordCounts({ addPrefixSpace, useRegex });
  const early: CountTask[] = [];
  const running = new Set<Promise<void>>();
  let pool: WorkerPool<CountTask, CountResult> | undefined;
  const failures: unknown[] = [];

  const reuse = (bytes: Uint8Array<ArrayBuffer>): void => {
    if (bytes.length === TASK && run.free.length < 4 + 2 * threads) run.free.push(bytes);
  };
  const take = ({ bytes, words: counted, table }: CountResult): void => {
    reuse(bytes);
    words.total += counted;
    if (table) words.addTable(table, table.counts);
  };
  const here = (task: CountTask): void => {
    addSequences(words, task);
    reuse(task.bytes);
  };
  const start = (task: CountTask): void => {
    const done = pool!.run(task, [task.bytes.buffer]).then(take).catch((error: unknown) => void failures.push(error)).then(() => void running.delete(done));
    running.add(done);
  };
  const check = (): void => {
    if (failures.length > 0) throw failures[0];
    signal?.throwIfAborted();
  };
  const report = (): void => onProgress?.({ stage: "count", texts: run.texts, bytes: run.bytes, words: words.total, uniqueWords: words.sizeSoFar });
  const run: Run = {
    texts: 0,
    bytes: 0,
    free: [],
    async dispatch(task) {
      if (threads === 0) return here(task);
      if (!pool && early.push(task) <= FEW) return;
      const tasks = pool ? [task] : early.splice(0);
      pool ??= new WorkerPool({ kind: "count", data: { useRegex } }, threads);
      for (const one of tasks) {
        await pool.room();
        check();
        start(one);
      }
    },
    async turn() {
      const pause = turn();
      if (pause && (await pause)) report();
    },
  };
  try {
    await feed(run);
    early.forEach(here);
    if (pool) {
      await Promise.all(running);
      // One empty task for each worker, none of which has another by then, asks for what it kept back.
      for (let index = 0; index < threads; index++) start({ bytes: new Uint8Array(0), ends: new Uint32Array(0), last: true });
      await Promise.all(running);
    }
    check();
  } finally {
    await pool?.close();
  }
  // What was counted in threads brought no sum of bytes along.
  words.bytes = run.bytes;
  words.flat();
  report();
  return words;
}
