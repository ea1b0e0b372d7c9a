import { HttpError } from "./http.js";

/** Lets one request at a time through; a bounded number may wait. */
export class Queue {
  readonly #limit: number;
  readonly #waiting: (() => void)[] = [];
  #busy = false;
  /** Running average of how long a turn takes, in seconds. */
  #seconds = 1;

  /** @param limit - How many may wait besides the one whose turn it is. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Requests that wait. */
  get waiting(): number {
    return this.#waiting.length;
  }

  /**
   * Takes a place in the queue. A full queue throws at once, not through the promise, so that it can be answered as such before
   * a stream begins.
   *
   * @param signal - Gives the place up; the promise then fails with its reason.
   * @returns Resolves when it is this request's turn, to the function that ends the turn.
   * @throws {HttpError} 429 with Retry-After when the queue is full.
   */
  enter(signal: AbortSignal): Promise<() => void> {
    if (!this.#busy) {
      this.#busy = true;
      return Promise.resolve(this.#turn());
    }
    if (this.#waiting.length >= this.#limit) {
      const seconds = Math.min(60, Math.max(1, Math.ceil(this.#seconds * (this.#waiting.length + 1))));
      throw new HttpError(429, `The server writes one reply at a time and ${this.#waiting.length} requests are waiting. Try again in ${seconds} s.`, {
        type: "rate_limit_error",
        code: "queue_full",
        headers: { "retry-after": String(seconds) },
      });
    }
    return new Promise((done, fail) => {
      const start = (): void => {
        signal.removeEventListener("abort", leave);
        done(this.#turn());
      };
      const leave = (): void => {
        const at = this.#waiting.indexOf(start);
        if (at >= 0) this.#waiting.splice(at, 1);
        fail(signal.reason as Error);
      };
      if (signal.aborted) return fail(signal.reason as Error);
      signal.addEventListener("abort", leave, { once: true });
      this.#waiting.push(start);
    });
  }

  #turn(): () => void {
    const started = performance.now();
    let over = false;
    return () => {
      if (over) return;
      over = true;
      this.#seconds = 0.7 * this.#seconds + (0.3 * (performance.now() - started)) / 1000;
      const next = this.#waiting.shift();
      if (next) next();
      else this.#busy = false;
    };
  }
}
