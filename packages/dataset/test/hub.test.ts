import { createHash } from "node:crypto";
import { readFileSync, readdirSync, statSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { readDocuments, resolveSources } from "@llm/dataset";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { hubServer, keepEnvironment } from "./hub-server.js";
import { all, bare, temporaryFolder } from "./temporary.js";

const parquet = readFileSync(join(import.meta.dirname, "goldens/snappy.parquet"));
const jsonl = Buffer.from(`${JSON.stringify({ text: "from the hub" })}\n`);
const files: Record<string, Buffer> = { "data/b.jsonl": jsonl, "sample/10BT/000.parquet": parquet, "README.md": Buffer.from("hello") };
const local = (): Promise<unknown[]> => bare(readDocuments(join(import.meta.dirname, "goldens/snappy.parquet")));

let restore: () => void;
beforeEach(() => (restore = keepEnvironment()));
afterEach(() => restore());

describe("hf:// as a source", () => {
  test("reads files, folders and globs of a data set, each fetched once and only when it is reached", async () => {
    const { transfers } = await hubServer(files);
    expect(await all(readDocuments("hf://datasets/owner/name/data"))).toEqual([{ text: "from the hub", id: "owner/name/data/b.jsonl#0", source_file: "hf://datasets/owner/name/data/b.jsonl", source_row: 0 }]);
    expect(transfers.map(({ path }) => path)).toEqual(["data/b.jsonl"]);
    expect(await bare(readDocuments("hf://datasets/owner/name/sample/10BT/000.parquet"))).toEqual(await local());
    const fetched = transfers.length;
    expect(await bare(readDocuments("hf://datasets/owner/name/sample/*/*.parquet"))).toEqual(await local());
    expect(await all(readDocuments("hf://datasets/owner/name@main"))).toHaveLength(41);
    expect(transfers).toHaveLength(fetched);
  });

  test.each([Infinity, 2])("with a limit, reads by range requests and keeps nothing; addresses expire after %s uses", async (expires) => {
    const { transfers, requests } = await hubServer(files, { expires });
    expect(await bare(readDocuments("hf://datasets/owner/name/sample", { limit: 15 }))).toEqual((await local()).slice(0, 15));
    expect(readdirSync(process.env.LLM_CACHE!)).toEqual([]);
    expect(transfers.every(({ start, end }) => end > start && end - start <= parquet.length)).toBe(true);
    // The Hub is asked where the file is, not for each of its ranges.
    const asked = requests.filter((request) => request.includes("/resolve/")).length;
    expect(transfers.length).toBeGreaterThan(4);
    expect(asked).toBeLessThanOrEqual(expires === 2 ? Math.ceil(transfers.length / 2) : 1);
  });

  test("goes on with a file where the connection broke", async () => {
    const { transfers } = await hubServer(files, {
      fault: ({ body, response, count }) => {
        if (count > 0) return false;
        response.write(body.subarray(0, 4_000));
        // Cut once the client has stored some of it.
        const timer = setInterval(() => {
          if (!readdirSync(process.env.LLM_CACHE!, { recursive: true }).some((name) => String(name).endsWith(".part") && statSync(join(process.env.LLM_CACHE!, String(name))).size > 0)) return;
          clearInterval(timer);
          setTimeout(() => response.destroy(), 50);
        }, 10);
        return true;
      },
    });
    expect(await bare(readDocuments("hf://datasets/owner/name/sample/10BT/000.parquet"))).toHaveLength(40);
    expect(transfers.map(({ start }) => start)).toEqual([0, 4_000]);
  });

  test("fetches a file again whose bytes are not what the Hub lists", async () => {
    const { transfers } = await hubServer(files, {
      fault: ({ body, response, count }) => {
        if (count > 0) return false;
        const wrong = Buffer.from(body);
        wrong[100]! ^= 1;
        response.end(wrong);
        return true;
      },
    });
    expect(await bare(readDocuments("hf://datasets/owner/name/sample/10BT/000.parquet"))).toHaveLength(40);
    expect(transfers).toHaveLength(2);
  });

  test("takes what another of the Hub's programs has fetched, if it is whole", async () => {
    const { transfers } = await hubServer(files);
    const blobs = join(process.env.HF_HOME!, "hub/datasets--owner--name/blobs");
    await mkdir(blobs, { recursive: true });
    const blob = join(blobs, createHash("sha256").update(parquet).digest("hex"));
    await writeFile(blob, parquet);
    expect(await bare(readDocuments("hf://datasets/owner/name/sample"))).toHaveLength(40);
    expect(transfers).toHaveLength(0);
    await writeFile(blob, Buffer.from(parquet).fill(7, 200, 201));
    expect(await bare(readDocuments("hf://datasets/owner/name/sample"))).toHaveLength(40);
    expect(transfers).toHaveLength(1);
  });

  test("says what is wrong: no such data set, no data, no connection, offline", async () => {
    await hubServer(files);
    await expect(resolveSources("hf://datasets/owner/other/data")).rejects.toThrow(/hf:\/\/datasets\/owner\/other\/data can't be read from the Hub: status 404, .* Check the name/s);
    await expect(resolveSources("hf://datasets/owner/name/data/c.jsonl")).rejects.toThrow(/c\.jsonl does not exist on the Hub/);
    await expect(resolveSources("hf://datasets/owner/name/data/*.txt")).rejects.toThrow(/has no file whose name ends in/);
    process.env.HF_HUB_OFFLINE = "1";
    await expect(resolveSources("hf://datasets/owner/name/data")).rejects.toThrow(/HF_HUB_OFFLINE is set/);
  });

  test("a listing that points outside the folder is refused", async () => {
    await hubServer({ "../evil.jsonl": jsonl });
    await expect(resolveSources("hf://datasets/owner/name")).rejects.toThrow(/"\.\.\/evil\.jsonl", which is no path within a data set/);
  });

  test("the cache keeps names apart, and what lies in it is used as it is", async () => {
    await hubServer(files);
    const [file] = await resolveSources("hf://datasets/owner/name/data/b.jsonl");
    const path = await file!.locate();
    expect(path.startsWith(process.env.LLM_CACHE!)).toBe(true);
    await writeFile(path, `${JSON.stringify({ text: "cached" })}\n`);
    expect((await all(readDocuments("hf://datasets/owner/name/data/b.jsonl")))[0]!.text).toBe("cached");
  });

  test("the token comes from HF_TOKEN or the file of a login, and goes to the Hub alone", async () => {
    const { tokens } = await hubServer(files);
    await all(readDocuments("hf://datasets/owner/name/data"));
    expect(new Set(tokens.hub)).toEqual(new Set([undefined]));
    await writeFile(join(process.env.HF_HOME!, "token"), "hf_fromfile\n");
    process.env.LLM_CACHE = await temporaryFolder();
    await all(readDocuments("hf://datasets/owner/name/data"));
    expect(tokens.hub.at(-1)).toBe("Bearer hf_fromfile");
    process.env.HF_TOKEN = "hf_direct";
    process.env.LLM_CACHE = await temporaryFolder();
    await all(readDocuments("hf://datasets/owner/name/data"));
    expect(tokens.hub.at(-1)).toBe("Bearer hf_direct");
    expect(tokens.cdn.length).toBeGreaterThan(2);
    expect(new Set(tokens.cdn)).toEqual(new Set([undefined]));
  });
});

test("an https address is a source too, whole or by ranges", async () => {
  const { endpoint, transfers } = await hubServer(files);
  const url = `${endpoint}/datasets/owner/name/resolve/main/sample/10BT/000.parquet`;
  expect(await bare(readDocuments(url))).toEqual(await local());
  expect((await all(readDocuments(url, { limit: 1 })))[0]).toMatchObject({ source_file: url, source_row: 0 });
  // Known by its digest, it is not fetched again; asking what it is takes one byte.
  const before = transfers.length;
  expect(await bare(readDocuments(url))).toEqual(await local());
  expect(transfers.slice(before).map(({ start, end }) => end - start)).toEqual([1]);
  await expect(resolveSources(`${endpoint}/datasets/owner/name/resolve/main/README.md`)).rejects.toThrow(/expected a name that ends in/);
  await expect(resolveSources(`${endpoint}/none.parquet`)).rejects.toThrow(/can't be read from 127\.0\.0\.1:\d+: status 404/);
});
