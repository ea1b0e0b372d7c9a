import { parentPort, workerData } from "node:worker_threads";
import { DatasetError, ShardError } from "../errors.js";
import { ShardSet } from "../shards/reader.js";
import { LocalSource } from "./local.js";
import type { WorkerJob, WorkerMessage } from "./prefetch.js";

/** Makes a share of a loader's batches on a thread of its own. The set stays on disk: the system's file cache is shared by all threads. */
async function run({ set, shape, state, share, index, workers, prefetch }: WorkerJob): Promise<void> {
  let credits = prefetch;
  let wake: (() => void) | undefined;
  parentPort!.on("message", () => {
    credits++;
    wake?.();
  });
  const post = (message: WorkerMessage, transfer: ArrayBuffer[] = []): void => parentPort!.postMessage(message, transfer);
  try {
    const source = new LocalSource(await ShardSet.fromHandle(set).split(state.split).reader(), shape, state, share);
    for (let skipped = 0; skipped < index; skipped++) source.skip();
    for (;;) {
      while (credits === 0) await new Promise<void>((resolve) => (wake = resolve));
      credits--;
      const delivery = source.nextNow();
      const { tokens, mask, documentIds, positions } = delivery?.batch ?? {};
      post({ delivery }, [tokens, mask, documentIds, positions].flatMap((array) => (array ? [array.buffer as ArrayBuffer] : [])));
      if (!delivery) return;
      for (let skipped = 1; skipped < workers; skipped++) source.skip();
    }
  } catch (error) {
    // What is no known error is a defect, and ends the thread with its stack.
    if (!(error instanceof DatasetError)) throw error;
    const { message } = error;
    post({ error: error instanceof ShardError ? { message: message.slice(error.file.length + 2), file: error.file } : { message } });
  }
}

void run(workerData as WorkerJob);
