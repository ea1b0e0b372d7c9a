/** Milliseconds of work between two looks at the clock's other users: timers, signals. */
const TURN = 100;

/** Lets timers and signals run every now and then; the result is truthy when it did. Rejects with the signal's reason. */
export type Turn = () => Promise<boolean> | false;

/** Makes a {@link Turn}. @throws The signal's reason where it has aborted already */
export function turns(signal: AbortSignal | undefined): Turn {
  signal?.throwIfAborted();
  let last = performance.now();
  return () => {
    if (performance.now() - last < TURN) return false;
    return new Promise((resolve, reject) => {
      setTimeout(() => {
        last = performance.now();
        if (signal?.aborted) reject(signal.reason as Error);
        else resolve(true);
      }, 0);
    });
  };
}
