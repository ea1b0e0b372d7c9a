import type { Worker } from "node:worker_threads";
import { DatasetError, ShardError } from "../errors.js";
import type { ShardSetHandle } from "../shards/reader.js";
import { startThread } from "../util/thread.js";
import type { Shape } from "./fill.js";
import type { BatchSource, Delivery, Share } from "./local.js";
import type { LoaderState } from "./types.js";

/** What a worker makes batches of. */
export interface PrefetchJob {
  set: ShardSetHandle;
  shape: Shape;
  state: LoaderState;
  share: Share;
}

/** What a worker is started with: it makes batches `index`, `index + workers`, … and stays at most `prefetch` ahead. */
export interface WorkerJob extends PrefetchJob {
  index: number;
  workers: number;
  prefetch: number;
}

/** What a worker says: a batch, that there is none left, or which known error stops it. */
export type WorkerMessage = { delivery: Delivery | null } | { error: { message: string; file?: string } };

/** One worker's batches in their order. */
class Lane {
  readonly #worker: Worker;
  readonly #ready: (WorkerMessage | { thrown: unknown })[] = [];
  #wake: (() => void) | undefined;

  constructor(job: WorkerJob) {
    this.#worker = startThread("loader-worker", job);
    // A process is kept running by a batch that is waited for, not by threads that stand ready.
    this.#worker.unref();
    const push = (message: WorkerMessage | { thrown: unknown }): void => {
      this.#ready.push(message);
      this.#wake?.();
    };
    this.#worker.on("message", push);
    this.#worker.on("error", (thrown) => push({ thrown }));
    this.#worker.on("exit", () => push({ error: { message: "A thread that reads batches ahead has ended. Open the loader again to go on from its state." } }));
  }

  async next(): Promise<Delivery | null> {
    if (this.#ready.length === 0) {
      this.#worker.ref();
      await new Promise<void>((resolve) => (this.#wake = resolve));
      this.#wake = undefined;
      this.#worker.unref();
    }
    // The end and errors stay in their place: they are the answer to every later call.
    const message = this.#ready[0]!;
    if ("thrown" in message) throw message.thrown;
    if ("error" in message) {
      const { message: text, file } = message.error;
      throw file === undefined ? new DatasetError(text) : new ShardError(file, text);
    }
    if (!message.delivery) return null;
    this.#ready.shift();
    this.#worker.postMessage("more");
    return message.delivery;
  }

  async close(): Promise<void> {
    await this.#worker.terminate();
  }
}

/** Batches that worker threads read ahead, in the order of the loader: batch i is made by worker i modulo their number. */
export class Prefetcher implements BatchSource {
  readonly #lanes: Lane[];
  #count = 0;

  constructor(job: PrefetchJob, { prefetch, workers }: { prefetch: number; workers: number }) {
    this.#lanes = Array.from({ length: workers }, (_, index) => new Lane({ ...job, index, workers, prefetch }));
  }

  async next(): Promise<Delivery | null> {
    const delivery = await this.#lanes[this.#count % this.#lanes.length]!.next();
    if (delivery) this.#count++;
    return delivery;
  }

  async close(): Promise<void> {
    await Promise.all(this.#lanes.map((lane) => lane.close()));
  }
}
