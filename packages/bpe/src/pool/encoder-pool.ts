import { setImmediate } from "node:timers/promises";
import { threadCount, WorkerPool } from "../corpus/threads/pool.js";
import { BpeError } from "../errors.js";
import type { FlatEncoder } from "../flat-encoder.js";
import type { EncodeOptions, Tokenizer } from "../tokenizer.js";
import { encodeTexts, type EncodeData, type EncodedTexts, type EncodeTask } from "./encode-task.js";
import { TextPacker } from "./packed-texts.js";

/** UTF-16 units of text that a worker gets at once: at least and at most, and of a stream. */
const LEAST = 1 << 14;
const MOST = 1 << 19;
const STREAMED = 1 << 18;
/** Texts that a worker gets at once, at most. */
const MOST_TEXTS = 1 << 13;
/** Tasks of a batch become smaller towards its end, this share of what is left for each worker, so that none waits long for the last one. */
const SHARE = 1 / 3;

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
  private readonly pool: WorkerPool<EncodeTask, EncodedTexts> | undefined;
  /** Packs texts for a tokenizer that reads UTF-8. */
  private readonly packer: TextPacker | undefined;
  private encoder: FlatEncoder | undefined;
  private closed = false;

  /** @param threads How many worker threads there are. */
  constructor(
    private readonly tokenizer: Tokenizer,
    private readonly options: EncodeOptions,
    readonly threads: number,
  ) {
    const data: EncodeData | undefined = threads > 0 ? { tokenizer: tokenizer.toJSON(false), options } : undefined;
    this.pool = data && new WorkerPool({ kind: "encode", data }, threads);
    this.packer = tokenizer.readsUtf8(options.special === "parse") ? new TextPacker() : undefined;
  }

  /**
   * Encodes texts on all threads. Calls may overlap.
   *
   * @returns The ids of each text, in the order of the texts, as `Tokenizer.encode` gives them. Lists of neighbours are views
   *   of one buffer: copy a list (`slice`) before its buffer is transferred or where it is kept for long and the others are not.
   * @throws BpeError where a worker fails or the pool is closed; the signal's reason where it aborts
   */
  async encode(texts: readonly string[], call: EncodeCall = {}): Promise<Uint32Array<ArrayBuffer>[]> {
    let left = texts.reduce((sum, text) => sum + text.length, 0);
    const size = (taken: number): number => Math.min(MOST, Math.max(LEAST, ((left -= taken) * SHARE) / Math.max(1, this.threads)));
    const lists: Uint32Array<ArrayBuffer>[] = [];
    for await (const encoded of this.tasks(texts, size, call)) for (const ids of views(encoded)) lists.push(ids);
    return lists;
  }

  /**
   * Encodes texts on all threads as they come, in their order. Memory: a megabyte or two of text for each thread, or its
   * longest text.
   *
   * @returns The ids of each text, as of `encode`.
   * @throws As `encode`, and what the source throws
   */
  async *encodeStream(texts: Iterable<string> | AsyncIterable<string>, call: EncodeCall = {}): AsyncGenerator<Uint32Array<ArrayBuffer>, void, undefined> {
    for await (const encoded of this.tasks(texts, () => STREAMED, call)) yield* views(encoded);
  }

  /** Ends the threads, at once; what they were at fails. A program does not end by itself before. */
  async close(): Promise<void> {
    this.closed = true;
    await this.pool?.close();
  }

  /** @param size Units that the next task shall have, once some were taken. */
  private async *tasks(texts: Iterable<string> | AsyncIterable<string>, size: (taken: number) => number, { signal }: EncodeCall): AsyncGenerator<EncodedTexts> {
    const running: Promise<EncodedTexts>[] = [];
    const aborted = abortion(signal);
    const check = (): void => {
      signal?.throwIfAborted();
      if (this.closed) throw new BpeError("This pool is closed; make another with createEncoderPool.");
    };
    const take = (): Promise<EncodedTexts> => Promise.race([running.shift()!, ...aborted.promise]);
    try {
      check();
      for await (const group of grouped(texts, size)) {
        // Without threads, timers and signals get their turn here.
        await Promise.race([this.pool ? this.pool.room() : setImmediate(), ...aborted.promise]);
        check();
        const result = this.pool ? this.onThread(this.pool, group.texts) : this.here(group.texts);
        // It is awaited in its turn; until then its failure is no one's yet.
        result.catch(() => undefined);
        running.push(result);
        while (running.length > this.threads * 4) yield await take();
      }
      while (running.length > 0) yield await take();
    } finally {
      aborted.forget();
    }
  }

  private async onThread(pool: WorkerPool<EncodeTask, EncodedTexts>, texts: readonly string[]): Promise<EncodedTexts> {
    const { packer } = this;
    const packed = packer?.pack(texts);
    if (!packer || !packed) return pool.run(texts);
    const encoded = await pool.run(packed, [packed.bytes.buffer, packed.ends.buffer]);
    packer.giveBack(encoded.bytes!);
    return encoded;
  }

  private async here(texts: readonly string[]): Promise<EncodedTexts> {
    return encodeTexts((this.encoder ??= this.tokenizer.flatEncoder(this.options)), texts);
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

/** Texts of one task, and their UTF-16 units. */
interface Group {
  texts: string[];
  units: number;
}

/** Texts in groups of about as many units as `size` says. */
async function* grouped(texts: Iterable<string> | AsyncIterable<string>, size: (taken: number) => number): AsyncGenerator<Group> {
  let group: Group = { texts: [], units: 0 };
  let wanted = size(0);
  const complete = (text: string): boolean => {
    if (typeof text !== "string") throw new BpeError(`A text is ${typeof text}; expected a string.`);
    group.texts.push(text);
    group.units += text.length;
    return group.units >= wanted || group.texts.length >= MOST_TEXTS;
  };
  const next = (): Group => {
    const full = group;
    group = { texts: [], units: 0 };
    wanted = size(full.units);
    return full;
  };
  // An array is not awaited text by text.
  if (Symbol.asyncIterator in texts) for await (const text of texts) { if (complete(text)) yield next(); }
  else for (const text of texts) if (complete(text)) yield next();
  if (group.texts.length > 0) yield next();
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
