import type { Unit } from "../plan/units.js";
import { Thread } from "../util/thread.js";
import type { RewriteJob } from "./rewrite.js";
import type { UnitJob, UnitProgress } from "./unit.js";

/** What a thread is asked to do; "stop" ends what it does in order. */
export type WorkerRequest = { number: number; unit: Unit } | { rewrite: RewriteJob } | "stop";

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
  const threads = Array.from({ length: Math.min(workers, tasks.length) }, () => new Thread<WorkerRequest>("prepare-worker", { data: job, keeps: "what is complete stays." }));
  let failure: { reason: unknown } | undefined;
  const stop = (reason: unknown): void => {
    failure ??= { reason };
    for (const thread of threads) thread.send("stop");
  };
  const abort = (): void => stop(signal!.reason);
  signal?.addEventListener("abort", abort);
  const left = tasks.values();
  const serve = async (thread: Thread<WorkerRequest>): Promise<void> => {
    for (const task of left) {
      if (failure) return;
      try {
        onDone(task, await thread.request<R, UnitProgress>(request(task), (progress) => onProgress?.(task, progress)));
      } catch (error) {
        stop(error);
      }
    }
  };
  try {
    await Promise.all(threads.map(serve));
  } finally {
    signal?.removeEventListener("abort", abort);
    await Promise.all(threads.map((thread) => thread.close()));
  }
  if (failure) throw failure.reason;
}
