import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { readFile, readdir } from "node:fs/promises";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { DatasetError, NearDuplicateIndex, SeededRandom, dedupe, readDocuments, writeJsonl, writeParquet } from "@llm/dataset";
import { expect, test } from "vitest";
import { all, temporaryFolder } from "./temporary.js";

const random = new SeededRandom(3);
const word = (): string => `${"bcdfghklmnprst"[random.below(14)]}${"aeiou"[random.below(5)]}${"lmnrst"[random.below(6)]}${"aeiou"[random.below(5)]}${["", "n", "r", "st"][random.below(4)]}`;
const text = (words: number): string[] => Array.from({ length: words }, word);
/** The words with some of them replaced. */
const edited = (words: readonly string[], edits: number): string[] => {
  const copy = [...words];
  for (let k = 0; k < edits; k++) copy[random.below(copy.length)] = word();
  return copy;
};

/** Documents of which every fifth has copies with a few other words, and every seventh a text that shares a third with it, which is none. */
function planted(count: number): { documents: { id: string; text: string; url?: string }[]; cluster: Map<string, string> } {
  const documents: { id: string; text: string }[] = [];
  const cluster = new Map<string, string>();
  for (let i = 0; i < count; i++) {
    const words = text(120 + random.below(150));
    documents.push({ id: `d${i}`, text: `${words.join(" ")}.` });
    if (i % 5 === 0) {
      for (let copy = 0; copy <= i % 3; copy++) {
        documents.push({ id: `d${i}-${copy}`, text: `${edited(words, 2).join(" ").toUpperCase()}!` });
        cluster.set(`d${i}`, `d${i}`).set(`d${i}-${copy}`, `d${i}`);
      }
    }
    if (i % 7 === 0) documents.push({ id: `other${i}`, text: [...words.slice(0, Math.floor(words.length / 3)), ...text(words.length)].join(" ") });
  }
  return { documents: random.shuffle(documents), cluster };
}

test("planted near-duplicates are found by pairs, and hardly anything else", async () => {
  const { documents, cluster } = planted(400);
  const folder = await temporaryFolder();
  const index = await NearDuplicateIndex.create(folder);
  for (const document of documents) await index.add(document);
  const clusters = await index.clusters();
  let right = 0;
  let found = 0;
  let meant = 0;
  for (let a = 0; a < documents.length; a++) {
    for (let b = a + 1; b < documents.length; b++) {
      const [x, y] = [cluster.get(documents[a]!.id), cluster.get(documents[b]!.id)];
      const isPair = x !== undefined && x === y;
      const isFound = clusters.clusterOf(a) !== undefined && clusters.clusterOf(a) === clusters.clusterOf(b);
      if (isPair) meant++;
      if (isFound) found++;
      if (isPair && isFound) right++;
    }
  }
  expect(meant).toBeGreaterThan(150);
  expect(right / meant).toBeGreaterThanOrEqual(0.95);
  expect(right / found).toBeGreaterThanOrEqual(0.95);
  expect(await index.id(3)).toBe(documents[3]!.id);
  await index.close();
});

test("candidates that only share a band are told from duplicates", async () => {
  const folder = await temporaryFolder();
  // Half of the words in common: similar enough for some bands of so many pairs, not for the threshold.
  const shared = text(200);
  const documents = Array.from({ length: 60 }, (_, i) => ({ id: `${i}`, text: [...shared.slice(0, 150), ...text(60)].join(" ") }));
  const loose = await NearDuplicateIndex.create(join(folder, "loose"), { similarity: 0 });
  const strict = await NearDuplicateIndex.create(join(folder, "strict"));
  for (const document of documents) {
    await loose.add(document);
    await strict.add(document);
  }
  const [all, none] = [await loose.clusters(), await strict.clusters()];
  expect(all.duplicates).toBeGreaterThan(30);
  expect(none.candidates).toBeGreaterThan(30);
  expect([none.duplicates, none.verified]).toEqual([0, 0]);
  await loose.close();
  await strict.close();
});

test("one document of each cluster stays, the rest says of which it is a copy; again gives the same bytes", async () => {
  const folder = await temporaryFolder();
  const [a, b] = [text(100), text(100)];
  const documents = [
    { id: "a-short", text: a.join(" "), url: "http://one.org/" },
    { id: "b", text: b.join(" ") },
    { id: "a-long", text: `${a.join(" ")} ${text(4).join(" ")}` },
    { id: "tiny", text: "Four words are few" },
    { id: "tiny-2", text: "Four words are few" },
    { id: "a-copy", text: a.join("\n") },
  ];
  await writeParquet(join(folder, "in/a.parquet"), documents);
  await writeJsonl(join(folder, "in/chats.jsonl"), [{ id: "chat", messages: [{ role: "user", content: a.join(" ") }, { role: "assistant", content: "Yes." }] }]);
  const out = join(folder, "out");
  const { status, report } = await dedupe(join(folder, "in"), { out });
  expect(status).toBe("written");
  expect(report).toMatchObject({ read: 7, documents: 4, chats: 1, duplicates: 2, clusters: 1, sizes: { 3: 1 } });
  expect((await all(readDocuments(out))).map(({ id }) => id).sort()).toEqual(["a-long", "b", "chat", "tiny", "tiny-2"]);
  const rejected = (await readFile(join(out, "rejected/rejected-00000.jsonl"), "utf8")).trim().split("\n").map((line) => JSON.parse(line) as Record<string, string>);
  expect(rejected.map(({ id, reason, cluster, kept }) => [id, reason, cluster, kept])).toEqual([["a-short", "near-duplicate", "a-short", "a-long"], ["a-copy", "near-duplicate", "a-short", "a-long"]]);
  expect(rejected[0]!.url).toBe("http://one.org/");
  expect(JSON.parse(await readFile(join(out, "_clusters.jsonl"), "utf8"))).toEqual({ cluster: "a-short", kept: "a-long", members: ["a-short", "a-long", "a-copy"] });
  expect(await readFile(join(out, "report.html"), "utf8")).not.toMatch(/<script|src=/);
  const before = await digest(out);
  expect((await dedupe(join(folder, "in"), { out })).status).toBe("unchanged");
  await dedupe(join(folder, "in"), { out: join(folder, "other") });
  expect((await digest(join(folder, "other"))).map((line) => line)).toEqual(before);
  const first = await dedupe(join(folder, "in"), { out, keep: "first" });
  expect([first.status, (await all(readDocuments(join(out, "documents")))).map(({ id }) => id)]).toEqual(["written", ["a-short", "b", "tiny", "tiny-2"]]);
});

/** What is in a folder: names and digests. */
async function digest(out: string): Promise<string[]> {
  const names = (await readdir(out, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name)).sort();
  return Promise.all(names.map(async (name) => `${name.slice(out.length)} ${createHash("sha256").update(await readFile(name)).digest("hex")}`));
}

/** A source of 2,100 documents and a chat in two files, the second one in JSON lines. */
async function source(folder: string): Promise<string> {
  const { documents } = planted(1_400);
  const half = Math.floor(documents.length / 2);
  await writeParquet(join(folder, "in/a.parquet"), documents.slice(0, half));
  await writeJsonl(join(folder, "in/b.jsonl"), [{ id: "chat", messages: [{ role: "user", content: "Hello." }, { role: "assistant", content: "Yes." }] }, ...documents.slice(half)]);
  return join(folder, "in");
}

test("the result is the same with any number of threads and any memory to sort in", async () => {
  const folder = await temporaryFolder();
  const sources = await source(folder);
  const { report } = await dedupe(sources, { out: join(folder, "one"), workers: 1 });
  expect(report.duplicates).toBeGreaterThan(150);
  // Less than a sixty-fourth of the entries: every file is dealt again by finer bits.
  await dedupe(sources, { out: join(folder, "three"), workers: 3, sortMemory: 1_000, segmentDocuments: 170 });
  expect(await digest(join(folder, "three"))).toEqual(await digest(join(folder, "one")));
});

test("killed with -9 while it signs and while it writes, it goes on and ends with the same bytes", async () => {
  const folder = await temporaryFolder();
  const sources = await source(folder);
  await dedupe(sources, { out: join(folder, "whole"), workers: 1 });
  const out = join(folder, "out");
  const program = `
    import { dedupe } from ${JSON.stringify(pathToFileURL(resolve("dist/index.js")).href)};
    let last;
    await dedupe(process.argv[1], { out: process.argv[2], workers: 2, segmentDocuments: 100, onProgress: ({ step, documents }) => {
      if (step + Math.floor(documents / 400) !== last) console.log((last = step + Math.floor(documents / 400)), documents);
    } });`;
  const until = async (line: RegExp): Promise<void> => {
    const child = spawn(process.execPath, ["--input-type=module", "-e", program, sources, out], { stdio: ["ignore", "pipe", "inherit"] });
    let said = "";
    child.stdout.on("data", (data: Buffer) => {
      said += data.toString();
      if (line.test(said)) child.kill("SIGKILL");
    });
    await once(child, "exit");
    expect(said).toMatch(line);
  };
  await until(/^sign4/m);
  const segments = async (): Promise<number> => (await readdir(join(out, (await readdir(out)).find((name) => name.startsWith(".partial"))!, "index"))).filter((name) => name.startsWith("segment") && name.endsWith(".bin")).length;
  const before = await segments();
  expect(before).toBeGreaterThan(0);
  await until(/^write2/m);
  expect(await segments()).toBeGreaterThanOrEqual(before);
  const { status, resumedDocuments, report } = await dedupe(sources, { out, workers: 1, segmentDocuments: 100 });
  expect([status, resumedDocuments]).toEqual(["written", report.read - report.chats]);
  expect(await digest(out)).toEqual(await digest(join(folder, "whole")));
});

test("cut off, the next call goes on; a wrong similarity and a source in the folder are refused", async () => {
  const folder = await temporaryFolder();
  const rows = Array.from({ length: 50 }, (_, i) => ({ id: `${i}`, text: text(30).join(" ") }));
  await writeJsonl(join(folder, "in.jsonl"), rows);
  const out = join(folder, "out");
  const controller = new AbortController();
  await expect(dedupe(join(folder, "in.jsonl"), { out, signal: controller.signal, onProgress: ({ step }) => step === "write" && controller.abort() })).rejects.toThrow(/abort/i);
  expect(await readdir(out)).toEqual([expect.stringMatching(/^\.partial-/)]);
  expect(await dedupe(join(folder, "in.jsonl"), { out })).toMatchObject({ status: "written", resumedDocuments: 50 });
  // Other inputs begin anew.
  await writeJsonl(join(folder, "in.jsonl"), rows.slice(1));
  expect(await dedupe(join(folder, "in.jsonl"), { out })).toMatchObject({ status: "written", resumedDocuments: 0, report: { documents: 49 } });
  await expect(dedupe(join(folder, "in.jsonl"), { out: join(folder, "out"), similarity: 2 })).rejects.toThrow(DatasetError);
  await expect(dedupe(join(folder, "in.jsonl"), { out: folder })).rejects.toThrow(/lies in the folder/);
});
