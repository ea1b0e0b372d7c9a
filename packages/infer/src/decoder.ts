import * as tf from "@tensorflow/tfjs-core";
import type { CompiledFunction } from "@llm/backend";
import { createCache, createStaticCache, disposeCache, growStaticCache, type KvCache, type LlamaConfig, type StaticCache } from "@llm/model";
import type { Run, StaticStep, Step } from "./run.js";

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

/** A KV cache of some capacity and the step that goes with it. */
interface Memory {
  /** Makes room for `capacity` tokens, which is more than before; what is there stays. */
  grow(capacity: number): void;
  /** The logits [vocabSize] after the token at index `last` of `ids`, which stand at `position`. */
  step(ids: Int32Array, position: number, last: number): Promise<Float32Array>;
  dispose(): void;
}

/**
 * The model's next-token logits for one growing text, over a KV cache that is as short as the text allows: attention reads the
 * whole cache for every token, so a chat of a few lines should not pay for 1,024 positions. When the text outgrows the cache, it is
 * copied into one twice as long.
 */
export class CachedDecoder {
  readonly #run: Run;
  readonly #memory: Memory;
  #capacity = 0;
  #length = 0;

  constructor(run: Run) {
    this.#run = run;
    this.#memory = run.staticStep ? staticMemory(run.config, run.staticStep) : copiedMemory(run.config, run.step);
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
    const { config, engine } = this.#run;
    const most = config.maxPositions;
    const capacity = bucketFor(this.#length + ids.length, Math.min(SMALLEST_CACHE, most), most);
    if (capacity > this.#capacity) {
      this.#memory.grow(capacity);
      this.#capacity = capacity;
    }
    // An engine that compiles gets few shapes: the prompt is filled up, and the surplus slots are overwritten before any token
    // may look at them.
    const compiles = engine.name.startsWith("tensorflow");
    const shape = ids.length === 1 || !compiles ? ids.length : Math.min(bucketFor(ids.length, SMALLEST_PREFILL, most), this.#capacity - this.#length);
    const padded = new Int32Array(shape);
    padded.set(ids);
    const logits = await this.#memory.step(padded, this.#length, ids.length - 1);
    this.#length += ids.length;
    return logits;
  }

  /** Frees the cache. */
  dispose(): void {
    this.#memory.dispose();
  }
}

async function read(logits: tf.Tensor): Promise<Float32Array> {
  const values = (await logits.data()) as Float32Array;
  logits.dispose();
  return values;
}

/** For every engine: each step makes a new cache. */
function copiedMemory(config: LlamaConfig, step: CompiledFunction<Step>): Memory {
  let cache: KvCache | undefined;
  const free = (): void => {
    if (cache) disposeCache(cache);
    cache = undefined;
  };
  return {
    grow(capacity) {
      const old = cache;
      if (!old) {
        cache = createCache(config, 1, capacity);
        return;
      }
      const grown = (tensor: tf.Tensor4D): tf.Tensor4D => tf.pad(tensor, [[0, 0], [0, 0], [0, capacity - tensor.shape[2]], [0, 0]]);
      cache = { keys: old.keys.map(grown), values: old.values.map(grown) };
      disposeCache(old);
    },
    async step(ids, position, last) {
      const inputs = [tf.tensor2d(ids, [1, ids.length], "int32"), tf.scalar(position, "int32"), tf.scalar(last, "int32")] as const;
      try {
        const next = await step.callAsync(...inputs, cache!);
        free();
        cache = next.cache;
        return await read(next.logits);
      } finally {
        tf.dispose([...inputs]);
      }
    },
    dispose: free,
  };
}

/** Where the engine can write in place: nothing but logits comes out of a step. */
function staticMemory(config: LlamaConfig, step: CompiledFunction<StaticStep>): Memory {
  let cache: StaticCache | undefined;
  return {
    grow(capacity) {
      cache = cache ? growStaticCache(cache, config, capacity) : createStaticCache(config, capacity);
    },
    async step(ids, position, last) {
      const inputs = [tf.tensor1d(ids, "int32"), tf.scalar(position, "int32"), tf.scalar(last, "int32")] as const;
      try {
        return await read(await step.callAsync(...inputs, cache!));
      } finally {
        tf.dispose([...inputs]);
      }
    },
    dispose() {
      cache?.memory.dispose();
      cache = undefined;
    },
  };
}
