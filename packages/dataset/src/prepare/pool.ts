import { Worker } from "node:worker_threads";
import { DatasetError } from "../errors.js";
import type { Unit } from "../plan/units.js";
import type { RewriteJob } from "./rewrite.js";
import type { UnitJob, UnitProgress } from "./unit.js";

/** What a thread is asked to do; "stop" ends what it does in order. */
export type WorkerRequest = { number: number; unit: Unit } | { rewrite: RewriteJob } | "stop";
/** What a thread says. */
export type WorkerAnswer = { done: unknown } | { progress: UnitProgress } | { error: unknown; known: boolean };

// In the repository's own tests this file runs as TypeScript, which a thread can't; it then takes the built worker.
const ENTRY = new URL(import.meta.url.endsWith(".ts") ? "../../dist/prepare-worker.js" : "./prepare-worker.js", import.meta.url);

/** One thread with at most one request under way. */
class Lane {
  readonly #worker: Worker;
  #waiting: { resolve: (value: unknown) => void; reject: (reason: unknown) => void; onProgress: ((progress: UnitProgress) => void) | undefined } | undefined;

  constructor(job: UnitJob) {
    // Options of the program's own command line, such as --input-type, can be none for a thread.
    this.#worker = new Worker(ENTRY, { workerData: job, execArgv: [] });
    this.#worker.on("message", (answer: WorkerAnswer) => {
      const { resolve, reject, onProgress } = this.#waiting!;
      if ("progress" in answer) onProgress?.(answer.progress);
      else if ("done" in answer) resolve(answer.done);
      else reject(answer.known ? new DatasetError((answer.error as Error).message, { cause: (answer.error as Error).cause }) : answer.error);
    });
    this.#worker.on("error", (error) => this.#waiting?.reject(error));
    this.#worker.on("exit", (code) => this.#waiting?.reject(new DatasetError(`A worker thread ended with code ${code}, perhaps for want of memory. Run the same command again, with fewer --workers: what is complete stays.`)));
  }

  request(request: Exclude<WorkerRequest, "stop">, onProgress?: (progress: UnitProgress) => void): Promise<unknown> {
    return new Promise<unknown>((resolve, reject) => {
      this.#waiting = { resolve, reject, onProgress };
      this.#worker.postMessage(request);
    });
  }

  stop(): void {
    this.#worker.postMessage("stop" satisfies WorkerRequest);
  }

  async close(): Promise<void> {
    await this.#worker.terminate();
  }
}

/**
 * Does tasks on threads, each with its number, in no particular order. The first failure, or `signal`, ends the others in order.
 * @throws The first failure; the signal's reason
 */
export async function onThreads<T, R>(
  job: UnitJob,
  tasks: readonly T[],
  { workers, request, signal, onProgress, onDone }: { workers: number; request: (task: T) => Exclude<WorkerRequest, "stop">; signal?: AbortSignal | undefined; onProgress?: (task: T, progress: UnitProgress) => void; onDone: (task: T, result: R) => void },
): Promise<void> {
  signal?.throwIfAborted();
  const lanes = Array.from({ length: Math.min(workers, tasks.length) }, () => new Lane(job));
  let failure: { reason: unknown } | undefined;
  const stop = (reason: unknown): void => {
    failure ??= { reason };
    for (const lane of lanes) lane.stop();
  };
  const abort = (): void => stop(signal!.reason);
  signal?.addEventListener("abort", abort);
  const left = tasks.values();
  const serve = async (lane: Lane): Promise<void> => {
    for (const task of left) {
      if (failure) return;
      try {
        onDone(task, (await lane.request(request(task), (progress) => onProgress?.(task, progress))) as R);
      } catch (error) {
        stop(error);
      }
    }
  };
  try {
    await Promise.all(lanes.map(serve));
  } finally {
    signal?.removeEventListener("abort", abort);
    await Promise.all(lanes.map((lane) => lane.close()));
  }
  if (failure) throw failure.reason;
}
