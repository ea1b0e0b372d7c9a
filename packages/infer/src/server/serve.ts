import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { InferError } from "../errors.js";
import type { Run } from "../run.js";
import { createHandler, type Handler, type HandlerOptions } from "./handler.js";

export interface ServeOptions extends HandlerOptions {
  /** Default 8080; 0 takes any free port. */
  port?: number;
  /** Address to listen on; default 127.0.0.1, which only this machine reaches. */
  host?: string;
}

/** A server that listens. */
export interface RunningServer {
  /** Such as http://127.0.0.1:8080 */
  url: string;
  port: number;
  /** Stops listening, cuts the connections and with them the replies in the making. */
  close(): Promise<void>;
}

/** Longest time to receive a whole request, and its headers. */
const REQUEST_TIMEOUT_MS = 60_000;
const HEADERS_TIMEOUT_MS = 15_000;

const isLoopback = (host: string): boolean => host === "localhost" || host === "::1" || host.startsWith("127.");

/** The body of a request as a web stream. Cancelling it lets the rest drain away, so that the answer can still be sent. */
function bodyOf(incoming: IncomingMessage): ReadableStream<Uint8Array> {
  return new ReadableStream<Uint8Array>({
    start(controller) {
      incoming.pause();
      incoming.on("data", (part: Buffer) => {
        controller.enqueue(new Uint8Array(part));
        if ((controller.desiredSize ?? 0) <= 0) incoming.pause();
      });
      incoming.once("end", () => controller.close());
      incoming.once("error", (error) => controller.error(error));
    },
    pull: () => void incoming.resume(),
    cancel() {
      incoming.removeAllListeners("data").removeAllListeners("end").resume();
    },
  });
}

function toRequest(incoming: IncomingMessage, signal: AbortSignal): Request {
  const headers = new Headers();
  for (const [name, value] of Object.entries(incoming.headers)) {
    for (const each of Array.isArray(value) ? value : [value]) if (each !== undefined && !name.startsWith(":")) headers.append(name, each);
  }
  const method = incoming.method ?? "GET";
  const body = method === "GET" || method === "HEAD" ? {} : { body: bodyOf(incoming), duplex: "half" as const };
  // Only the path comes from the request line; who was asked is in the Host header, which the handler checks.
  return new Request(new URL(incoming.url?.startsWith("/") ? `http://localhost${incoming.url}` : "http://localhost/"), { method, headers, signal, ...body });
}

async function answer(handler: Handler, incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
  const gone = new AbortController();
  outgoing.once("close", () => outgoing.writableFinished || gone.abort());
  let request: Request;
  try {
    request = toRequest(incoming, gone.signal);
  } catch {
    // Methods and headers that web requests can't have, such as TRACE.
    outgoing.writeHead(400, { "content-type": "application/json" }).end('{"error":{"message":"This request can\'t be understood.","type":"invalid_request_error","param":null,"code":null}}');
    return;
  }
  const response = await handler(request);
  if (gone.signal.aborted) return void response.body?.cancel();
  outgoing.writeHead(response.status, Object.fromEntries(response.headers));
  outgoing.flushHeaders();
  const reader = response.body?.getReader();
  if (!reader || request.method === "HEAD") {
    await reader?.cancel();
    outgoing.end();
    return;
  }
  gone.signal.addEventListener("abort", () => void reader.cancel(), { once: true });
  for (let next = await reader.read(); !next.done; next = await reader.read()) {
    if (!outgoing.write(next.value) && !gone.signal.aborted) await new Promise<void>((done) => outgoing.once("drain", done).once("close", done));
  }
  outgoing.end();
}

/**
 * Serves a run over HTTP until it is closed: the routes of {@link createHandler} on node:http, on this machine only unless told otherwise.
 *
 * @throws {InferError} `server` if the address can't be listened on.
 */
export async function serve(run: Run, { port = 8080, host = "127.0.0.1", ...options }: ServeOptions = {}): Promise<RunningServer> {
  // Whoever opens the server to a network reaches it by address; names must be allowed one by one.
  const allowedHosts = [...(options.allowedHosts ?? []), ...(isLoopback(host) ? [] : ["ip"])];
  const handler = createHandler(run, { ...options, allowedHosts });
  const server = createServer((incoming, outgoing) => {
    answer(handler, incoming, outgoing).catch((error: unknown) => {
      options.onError?.(error);
      outgoing.destroy();
    });
  });
  server.requestTimeout = REQUEST_TIMEOUT_MS;
  server.headersTimeout = HEADERS_TIMEOUT_MS;
  await new Promise<void>((done, fail) => {
    server.once("error", (error: NodeJS.ErrnoException) => {
      const advice = error.code === "EADDRINUSE" ? "Something else listens there; choose another port." : error.code === "EACCES" ? "Ports below 1024 need special rights; choose another port." : "Check the address.";
      fail(new InferError("server", `The server can't listen on ${host}:${port}: ${error.message}. ${advice}`, { cause: error }));
    });
    server.listen(port, host, done);
  });
  const bound = (server.address() as AddressInfo).port;
  return {
    url: `http://${host.includes(":") ? `[${host}]` : host}:${bound}`,
    port: bound,
    close: () =>
      new Promise((done) => {
        server.close(() => done());
        server.closeAllConnections();
      }),
  };
}
