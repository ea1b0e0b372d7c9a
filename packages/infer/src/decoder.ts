import * as tf from "@tensorflow/tfjs-core";
import { createCache, disposeCache, type KvCache } from "@llm/model";
import type { Run } from "./run.js";

/** Smallest cache; each next one is twice as long, up to the model's context. */
const SMALLEST_CACHE = 128;
/** Smallest prompt shape on engines that compile one version of the step for each shape. */
const SMALLEST_PREFILL = 16;

/** The smallest of start, 2·start, 4·start, … (but at most `most`) that holds n. */
export function bucketFor(n: number, start: number, most: number): number {
  let size = start;
  while (size < n) size *= 2;
  return Math.min(size, most);
}

/**
 * The model's next-token logits for one growing text, over a KV cache that is as short as the text allows: attention reads the
 * whole cache for every token, so a chat of a few lines should not pay for 1,024 positions. When the text outgrows the cache, it is
 * copied into one twice as long.
 */
export class CachedDecoder {
  readonly #run: Run;
  #cache: KvCache | undefined;
  #capacity = 0;
  #length = 0;

  constructor(run: Run) {
    this.#run = run;
  }

  /** Tokens so far. */
  get length(): number {
    return this.#length;
  }

  /**
   * Appends tokens and returns the logits [vocabSize] of what follows the last one.
   *
   * @param ids - At least one; that the context is not exceeded is up to the caller.
   */
  async append(ids: readonly number[]): Promise<Float32Array> {
    const { config, step, engine } = this.#run;
    const most = config.maxPositions;
    this.#reserve(bucketFor(this.#length + ids.length, Math.min(SMALLEST_CACHE, most), most));
    // An engine that compiles gets few shapes: the prompt is filled up, and the surplus slots are overwritten before any token
    // may look at them.
    const compiles = engine.name.startsWith("tensorflow");
    const shape = ids.length === 1 || !compiles ? ids.length : Math.min(bucketFor(ids.length, SMALLEST_PREFILL, most), this.#capacity - this.#length);
    const padded = new Int32Array(shape);
    padded.set(ids);
    const inputs = [tf.tensor2d(padded, [1, shape], "int32"), tf.scalar(this.#length, "int32"), tf.scalar(ids.length - 1, "int32")] as const;
    try {
      const before = this.#cache!;
      const { logits, cache } = await step.callAsync(...inputs, before);
      disposeCache(before);
      this.#cache = cache;
      this.#length += ids.length;
      const values = (await logits.data()) as Float32Array;
      logits.dispose();
      return values;
    } finally {
      tf.dispose([...inputs]);
    }
  }

  /** Frees the cache. */
  dispose(): void {
    if (this.#cache) disposeCache(this.#cache);
    this.#cache = undefined;
  }

  #reserve(capacity: number): void {
    if (this.#cache && capacity <= this.#capacity) return;
    if (!this.#cache) this.#cache = createCache(this.#run.config, 1, capacity);
    else {
      const old = this.#cache;
      const grown = (tensor: tf.Tensor4D): tf.Tensor4D => tf.pad(tensor, [[0, 0], [0, 0], [0, capacity - this.#capacity], [0, 0]]);
      this.#cache = { keys: old.keys.map(grown), values: old.values.map(grown) };
      disposeCache(old);
    }
    this.#capacity = capacity;
  }
}
