import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";

/** Whether this machine has a pip, which is what fetches. */
export const hasPip = ((): boolean => {
  try {
    execFileSync("python3", ["-m", "pip", "--version"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
})();

/** What a server does to the bytes of a wheel; counted down, request by request. */
export interface Faults {
  /** This many responses end early, after this many bytes. */
  cuts?: number;
  cutAfter?: number;
  /** This many responses have a wrong byte. */
  corrupt?: number;
  /** Range headers are ignored. */
  noRanges?: boolean;
  /** Bytes a second, roughly. */
  slow?: number;
}

/** A package index (PEP 503) of wheels, on this machine. */
export class IndexServer {
  faults: Faults = {};
  /** Each request for a wheel: its name, where it began, and how many bytes were sent. */
  readonly requests: { name: string; start: number; sent: number; status: number }[] = [];
  readonly #wheels = new Map<string, Buffer>();
  readonly #server: Server;

  constructor() {
    this.#server = createServer((request, response) => {
      const path = decodeURIComponent(new URL(request.url!, "http://x").pathname);
      const project = /^\/simple\/([^/]+)\/?$/.exec(path)?.[1];
      if (project) {
        const names = [...this.#wheels.keys()].filter((name) => name.split("-")[0]!.replaceAll("_", "-") === project);
        const links = names.map((name) => `<a href="/files/${name}#sha256=${createHash("sha256").update(this.#wheels.get(name)!).digest("hex")}">${name}</a>`);
        response.writeHead(names.length > 0 ? 200 : 404, { "content-type": "text/html" }).end(`<!DOCTYPE html><html><body>${links.join("\n")}</body></html>`);
        return;
      }
      const name = path.replace(/^\/files\//, "");
      const wheel = this.#wheels.get(name);
      if (!wheel) return void response.writeHead(404).end();
      const { faults } = this;
      const range = faults.noRanges ? null : /^bytes=(\d+)-$/.exec(request.headers.range ?? "");
      const start = range ? Number(range[1]) : 0;
      const entry = { name, start, sent: 0, status: range ? (start < wheel.length ? 206 : 416) : 200 };
      this.requests.push(entry);
      if (entry.status === 416) return void response.writeHead(416, { "content-range": `bytes */${wheel.length}` }).end();
      let body = Buffer.from(wheel.subarray(start));
      if (faults.corrupt) {
        faults.corrupt--;
        body[Math.floor(body.length / 2)]! ^= 1;
      }
      response.writeHead(entry.status, { "content-length": body.length, ...(range && { "content-range": `bytes ${start}-${wheel.length - 1}/${wheel.length}` }) });
      const cut = Boolean(faults.cuts);
      if (faults.cuts) {
        faults.cuts--;
        body = body.subarray(0, faults.cutAfter ?? 0);
      }
      const send = (): void => {
        const block = body.subarray(entry.sent, entry.sent + (faults.slow ? faults.slow / 20 : 1 << 16));
        entry.sent += block.length;
        if (block.length > 0) return void response.write(block, () => setTimeout(send, faults.slow ? 50 : 0));
        if (cut) response.destroy();
        else response.end();
      };
      send();
    });
  }

  add(name: string, wheel: Buffer): void {
    this.#wheels.set(name, wheel);
  }

  async start(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(0, "127.0.0.1", resolve));
  }

  /** pip's settings for this index and no other. */
  get environment(): Record<string, string> {
    const { port } = this.#server.address() as AddressInfo;
    return { PIP_INDEX_URL: `http://127.0.0.1:${port}/simple/`, PIP_EXTRA_INDEX_URL: "", PIP_FIND_LINKS: "", PIP_CONFIG_FILE: "/dev/null", NO_PROXY: "127.0.0.1", no_proxy: "127.0.0.1" };
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
