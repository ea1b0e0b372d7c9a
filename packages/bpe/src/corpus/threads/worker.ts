// The entry of a worker thread: one job for its whole life, tasks one after another.
import { parentPort, workerData } from "node:worker_threads";
import { BpeError } from "../../errors.js";
import { encodeJob } from "../../pool/encode-task.js";
import { countJob } from "./count-task.js";
import type { Answer, Job } from "./pool.js";
import { tokenizeJob } from "./tokenize-task.js";

const { kind, data } = workerData as Job;
const work = { count: countJob, encode: encodeJob, tokenize: tokenizeJob }[kind](data as never) as (task: unknown) => { result: unknown; transfer: ArrayBuffer[] };
parentPort!.on("message", (task: unknown) => {
  try {
    const { result, transfer } = work(task);
    parentPort!.postMessage({ result } satisfies Answer<unknown>, transfer);
  } catch (error) {
    parentPort!.postMessage({ error: error instanceof Error ? error.message : String(error), ours: error instanceof BpeError } satisfies Answer<unknown>);
  }
});
