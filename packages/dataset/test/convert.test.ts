import { readFileSync } from "node:fs";
import { mkdir, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { DatasetError, type DocumentSource, type ExportFormat, type ImportFormat, type Split, type TokenDocument, exportShards, importShards, mergeShards, openShards, sha256Hex, splitShards, verifyShards } from "@llm/dataset";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { tokenDocuments, tokenizer, writeShards } from "./shard-set.js";
import { temporaryFolder } from "./temporary.js";

const goldens = join(import.meta.dirname, "goldens/shards");
interface Answer {
  name: string;
  documents: { tokens: number[]; mask?: number[] }[];
  text_bytes: number[];
}
const { valid } = JSON.parse(readFileSync(join(goldens, "conformance.json"), "utf8")) as { valid: Answer[] };
const answerOf = (name: string): TokenDocument[] => {
  const answer = valid.find((found) => found.name === name)!;
  return answer.documents.map(({ tokens, mask }, i) => ({ tokens, textBytes: answer.text_bytes[i]!, ...(mask ? { mask: Uint8Array.from(mask) } : {}) }));
};

type Plain = { tokens: number[]; mask?: number[]; source?: DocumentSource };
async function readSplit(path: string, name: Split): Promise<Plain[]> {
  const split = (await openShards(path)).split(name);
  const documents: Plain[] = [];
  for (let i = 0; i < split.documents; i++) {
    const { tokens, mask } = await split.document(i);
    const source = await split.source(i);
    documents.push({ tokens: [...tokens], ...(mask ? { mask: [...mask] } : {}), ...(source ? { source } : {}) });
  }
  return documents;
}
/** An imported split: where its documents stood is looked at where that is tested. */
const readImported = async (path: string, name: Split): Promise<Plain[]> => (await readSplit(path, name)).map(({ source, ...document }) => (expect(source?.id).toMatch(/\.bin#byte=\d+$/), document));
const plain = (documents: readonly TokenDocument[]): Plain[] => documents.map(({ tokens, mask, source }) => ({ tokens: [...tokens], ...(mask ? { mask: [...mask] } : {}), ...(source ? { source } : {}) }));
const wide = { ...tokenizer, vocabSize: 100_000 };

/** A byte-level tokenizer.json of ids up to 999: token i stands for as many bytes as `i % 5 + 1`. */
const TOKENIZER_JSON = JSON.stringify({
  added_tokens: Object.entries(tokenizer.special).map(([content, id]) => ({ id, content, special: true })),
  decoder: { type: "ByteLevel" },
  model: { type: "BPE", vocab: Object.fromEntries(Array.from({ length: 1_000 }, (_, id) => [id < 4 ? Object.keys(tokenizer.special)[id]! : String.fromCharCode(256 + id).padEnd((id % 5) + 1, "é"), id])) },
});
const textBytesOf = (tokens: Iterable<number>): number => [...tokens].reduce((sum, id) => sum + (id < 4 ? 0 : (id % 5) + 1), 0);

describe("exports", () => {
  test.each([
    ["nanogpt", "u16-mask", { "train.bin": "nanogpt.bin", "train.mask": "nanogpt.mask" }],
    ["llm.c", "u16", { "train_000000.bin": "llmc-u16.bin" }],
    ["llm.c", "u32", { "train_000000.bin": "llmc-u32.bin" }],
    ["megatron", "u16-mask", { "train.bin": "megatron-u16.bin", "train.idx": "megatron-u16.idx", "train_loss_mask.bin": "megatron-u16_loss_mask.bin", "train_loss_mask.idx": "megatron-u16_loss_mask.idx" }],
    ["megatron", "u32", { "train.bin": "megatron-u32.bin", "train.idx": "megatron-u32.idx" }],
    ["safetensors", "u16-mask", { "train-00000.safetensors": "exported.safetensors" }],
  ] as const)("%s of %s has the bytes that the other program writes", async (to, name, files) => {
    const folder = await temporaryFolder();
    const lossMask = name.endsWith("mask");
    const { path } = await writeShards(folder, { train: answerOf(name), lossMask, dtype: name.startsWith("u32") ? "u32" : "u16", fingerprint: "golden", info: { ...tokenizer, vocabSize: name.startsWith("u32") ? 128_256 : 1_000 } });
    const record = await exportShards(path, { to, out: join(folder, "out") });
    for (const [written, golden] of Object.entries(files)) expect((await readFile(join(folder, "out", written))).equals(await readFile(join(goldens, golden))), written).toBe(true);
    expect(record.files.map(({ file }) => file).sort()).toEqual(Object.keys(files).sort());
    for (const { file, sha256, bytes } of record.files) {
      const data = await readFile(join(folder, "out", file));
      expect([sha256Hex(data), data.length]).toEqual([sha256, bytes]);
    }
  });

  test("come back with the same documents, masks and counts", async () => {
    await fc.assert(
      fc.asyncProperty(fc.constantFrom<ImportFormat>("nanogpt", "llm.c", "megatron"), fc.integer({ min: 1, max: 40 }), fc.nat(5), fc.boolean(), fc.boolean(), fc.integer({ min: 1, max: 900 }), async (format, count, held, lossMask, large, maxTokensPerShard) => {
        const folder = await temporaryFolder();
        const isWide = large && format !== "nanogpt";
        const vocabSize = isWide ? 100_000 : 1_000;
        const train = tokenDocuments(count, { masks: lossMask, vocabSize });
        const val = tokenDocuments(held, { seed: 2, masks: lossMask, vocabSize });
        const { path, manifest } = await writeShards(folder, { train, val, lossMask, maxTokensPerShard, dtype: isWide ? "u32" : "u16", info: isWide ? wide : tokenizer });
        const [exported, back] = [join(folder, "exported"), join(folder, "back")];
        await exportShards(path, { to: format, out: exported });
        const imported = await importShards(exported, { from: format, out: back });
        expect(await readImported(back, "train")).toEqual(plain(train));
        expect(await readImported(back, "val")).toEqual(plain(val));
        for (const split of ["train", "val"] as const) {
          const { documents, tokens, lossTokens, textBytes } = manifest.splits[split];
          expect(imported.splits[split]).toMatchObject({ documents, tokens, lossTokens, textBytes });
        }
        expect(imported).toMatchObject({ tokenizer: manifest.tokenizer, dtype: manifest.dtype });
        expect((await verifyShards(back)).ok).toBe(true);
        // Each document says where it stood, to the byte.
        const set = await openShards(back);
        for (const [index, { tokens }] of train.entries()) {
          const { file, id } = (await set.split("train").source(index))!;
          const at = Number(id!.split("#byte=")[1]);
          const bytes = new Uint8Array(await readFile(file)).slice(at, at + tokens.length * (isWide ? 4 : 2));
          expect([...(isWide ? new Uint32Array(bytes.buffer) : new Uint16Array(bytes.buffer))]).toEqual([...tokens]);
        }
      }),
      { numRuns: 12 },
    );
  });

  test("what a format can't hold is refused, and so is an export whose documents can't be told apart again", async () => {
    const folder = await temporaryFolder();
    const { path } = await writeShards(folder, { train: tokenDocuments(2, { vocabSize: 100_000 }), dtype: "u32", info: wide });
    await expect(exportShards(path, { to: "nanogpt", out: join(folder, "out") })).rejects.toThrow(/nanoGPT reads uint16, but the tokens of .* are u32/);
    await expect(exportShards(path, { to: "llm.c", out: path })).rejects.toThrow(/would overwrite its source/);
    const { path: other } = await writeShards(await temporaryFolder(), { train: [{ tokens: [5, 0, 7, 2], textBytes: 3 }] });
    await exportShards(other, { to: "nanogpt", out: join(folder, "a") });
    await expect(importShards(join(folder, "a"), { from: "nanogpt", out: join(folder, "b") })).rejects.toThrow(/did not all begin with <s>.*Export to megatron/);
    await exportShards(other, { to: "megatron", out: join(folder, "c") });
    await importShards(join(folder, "c"), { from: "megatron", out: join(folder, "d") });
    expect(await readImported(join(folder, "d"), "train")).toEqual([{ tokens: [5, 0, 7, 2] }]);
  });

  test("a damaged, missing or shortened file of an export is found before it is used", async () => {
    const folder = await temporaryFolder();
    const { path } = await writeShards(folder, { train: tokenDocuments(30) });
    for (const to of ["nanogpt", "llm.c", "megatron"] as const) {
      const out = join(folder, to);
      const { files } = await exportShards(path, { to, out });
      for (const { file } of files) {
        const whole = await readFile(join(out, file));
        const flipped = Buffer.from(whole);
        flipped[whole.length >> 1]! ^= 16;
        for (const bytes of [flipped, whole.subarray(0, -2)]) {
          await writeFile(join(out, file), bytes);
          await expect(importShards(out, { from: to, out: join(folder, "back") })).rejects.toThrow(/is damaged: expected SHA-256/);
        }
        await rm(join(out, file));
        await expect(importShards(out, { from: to, out: join(folder, "back") })).rejects.toThrow(DatasetError);
        await writeFile(join(out, file), whole);
      }
      await expect(readdir(join(folder, "back"))).rejects.toThrow(/ENOENT/);
    }
    await expect(importShards(join(folder, "nanogpt"), { from: "llm.c", out: join(folder, "back") })).rejects.toThrow(/is an export to nanogpt, not to llm\.c/);
  });
});

test("an export replaces an earlier, larger one whole, and an import takes nothing that is not of it", async () => {
  const folder = await temporaryFolder();
  const { path } = await writeShards(join(folder, "large"), { train: tokenDocuments(60), maxTokensPerShard: 300 });
  const { path: small } = await writeShards(join(folder, "small"), { train: tokenDocuments(3, { seed: 4 }) });
  const out = join(folder, "out");
  await exportShards(path, { to: "llm.c", out });
  await exportShards(small, { to: "llm.c", out });
  expect((await readdir(out)).sort()).toEqual(["export.json", "train_000000.bin"]);
  await writeFile(join(out, "train_000001.bin"), "not of this export");
  await importShards(out, { from: "llm.c", out: join(folder, "back") });
  expect(await readImported(join(folder, "back"), "train")).toEqual(plain(tokenDocuments(3, { seed: 4 })));
});

test("a set keeps to its own tokenizer, whatever was in the folder before", async () => {
  const folder = await temporaryFolder();
  const info = { ...tokenizer, sha256: sha256Hex(TOKENIZER_JSON) };
  const { path: one } = await writeShards(join(folder, "a"), { train: tokenDocuments(5), info });
  const { path: other } = await writeShards(join(folder, "b"), { train: tokenDocuments(6) });
  await writeFile(join(one, "tokenizer.json"), TOKENIZER_JSON);
  const out = join(folder, "out");
  await mergeShards([one], { out });
  expect(await readFile(join(out, "tokenizer.json"), "utf8")).toBe(TOKENIZER_JSON);
  await mergeShards([other], { out });
  expect((await openShards(out)).split("train").documents).toBe(6);
  // A tokenizer.json of another name, beside one that is not meant.
  await writeFile(join(folder, "mine.json"), TOKENIZER_JSON);
  await writeFile(join(folder, "tokenizer.json"), "{}");
  await writeFile(join(folder, "train.bin"), await readFile(join(goldens, "nanogpt.bin")));
  await importShards(join(folder, "train.bin"), { from: "nanogpt", out, tokenizer: join(folder, "mine.json") });
  expect((await openShards(out)).split("train").documents).toBe(5);
});

describe("imports of other programs' files", () => {
  const source = async (files: Record<string, Uint8Array>): Promise<string> => {
    const folder = join(await temporaryFolder(), "source");
    await mkdir(folder);
    for (const [name, bytes] of Object.entries(files)) await writeFile(join(folder, name), bytes);
    await writeFile(join(folder, "tokenizer.json"), TOKENIZER_JSON);
    return folder;
  };
  const golden = (name: string): Promise<Buffer> => readFile(join(goldens, name));
  const documents = answerOf("u16");

  test("nanoGPT's, cut behind eos, with bytes of text counted by the vocabulary", async () => {
    const folder = await source({ "train.bin": await golden("nanogpt.bin"), "val.bin": await golden("nanogpt.bin") });
    const manifest = await importShards(folder, { from: "nanogpt", out: join(folder, "out") });
    for (const split of ["train", "val"] as const) expect(await readImported(join(folder, "out"), split)).toEqual(documents.map(({ tokens }) => ({ tokens })));
    expect(manifest.splits.train.textBytes).toBe(textBytesOf(documents.flatMap(({ tokens }) => [...tokens])));
    expect(manifest.tokenizer).toMatchObject({ sha256: sha256Hex(TOKENIZER_JSON), vocabSize: 1_000, bos: 0, eos: 2, pad: 1, unk: 3, special: tokenizer.special });
    expect(await readFile(join(folder, "out/tokenizer.json"), "utf8")).toBe(TOKENIZER_JSON);
  });

  test("llm.c's, cut before bos, one file or all of a folder; a mask beside it counts", async () => {
    const folder = await source({ "fineweb_train_000001.bin": await golden("llmc-u16.bin"), "fineweb_val_000000.bin": await golden("llmc-u16.bin"), "fineweb_val_000000.mask": await golden("nanogpt.mask"), "fineweb_train_000001.mask": await golden("nanogpt.mask") });
    const masked = answerOf("u16-mask");
    await importShards(folder, { from: "llm.c", out: join(folder, "out") });
    for (const split of ["train", "val"] as const) expect(await readImported(join(folder, "out"), split)).toEqual(plain(masked));
    const one = await importShards(join(folder, "fineweb_train_000001.bin"), { from: "llm.c", out: join(folder, "one"), delimiter: { id: 2, at: "end" } });
    expect(one.splits).toMatchObject({ train: { documents: 5 }, val: { documents: 0 } });
    await rm(join(folder, "fineweb_val_000000.mask"));
    await expect(importShards(folder, { from: "llm.c", out: join(folder, "out") })).rejects.toThrow(/some files have a loss mask beside them and some have not/);
  });

  test("Megatron's, documents of several sequences put together", async () => {
    const folder = await source({ "data_text_document.bin": await golden("megatron-sentences.bin"), "data_text_document.idx": await golden("megatron-sentences.idx") });
    await importShards(folder, { from: "megatron", out: join(folder, "out") });
    expect(await readImported(join(folder, "out"), "train")).toEqual(documents.map(({ tokens }) => ({ tokens })));
    const wideFolder = await source({ "train.bin": await golden("megatron-u32.bin"), "train.idx": await golden("megatron-u32.idx") });
    await expect(importShards(wideFolder, { from: "megatron", out: join(folder, "wide") })).rejects.toThrow(/Token id \d+ .* vocabulary of 1000/);
  });

  test("files that are cut off, of another kind, or without a tokenizer are refused in words", async () => {
    const llmc = await golden("llmc-u16.bin");
    const other = Buffer.from(llmc);
    other.writeInt32LE(9, 4);
    const cases: [ImportFormat, Record<string, Uint8Array>, RegExp][] = [
      ["nanogpt", { "train.bin": (await golden("nanogpt.bin")).subarray(0, 7) }, /has 7 bytes, not a whole number of uint16/],
      ["nanogpt", { "train.bin": new Uint8Array(0) }, /has no tokens/],
      ["llm.c", { "train.bin": await golden("nanogpt.bin") }, /does not begin as a \.bin of llm\.c.*--from nanogpt/],
      ["llm.c", { "train.bin": llmc.subarray(0, -2) }, /its header speaks of 25 tokens/],
      ["llm.c", { "train.bin": other }, /version 9 of llm\.c's format/],
      ["llm.c", { "train.bin": llmc.subarray(0, 3) }, /does not begin as/],
      ["llm.c", { "train.bin": llmc, "train.mask": new Uint8Array(24) }, /has 24 bytes, expected one for each of the 25 tokens/],
      ["megatron", { "train.bin": new Uint8Array(8) }, /has no file that ends in \.idx/],
      ["megatron", { "train.bin": new Uint8Array(8), "train.idx": await golden("megatron-u16.idx") }, /outside of .*train\.bin with its 8 bytes/],
    ];
    for (const [from, files, message] of cases) {
      const folder = await source(files);
      await expect(importShards(folder, { from, out: join(folder, "out") })).rejects.toThrow(message);
    }
    const folder = await source({ "train.bin": await golden("nanogpt.bin") });
    await expect(importShards(folder, { from: "nanogpt", out: join(folder, "out"), eos: "<nope>" })).rejects.toThrow(/has no token "<nope>", which was given as --eos/);
    for (const [text, message] of [["{", /not valid JSON/], ["{}", /has no "model\.vocab"/], ['{"model":{"vocab":{"a":0}}}', /none of the usual tokens/]] as const) {
      await writeFile(join(folder, "tokenizer.json"), text);
      await expect(importShards(folder, { from: "nanogpt", out: join(folder, "out") })).rejects.toThrow(message);
    }
    await rm(join(folder, "tokenizer.json"));
    await expect(importShards(folder, { from: "nanogpt", out: join(folder, "out") })).rejects.toThrow(/Name the tokenizer\.json/);
  });
});

describe("merging and splitting", () => {
  test("the parts of a set, merged in order, are the set again, with masks, provenance and exact counts", async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 0, max: 40 }), fc.nat(8), fc.integer({ min: 1, max: 7 }), fc.boolean(), fc.boolean(), async (count, held, parts, masks, sources) => {
        const folder = await temporaryFolder();
        const train = tokenDocuments(count, { masks, sources });
        const val = tokenDocuments(held, { seed: 5, masks, sources });
        const { path, manifest } = await writeShards(folder, { train, val, lossMask: masks, provenance: sources, maxTokensPerShard: 300 });
        const manifests = await splitShards(path, { out: join(folder, "parts"), parts });
        const names = (await readdir(join(folder, "parts"))).sort();
        expect(names).toHaveLength(parts);
        const longest = Math.max(0, ...train.map(({ tokens }) => tokens.length));
        for (const part of manifests) expect(Math.abs(part.splits.train.tokens - manifest.splits.train.tokens / parts)).toBeLessThanOrEqual(longest);
        const merged = await mergeShards(names.map((name) => join(folder, "parts", name)), { out: join(folder, "merged") });
        const keep = (documents: TokenDocument[]): Plain[] => plain(documents).map(({ source, ...rest }) => (sources ? { ...rest, source: source! } : rest));
        expect(await readSplit(join(folder, "merged"), "train")).toEqual(keep(train));
        expect(await readSplit(join(folder, "merged"), "val")).toEqual(keep(val));
        for (const split of ["train", "val"] as const) {
          const { documents, tokens, lossTokens, textBytes } = manifest.splits[split];
          expect(merged.splits[split]).toMatchObject({ documents, tokens, lossTokens, textBytes });
        }
      }),
      { numRuns: 12 },
    );
  });

  test("sets of different kinds merge into the wider; what does not belong together is refused", async () => {
    const folders = await Promise.all([temporaryFolder(), temporaryFolder(), temporaryFolder()]);
    const [texts, chats] = [tokenDocuments(5, { sources: true }), tokenDocuments(4, { masks: true, seed: 3 })];
    const a = await writeShards(folders[0]!, { train: texts, provenance: true });
    const b = await writeShards(folders[1]!, { train: chats, lossMask: true, dtype: "u32" });
    const merged = await mergeShards([a.path, b.path], { out: join(folders[2]!, "merged"), maxTokensPerShard: 100 });
    expect(merged).toMatchObject({ dtype: "u32", lossMask: true, version: { minor: 0 } });
    expect(merged.splits.train.lossTokens).toBe(a.manifest.splits.train.lossTokens + b.manifest.splits.train.lossTokens);
    const expected = [...texts.map(({ tokens }) => ({ tokens: [...tokens], mask: [...tokens].map((_, i) => Number(i > 0)) })), ...plain(chats)];
    expect(await readSplit(join(folders[2]!, "merged"), "train")).toEqual(expected);
    await expect(mergeShards([a.path, b.path], { out: a.path })).rejects.toThrow(/would overwrite its source/);
    await expect(mergeShards([], { out: "x" })).rejects.toThrow(/no set of shards to merge/);
    const other = await writeShards(folders[2]!, { train: texts, info: { ...tokenizer, sha256: "7".repeat(64) } });
    await expect(mergeShards([a.path, other.path], { out: join(folders[2]!, "x") })).rejects.toThrow(/was made with another tokenizer than/);
    // Damage is found before anything is merged.
    const file = join(b.path, "train-00000.msgpack");
    const bytes = await readFile(file);
    bytes[bytes.length >> 1]! ^= 1;
    await writeFile(file, bytes);
    await expect(mergeShards([a.path, b.path], { out: join(folders[2]!, "x") })).rejects.toThrow(/it is damaged/);
  });

  test("validation data is chosen by the documents alone", async () => {
    const folder = await temporaryFolder();
    const train = tokenDocuments(400);
    const { path } = await writeShards(folder, { train, val: tokenDocuments(100, { seed: 8 }) });
    const [manifest] = await splitShards(path, { out: join(folder, "a"), val: 0.2 });
    expect(manifest!.splits.val.documents).toBeGreaterThan(60);
    expect(manifest!.splits.val.documents).toBeLessThan(140);
    const texts = async (split: Split): Promise<string[]> => (await readSplit(join(folder, "a"), split)).map(({ tokens }) => tokens.join());
    const [kept, held] = [await texts("train"), new Set(await texts("val"))];
    expect([...kept, ...(await texts("val"))].sort()).toEqual([...(await readSplit(path, "train")), ...(await readSplit(path, "val"))].map(({ tokens }) => tokens.join()).sort());
    // The same documents stand in "val" again when half of them are gone and the order is another.
    const { path: half } = await writeShards(join(folder, "half"), { train: train.slice(0, 200).reverse(), dtype: "u32" });
    await splitShards(half, { out: join(folder, "b"), val: 0.2 });
    for (const { tokens } of await readSplit(join(folder, "b"), "val")) expect(held.has(tokens.join())).toBe(true);
    for (const { tokens } of await readSplit(join(folder, "b"), "train")) expect(held.has(tokens.join())).toBe(false);
    await splitShards(path, { out: join(folder, "parts"), parts: 3 });
    await expect(splitShards(path, { out: join(folder, "parts"), parts: 2 })).rejects.toThrow(/part-00002 is of an earlier split into more sets than 2/);
    await expect(splitShards(path, { out: join(folder, "c") })).rejects.toThrow(/Say either/);
  });
});

test("an unknown format is no concern of types alone", async () => {
  const { path } = await writeShards(await temporaryFolder(), { train: tokenDocuments(2) });
  for (const to of ["tar"] as unknown as ExportFormat[]) await expect(exportShards(path, { to, out: join(path, "x") })).rejects.toThrow(/"tar" is no format/);
});
