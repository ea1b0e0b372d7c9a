import { spawn, spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, readFile, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { DatasetError, type Document, SeededRandom, prepare, readDocuments, writeJsonl, writeParquet } from "@llm/dataset";
import { describe, expect, test } from "vitest";
import { root } from "./python.js";
import { all, digests, temporaryFolder } from "./temporary.js";

const bin = join(root, "packages/dataset/bin/llm-dataset.js");

/** Rows with planted defects: every 7th in German, every 11th a duplicate, every 13th too short. */
const rows = (count: number, from = 0): Document[] =>
  Array.from({ length: count }, (_, k) => {
    const i = from + k;
    const text = i % 13 === 0 ? "short" : `Document ${i % 11 === 0 ? 5 : i} has ${"a few words and ".repeat(3 + (i % 20))}an end.`;
    return { text: i % 17 === 0 ? `${text}\u0000 \r\n` : text, id: `row-${i}`, language: i % 7 === 0 ? "de" : "en", token_count: i };
  });

/** FOLDER/in with two parquet files and one of chats. */
async function inputs(count = 300): Promise<{ folder: string; source: string }> {
  const folder = await temporaryFolder();
  const source = join(folder, "in");
  await writeParquet(join(source, "a.parquet"), rows(count), { rowGroupSize: 64 });
  await writeParquet(join(source, "b.parquet"), rows(count, count), { rowGroupSize: 50 });
  const chats = Array.from({ length: count }, (_, i) => ({ id: `chat-${i}`, messages: [{ role: "user", content: `What is ${i % 100}?` }, { role: "assistant", content: i % 50 === 3 ? " " : `It is ${i % 100}.` }] }));
  await writeFile(join(source, "chats.jsonl"), chats.map((chat) => `${JSON.stringify(chat)}\n`).join(""));
  return { folder, source };
}

describe("prepare", () => {
  test("writes what is kept and what is not, and counts both", async () => {
    const { folder, source } = await inputs();
    const out = join(folder, "out");
    const { status, report } = await prepare(source, { out });
    expect(status).toBe("written");
    expect((await readdir(out)).sort()).toEqual(["chats", "documents", "rejected", "report.html", "report.json"]);
    expect(JSON.parse(await readFile(join(out, "report.json"), "utf8"))).toEqual(report);

    const kept = await all(readDocuments(out));
    const rejected = (await readFile(join(out, "rejected/rejected-00000.jsonl"), "utf8")).trim().split("\n").map((line) => JSON.parse(line) as Document & { reason: string });
    expect(kept.length + rejected.length).toBe(report.read);
    expect(report).toMatchObject({ read: 900, documents: kept.filter((document) => !document.messages).length, chats: kept.filter((document) => document.messages).length });
    const reasons: Record<string, number> = {};
    for (const { reason } of rejected) reasons[reason] = (reasons[reason] ?? 0) + 1;
    expect({ "wrong-language": 0, "too-short": 0, "empty-message": 0, duplicate: 0, ...reasons }).toEqual(report.rejected);
    // Independent counts of what was planted.
    const planted = rows(600);
    const other = planted.filter(({ language }) => language === "de");
    const short = planted.filter(({ language, text }) => language === "en" && text.startsWith("short"));
    expect(report.rejected).toMatchObject({ "wrong-language": other.length, "too-short": short.length, "empty-message": 6 });
    // 98 kinds of chats with a reply of 300, of which every one but the first is a duplicate.
    expect(report.chats).toBe(98);
    expect(kept.find(({ id }) => id === "row-1")).toEqual({ ...planted[1], source_file: join(source, "a.parquet"), source_row: 1 });
    expect(kept.every(({ text }) => !/\0|\r|\s$/.test(text))).toBe(true);
    expect(report.inputs.map(({ file, rows: count }) => [file, count])).toEqual([["a.parquet", 300], ["b.parquet", 300], ["chats.jsonl", 300]]);
    expect(report.lengths.reduce((a, b) => a + b)).toBe(kept.length);
    const html = await readFile(join(out, "report.html"), "utf8");
    expect(html).toContain("Exact duplicate");
    expect(html).not.toMatch(/<script|https?:\/\//);
  });

  test("does nothing if nothing changed, and everything if something did", async () => {
    const { folder, source } = await inputs(60);
    const out = join(folder, "out");
    await prepare(source, { out });
    const before = await digests(out);
    expect((await prepare(source, { out })).status).toBe("unchanged");
    expect((await prepare(source, { out, minCharacters: 100 })).status).toBe("written");
    expect((await prepare(source, { out })).status).toBe("written");
    expect(await digests(out)).toEqual(before);
    await writeParquet(join(source, "b.parquet"), rows(61, 60));
    expect((await prepare(source, { out })).status).toBe("written");
    await writeFile(join(out, "chats/chats-00000.jsonl"), "");
    expect((await prepare(source, { out })).status).toBe("written");
    expect((await prepare(source, { out, limit: 10 })).report.read).toBe(10);
  });

  test("interrupted anywhere, any number of times, it ends with the same bytes", async () => {
    const { folder, source } = await inputs(90);
    await prepare(source, { out: join(folder, "whole"), partRows: 25 });
    const whole = await digests(join(folder, "whole"));
    expect(Object.keys(whole).filter((name) => name.startsWith("/documents/")).length).toBeGreaterThan(4);
    const random = new SeededRandom(2);
    for (let round = 0; round < 3; round++) {
      const out = join(folder, `cut-${round}`);
      let interruptions = 0;
      for (;;) {
        const controller = new AbortController();
        let left = 1 + random.below(120);
        const result = await prepare(source, { out, partRows: 25, signal: controller.signal, onProgress: () => --left === 0 && controller.abort() }).catch((error: Error) => {
          expect(error.name).toBe("AbortError");
          interruptions++;
          return undefined;
        });
        if (result) break;
        // Nothing half-written shows: only hidden folders, which readers pass over.
        expect((await readdir(out)).filter((name) => !name.startsWith("."))).toEqual([]);
      }
      expect(interruptions).toBeGreaterThan(0);
      expect(await digests(out)).toEqual(whole);
    }
  });

  test("a folder with someone else's files, a source within the folder, and damaged input are refused", async () => {
    const { folder, source } = await inputs(20);
    const out = join(folder, "out");
    await mkdir(join(out, "documents"), { recursive: true });
    await writeFile(join(out, "documents/mine.txt"), "x");
    await expect(prepare(source, { out })).rejects.toThrow(/documents exists and was not made by this command/);
    expect(await readFile(join(out, "documents/mine.txt"), "utf8")).toBe("x");
    await expect(prepare(source, { out: source })).rejects.toThrow(/lies in the folder that is to be written/);
    await expect(prepare(source, { out: folder })).rejects.toThrow(/lies in the folder that is to be written/);
    await expect(prepare(source, { out: join(source, "a.parquet") })).rejects.toBeInstanceOf(DatasetError);
    const bytes = await readFile(join(source, "b.parquet"));
    await writeFile(join(source, "b.parquet"), bytes.subarray(0, bytes.length / 2));
    await expect(prepare(source, { out: join(folder, "other") })).rejects.toThrow(/b\.parquet is damaged or not a parquet file/);
    expect((await readdir(join(folder, "other"))).every((name) => name.startsWith("."))).toBe(true);
  });

  test("writing below the source is possible: the result is not read again", async () => {
    const { source } = await inputs(30);
    const out = join(source, "prepared");
    const first = await prepare(source, { out });
    expect((await prepare(source, { out })).status).toBe("unchanged");
    expect(first.report.read).toBe(90);
  });
});

describe("the process", () => {
  const prepared = (args: string[], wrap?: string): ReturnType<typeof spawnSync> => (wrap ? spawnSync("bash", ["-c", `${wrap} exec "$0" "$@"`, process.execPath, bin, ...args], { encoding: "utf8" }) : spawnSync(process.execPath, [bin, ...args], { encoding: "utf8" }));

  test("killed with -9 again and again, it ends with the same bytes", async () => {
    const folder = await temporaryFolder();
    const source = join(folder, "in");
    await writeJsonl(join(source, "a.jsonl"), Array.from({ length: 45_000 }, (_, i) => ({ text: i % 9 === 0 ? "short" : `Document ${i % 30_000} is a short one.` })));
    await prepare(source, { out: join(folder, "whole") });
    const out = join(folder, "cut");
    const partIs = async (name: string): Promise<boolean> => (await readdir(out).catch(() => [])).some((work) => existsSync(join(out, work, name)));
    // Killed in its first part, in its second, and in its third.
    for (const reached of ["unit-00000", "unit-00000/part-00000", "unit-00000/part-00001"]) {
      const child = spawn(process.execPath, [bin, "prepare", source, "--out", out], { stdio: "ignore" });
      const ended = new Promise<number | null>((done) => child.on("close", done));
      while (!(await partIs(reached))) await sleep(5);
      child.kill("SIGKILL");
      expect(await ended).toBeNull();
      expect((await readdir(out)).every((name) => name.startsWith("."))).toBe(true);
    }
    const last = prepared(["prepare", source, "--out", out, "--json"]);
    expect(last.status).toBe(0);
    expect((JSON.parse(String(last.stdout)) as { resumedRows: number }).resumedRows).toBe(40_000);
    expect(await digests(out)).toEqual(await digests(join(folder, "whole")));
  });

  test("a full disk gives one clear message and nothing half-written", async () => {
    const { folder, source } = await inputs(1_500);
    const out = join(folder, "out");
    // A limit on the size of a file stands in for the disk's end, with the same handling.
    const { status, stderr } = prepared(["prepare", source, "--out", out], "ulimit -f 16; trap '' XFSZ;");
    expect(stderr).toMatch(/^(prepare .*\n)*error: No space left to write .* \(EFBIG\)\. Nothing half-written is left in its place; free some space and run the same command again\.\n/);
    expect(stderr).not.toMatch(/\n\s+at /);
    expect(status).toBe(1);
    expect((await readdir(out)).filter((name) => !name.startsWith("."))).toEqual([]);
    expect(prepared(["prepare", source, "--out", out]).status).toBe(0);
  });
});
