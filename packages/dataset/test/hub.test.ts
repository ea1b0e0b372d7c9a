import { createHash } from "node:crypto";
import { readFileSync, readdirSync, statSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { type IncomingMessage, type ServerResponse, createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { readDocuments, resolveSources } from "@llm/dataset";
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { all, temporaryFolder } from "./temporary.js";

const parquet = readFileSync(join(import.meta.dirname, "goldens/snappy.parquet"));
const jsonl = Buffer.from(`${JSON.stringify({ text: "from the hub" })}\n`);
const files: Record<string, Buffer> = { "data/b.jsonl": jsonl, "sample/10BT/000.parquet": parquet, "README.md": Buffer.from("hello") };

/** A small Hub: the tree and the files of one data set. `tamper` may answer a file's request instead. */
async function hub(tamper?: (body: Buffer, request: IncomingMessage, response: ServerResponse, count: number) => boolean): Promise<{ requests: string[] }> {
  const requests: string[] = [];
  let bodies = 0;
  const server = createServer((request, response) => {
    const path = decodeURIComponent((request.url ?? "").split("?")[0]!);
    requests.push(`${path} ${request.headers.range ?? ""}`.trim());
    const tree = /^\/api\/datasets\/owner\/name\/tree\/main(?:\/(.*))?$/.exec(path);
    if (tree) {
      const below = Object.entries(files).filter(([name]) => !tree[1] || name.startsWith(`${tree[1]}/`));
      response.setHeader("content-type", "application/json");
      response.end(
        JSON.stringify(
          below.map(([name, body]) => ({
            type: "file",
            path: name,
            size: body.length,
            oid: createHash("sha1").update(`blob ${body.length}\0`).update(body).digest("hex"),
            ...(name.endsWith(".parquet") ? { lfs: { oid: createHash("sha256").update(body).digest("hex"), size: body.length, pointerSize: 130 } } : {}),
          })),
        ),
      );
      return;
    }
    const body = files[/^\/datasets\/owner\/name\/resolve\/main\/(.*)$/.exec(path)?.[1] ?? ""];
    if (!body) {
      response.statusCode = 404;
      response.end("not found");
      return;
    }
    const [start = 0, end = body.length - 1] = (/bytes=(\d+)-(\d*)/.exec(request.headers.range ?? "") ?? []).slice(1).map((text) => (text === "" ? undefined : Number(text)));
    response.setHeader("etag", '"e"');
    response.setHeader("content-range", `bytes ${start}-${end}/${body.length}`);
    response.statusCode = 206;
    const part = body.subarray(start, end + 1);
    // The client asks for the first byte to learn the size; what follows is the file.
    if (request.headers.range === "bytes=0-0" || !tamper?.(part, request, response, bodies++)) response.end(part);
  });
  await new Promise<void>((ready) => server.listen(0, "127.0.0.1", ready));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  process.env.HF_ENDPOINT = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  process.env.LLM_CACHE = await temporaryFolder();
  return { requests };
}

describe("hf://", () => {
  const before = { ...process.env };
  beforeEach(() => {
    delete process.env.HF_TOKEN;
  });
  afterEach(() => {
    for (const key of ["HF_ENDPOINT", "LLM_CACHE", "HF_TOKEN"]) {
      if (before[key] === undefined) delete process.env[key];
      else process.env[key] = before[key];
    }
  });

  test("reads files, folders and globs of a data set, each fetched once and only when it is reached", async () => {
    const { requests } = await hub();
    const bodies = (): number => requests.filter((request) => request.startsWith("/datasets/")).length;
    const local = await all(readDocuments(join(import.meta.dirname, "goldens/snappy.parquet")));
    expect(await all(readDocuments("hf://datasets/owner/name/data", { limit: 5 }))).toEqual([{ text: "from the hub", id: "owner/name/data/b.jsonl#0" }]);
    expect(requests.some((request) => request.includes("10BT"))).toBe(false);
    expect(await all(readDocuments("hf://datasets/owner/name/sample/10BT/000.parquet"))).toEqual(local);
    const fetched = bodies();
    expect(await all(readDocuments("hf://datasets/owner/name/sample/*/*.parquet"))).toEqual(local);
    expect(await all(readDocuments("hf://datasets/owner/name@main"))).toHaveLength(1 + local.length);
    expect(bodies()).toBe(fetched);
  });

  test("goes on with a file where the connection broke", async () => {
    const { requests } = await hub((body, _request, response, count) => {
      if (count > 0) return false;
      response.write(body.subarray(0, 4_000));
      // Cut once the client has stored some of it.
      const timer = setInterval(() => {
        if (!readdirSync(process.env.LLM_CACHE!, { recursive: true }).some((name) => String(name).endsWith(".part") && statSync(join(process.env.LLM_CACHE!, String(name))).size > 0)) return;
        clearInterval(timer);
        response.destroy();
      }, 10);
      return true;
    });
    expect(await all(readDocuments("hf://datasets/owner/name/sample/10BT/000.parquet"))).toHaveLength(40);
    const ranges = requests.filter((request) => request.startsWith("/datasets/") && !request.endsWith("bytes=0-0"));
    expect(ranges).toHaveLength(2);
    expect(ranges[1]).toMatch(new RegExp(`bytes=[1-9]\\d*-${parquet.length - 1}$`));
  });

  test("fetches a file again whose bytes are not what the Hub lists", async () => {
    const { requests } = await hub((body, _request, response, count) => {
      if (count > 0) return false;
      const wrong = Buffer.from(body);
      wrong[100]! ^= 1;
      response.end(wrong);
      return true;
    });
    expect(await all(readDocuments("hf://datasets/owner/name/sample/10BT/000.parquet"))).toHaveLength(40);
    expect(requests.filter((request) => request.startsWith("/datasets/") && !request.endsWith("bytes=0-0"))).toHaveLength(2);
  });

  test("says what is wrong: no such data set, no data, no connection", async () => {
    await hub();
    await expect(resolveSources("hf://datasets/owner/other/data")).rejects.toThrow(/hf:\/\/datasets\/owner\/other\/data can't be read from the Hub: status 404, .* Check the name/s);
    await expect(resolveSources("hf://datasets/owner/name/none/*.txt")).rejects.toThrow(/has no file whose name ends in/);
    process.env.HF_ENDPOINT = "http://127.0.0.1:1";
    await expect(resolveSources("hf://datasets/owner/name/data")).rejects.toThrow(/can't be read from the Hub: .*Check the connection and HF_ENDPOINT/s);
  });
});

test("the cache keeps names apart", async () => {
  await hub();
  const [file] = await resolveSources("hf://datasets/owner/name/data/b.jsonl");
  const path = await file!.locate();
  expect(path.startsWith(process.env.LLM_CACHE!)).toBe(true);
  // What lies in the cache is used as it is.
  await writeFile(path, `${JSON.stringify({ text: "cached" })}\n`);
  expect((await all(readDocuments("hf://datasets/owner/name/data/b.jsonl")))[0]!.text).toBe("cached");
});
