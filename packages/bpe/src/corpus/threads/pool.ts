import { availableParallelism } from "node:os";
import { Worker, type Transferable } from "node:worker_threads";
import { BpeError } from "../../errors.js";

/** Built beside this module; code that runs from source uses the built one too. */
const WORKER = new URL(import.meta.url.endsWith(".ts") ? "../../../dist/worker.js" : "./worker.js", import.meta.url);
/** Tasks that a worker has at hand, so that it never waits for the next. */
const AHEAD = 2;

/** What a worker is started for, with what it needs to begin. */
export interface Job {
  kind: "count" | "tokenize" | "encode";
  data: unknown;
}

/** What a worker answers: the result of its oldest task, or why it failed. */
export type Answer<R> = { result: R } | { error: string; ours: boolean };

interface Member {
  worker: Worker;
  waiting: { resolve: (result: never) => void; reject: (reason: unknown) => void }[];
}

/** Worker threads that do tasks of one job. */
export class WorkerPool<T, R> {
  private readonly members: Member[] = [];
  private failed: unknown;
  private waitingForRoom: (() => void)[] = [];

  constructor(job: Job, readonly threads: number) {
    for (let index = 0; index < threads; index++) {
      const member: Member = { worker: new Worker(WORKER, { workerData: job, execArgv: [] }), waiting: [] };
      member.worker.on("message", (answer: Answer<R>) => {
        const { resolve, reject } = member.waiting.shift()!;
        if ("result" in answer) resolve(answer.result as never);
        else reject(answer.ours ? new BpeError(answer.error) : new Error(answer.error));
        this.wake();
      });
      // A thread that ends by itself (out of memory, say) has no answers any more.
      member.worker.on("error", (cause) => this.fail(cause));
      member.worker.on("exit", (code) => this.fail(new Error(`a worker thread ended with code ${code}`)));
      this.members.push(member);
    }
  }

  /** Waits until a worker can take a task. */
  async room(): Promise<void> {
    while (this.failed === undefined && this.members.every(({ waiting }) => waiting.length >= AHEAD)) {
      await new Promise<void>((resolve) => this.waitingForRoom.push(resolve));
    }
  }

  /** Gives a task to the worker with the fewest. @returns Its result. @throws What went wrong in the worker */
  run(task: T, transfer: readonly Transferable[] = []): Promise<R> {
    if (this.failed !== undefined) return Promise.reject(this.failed as Error);
    const member = this.members.reduce((best, other) => (other.waiting.length < best.waiting.length ? other : best));
    return new Promise<R>((resolve, reject) => {
      member.waiting.push({ resolve, reject });
      member.worker.postMessage(task, transfer);
    });
  }

  /** Ends all workers, at once. */
  async close(): Promise<void> {
    this.failed ??= new Error("The worker threads were closed.");
    await Promise.all(this.members.map(({ worker }) => worker.terminate()));
  }

  private fail(cause: unknown): void {
    this.failed ??= new BpeError(`A worker thread failed: ${cause instanceof Error ? cause.message : String(cause)}. With threads: 0 the work is done without any.`, { cause });
    for (const { waiting } of this.members) for (const { reject } of waiting.splice(0)) reject(this.failed);
    this.wake();
  }

  private wake(): void {
    for (const resolve of this.waitingForRoom.splice(0)) resolve();
  }
}

/**
 * The number of worker threads to use.
 * @param threads As an option says; undefined for one for each processor.
 * @param busy Processors that have other work, of which the default leaves out as many; at least one thread remains.
 * @throws BpeError where it is no whole number from 0 to 1,024
 */
export function threadCount(threads: number | undefined, busy = 0): number {
  const count = threads ?? Math.max(1, availableParallelism() - busy);
  if (!Number.isSafeInteger(count) || count < 0 || count > 1024) throw new BpeError(`threads is ${count}; expected a whole number from 0 (no worker threads) to 1024.`);
  return count;
}
