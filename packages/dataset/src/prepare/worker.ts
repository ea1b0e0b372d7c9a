import { parentPort, workerData } from "node:worker_threads";
import { answer, tellProgress } from "../util/thread.js";
import type { WorkerRequest } from "./pool.js";
import { rewritePart } from "./rewrite.js";
import { type UnitJob, type UnitProgress, UnitRunner } from "./unit.js";

/** Milliseconds between messages about progress. */
const REPORT_EVERY = 100;

const runner = new UnitRunner(workerData as UnitJob);
const controller = new AbortController();
const { signal } = controller;

function work(request: Exclude<WorkerRequest, "stop">): Promise<unknown> {
  if ("rewrite" in request) return rewritePart(request.rewrite, signal);
  let reported = 0;
  const onProgress = (progress: UnitProgress): void => {
    if (performance.now() - reported < REPORT_EVERY) return;
    reported = performance.now();
    tellProgress(progress);
  };
  return runner.run(request.number, request.unit, { signal, onProgress });
}

parentPort!.on("message", (request: WorkerRequest) => {
  if (request === "stop") controller.abort();
  else void answer(() => work(request));
});
