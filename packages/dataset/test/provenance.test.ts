import { readFile, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { SeededRandom, ShardError, ShardSetWriter, mergeShards, openShards, splitShards } from "@llm/dataset";
import { expect, test } from "vitest";
import { problemOfRuns } from "../src/shards/source-rows.js";
import { tokenDocuments, tokenizer, writeShards } from "./shard-set.js";
import { temporaryFolder } from "./temporary.js";

test("a token leads back to its document, row, file and URL, in memory and on disk", async () => {
  const train = tokenDocuments(200, { sources: true, masks: true });
  const { path, manifest } = await writeShards(await temporaryFolder(), { train, lossMask: true, provenance: true, maxTokensPerShard: 700 });
  expect(manifest).toMatchObject({ version: { major: 1, minor: 1 }, provenance: true });
  expect(manifest.splits.train.shards.length).toBeGreaterThan(3);
  for (const cacheBytes of [2 ** 30, 0]) {
    const set = await openShards(path, { cacheBytes });
    const split = set.split("train");
    let token = 0;
    for (const [index, { tokens, source, textBytes, mask }] of train.entries()) {
      expect(await split.source(index)).toEqual(source);
      expect(await split.textBytesOf(index)).toBe(textBytes);
      expect((await split.document(index)).mask).toEqual(mask);
      for (const offset of [0, tokens.length - 1]) {
        const place = await split.locate(token + offset);
        expect(place).toMatchObject({ document: index, offset });
        expect(manifest.splits.train.shards.map(({ file }) => file)).toContain(place.file);
      }
      token += tokens.length;
    }
    await expect(split.locate(token)).rejects.toThrow(/There is no token \d+ in the train split/);
    set.close();
    expect(await split.source(0)).toEqual(train[0]!.source); // opens again
    set.close();
  }
});

test("a set without provenance says so, and one with it needs a source for every document", async () => {
  const { path } = await writeShards(await temporaryFolder(), { train: tokenDocuments(3, { sources: true }) });
  const split = (await openShards(path)).split("train");
  expect(await split.source(1)).toBeUndefined();
  expect(await split.textBytesOf(1)).toBeUndefined();
  const writer = await ShardSetWriter.create(join(await temporaryFolder(), "set"), { tokenizer, dtype: "u16", lossMask: false, fingerprint: "x", provenance: true });
  await expect(writer.add("train", { tokens: [0, 2], textBytes: 1 })).rejects.toThrow(/came without its source/);
  await expect(writer.add("train", { tokens: [0, 2], textBytes: 1, source: { file: "a", row: -1 } })).rejects.toThrow(/row -1 of "a"; expected/);
  // What was refused left nothing behind.
  await writer.add("train", { tokens: [0, 5, 2], textBytes: 1, source: { file: "b", row: 7 } });
  expect((await writer.finish()).splits.train).toMatchObject({ documents: 1, tokens: 3 });
});

test("a set on disk finds damage when it reads it, also after it was checked and then changed", async () => {
  const train = tokenDocuments(300, { sources: true, masks: true });
  const { path } = await writeShards(await temporaryFolder(), { train, lossMask: true, provenance: true });
  const file = join(path, "train-00000.msgpack");
  const whole = await readFile(file);
  const readAll = async (set: Awaited<ReturnType<typeof openShards>>): Promise<unknown[]> => {
    const split = set.split("train");
    const found = [];
    for (let i = 0; i < split.documents; i++) found.push(await split.document(i), await split.source(i), await split.textBytesOf(i));
    set.close();
    return found;
  };
  const expected = await readAll(await openShards(path, { cacheBytes: 0 }));
  const random = new SeededRandom(3);
  for (let i = 0; i < 150; i++) {
    const bytes = Buffer.from(whole);
    bytes[random.below(bytes.length)]! ^= 1 << random.below(8);
    await writeFile(file, bytes);
    const result = await openShards(path, { cacheBytes: 0, verify: false }).then(readAll).catch((error: unknown) => error);
    // Padding is nobody's; all else is found.
    if (result instanceof Error) expect(result).toBeInstanceOf(ShardError);
    else expect(result).toEqual(expected);
  }
  await writeFile(file, whole);
  const set = await openShards(path, { cacheBytes: 0 });
  const bytes = Buffer.from(whole);
  bytes[whole.indexOf(Buffer.from(Uint16Array.from(train[150]!.tokens as number[]).buffer)) + 2]! ^= 1;
  await writeFile(file, bytes);
  await utimes(file, new Date(), new Date(Date.now() + 5_000));
  await expect(readAll(set)).rejects.toThrow(/train-00000\.msgpack: it is damaged: the section "tokens" is damaged within bytes \d+ to \d+/);
});

test("rows alone: every document leads to its file and row, through splitting and merging, for 12 bytes a run", async () => {
  const random = new SeededRandom(9);
  let [file, row] = [0, 0];
  const train = tokenDocuments(900).map((document) => {
    // Runs, gaps, other files, and going back.
    const kind = random.below(10);
    if (kind === 0) file = random.below(4);
    [row] = kind === 1 ? [random.below(5_000)] : kind === 2 ? [row] : [row + 1 + (kind === 3 ? 1 : 0)];
    return { ...document, source: { file: `f${file}.jsonl`, row, id: "not kept", url: "not kept" } };
  });
  const folder = await temporaryFolder();
  const { path, manifest } = await writeShards(folder, { train, provenance: "rows", maxTokensPerShard: 9_000 });
  expect(manifest).toMatchObject({ version: { major: 1, minor: 2 }, sourceRows: true });
  expect(manifest.provenance).toBeUndefined();
  await splitShards(path, { out: join(folder, "parts"), parts: 3 });
  const merged = join(folder, "merged");
  await mergeShards([0, 1, 2].map((part) => join(folder, "parts", `part-0000${part}`)), { out: merged });
  for (const set of [path, merged]) {
    for (const cacheBytes of [2 ** 30, 0]) {
      const opened = await openShards(set, { cacheBytes });
      for (const [index, { source }] of train.entries()) expect(await opened.split("train").source(index)).toEqual({ file: source.file, row: source.row });
      opened.close();
    }
  }
  // With a set that says more, and with one that says nothing.
  const full = await writeShards(join(folder, "full"), { train: tokenDocuments(20, { sources: true }), provenance: true });
  expect(await mergeShards([path, full.path], { out: join(folder, "both") })).toMatchObject({ sourceRows: true });
  const none = await writeShards(join(folder, "none"), { train: tokenDocuments(20) });
  expect((await mergeShards([path, none.path], { out: join(folder, "less") })).sourceRows).toBeUndefined();
});

// Checksums hold where a writer was wrong: only the sense of the numbers is left to tell.
test.each([
  [[0, 0, 7, 1, 1, 0], 2, undefined],
  [[0, 0, 2 ** 32 - 1], 1, undefined],
  [[], 0, undefined],
  [[], 2, /2 documents, and 0 runs/],
  [[0, 0, 7], 0, /0 documents, and 1 runs/],
  [[1, 0, 7], 2, /documents 1 to 2 are said to be from row 7 of file 0, which can't be/],
  [[0, 0, 7, 0, 1, 0], 2, /documents 0 to 0/],
  [[0, 0, 7, 3, 1, 0], 2, /documents 3 to 2/],
  [[0, 2, 7], 2, /row 7 of file 2/],
  [[0, 0, 2 ** 32 - 1], 2, /row 4294967295 of file 0/],
] as const)("runs %j of %i documents of two files: %s", (runs, documents, problem) => {
  const found = problemOfRuns(Uint32Array.from(runs), { documents, source_files: ["a", "b"] });
  if (problem) expect(found).toMatch(problem);
  else expect(found).toBeUndefined();
});
