import { createHash } from "node:crypto";
import { type IncomingMessage, type Server, type ServerResponse, createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { onTestFinished } from "vitest";
import { temporaryFolder } from "./temporary.js";

/** What a server does to the answer that carries bytes of a file. */
export interface Transfer {
  /** Path of the file in the data set. */
  path: string;
  start: number;
  /** Behind the last byte that was asked for. */
  end: number;
  body: Buffer;
  request: IncomingMessage;
  response: ServerResponse;
  /** Number of this transfer, from 0. */
  count: number;
}

/** Faults: return true where the answer was given. */
export type Fault = (transfer: Transfer) => boolean;

export interface HubServer {
  endpoint: string;
  /** "GET /path bytes=0-1", as they came. */
  requests: string[];
  /** Authorization headers, by host. */
  tokens: { hub: (string | undefined)[]; cdn: (string | undefined)[] };
  transfers: { path: string; start: number; end: number }[];
  /** Body bytes that went out. */
  sent(): number;
}

const sha = (algorithm: string, ...parts: (string | Buffer)[]): string => parts.reduce((hash, part) => hash.update(part), createHash(algorithm)).digest("hex");

async function listen(server: Server): Promise<string> {
  await new Promise<void>((ready) => server.listen(0, "127.0.0.1", ready));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/**
 * A small Hub that speaks its API: the tree in pages, paths-info, and files behind a redirect to another server with an
 * address that expires after `expires` uses. `fault` may spoil what carries bytes, `gate` any request.
 */
export async function hubServer(files: Record<string, Buffer>, { fault, gate, expires = Infinity, pageSize = 2, lfs = (name) => name.endsWith(".parquet") }: { fault?: Fault; gate?: (request: IncomingMessage, response: ServerResponse) => boolean; expires?: number; pageSize?: number; lfs?: (name: string) => boolean } = {}): Promise<HubServer> {
  const requests: string[] = [];
  const tokens: HubServer["tokens"] = { hub: [], cdn: [] };
  const transfers: HubServer["transfers"] = [];
  const uses = new Map<string, number>();
  let signature = 0;
  let sent = 0;
  const entry = (name: string): object => {
    const body = files[name]!;
    return { type: "file", path: name, size: body.length, oid: sha("sha1", `blob ${body.length}\0`, body), ...(lfs(name) ? { lfs: { oid: sha("sha256", body), size: body.length, pointerSize: 130 } } : {}) };
  };
  const give = (response: ServerResponse, status: number, value: unknown, headers: Record<string, string> = {}): void => {
    response.writeHead(status, { "content-type": "application/json", ...headers });
    response.end(JSON.stringify(value));
  };

  const cdn = await listen(
    createServer((request, response) => {
      tokens.cdn.push(request.headers.authorization);
      const url = new URL(request.url!, "http://cdn");
      const path = decodeURIComponent(url.pathname.slice(1));
      requests.push(`CDN ${path} ${request.headers.range ?? ""}`.trim());
      const key = url.search;
      uses.set(key, (uses.get(key) ?? 0) + 1);
      if (uses.get(key)! > expires) return give(response, 403, { error: "expired" });
      const whole = files[path]!;
      const [, from = "0", to] = /bytes=(\d+)-(\d*)/.exec(request.headers.range ?? "") ?? [];
      const start = Number(from);
      const end = to ? Math.min(whole.length, Number(to) + 1) : whole.length;
      if (start >= whole.length && whole.length > 0) {
        response.writeHead(416, { "content-range": `bytes */${whole.length}` });
        response.end();
        return;
      }
      const count = transfers.push({ path, start, end }) - 1;
      const body = whole.subarray(start, end);
      response.setHeader("etag", `"${sha("sha1", whole)}"`);
      response.setHeader("content-range", `bytes ${start}-${end - 1}/${whole.length}`);
      response.setHeader("content-length", String(body.length));
      response.statusCode = 206;
      if (fault?.({ path, start, end, body, request, response, count })) return;
      sent += body.length;
      response.end(body);
    }),
  );
  const endpoint = await listen(
    createServer((request, response) => {
      const url = new URL(request.url!, "http://hub");
      const path = decodeURIComponent(url.pathname);
      requests.push(`${request.method} ${path} ${request.headers.range ?? ""}`.trim());
      tokens.hub.push(request.headers.authorization);
      if (gate?.(request, response)) return;
      const tree = /^\/api\/datasets\/owner\/name\/tree\/main(?:\/(.*))?$/.exec(path);
      if (tree) {
        const below = Object.keys(files).filter((name) => !tree[1] || name.startsWith(`${tree[1]}/`));
        if (below.length === 0) return give(response, 404, { error: "no such folder" });
        const at = Number(url.searchParams.get("cursor") ?? 0);
        url.searchParams.set("cursor", String(at + pageSize));
        return give(response, 200, below.slice(at, at + pageSize).map(entry), at + pageSize < below.length ? { link: `<${endpoint}${url.pathname}${url.search}>; rel="next"` } : {});
      }
      if (path === "/api/datasets/owner/name/paths-info/main" && request.method === "POST") {
        let text = "";
        request.on("data", (chunk: Buffer) => (text += chunk.toString()));
        request.on("end", () => {
          const { paths } = JSON.parse(text) as { paths: string[] };
          give(response, 200, paths.flatMap((name) => (files[name] ? [entry(name)] : Object.keys(files).some((other) => other.startsWith(`${name}/`)) ? [{ type: "directory", path: name, size: 0, oid: sha("sha1", name) }] : [])));
        });
        return;
      }
      const name = /^\/datasets\/owner\/name\/resolve\/main\/(.*)$/.exec(path)?.[1] ?? "";
      if (!files[name]) return give(response, 404, { error: "Repository not found" });
      response.writeHead(302, { location: `${cdn}/${encodeURIComponent(name)}?signature=${signature++}`, ...(lfs(name) ? { "x-linked-etag": `"${sha("sha256", files[name])}"` } : {}) });
      response.end();
    }),
  );
  process.env.HF_ENDPOINT = endpoint;
  process.env.LLM_CACHE = await temporaryFolder();
  // Neither a token nor a cache of this machine may play a part.
  process.env.HF_HOME = await temporaryFolder();
  for (const key of VARIABLES.filter((name) => !["HF_ENDPOINT", "LLM_CACHE", "HF_HOME"].includes(name))) delete process.env[key];
  return { endpoint, requests, tokens, transfers, sent: () => sent };
}

const VARIABLES = ["HF_ENDPOINT", "LLM_CACHE", "HF_HOME", "HF_TOKEN", "HUGGING_FACE_HUB_TOKEN", "HF_TOKEN_PATH", "HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE", "HF_HUB_OFFLINE", "HF_HUB_DISABLE_IMPLICIT_TOKEN", "HF_HUB_DOWNLOAD_TIMEOUT", "XDG_CACHE_HOME"];

/** Remembers the environment and returns what puts it back. */
export function keepEnvironment(): () => void {
  const before = VARIABLES.map((key) => [key, process.env[key]] as const);
  return () => {
    for (const [key, value] of before) {
      if (value === undefined) delete process.env[key];
      else process.env[key] = value;
    }
  };
}
