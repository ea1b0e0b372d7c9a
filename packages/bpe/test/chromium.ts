import { execFile, spawn } from "node:child_process";
import { createReadStream, createWriteStream } from "node:fs";
import { access, mkdir, mkdtemp, readFile, rename, rm, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import { createRequire } from "node:module";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join, resolve, sep } from "node:path";
import { pipeline } from "node:stream/promises";
import { promisify } from "node:util";
import { brotliDecompressSync, createBrotliDecompress } from "node:zlib";

const TYPES: Record<string, string> = { ".js": "text/javascript", ".json": "application/json", ".html": "text/html; charset=utf-8" };
// One process, because a renderer of its own needs rights that containers seldom give.
const FLAGS = ["--headless=shell", "--no-sandbox", "--single-process", "--no-zygote", "--in-process-gpu", "--use-gl=disabled", "--disable-dev-shm-usage", "--no-first-run"];

/**
 * Opens a page in headless Chromium and waits for what its script posts to /done.
 *
 * @param root Folder whose files the page may load.
 * @param page HTML of the page.
 * @param input What the page gets from /input.
 * @returns The body of the post.
 * @throws Error where the browser ends, or nothing comes within a minute.
 */
export async function inChromium(root: string, page: string, input: string): Promise<string> {
  const { path, env } = await chromium();
  const profile = await mkdtemp(join(tmpdir(), "llm-chromium-profile-"));
  let server: Server | undefined;
  let stop = (): unknown => undefined;
  try {
    return await new Promise<string>((done, failed) => {
      let log = "";
      const ended = (why: string): void => failed(new Error(`${path} ${why}\n${log.slice(-2000)}`));
      const timer = setTimeout(() => ended("posted nothing within a minute"), 60_000);
      server = createServer((request, response) => {
        const send = (type: string, body: string | Buffer): unknown => response.writeHead(200, { "content-type": type }).end(body);
        if (request.method === "POST") {
          let body = "";
          request.setEncoding("utf8").on("data", (part: string) => (body += part));
          request.on("end", () => {
            response.end();
            clearTimeout(timer);
            done(body);
          });
          return;
        }
        if (request.url === "/") return void send(TYPES[".html"]!, page);
        if (request.url === "/input") return void send(TYPES[".json"]!, input);
        const file = resolve(root, `.${request.url ?? "/"}`);
        if (!file.startsWith(root + sep)) return void response.writeHead(404).end();
        readFile(file).then(
          (body) => send(TYPES[/\.\w+$/.exec(file)?.[0] ?? ""] ?? "text/plain", body),
          () => response.writeHead(404).end(),
        );
      }).listen(0, "127.0.0.1", () => {
        const { port } = server!.address() as AddressInfo;
        const child = spawn(path, [...FLAGS, `--user-data-dir=${profile}`, `http://127.0.0.1:${port}/`], { env, stdio: ["ignore", "ignore", "pipe"] });
        child.stderr.setEncoding("utf8").on("data", (part: string) => (log += part));
        child.on("error", failed);
        const gone = new Promise<void>((left) => child.on("exit", () => left()));
        child.on("exit", (code, signal) => ended(`ended with ${signal ?? code}`));
        stop = () => (child.kill("SIGKILL"), gone);
      });
    });
  } finally {
    await stop();
    server?.closeAllConnections();
    server?.close();
    await rm(profile, { recursive: true, force: true });
  }
}

/** A Chromium: the one of CHROME_PATH, else, on Linux with x64, the one that npm installed. */
async function chromium(): Promise<{ path: string; env: NodeJS.ProcessEnv }> {
  const { CHROME_PATH } = process.env;
  if (CHROME_PATH) return { path: CHROME_PATH, env: process.env };
  if (process.platform !== "linux" || process.arch !== "x64") {
    throw new Error("The tests have a Chromium of their own for Linux on x64 alone; set CHROME_PATH to the program of a Chrome or Chromium of this machine.");
  }
  const bin = join(dirname(createRequire(import.meta.url).resolve("@sparticuz/chromium")), "../../bin");
  const { version } = JSON.parse(await readFile(join(bin, "../package.json"), "utf8")) as { version: string };
  const folder = join(tmpdir(), `llm-chromium-${version}-${process.getuid!()}`);
  const path = join(folder, "chromium");
  if (!(await access(path).then(() => true, () => false))) {
    await mkdir(join(folder, "lib"), { recursive: true, mode: 0o700 });
    await unpackLibraries(join(bin, "al2023.tar.br"), folder);
    const part = join(folder, `chromium.${process.pid}`);
    await pipeline(createReadStream(join(bin, "chromium.br")), createBrotliDecompress(), createWriteStream(part, { mode: 0o700 }));
    await rename(part, path);
  }
  // What the machine has itself is taken first.
  const { stdout } = await promisify(execFile)("ldd", [path]);
  return { path, env: /not found/.test(stdout) ? { ...process.env, LD_LIBRARY_PATH: join(folder, "lib") } : process.env };
}

/** Writes the files of a tar to a folder; those of the package lie in lib/. */
async function unpackLibraries(archive: string, folder: string): Promise<void> {
  const tar = brotliDecompressSync(await readFile(archive));
  const text = (from: number, to: number): string => tar.toString("latin1", from, to).replace(/\0.*$/s, "");
  for (let at = 0; at + 512 <= tar.length && tar[at] !== 0; ) {
    const size = parseInt(text(at + 124, at + 136), 8);
    if (/^lib\/[\w.-]+$/.test(text(at, at + 100))) await writeFile(join(folder, text(at, at + 100)), tar.subarray(at + 512, at + 512 + size));
    at += 512 + Math.ceil(size / 512) * 512;
  }
}
