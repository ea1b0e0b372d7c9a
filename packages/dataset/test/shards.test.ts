import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { mkdir, readFile, readdir, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { type Manifest, SeededRandom, ShardError, ShardSetWriter, type TokenDocument, openShards, sha256Hex } from "@llm/dataset";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { golden, installedPython, python3, root } from "./python.js";
import { tokenDocuments, tokenizer, writeShards } from "./shard-set.js";
import { temporaryFolder } from "./temporary.js";

const goldens = join(import.meta.dirname, "goldens");
const python = await python3();

async function readAll(path: string, split: "train" | "val" = "train"): Promise<{ tokens: number[]; mask?: number[] }[]> {
  const opened = (await openShards(path)).split(split);
  const documents = [];
  for (let i = 0; i < opened.documents; i++) {
    const { tokens, mask } = await opened.document(i);
    documents.push({ tokens: [...tokens], ...(mask ? { mask: [...mask] } : {}) });
  }
  return documents;
}

const plain = (documents: readonly TokenDocument[]): { tokens: number[]; mask?: number[] }[] => documents.map(({ tokens, mask }) => ({ tokens: [...tokens], ...(mask ? { mask: [...mask] } : {}) }));

describe("a set of shards", () => {
  test("gives back every document of both splits, in both token types, with and without masks", async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(40), fc.nat(10), fc.boolean(), fc.boolean(), fc.integer({ min: 1, max: 500 }), async (train, val, wide, lossMask, maxTokensPerShard) => {
        const folder = await temporaryFolder();
        const vocabSize = wide ? 100_000 : 1_000;
        const documents = tokenDocuments(train, { masks: lossMask, vocabSize });
        const others = tokenDocuments(val, { masks: lossMask, seed: 2 });
        const { path, manifest } = await writeShards(folder, { train: documents, val: others, dtype: wide ? "u32" : "u16", lossMask, maxTokensPerShard, info: { ...tokenizer, vocabSize } });
        expect(await readAll(path)).toEqual(plain(documents));
        expect(await readAll(path, "val")).toEqual(plain(others));
        const count = documents.reduce((sum, { tokens }) => sum + tokens.length, 0);
        const loss = lossMask ? documents.reduce((sum, { mask }) => sum + mask!.reduce((a, b) => a + b, 0), 0) : count - documents.length;
        expect(manifest.splits.train).toMatchObject({ documents: train, tokens: count, lossTokens: loss, textBytes: count * 4 });
        for (const shard of manifest.splits.train.shards) if (shard.documents > 1) expect(shard.tokens).toBeLessThanOrEqual(maxTokensPerShard);
      }),
      { numRuns: 25 },
    );
  });

  test("has the same bytes for the same documents, and views its tokens without a copy", async () => {
    const train = tokenDocuments(50);
    const [a, b] = [await writeShards(await temporaryFolder(), { train }), await writeShards(await temporaryFolder(), { train })];
    expect(b.manifest).toEqual(a.manifest);
    const split = (await openShards(a.path)).split("train");
    expect((await split.document(3)).tokens.buffer).toBe((await split.document(4)).tokens.buffer);
  });

  test("keeps to its cache's limit and still reads everything", async () => {
    const train = tokenDocuments(60);
    const { path } = await writeShards(await temporaryFolder(), { train, maxTokensPerShard: 200 });
    const split = (await openShards(path, { cacheBytes: 1, verify: false })).split("train");
    const random = new SeededRandom(1);
    for (let i = 0; i < 100; i++) {
      const index = random.below(60);
      expect([...(await split.document(index)).tokens]).toEqual([...train[index]!.tokens]);
    }
    await expect(split.document(60)).rejects.toThrow(/There is no document 60 in the train split, which has 60/);
  });

  test("refuses tokens and masks that can't be right, and leaves an earlier set as it was", async () => {
    const folder = await temporaryFolder();
    const { path, manifest } = await writeShards(folder, { train: tokenDocuments(5) });
    const writer = await ShardSetWriter.create(path, { tokenizer, dtype: "u16", lossMask: true, fingerprint: "other" });
    await expect(writer.add("train", { tokens: [0, 1_000], mask: new Uint8Array(2), textBytes: 1 })).rejects.toThrow(/Token id 1000 at place 1 .* vocabulary of 1000/);
    await expect(writer.add("train", { tokens: [0, 1], textBytes: 1 })).rejects.toThrow(/no loss mask/);
    await expect(writer.add("train", { tokens: [0, 1], mask: new Uint8Array(3), textBytes: 1 })).rejects.toThrow(/loss mask of 3/);
    await writer.add("train", { tokens: [0, 1], mask: new Uint8Array(2), textBytes: 1 });
    expect((await openShards(path)).manifest).toEqual(manifest);
    await writer.abort();
    expect((await readdir(path)).sort()).toEqual(["manifest.json", "train-00000.msgpack"]);
    await expect(ShardSetWriter.create(path, { tokenizer: { ...tokenizer, vocabSize: 70_000 }, dtype: "u16", lossMask: false, fingerprint: "x" })).rejects.toThrow(/does not fit into u16/);
  });

  test("replaces an earlier, larger set whole", async () => {
    const folder = await temporaryFolder();
    await writeShards(folder, { train: tokenDocuments(60), maxTokensPerShard: 200 });
    const { path } = await writeShards(folder, { train: tokenDocuments(3, { seed: 9 }), fingerprint: "new" });
    expect((await readdir(path)).sort()).toEqual(["manifest.json", "train-00000.msgpack"]);
    expect(await readAll(path)).toEqual(plain(tokenDocuments(3, { seed: 9 })));
  });
});

describe("a reader refuses what it can't trust", () => {
  const damaged = async (change: (file: string, bytes: Buffer, manifest: Manifest) => Uint8Array | void, options: Parameters<typeof writeShards>[1] = {}): Promise<Error> => {
    const { path, manifest } = await writeShards(await temporaryFolder(), { train: tokenDocuments(40, { masks: true }), lossMask: true, ...options });
    const file = join(path, "train-00000.msgpack");
    const bytes = await readFile(file);
    await writeFile(file, change(file, bytes, manifest) ?? bytes);
    await writeFile(join(path, "manifest.json"), JSON.stringify(manifest));
    return openShards(path).then(
      () => new Error("it was not refused"),
      (error: Error) => error,
    );
  };

  test("a flipped bit anywhere, naming the file", async () => {
    const { path } = await writeShards(await temporaryFolder(), { train: tokenDocuments(40, { masks: true }), lossMask: true });
    const file = join(path, "train-00000.msgpack");
    const whole = await readFile(file);
    const random = new SeededRandom(5);
    for (let i = 0; i < 200; i++) {
      const bytes = Buffer.from(whole);
      // Every part gets its share: the first and last kilobyte, then anywhere.
      const place = i % 3 === 0 ? random.below(400) : i % 3 === 1 ? bytes.length - 1 - random.below(700) : random.below(bytes.length);
      bytes[place]! ^= 1 << random.below(8);
      await writeFile(file, bytes);
      const error = await openShards(path).then(() => undefined, (thrown: unknown) => thrown);
      expect(error, `byte ${place}`).toBeInstanceOf(ShardError);
      expect((error as ShardError).file).toBe(file);
      expect((error as Error).message).toMatch(/^.*train-00000\.msgpack: it is damaged: its SHA-256 differs from the manifest's; .+Write the shards anew/);
    }
  });

  test("says which part of a shard is damaged", async () => {
    const at = (pattern: "tokens" | "header") => (_file: string, bytes: Buffer) => void (bytes[pattern === "header" ? 30 : 700]! ^= 4);
    expect((await damaged(at("header"))).message).toMatch(/the header is damaged/);
    expect((await damaged(at("tokens"))).message).toMatch(/the section "tokens" is damaged within bytes \d+ to \d+/);
    expect((await damaged((_file, bytes) => bytes.subarray(0, 500))).message).toMatch(/\(500 bytes; the manifest says \d+\); its end is not that of a shard/);
  });

  test("a shard that is missing, unlisted, or of another place or set", async () => {
    const options = { train: tokenDocuments(40), maxTokensPerShard: 300 };
    const { path, manifest } = await writeShards(await temporaryFolder(), options);
    const [first, second] = manifest.splits.train.shards.map(({ file }) => join(path, file)) as [string, string];
    const bytes = await readFile(first);
    await rename(first, join(path, "train-00077.msgpack"));
    await expect(openShards(path)).rejects.toThrow(/train-00077\.msgpack: it is not in the manifest/);
    await rename(join(path, "train-00077.msgpack"), join(path, "elsewhere"));
    await expect(openShards(path)).rejects.toThrow(/train-00000\.msgpack: the manifest lists it, but it is missing/);
    await writeFile(first, bytes);
    await writeFile(second, bytes);
    await expect(openShards(path)).rejects.toThrow(/train-00001\.msgpack: it is damaged.*shard of another set/);
    // With a manifest that lists the wrong shard's checksum, its header gives it away.
    Object.assign(manifest.splits.train.shards[1]!, { sha256: sha256Hex(bytes) });
    await writeFile(join(path, "manifest.json"), JSON.stringify(manifest));
    await expect(openShards(path)).rejects.toThrow(/train-00001\.msgpack: its number is 0, the manifest says 1/);
  });

  test("shards of another tokenizer, and another tokenizer beside the shards", async () => {
    expect((await damaged((_file, _bytes, manifest) => void (manifest.tokenizer.sha256 = "6".repeat(64)))).message).toMatch(/its tokenizer is 5{64}, the manifest says 6{64}/);
    const text = "{}";
    const { path } = await writeShards(await temporaryFolder(), { train: tokenDocuments(3), info: { ...tokenizer, sha256: sha256Hex(text) } });
    await writeFile(join(path, "tokenizer.json"), text);
    await expect(openShards(path)).resolves.toBeDefined();
    await writeFile(join(path, "tokenizer.json"), "{} ");
    await expect(openShards(path)).rejects.toThrow(/tokenizer\.json: it is not the tokenizer that the shards were made with: expected SHA-256 .*, found/);
  });

  test("unknown major versions, of the manifest and of a shard", async () => {
    expect((await damaged((_file, _bytes, manifest) => void ((manifest.version.major as number) = 2))).message).toMatch(/manifest\.json: it has format version 2\.0; this program reads 1\.x/);
    const error = await damaged((_file, bytes, manifest) => {
      // The header's "major" is one byte behind its key.
      bytes[bytes.indexOf("major") + 5] = 2;
      manifest.splits.train.shards[0]!.sha256 = sha256Hex(bytes);
    });
    expect(error.message).toMatch(/train-00000\.msgpack: it has format version 2\.0; this program reads 1\.x/);
  });

  test("newer minor versions are read", async () => {
    const { path, manifest } = await writeShards(await temporaryFolder(), { train: tokenDocuments(3) });
    manifest.version.minor = 7;
    await writeFile(join(path, "manifest.json"), JSON.stringify({ ...manifest, later: true }));
    expect(await readAll(path)).toEqual(plain(tokenDocuments(3)));
  });

  test("forged shards whose checksums hold: every number is checked", async () => {
    const random = new SeededRandom(11);
    for (let i = 0; i < 100; i++) {
      const error = await damaged((_file, bytes, manifest) => {
        const place = i % 2 === 0 ? bytes.length - 1 - random.below(600) : random.below(300);
        bytes[place] = random.below(256);
        manifest.splits.train.shards[0]!.sha256 = sha256Hex(bytes);
      });
      if (error.message !== "it was not refused") expect(error, error.stack ?? "").toBeInstanceOf(ShardError);
    }
  });

  test("folders without a manifest, and manifests that are not ones", async () => {
    const folder = await temporaryFolder();
    await expect(openShards(folder)).rejects.toThrow(/there is no manifest\.json, so this is no complete set/);
    for (const [text, message] of [["{", /not valid JSON/], ["null", /"format" is undefined/], ["{}", /expected "llm-shards"/], ['{"format":"llm-shards","version":{"major":1,"minor":0},"dtype":"u8"}', /"dtype" is "u8"/]] as const) {
      await writeFile(join(folder, "manifest.json"), text);
      await expect(openShards(folder)).rejects.toThrow(message);
    }
    const { manifest } = await writeShards(await temporaryFolder(), { train: tokenDocuments(3) });
    manifest.splits.train.shards[0]!.file = "../../secret";
    await writeFile(join(folder, "manifest.json"), JSON.stringify(manifest));
    await expect(openShards(folder)).rejects.toThrow(/"\.\.\/\.\.\/secret" is not the name of a shard/);
  });
});

describe("the format", () => {
  const documents: TokenDocument[] = [
    { tokens: [0, 300, 17, 2], mask: Uint8Array.of(0, 0, 1, 1), textBytes: 9 },
    { tokens: [0, 5, 2], mask: Uint8Array.of(0, 1, 0), textBytes: 1 },
    { tokens: [0, 6, 301, 7, 302, 2, 8, 9, 2], mask: Uint8Array.of(0, 0, 1, 1, 0, 0, 1, 1, 1), textBytes: 21 },
  ];
  interface Dump {
    header: Record<string, unknown>;
    footer: { documents: number; tokens: number; sections: { name: string; offset: number; length: number }[] };
    documents: number[][];
    masks: number[][];
  }
  const expected = JSON.parse(readFileSync(join(goldens, "shard-v1.json"), "utf8")) as Dump;

  test("has the bytes of the golden file", async () => {
    const { path } = await writeShards(await temporaryFolder(), { train: documents, lossMask: true, fingerprint: "golden" });
    expect((await readFile(join(path, "train-00000.msgpack"))).equals(await readFile(join(goldens, "shard-v1.msgpack")))).toBe(true);
  });

  test("the golden file reads as its JSON says", async () => {
    const folder = await temporaryFolder();
    const bytes = await readFile(join(goldens, "shard-v1.msgpack"));
    const { path } = await writeShards(folder, { train: documents, lossMask: true, fingerprint: "golden" });
    await mkdir(path, { recursive: true });
    await writeFile(join(path, "train-00000.msgpack"), bytes);
    const read = await readAll(path);
    expect(read.map(({ tokens }) => tokens)).toEqual(expected.documents);
    expect(read.map(({ mask }) => mask)).toEqual(expected.masks);
  });

  test.skipIf(!python)("PyPI's msgpack reads it", async () => {
    const reader = await installedPython(python!, "msgpack");
    expect(await golden<Dump>(reader, "dataset_read_shard.py", join(goldens, "shard-v1.msgpack"))).toEqual(expected);
    expect(expected.documents).toEqual(documents.map(({ tokens }) => tokens));
    // A larger one in u32, written now.
    const train = tokenDocuments(200, { vocabSize: 100_000 });
    const { path } = await writeShards(await temporaryFolder(), { train, dtype: "u32", info: { ...tokenizer, vocabSize: 100_000 } });
    expect((await golden<Dump>(reader, "dataset_read_shard.py", join(path, "train-00000.msgpack"))).documents).toEqual(train.map(({ tokens }) => tokens));
    // The reader in the specification, word for word.
    const program = /```python\n([^`]*)```/.exec(readFileSync(join(root, "docs/formats.md"), "utf8"))![1]!;
    const { stdout } = await promisify(execFile)(reader, ["-c", program, join(goldens, "shard-v1.msgpack")]);
    expect(stdout).toBe(documents.map(({ tokens }) => `${tokens.join(" ")}\n`).join(""));
    // The first time, a virtual environment is made.
  }, 240_000);
});
