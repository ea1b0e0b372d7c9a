import { setTimeout as sleep } from "node:timers/promises";
import { DatasetError, reasonOf } from "../errors.js";

/** What the transfer of bytes met: a status, a broken connection, an answer that doesn't fit. */
export class TransferError extends Error {
  override name = "TransferError";
  constructor(
    message: string,
    readonly details: {
      status?: number;
      /** Milliseconds that the server asks to wait. */
      retryAfter?: number | undefined;
      /** Whether asking again may help. */
      again: boolean;
      cause?: unknown;
    },
  ) {
    super(message, { cause: details.cause });
  }
}

/** A wait before another attempt. */
export interface RetryEvent {
  /** Milliseconds. */
  wait: number;
  /** The attempt that failed, from 1. */
  attempt: number;
  reason: string;
}

/** Options of {@link HttpClient}. */
export interface HttpOptions {
  /** Sent as a bearer token, to `tokenOrigin` alone. */
  token?: string | undefined;
  tokenOrigin?: string | undefined;
  /** Milliseconds without a byte after which a connection counts as broken; default 30,000. */
  timeout?: number | undefined;
  /** Attempts in a row without a single new byte; default 8. */
  attempts?: number | undefined;
  /** Milliseconds before the second attempt; doubles with each, up to a minute; default 1,000. */
  retryDelay?: number | undefined;
  onRetry?: ((event: RetryEvent) => void) | undefined;
}

/** An answer, with where it came from after redirects. */
export interface Answer {
  response: Response;
  /** The address behind all redirects. */
  url: string;
  /** The body; ends in a {@link TransferError} where the connection breaks or stalls. */
  body(): AsyncGenerator<Uint8Array>;
  /** Lets the connection go. */
  cancel(): void;
}

const REDIRECTS = 10;
const MAX_DELAY = 60_000;
/** A server that asks for more patience than this is not waited for. */
const MAX_RETRY_AFTER = 15 * 60_000;
const isTransient = (status: number): boolean => status === 408 || status === 425 || status === 429 || (status >= 500 && status !== 501 && status !== 505);

/** Milliseconds of Retry-After (seconds or a date, RFC 9110) or of the `t` of RateLimit (seconds until more is allowed). */
export function retryAfterOf(headers: Headers, now = Date.now()): number | undefined {
  const value = headers.get("retry-after")?.trim();
  if (value) {
    if (/^\d+$/.test(value)) return Number(value) * 1_000;
    const date = Date.parse(value);
    if (!Number.isNaN(date)) return Math.max(0, date - now);
  }
  const rate = /(?:^|[;,\s])t=(\d+)/.exec(headers.get("ratelimit") ?? "");
  return rate ? Number(rate[1]) * 1_000 : undefined;
}

/**
 * Asks servers for bytes, politely: follows redirects itself (a token never leaves its origin, and https never becomes http),
 * notices a stalled connection, and where one request is told to wait, all requests to that server wait.
 */
export class HttpClient {
  readonly #options: Required<Pick<HttpOptions, "timeout" | "attempts" | "retryDelay">> & HttpOptions;
  readonly #notBefore = new Map<string, number>();
  /** Waits so far. */
  retries = 0;

  constructor({ timeout = 30_000, attempts = 8, retryDelay = 1_000, ...others }: HttpOptions = {}) {
    this.#options = { timeout, attempts, retryDelay, ...others };
  }

  /**
   * One attempt. @throws TransferError for a status that is neither 2xx nor in `accept`, and for a broken connection
   * @param accept Further statuses that are answers
   */
  async get(url: string, { headers = {}, signal, accept = [], method = "GET", body }: { headers?: Record<string, string>; signal?: AbortSignal | undefined; accept?: readonly number[]; method?: string; body?: string } = {}): Promise<Answer> {
    const { timeout, token, tokenOrigin } = this.#options;
    const controller = new AbortController();
    const abort = (): void => controller.abort(signal?.reason);
    signal?.throwIfAborted();
    signal?.addEventListener("abort", abort, { once: true });
    let stalled = false;
    let timer: NodeJS.Timeout | undefined;
    const watch = (): void => {
      clearTimeout(timer);
      timer = setTimeout(() => {
        stalled = true;
        controller.abort();
      }, timeout);
    };
    const release = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", abort);
    };
    const broken = (error: unknown, at: string): unknown => {
      if (signal?.aborted) return signal.reason;
      if (error instanceof TransferError) return error;
      if (stalled) return new TransferError(`${new URL(at).host} sent nothing for ${timeout / 1_000} s`, { again: true, cause: error });
      // fetch says no more than "fetch failed"; what happened is in its cause.
      const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
      return new TransferError(`the connection to ${new URL(at).host} failed (${reasonOf(cause) || String((cause as NodeJS.ErrnoException).code)})`, { again: true, cause: error });
    };
    let current = url;
    try {
      for (let hop = 0; ; hop++) {
        const { origin, protocol } = new URL(current);
        await this.#gate(origin, signal);
        watch();
        const response = await fetch(current, {
          method,
          redirect: "manual",
          signal: controller.signal,
          ...(body === undefined ? {} : { body }),
          headers: { "accept-encoding": "identity", "user-agent": "llm-dataset", ...headers, ...(token && tokenOrigin === origin ? { authorization: `Bearer ${token}` } : {}) },
        });
        const location = response.status >= 301 && response.status <= 308 && response.status !== 304 ? response.headers.get("location") : null;
        if (location !== null) {
          await response.body?.cancel();
          if (hop >= REDIRECTS) throw new TransferError(`more than ${REDIRECTS} redirects`, { status: response.status, again: false });
          const next = new URL(location, current);
          if (protocol === "https:" && next.protocol !== "https:") throw new TransferError(`it redirects from https to ${next.protocol.slice(0, -1)}, which is not followed`, { status: response.status, again: false });
          current = next.href;
          continue;
        }
        if (!response.ok && !accept.includes(response.status)) {
          const text = (await response.text().catch(() => "")).trim().slice(0, 200);
          const retryAfter = retryAfterOf(response.headers);
          if (retryAfter !== undefined && isTransient(response.status)) this.#notBefore.set(origin, Date.now() + Math.min(retryAfter, MAX_RETRY_AFTER));
          throw new TransferError(`${response.statusText || "an error"}${text.startsWith("<") || text === "" ? "" : `: ${text}`}`, { status: response.status, retryAfter, again: isTransient(response.status) });
        }
        const at = current;
        return {
          response,
          url: at,
          cancel: () => {
            release();
            controller.abort();
          },
          async *body() {
            const reader = response.body?.getReader();
            let done = reader === undefined;
            try {
              while (!done) {
                watch();
                const read = await reader!.read();
                done = read.done;
                clearTimeout(timer); // time that the consumer takes is not the server's
                if (read.value) yield read.value as Uint8Array;
              }
            } catch (error) {
              throw broken(error, at);
            } finally {
              release();
              if (!done) controller.abort();
            }
          },
        };
      }
    } catch (error) {
      release();
      throw broken(error, current);
    }
  }

  /**
   * Repeats `work` where another attempt may help. Calls of `progressed` start the count of attempts anew, for a long
   * transfer may be cut many times and still arrive.
   * @throws what the last attempt threw
   */
  async retrying<T>(work: (progressed: () => void) => Promise<T>, signal?: AbortSignal): Promise<T> {
    const { attempts, retryDelay, onRetry } = this.#options;
    for (let attempt = 1; ; attempt++) {
      try {
        return await work(() => (attempt = 0));
      } catch (error) {
        signal?.throwIfAborted();
        if (!(error instanceof TransferError) || !error.details.again || attempt >= attempts) throw error;
        const { retryAfter, status } = error.details;
        if ((retryAfter ?? 0) > MAX_RETRY_AFTER) throw error;
        // Up to a quarter more, so that connections that broke together don't come back together.
        const backoff = Math.min(MAX_DELAY, retryDelay * 2 ** Math.max(0, attempt - 1)) * (1 + Math.random() / 4);
        const wait = Math.max(retryAfter ?? 0, backoff);
        this.retries++;
        onRetry?.({ wait, attempt: Math.max(1, attempt), reason: `${status ? `status ${status}, ` : ""}${error.message}` });
        await sleep(wait, undefined, signal ? { signal } : {});
      }
    }
  }

  /** Waits as long as the server of `origin` asked for. */
  async #gate(origin: string, signal?: AbortSignal): Promise<void> {
    for (let wait = (this.#notBefore.get(origin) ?? 0) - Date.now(); wait > 0; wait = (this.#notBefore.get(origin) ?? 0) - Date.now()) {
      await sleep(wait, undefined, signal ? { signal } : {});
    }
  }
}

/** What a person reads when something can't be fetched. */
export function unreachable(what: string, from: string, error: unknown): DatasetError {
  if (error instanceof DatasetError) return error;
  const status = error instanceof TransferError ? error.details.status : (error as { statusCode?: number }).statusCode;
  const hub = from === "the Hub";
  const advice =
    status === 401 || status === 403
      ? hub ? "Set HF_TOKEN to a token that may read it" : "Check that it may be read without logging in"
      : status === 404 ? "Check the name" : status === 429 ? "Wait a while, then run the same command again: it goes on where it stopped" : `Check the connection${hub ? " and HF_ENDPOINT" : ""}, then run the same command again`;
  const cause = error instanceof Error && error.cause instanceof Error && !error.message.includes(error.cause.message) ? ` (${error.cause.message})` : "";
  return new DatasetError(`${what} can't be read from ${from}: ${status ? `status ${status}, ` : ""}${reasonOf(error)}${cause}. ${advice}.`, { cause: error });
}
