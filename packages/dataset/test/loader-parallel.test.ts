import { once } from "node:events";
import { spawn } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type Batch, type LoaderState, PackedLoader, SeededRandom, ShardError, openShards, packingReport } from "@llm/dataset";
import fc from "fast-check";
import { expect, test } from "vitest";
import { root } from "./python.js";
import { tokenDocuments, tokenizer, writeShards } from "./shard-set.js";
import { all, temporaryFolder } from "./temporary.js";

const sample = async (count = 2_300, more: Parameters<typeof writeShards>[1] = {}): Promise<string> => (await writeShards(await temporaryFolder(), { train: tokenDocuments(count, { longest: 30 }), maxTokensPerShard: 9_000, ...more })).path;

/** A batch as rows, so that batches of several machines can be put together. */
const rowsOf = ({ tokens, mask, batchSize, sequenceLength }: Batch): string[] =>
  Array.from({ length: batchSize }, (_, row) => `${tokens.subarray(row * (sequenceLength + 1), (row + 1) * (sequenceLength + 1)).join(" ")}|${mask.subarray(row * (sequenceLength + 1), (row + 1) * (sequenceLength + 1)).join("")}`);

test("the ranks of any number of machines share the rows and the state of one large batch, and go on as another number", async () => {
  const path = await sample();
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 4 }), fc.integer({ min: 8, max: 80 }), fc.nat(), fc.nat(25), async (worldSize, batchSize, sequenceLength, seed, steps) => {
      const set = await openShards(path, { verify: false });
      const whole = await PackedLoader.open(set, { batchSize: batchSize * worldSize, sequenceLength, seed, epochs: 1 });
      const ranks = await Promise.all(Array.from({ length: worldSize }, (_, rank) => PackedLoader.open(set, { batchSize, sequenceLength, seed, epochs: 1, rank, worldSize })));
      let last: LoaderState = whole.state();
      for (let step = 0; step < steps; step++) {
        const expected = await whole.next();
        const parts = await Promise.all(ranks.map((rank) => rank.next()));
        expect(parts.every((part) => (part === null) === (expected === null))).toBe(true);
        if (!expected) break;
        expect(parts.flatMap((part) => rowsOf(part!))).toEqual(rowsOf(expected));
        expect(parts.reduce((sum, part) => sum + part!.lossTokens, 0)).toBe(expected.lossTokens);
        expect(parts.reduce((sum, part) => sum + part!.documents, 0)).toBe(expected.documents);
        last = whole.state();
        for (const rank of ranks) expect(rank.state()).toEqual(last);
      }
      // Another number of machines goes on from the same state.
      const other = await PackedLoader.open(set, { batchSize: batchSize * worldSize, sequenceLength, seed, epochs: 1, state: last });
      expect(await other.next()).toEqual(await whole.next());
    }),
    { numRuns: 12 },
  );
  await expect(PackedLoader.open(path, { batchSize: 1, sequenceLength: 8, rank: 2, worldSize: 2 })).rejects.toThrow(/rank must be a whole number from 0 to 1, one below worldSize; found 2/);
});

test("any number of threads gives the batches and states of none, to the end and from any state", async () => {
  const path = await sample(2_300, { lossMask: true, train: tokenDocuments(2_300, { longest: 20, masks: true }) });
  const set = await openShards(path);
  const options = { batchSize: 8, sequenceLength: 96, seed: 3, epochs: 2, boundaries: true, rank: 1, worldSize: 2 };
  for (const [workers, prefetch] of [[1, 1], [1, 5], [3, 2]] as const) {
    const plain = await PackedLoader.open(set, options);
    let threaded = await PackedLoader.open(set, { ...options, workers, prefetch });
    for (let step = 0; ; step++) {
      const expected = await plain.next();
      expect(await threaded.next()).toEqual(expected);
      expect(threaded.state()).toEqual(plain.state());
      if (!expected) break;
      if (step === 11 || step === 20) {
        await threaded.close();
        threaded = await PackedLoader.open(set, { ...options, workers, prefetch, state: threaded.state() });
      } else if (step < 11) expect(threaded.packing()).toEqual(plain.packing());
    }
    expect(await threaded.next()).toBeNull();
    await threaded.close();
    await expect(PackedLoader.open(set, { ...options, prefetch: -1 })).rejects.toThrow(/prefetch must be/);
  }
});

test("a thread that finds damage says so as the loader itself would", async () => {
  const path = await sample(500);
  const set = await openShards(path, { verify: false, cacheBytes: 0 });
  const file = join(path, "train-00000.msgpack");
  const bytes = await readFile(file);
  bytes[3_000]! ^= 1;
  await writeFile(file, bytes);
  const loader = await PackedLoader.open(set, { batchSize: 4, sequenceLength: 64, prefetch: 2 });
  const error = await all(loader).then(() => undefined, (thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(ShardError);
  expect(error).toMatchObject({ file, message: expect.stringMatching(/^\S+train-00000\.msgpack: it is damaged: the section "tokens" is damaged within bytes/) as string });
  // It stays the answer: no batch after it is handed out as if nothing were.
  await expect(loader.next()).rejects.toThrow((error as Error).message);
  await loader.close();
});

test("with boundaries every token leads to its document and its place in it", async () => {
  const train = tokenDocuments(400, { longest: 150, sources: true });
  const { path } = await writeShards(await temporaryFolder(), { train, provenance: true });
  const set = await openShards(path);
  const loader = await PackedLoader.open(set, { batchSize: 4, sequenceLength: 63, epochs: 1, seed: 5, boundaries: true });
  const plain = await PackedLoader.open(set, { batchSize: 4, sequenceLength: 63, epochs: 1, seed: 5 });
  const seen = new Map<string, number>();
  for await (const batch of loader) {
    const { documentIds, positions, segments, ...rest } = batch;
    expect(rest).toEqual(await plain.next());
    const expectedIds = new Int32Array(4 * 64).fill(-1);
    const expectedPositions = new Int32Array(4 * 64);
    for (const { row, at, length, document, offset } of segments!) {
      const { tokens } = train[document]!;
      expect([...batch.tokens.subarray(row * 64 + at, row * 64 + at + length)]).toEqual([...tokens].slice(offset, offset + length));
      for (let i = 0; i < length; i++) {
        expectedIds[row * 64 + at + i] = document;
        expectedPositions[row * 64 + at + i] = i;
        if (i > 0) seen.set(`${document}/${offset + i}`, (seen.get(`${document}/${offset + i}`) ?? 0) + 1);
      }
    }
    expect(documentIds).toEqual(expectedIds);
    expect(positions).toEqual(expectedPositions);
    documentIds!.forEach((document, i) => document < 0 && expect(batch.tokens[i]).toBe(tokenizer.pad));
  }
  // Every token after a document's first was a target once.
  expect(seen.size).toBe(train.reduce((sum, { tokens }) => sum + tokens.length - 1, 0));
  expect(new Set(seen.values())).toEqual(new Set([1]));
});

test("the report of an epoch's packing is what the loader then does", async () => {
  const train = [...tokenDocuments(3_000, { longest: 150 }), { tokens: [0], textBytes: 0 }];
  const { path } = await writeShards(await temporaryFolder(), { train });
  const report = await packingReport(path, { sequenceLength: 99, seed: 4 });
  const loader = await PackedLoader.open(path, { batchSize: 1, sequenceLength: 99, seed: 4, epochs: 1 });
  for await (const batch of loader) expect(batch.batchSize).toBe(1);
  expect(loader.packing()).toEqual({ rows: report.rows, tokens: report.tokens, padding: report.padding });
  const long = train.filter(({ tokens }) => tokens.length > 100);
  expect(report).toMatchObject({ documents: 3_001, leftOut: 1, cut: long.length, pieces: long.reduce((sum, { tokens }) => sum + Math.ceil((tokens.length - 1) / 99), 0) });
  expect(report.waste).toBeCloseTo(report.padding / (report.rows * 100), 12);
  expect(report.waste).toBeLessThan(0.02);
});

const CHILD = `
import { createHash } from "node:crypto";
import { writeSync } from "node:fs";
import { PackedLoader } from ${JSON.stringify(join(root, "packages/dataset/dist/index.js"))};
const { path, options } = JSON.parse(process.argv[1]);
const loader = await PackedLoader.open(path, options);
for await (const { tokens, mask } of loader) writeSync(1, createHash("sha256").update(tokens).update(mask).digest("hex") + " " + JSON.stringify(loader.state()) + "\\n");
writeSync(1, "end\\n");
`;

test("killed at random places, with and without threads, a run goes on without losing or repeating a row", async () => {
  const path = await sample();
  const options = { batchSize: 4, sequenceLength: 40, seed: 9, epochs: 1 };
  const start = (state: LoaderState | undefined, more: object): ReturnType<typeof spawn> => spawn(process.execPath, ["--input-type=module", "-e", CHILD, JSON.stringify({ path, options: { ...options, ...more, ...(state ? { state } : {}) } })], { stdio: ["ignore", "pipe", "inherit"] });
  const linesOf = async (child: ReturnType<typeof spawn>, kill?: (lines: string[]) => void): Promise<string[]> => {
    let text = "";
    child.stdout!.setEncoding("utf8").on("data", (chunk: string) => {
      text += chunk;
      kill?.(text.split("\n"));
    });
    await once(child, "close");
    return text.split("\n").slice(0, -1); // a line that was cut off was not saved
  };
  const whole = await linesOf(start(undefined, {}));
  expect(whole.at(-1)).toBe("end");
  expect(whole.length).toBeGreaterThan(200);
  const random = new SeededRandom(2);
  for (const more of [{}, { prefetch: 3, workers: 2 }]) {
    const kept: string[] = [];
    for (let kills = 0; kept.at(-1) !== "end"; kills++) {
      const last = kept.at(-1);
      const child = start(last ? (JSON.parse(last.slice(65)) as LoaderState) : undefined, more);
      const after = 1 + random.below(40);
      const lines = await linesOf(child, kills < 4 ? (seen) => void (seen.length > after && child.kill("SIGKILL")) : undefined);
      if (kills < 4 && lines.at(-1) !== "end") expect(child.signalCode).toBe("SIGKILL");
      // The state was saved only now and then, as a checkpoint is: what came after it is made again.
      kept.push(...(lines.at(-1) === "end" ? lines : lines.slice(0, Math.max(0, lines.length - random.below(3)))));
    }
    expect(kept).toEqual(whole);
  }
});
