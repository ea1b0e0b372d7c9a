import { setImmediate } from "node:timers/promises";
import { threadCount, WorkerPool } from "../corpus/threads/pool.js";
import { BpeError } from "../errors.js";
import type { EncodeOptions, Tokenizer } from "../tokenizer.js";
import { encodeTexts, type EncodeData, type EncodedTexts } from "./encode-task.js";

/** UTF-16 units of text that a worker gets at once: at least and at most. */
const LEAST = 1 << 14;
const MOST = 1 << 17;
/** Texts that a worker gets at once, at most. */
const MOST_TEXTS = 1 << 12;
/** Tasks for each worker that a batch is cut into, so that none waits long for the last one. */
const TASKS = 8;

/** How a pool encodes; the options of `Tokenizer.encode` hold for every text. */
export interface EncoderPoolOptions extends EncodeOptions {
  /** Worker threads; 0 for none, default one for each processor. */
  threads?: number;
}

/** What may end an encoding early. */
export interface EncodeCall {
  signal?: AbortSignal;
}

/** Worker threads that encode texts; made by `createEncoderPool`. */
export class EncoderPool {
  private readonly pool: WorkerPool<string[], EncodedTexts> | undefined;
  private closed = false;

  /** @param threads How many worker threads there are. */
  constructor(
    private readonly tokenizer: Tokenizer,
    private readonly options: EncodeOptions,
    readonly threads: number,
  ) {
    const data: EncodeData | undefined = threads > 0 ? { tokenizer: tokenizer.toJSON(false), options } : undefined;
    this.pool = data && new WorkerPool({ kind: "encode", data }, threads);
  }

  /**
   * Encodes texts on all threads. Calls may overlap.
   *
   * @returns The ids of each text, in the order of the texts, as `Tokenizer.encode` gives them. Lists of neighbours are views
   *   of one buffer: copy a list (`slice`) before its buffer is transferred or where it is kept for long and the others are not.
   * @throws BpeError where a worker fails or the pool is closed; the signal's reason where it aborts
   */
  async encode(texts: readonly string[], call: EncodeCall = {}): Promise<Uint32Array<ArrayBuffer>[]> {
    const units = texts.reduce((sum, text) => sum + text.length, 0);
    const size = Math.min(MOST, Math.max(LEAST, units / (TASKS * Math.max(1, this.threads))));
    const lists: Uint32Array<ArrayBuffer>[] = [];
    for await (const encoded of this.tasks(texts, size, call)) lists.push(...views(encoded));
    return lists;
  }

  /**
   * Encodes texts on all threads as they come, in their order. Memory: a few hundred kilobytes of text for each thread, or its
   * longest text.
   *
   * @returns The ids of each text, as of `encode`.
   * @throws As `encode`, and what the source throws
   */
  async *encodeStream(texts: Iterable<string> | AsyncIterable<string>, call: EncodeCall = {}): AsyncGenerator<Uint32Array<ArrayBuffer>, void, undefined> {
    for await (const encoded of this.tasks(texts, MOST, call)) yield* views(encoded);
  }

  /** Ends the threads, at once; what they were at fails. A program does not end by itself before. */
  async close(): Promise<void> {
    this.closed = true;
    await this.pool?.close();
  }

  private async *tasks(texts: Iterable<string> | AsyncIterable<string>, size: number, { signal }: EncodeCall): AsyncGenerator<EncodedTexts> {
    const running: Promise<EncodedTexts>[] = [];
    const aborted = abortion(signal);
    const check = (): void => {
      signal?.throwIfAborted();
      if (this.closed) throw new BpeError("This pool is closed; make another with createEncoderPool.");
    };
    const start = async (task: string[]): Promise<void> => {
      // Without threads, timers and signals get their turn here.
      await Promise.race([this.pool ? this.pool.room() : setImmediate(), ...aborted.promise]);
      check();
      const result = this.pool ? this.pool.run(task) : Promise.resolve(encodeTexts(this.tokenizer, task, this.options));
      // It is awaited in its turn; until then its failure is no one's yet.
      result.catch(() => undefined);
      running.push(result);
    };
    const take = (): Promise<EncodedTexts> => Promise.race([running.shift()!, ...aborted.promise]);
    try {
      check();
      let task: string[] = [];
      let units = 0;
      for await (const text of texts) {
        if (typeof text !== "string") throw new BpeError(`A text is ${typeof text}; expected a string.`);
        task.push(text);
        units += text.length;
        if (units < size && task.length < MOST_TEXTS) continue;
        await start(task);
        task = [];
        units = 0;
        while (running.length > this.threads * 4) yield await take();
      }
      if (task.length > 0) await start(task);
      while (running.length > 0) yield await take();
    } finally {
      aborted.forget();
    }
  }
}

/**
 * Starts worker threads that encode texts with a tokenizer, for batches and streams of many texts.
 *
 * A thread reads the tokenizer when it starts (some 0.1 s for 50,000 tokens), so a pool is worth keeping; close it at the end.
 *
 * @throws BpeError for a number of threads that is no whole number from 0 to 1,024
 */
export function createEncoderPool(tokenizer: Tokenizer, { threads, ...options }: EncoderPoolOptions = {}): EncoderPool {
  return new EncoderPool(tokenizer, options, threadCount(threads));
}

function* views({ ids, ends }: EncodedTexts): Generator<Uint32Array<ArrayBuffer>> {
  let start = 0;
  for (const end of ends) {
    yield ids.subarray(start, end);
    start = end;
  }
}

/** A promise that fails when a signal aborts; none without a signal. */
function abortion(signal: AbortSignal | undefined): { promise: Promise<never>[]; forget: () => void } {
  if (!signal) return { promise: [], forget: () => undefined };
  let forget = (): void => undefined;
  const promise = new Promise<never>((_, reject) => {
    const abort = (): void => reject(signal.reason as Error);
    signal.addEventListener("abort", abort, { once: true });
    forget = () => signal.removeEventListener("abort", abort);
  });
  promise.catch(() => undefined);
  return { promise: [promise], forget };
}
