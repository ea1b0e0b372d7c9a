import { Worker, parentPort } from "node:worker_threads";
import { DatasetError } from "../errors.js";

/** The entries of threads, built beside the library. */
type Entry = "prepare-worker" | "dedupe-worker" | "loader-worker";

/** Starts a thread. In the repository's own tests this file runs as TypeScript, which a thread can't; it then takes the built entry. */
export const startThread = (entry: Entry, workerData?: unknown): Worker =>
  // Options of the program's own command line, such as --input-type, can be none for a thread.
  new Worker(new URL(import.meta.url.endsWith(".ts") ? `../../dist/${entry}.js` : `./${entry}.js`, import.meta.url), { workerData, execArgv: [] });

/** What a thread says of its oldest open request. */
type Answer = { done: unknown } | { progress: unknown } | { error: unknown; known: boolean };

interface Open {
  resolve: (done: never) => void;
  reject: (reason: unknown) => void;
  onProgress: ((progress: never) => void) | undefined;
}

/** A thread that answers requests in their order. */
export class Thread<Request> {
  readonly #worker: Worker;
  readonly #open: Open[] = [];
  #failure: { reason: unknown } | undefined;

  /** @param keeps What stays when the thread ends by itself, for the message. */
  constructor(entry: Entry, { data, keeps }: { data?: unknown; keeps: string }) {
    this.#worker = startThread(entry, data);
    this.#worker.on("message", (answer: Answer) => {
      if ("progress" in answer) {
        this.#open[0]?.onProgress?.(answer.progress as never);
        return;
      }
      const { resolve, reject } = this.#open.shift()!;
      if ("done" in answer) resolve(answer.done as never);
      else reject(answer.known ? new DatasetError((answer.error as Error).message, { cause: (answer.error as Error).cause }) : answer.error);
    });
    this.#worker.on("error", (reason) => this.#fail(reason));
    this.#worker.on("exit", (code) => this.#fail(new DatasetError(`A worker thread ended with code ${code}, perhaps for want of memory. Run the same command again, with fewer --workers: ${keeps}`)));
  }

  /** Requests that have no answer yet. */
  get load(): number {
    return this.#open.length;
  }

  /** @throws what goes wrong in the thread; DatasetError where it has ended */
  request<Done, Progress = never>(request: Request, onProgress?: (progress: Progress) => void): Promise<Done> {
    return new Promise<Done>((resolve, reject) => {
      if (this.#failure) {
        reject(this.#failure.reason as Error);
        return;
      }
      this.#open.push({ resolve, reject, onProgress });
      this.#worker.postMessage(request);
    });
  }

  /** Sends what has no answer. */
  send(message: Request): void {
    this.#worker.postMessage(message);
  }

  /** Ends the thread, at once. */
  async close(): Promise<void> {
    await this.#worker.terminate();
  }

  #fail(reason: unknown): void {
    this.#failure ??= { reason };
    for (const { reject } of this.#open.splice(0)) reject(this.#failure.reason);
  }
}

/** Errors of our own lose their class on the way between threads; message and cause stay. */
class KnownError extends Error {
  constructor({ message, cause }: DatasetError) {
    super(message, { cause });
  }
}

/** In a thread: does the work of a request, and answers with what it gives or why it failed. */
export async function answer<Done>(work: () => Done | Promise<Done>, transfer: (done: Done) => ArrayBuffer[] = () => []): Promise<void> {
  try {
    const done = await work();
    parentPort!.postMessage({ done } satisfies Answer, transfer(done));
  } catch (error) {
    const known = error instanceof DatasetError;
    parentPort!.postMessage({ error: known ? new KnownError(error) : error, known } satisfies Answer);
  }
}

/** In a thread: says how far the request is. */
export const tellProgress = (progress: unknown): void => parentPort!.postMessage({ progress } satisfies Answer);
