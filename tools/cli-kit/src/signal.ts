/**
 * A signal that fires on the first Ctrl-C or SIGTERM; a second one ends the process at once.
 *
 * @param message What standard error says when it fires; default nothing.
 */
export function stopSignal(message?: string): { signal: AbortSignal; release(): void } {
  const controller = new AbortController();
  const stop = (): void => {
    release();
    if (message !== undefined) process.stderr.write(`\n${message}\n`);
    controller.abort();
  };
  const release = (): void => {
    process.off("SIGINT", stop);
    process.off("SIGTERM", stop);
  };
  process.on("SIGINT", stop);
  process.on("SIGTERM", stop);
  return { signal: controller.signal, release };
}

/** Runs work that Ctrl-C ends in order: the first one aborts its signal, a second one ends the process at once. */
export async function interruptible<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const { signal, release } = stopSignal();
  try {
    return await work(signal);
  } finally {
    release();
  }
}
