import { parentPort, workerData } from "node:worker_threads";
import { DatasetError } from "../errors.js";
import type { WorkerAnswer, WorkerRequest } from "./pool.js";
import { rewritePart } from "./rewrite.js";
import { type UnitJob, UnitRunner } from "./unit.js";

/** Milliseconds between messages about progress. */
const REPORT_EVERY = 100;

const runner = new UnitRunner(workerData as UnitJob);
const controller = new AbortController();
const { signal } = controller;
const post = (answer: WorkerAnswer): void => parentPort!.postMessage(answer);

async function work(request: Exclude<WorkerRequest, "stop">): Promise<void> {
  try {
    if ("rewrite" in request) {
      post({ done: await rewritePart(request.rewrite, signal) });
      return;
    }
    let reported = 0;
    const onProgress = (progress: Extract<WorkerAnswer, { progress: unknown }>["progress"]): void => {
      if (performance.now() - reported < REPORT_EVERY) return;
      reported = performance.now();
      post({ progress });
    };
    post({ done: await runner.run(request.number, request.unit, { signal, onProgress }) });
  } catch (error) {
    post({ error: error instanceof DatasetError ? new KnownError(error) : error, known: error instanceof DatasetError });
  }
}

/** Errors of our own lose their class on the way between threads; message and cause stay. */
class KnownError extends Error {
  constructor({ message, cause }: DatasetError) {
    super(message, { cause });
  }
}

parentPort!.on("message", (request: WorkerRequest) => {
  if (request === "stop") controller.abort();
  else void work(request);
});
