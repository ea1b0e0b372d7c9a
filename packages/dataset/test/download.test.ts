import { type ChildProcess, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { readFile, readdir, stat, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { DatasetError, type DownloadOptions, SeededRandom, download, readDocuments, writeParquet } from "@llm/dataset";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { type Fault, hubServer, keepEnvironment } from "./hub-server.js";
import { root } from "./python.js";
import { bare, temporaryFolder } from "./temporary.js";

let restore: () => void;
beforeEach(() => (restore = keepEnvironment()));
afterEach(() => restore());

const noise = (length: number, seed = 1): Buffer => {
  const random = new SeededRandom(seed);
  const bytes = Buffer.alloc(length);
  for (let at = 0; at + 4 <= length; at += 4) bytes.writeUInt32LE(random.uint32(), at);
  return bytes;
};
const files: Record<string, Buffer> = { "data/a.parquet": noise(300_001), "data/b.parquet": noise(70_000, 2), "data/empty.txt": Buffer.alloc(0), "README.md": Buffer.from("hello"), "other/c.jsonl": Buffer.from("{}\n") };
const sha256 = (bytes: Buffer): string => createHash("sha256").update(bytes).digest("hex");
const quick = { retryDelay: 5, chunkBytes: 32_768, connections: 4 } satisfies Partial<DownloadOptions>;

async function expectWhole(out: string, names: string[]): Promise<void> {
  for (const name of names) expect((await readFile(join(out, name))).equals(files[name]!), name).toBe(true);
  const found = (await readdir(out, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name).slice(out.length + 1));
  expect(found.sort()).toEqual([...names, "download.json"].sort());
}

describe("download", () => {
  test("fetches a folder by ranges, checks every digest and writes a record; again, it does nothing", async () => {
    const server = await hubServer(files);
    const out = await temporaryFolder();
    const progress: number[] = [];
    const result = await download("hf://datasets/owner/name/data", { out, ...quick, onProgress: ({ bytes, totalBytes }) => progress.push(bytes / totalBytes) });
    expect(result).toMatchObject({ status: "written", fetchedBytes: 370_001 });
    expect(result.files.map(({ file, bytes, sha256: digest, checked }) => [file, bytes, digest, checked])).toEqual(["data/a.parquet", "data/b.parquet", "data/empty.txt"].map((name) => [name, files[name]!.length, sha256(files[name]!), name.endsWith(".txt") ? "git-sha1" : "sha256"]));
    await expectWhole(out, ["data/a.parquet", "data/b.parquet", "data/empty.txt"]);
    expect(progress.every((share, index) => share >= (progress[index - 1] ?? 0))).toBe(true);
    expect(progress.at(-1)).toBe(1);
    // Each byte came once: ranges don't overlap.
    expect(server.sent()).toBe(370_001);
    expect(server.transfers.filter(({ path }) => path === "data/a.parquet")).toHaveLength(10);
    // The Hub is asked where a file is, not for each of its ranges.
    expect(server.requests.filter((request) => request.includes("/resolve/main/data/a.parquet")).length).toBeLessThanOrEqual(4);
    const again = await download("hf://datasets/owner/name/data", { out, ...quick });
    expect(again).toEqual({ status: "unchanged", fetchedBytes: 0, files: result.files });
    expect(server.sent()).toBe(370_001);
  });

  test("one file, a glob and several sources go to one folder; a record keeps what earlier runs fetched", async () => {
    await hubServer(files);
    const out = await temporaryFolder();
    await download("hf://datasets/owner/name/README.md", { out, ...quick });
    await download(["hf://datasets/owner/name@main/*/*.jsonl", "hf://datasets/owner/name/data/b.parquet"], { out, ...quick });
    await expectWhole(out, ["README.md", "data/b.parquet", "other/c.jsonl"]);
    expect((JSON.parse(await readFile(join(out, "download.json"), "utf8")) as { files: { file: string }[] }).files.map(({ file }) => file)).toEqual(["README.md", "data/b.parquet", "other/c.jsonl"]);
    await expect(download("hf://datasets/owner/name/none", { out, ...quick })).rejects.toThrow(/does not exist on the Hub/);
    await expect(download("data.parquet", { out, ...quick })).rejects.toThrow(/expected hf:/);
  });

  test("whatever the network does, the bytes arrive: cuts, stalls, 429, 500, wrong ranges, expired addresses", { timeout: 60_000 }, async () => {
    const faults: Record<string, (...args: Parameters<Fault>) => void> = {
      cut: ({ body, response }) => response.write(body.subarray(0, body.length >> 1), () => setTimeout(() => response.destroy(), 5)),
      nothing: ({ response }) => response.destroy(),
      stall: ({ body, response }) => response.write(body.subarray(0, 10)),
      busy: ({ response }) => response.writeHead(429, { "retry-after": "0", "content-length": "4" }).end("busy"),
      limited: ({ response }) => response.writeHead(429, { ratelimit: '"resolvers";r=0;t=0', "content-length": "0" }).end(),
      broken: ({ response }) => response.writeHead(503, { "content-length": "0" }).end(),
      gateway: ({ response }) => response.writeHead(502, { "content-type": "text/html", "content-length": "6" }).end("<html>"),
      elsewhere: ({ body, response, start, end }) => response.writeHead(206, { "content-range": `bytes ${start + 1}-${end}/999999` }).end(body),
    };
    await fc.assert(
      fc.asyncProperty(fc.array(fc.option(fc.constantFrom(...Object.keys(faults)), { nil: undefined, freq: 2 }), { minLength: 5, maxLength: 25 }), fc.integer({ min: 2, max: 5 }), async (plan, expires) => {
        process.env.HF_HUB_DOWNLOAD_TIMEOUT = "0.1";
        const { endpoint } = await hubServer(files, {
          expires,
          fault: (transfer) => {
            const fault = plan[transfer.count];
            if (fault) faults[fault]!(transfer);
            return fault !== undefined;
          },
        });
        process.env.HF_HUB_DOWNLOAD_TIMEOUT = "0.3";
        expect(endpoint).toMatch(/^http/);
        const out = await temporaryFolder();
        const { files: fetched } = await download("hf://datasets/owner/name/data", { out, ...quick, attempts: 30 });
        expect(fetched.map(({ sha256: digest }) => digest)).toEqual(["data/a.parquet", "data/b.parquet", "data/empty.txt"].map((name) => sha256(files[name]!)));
        await expectWhole(out, ["data/a.parquet", "data/b.parquet", "data/empty.txt"]);
      }),
      { numRuns: 12 },
    );
  });

  test("waits as long as Retry-After says, with all of its connections", async () => {
    const times: number[] = [];
    let told = false;
    await hubServer(files, {
      fault: ({ response }) => {
        times.push(Date.now());
        if (told) return false;
        told = true;
        response.writeHead(429, { "retry-after": "1", "content-length": "0" }).end();
        return true;
      },
    });
    const reasons: string[] = [];
    await download("hf://datasets/owner/name/data/a.parquet", { out: await temporaryFolder(), ...quick, connections: 1, onRetry: ({ reason }) => reasons.push(reason) });
    expect(times[1]! - times[0]!).toBeGreaterThanOrEqual(990);
    expect(reasons).toEqual([expect.stringMatching(/^status 429/)]);
  });

  test("a listing that is throttled is asked for again", async () => {
    let refused = 0;
    await hubServer(files, {
      gate: (request, response) => {
        if (!request.url!.includes("/tree/") || refused++ > 1) return false;
        response.writeHead(refused === 1 ? 429 : 500, { "retry-after": "0" }).end();
        return true;
      },
    });
    expect((await download("hf://datasets/owner/name/data", { out: await temporaryFolder(), ...quick })).files).toHaveLength(3);
  });

  test("bytes that differ from the digest never appear, and the error names both", async () => {
    const { transfers } = await hubServer(files, {
      fault: ({ path, body, start, response }) => {
        if (path !== "data/b.parquet" || start > 0) return false;
        const wrong = Buffer.from(body);
        wrong[5]! ^= 0x10;
        response.end(wrong);
        return true;
      },
    });
    const out = await temporaryFolder();
    const error = await download("hf://datasets/owner/name/data/b.parquet", { out, ...quick }).then(String, (thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(DatasetError);
    expect(String(error)).toContain(`hf://datasets/owner/name/data/b.parquet arrived damaged 2 times: expected SHA-256 ${sha256(files["data/b.parquet"]!)}, found SHA-256 `);
    expect(transfers.filter(({ start }) => start === 0)).toHaveLength(2);
    expect(await readdir(join(out, "data"))).toEqual([]);
  });

  test("gives up after so many attempts without a byte, keeps what it has, and says what to do", async () => {
    let cut = true;
    const server = await hubServer(files, {
      fault: ({ start, response }) => {
        if (!cut || start < 200_000) return false;
        response.destroy();
        return true;
      },
    });
    const out = await temporaryFolder();
    await expect(download("hf://datasets/owner/name/data/a.parquet", { out, ...quick, attempts: 3 })).rejects.toThrow(/data\/a\.parquet can't be read from the Hub: .*Check the connection and HF_ENDPOINT, then run the same command again/);
    expect((await readdir(join(out, "data"))).sort()).toEqual(["a.parquet.part", "a.parquet.part.json"]);
    cut = false;
    const before = server.sent();
    const { fetchedBytes } = await download("hf://datasets/owner/name/data/a.parquet", { out, ...quick });
    expect(fetchedBytes).toBeLessThan(220_000);
    expect(server.sent() - before).toBe(fetchedBytes);
    await expectWhole(out, ["data/a.parquet"]);
  });

  test("a damaged or foreign file in the folder is noticed", async () => {
    await hubServer(files);
    const out = await temporaryFolder();
    await download("hf://datasets/owner/name/README.md", { out, ...quick });
    await writeFile(join(out, "README.md"), "jello");
    expect((await download("hf://datasets/owner/name/README.md", { out, ...quick })).status).toBe("unchanged"); // taken by its length
    expect((await download("hf://datasets/owner/name/README.md", { out, ...quick, recheck: true })).status).toBe("written");
    await expectWhole(out, ["README.md"]);
    const foreign = await temporaryFolder();
    await writeFile(join(foreign, "README.md"), "mine");
    await expect(download("hf://datasets/owner/name/README.md", { out: foreign, ...quick })).rejects.toThrow(/is there already and differs from hf:/);
    await writeFile(join(foreign, "README.md"), "hello");
    expect((await download("hf://datasets/owner/name/README.md", { out: foreign, ...quick })).status).toBe("unchanged");
  });

  test("an abort ends it at once and leaves what goes on later", async () => {
    await hubServer(files, { fault: ({ start }) => start >= 100_000 });
    const controller = new AbortController();
    const running = download("hf://datasets/owner/name/data/a.parquet", { out: await temporaryFolder(), ...quick, signal: controller.signal, onProgress: ({ bytes }) => bytes > 50_000 && controller.abort() });
    await expect(running).rejects.toMatchObject({ name: "AbortError" });
  });

  test("a disk that is too small is noticed before anything is fetched", async () => {
    const { transfers } = await hubServer({ "huge.parquet": Buffer.from("x") }, {
      gate: (request, response) => {
        if (!request.url!.includes("paths-info")) return false;
        response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify([{ type: "file", path: "huge.parquet", size: 2 ** 52, oid: "0".repeat(40), lfs: { oid: "0".repeat(64), size: 2 ** 52, pointerSize: 1 } }]));
        return true;
      },
    });
    await expect(download("hf://datasets/owner/name/huge.parquet", { out: await temporaryFolder(), ...quick })).rejects.toThrow(/Not enough space in .*are to be fetched.*are free/);
    expect(transfers).toHaveLength(0);
  });
});

describe("any address", () => {
  /** A plain web server, without a Hub. */
  async function web(answer: Parameters<typeof createServer>[1]): Promise<string> {
    const server = createServer(answer as never);
    await new Promise<void>((ready) => server.listen(0, "127.0.0.1", ready));
    onTestFinished(() => {
      server.closeAllConnections();
      server.close();
    });
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }
  const body = noise(100_000, 3);

  test("without ranges, without a length, and with a digest behind it", async () => {
    const plain = await web((request, response) => void response.writeHead(200, { "content-length": body.length }).end(body));
    const out = await temporaryFolder();
    expect((await download(`${plain}/some%20file.parquet?x=1`, { out, ...quick })).files).toMatchObject([{ file: "some file.parquet", bytes: 100_000, checked: "length", sha256: sha256(body) }]);
    const chunked = await web((request, response) => void (response.write(body.subarray(0, 9)), response.end(body.subarray(9))));
    expect((await download(`${chunked}/b.bin`, { out, ...quick })).files).toMatchObject([{ bytes: 100_000, checked: "length" }]);
    expect((await download(`${plain}/c.bin#sha256=${sha256(body)}`, { out, ...quick })).files).toMatchObject([{ checked: "sha256" }]);
    await expect(download(`${plain}/d.bin#sha256=${"0".repeat(64)}`, { out, ...quick })).rejects.toThrow(/d\.bin arrived damaged 2 times: expected SHA-256 0{64}, found SHA-256/);
    const digest = await web((request, response) => void response.writeHead(200, { "content-length": body.length, "repr-digest": `sha-256=:${createHash("sha256").update("other").digest("base64")}:` }).end(body));
    await expect(download(`${digest}/e.bin`, { out, ...quick })).rejects.toThrow(/arrived damaged/);
  });

  test("a file that changes between its ranges is not put together from both", async () => {
    let count = 0;
    const changing = await web((request, response) => {
      const [, from = "0", to = "0"] = /bytes=(\d+)-(\d+)/.exec(request.headers.range ?? "") ?? [];
      const end = Math.min(body.length, Number(to) + 1);
      response.writeHead(206, { etag: `"${count++ < 2 ? 1 : 2}"`, "content-range": `bytes ${from}-${end - 1}/${body.length}` }).end(body.subarray(Number(from), end));
    });
    await expect(download(`${changing}/a.bin`, { out: await temporaryFolder(), ...quick, connections: 1 })).rejects.toThrow(/has changed on the server while it was fetched/);
  });

  test("redirects in circles end", async () => {
    const circle = await web((request, response) => void response.writeHead(302, { location: "/again" }).end());
    await expect(download(`${circle}/a.bin`, { out: await temporaryFolder(), ...quick })).rejects.toThrow(/more than 10 redirects/);
  });
});

describe("llm-dataset download", () => {
  const command = (args: string[]): ChildProcess => spawn(process.execPath, [join(root, "packages/dataset/bin/llm-dataset.js"), "download", ...args], { stdio: ["ignore", "pipe", "pipe"] });
  async function finished(child: ChildProcess): Promise<{ code: number | null; stdout: string; stderr: string }> {
    let stdout = "";
    let stderr = "";
    child.stdout!.on("data", (chunk: Buffer) => (stdout += chunk.toString()));
    child.stderr!.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
    const [code] = (await once(child, "close")) as [number | null];
    return { code, stdout, stderr };
  }

  test("killed at random places, it goes on in the middle of the file", { timeout: 120_000 }, async () => {
    const big = { "big.parquet": noise(24 << 20, 9) };
    const server = await hubServer(big, {
      // 4 MB/s a connection.
      fault: ({ body, response }) => {
        let at = 0;
        const timer = setInterval(() => {
          if (response.destroyed) clearInterval(timer);
          else if (at >= body.length) response.end(() => clearInterval(timer));
          else response.write(body.subarray(at, (at += 1 << 16)));
        }, 16);
        return true;
      },
    });
    const out = await temporaryFolder();
    const random = new SeededRandom(4);
    const stored = async (): Promise<number> => {
      const { done } = JSON.parse(await readFile(join(out, "big.parquet.part.json"), "utf8").catch(() => '{"done":[0]}')) as { done: number[] };
      return done.reduce((sum, bytes) => sum + bytes, 0);
    };
    let before = 0;
    for (let kill = 0; kill < 3; kill++) {
      const child = command(["hf://datasets/owner/name/big.parquet", "--out", out, "--connections", "2"]);
      const goal = before + 1 + random.below(4 << 20);
      while ((await stored()) < goal) await new Promise((go) => setTimeout(go, 20));
      child.kill("SIGKILL");
      await once(child, "close");
      expect(await stored()).toBeGreaterThanOrEqual(before);
      before = await stored();
    }
    const from = server.transfers.length;
    const { code, stdout } = await finished(command(["hf://datasets/owner/name/big.parquet", "--out", out, "--json"]));
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ status: "written", fetchedBytes: big["big.parquet"].length - before });
    expect(server.transfers.slice(from).some(({ start }) => start % (16 << 20) !== 0)).toBe(true);
    expect((await readFile(join(out, "big.parquet"))).equals(big["big.parquet"])).toBe(true);
  });

  test("--limit takes documents, tokens or bytes from the row groups that hold them", { timeout: 60_000 }, async () => {
    const folder = await temporaryFolder();
    const random = new SeededRandom(5);
    const documents = Array.from({ length: 3_000 }, (_, i) => ({ text: `Document ${i}: ${Array.from({ length: 60 }, () => random.uint32().toString(36)).join(" ")}`, id: String(i), url: `http://example.com/${i}`, token_count: 100 }));
    await writeParquet(join(folder, "a.parquet"), documents, { rowGroupSize: 200 });
    const lines = Buffer.from(documents.map((row) => `${JSON.stringify(row)}\n`).join(""));
    const bytes = await readFile(join(folder, "a.parquet"));
    const server = await hubServer({ "a.parquet": bytes, "b.jsonl": lines });
    const run = async (source: string, limit: string): Promise<{ rows: { id: string }[]; share: number }> => {
      const out = join(await temporaryFolder(), "out");
      const before = server.sent();
      const { code, stderr } = await finished(command([`hf://datasets/owner/name/${source}`, "--out", out, "--limit", limit]));
      expect([stderr, code]).toEqual([expect.anything(), 0]);
      return { rows: await bare(readDocuments(join(out, "documents"))), share: (server.sent() - before) / bytes.length };
    };
    const ids = (count: number): string[] => documents.slice(0, count).map(({ id }) => id);
    const first = await run("a.parquet", "250");
    expect(first.rows).toEqual(documents.slice(0, 250));
    // Two of 15 row groups, and the last 256 kB with the footer.
    expect(first.share).toBeLessThan(0.5);
    const tokens = await run("a.parquet", "2ktokens");
    expect(tokens.rows.map(({ id }) => id)).toEqual(ids(20));
    const half = await run("b.jsonl", "10kB");
    let sum = 0;
    const enough = documents.findIndex(({ text }) => (sum += text.length) >= 10_000) + 1;
    expect(half.rows.map(({ id }) => id)).toEqual(ids(enough));
    expect(half.share).toBeLessThan(0.5);
    expect((await finished(command(["hf://datasets/owner/name/a.parquet", "--out", folder, "--limit", "some"]))).code).toBe(2);
    expect((await stat(folder)).isDirectory()).toBe(true);
  });
});
