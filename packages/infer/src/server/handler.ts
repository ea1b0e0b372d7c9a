import { createHash, randomUUID, timingSafeEqual } from "node:crypto";
import { isIP } from "node:net";
import type { Run } from "../run.js";
import { chatCompletions, toHttpError } from "./completions.js";
import { HttpError, readJsonBody, respond, respondJson } from "./http.js";
import { PAGE_FILES } from "./page/index.js";
import { Queue } from "./queue.js";

export interface HandlerOptions {
  /**
   * Names that a request's Host header may have besides localhost, 127.0.0.1 and [::1], with any port; "ip" allows every IP address. A
   * page of a foreign name that points at this machine (DNS rebinding) is refused by it.
   */
  allowedHosts?: readonly string[];
  /** Most bytes of a request's body; default 1 MiB. */
  maxBodyBytes?: number;
  /** Requests that may wait while a reply is written; default 16. More get 429. */
  maxQueue?: number;
  /** If given, every route but /health and the page itself wants it as a bearer token. */
  apiKey?: string;
  /** Called with what made the server fail with status 500, which is not shown to clients. */
  onError?: (error: unknown) => void;
}

/** Answers a web-standard request; never rejects. */
export type Handler = (request: Request) => Promise<Response>;

const LOOPBACK = ["localhost", "127.0.0.1", "[::1]"];

function checkHost(request: Request, allowed: ReadonlySet<string>): void {
  const host = (request.headers.get("host") ?? new URL(request.url).host).toLowerCase();
  const name = host.replace(/:\d+$/, "");
  if (allowed.has(name) || (allowed.has("ip") && isIP(name.replace(/^\[|\]$/g, "")) !== 0)) return;
  throw new HttpError(403, `The host ${JSON.stringify(host.slice(0, 100))} is not allowed. Use localhost, or start the server with this name allowed.`, { code: "host_not_allowed" });
}

// Digests have equal lengths, as the constant-time comparison wants.
const digest = (text: string): Buffer => createHash("sha256").update(text).digest();

function checkKey(request: Request, apiKey: string): void {
  const given = /^Bearer (.+)$/i.exec(request.headers.get("authorization") ?? "")?.[1] ?? "";
  if (timingSafeEqual(digest(given), digest(apiKey))) return;
  throw new HttpError(401, "This server wants an API key: authorization: Bearer KEY.", { type: "authentication_error", code: "invalid_api_key", headers: { "www-authenticate": "Bearer" } });
}

/**
 * The server's routes as one function from a web-standard Request to a Response, to be mounted in any server: `GET /` (a chat page),
 * `GET /health`, `GET /v1/models`, `GET /v1/models/NAME`, `POST /v1/chat/completions`.
 *
 * One reply is written at a time, the others wait. A request whose signal is aborted, or whose response body is cancelled, stops
 * at once. There are no CORS headers: pages of other origins can't use it.
 */
export function createHandler(run: Run, options: HandlerOptions = {}): Handler {
  const { maxBodyBytes = 1024 * 1024, maxQueue = 16, apiKey, onError } = options;
  const allowed = new Set([...LOOPBACK, ...(options.allowedHosts ?? [])].map((name) => name.toLowerCase()));
  const queue = new Queue(maxQueue);
  const started = Math.floor(Date.now() / 1000);
  const { vocabSize, maxPositions, hiddenSize } = run.config;
  const model = { id: run.name, object: "model", created: started, owned_by: "local", meta: { n_vocab: vocabSize, n_ctx_train: maxPositions, n_embd: hiddenSize, n_params: run.parameterCount } };

  const route = async (request: Request): Promise<Response> => {
    checkHost(request, allowed);
    const { pathname } = new URL(request.url);
    const only = (...methods: string[]): void => {
      if (!methods.includes(request.method)) throw new HttpError(405, `${pathname} answers ${methods.join(" and ")} only, not ${request.method}.`, { headers: { allow: methods.join(", ") } });
    };
    const file = PAGE_FILES.get(pathname);
    if (file) {
      only("GET", "HEAD");
      return respond(file.body, file.type, { headers: file.headers });
    }
    if (pathname === "/health") {
      only("GET", "HEAD");
      return respondJson({ status: "ok", waiting: queue.waiting });
    }
    if (apiKey !== undefined) checkKey(request, apiKey);
    if (pathname === "/v1/models") {
      only("GET", "HEAD");
      return respondJson({ object: "list", data: [model] });
    }
    if (pathname === `/v1/models/${encodeURIComponent(run.name)}`) {
      only("GET", "HEAD");
      return respondJson(model);
    }
    if (pathname === "/v1/chat/completions") {
      only("POST");
      return chatCompletions(run, queue, request, await readJsonBody(request, maxBodyBytes));
    }
    throw new HttpError(404, `There is nothing at ${pathname.slice(0, 200)}. Known: /, /health, /v1/models, /v1/chat/completions.`, { code: "not_found" });
  };

  return async (request) => {
    let response: Response;
    try {
      response = await route(request);
    } catch (error) {
      const known = toHttpError(error);
      if (known.status >= 500 && !request.signal.aborted) onError?.(error);
      response = respondJson(known.body, { status: known.status, headers: known.headers });
    }
    response.headers.set("x-request-id", randomUUID());
    return response;
  };
}
