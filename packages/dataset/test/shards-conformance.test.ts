import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { decodeMulti, decode as msgpackDecode } from "@msgpack/msgpack";
import { type DocumentSource, type Manifest, ShardError, type TokenDocument, openShards, sha256Hex, verifyShards } from "@llm/dataset";
import { describe, expect, test } from "vitest";
import { installedPython, python3, root } from "./python.js";
import { tokenizer, writeShards } from "./shard-set.js";
import { temporaryFolder } from "./temporary.js";

// Written by tools/goldens/dataset_shards.py, a writer of the format that knows docs/formats.md and not this package.
const folder = join(import.meta.dirname, "goldens/shards");
interface Answer {
  name: string;
  header: { split: "train" | "val"; shard: number; dtype: "u16" | "u32"; loss_mask: boolean; fingerprint: string; tokenizer: { sha256: string; vocab_size: number } };
  footer: { documents: number; tokens: number; loss_tokens: number; text_bytes: number; header: { length: number }; files?: string[]; source_files?: string[]; sections: { name: string; offset: number; length: number }[] };
  documents: { tokens: number[]; mask?: number[]; text_bytes?: number; source?: DocumentSource }[];
  text_bytes: number[];
}
const { valid, refused } = JSON.parse(readFileSync(join(folder, "conformance.json"), "utf8")) as { valid: Answer[]; refused: { base: string; edits: [number, string][]; cut?: number; reason: string }[] };
const pathOf = (name: string): string => join(folder, `${name}.msgpack`);

/** A set with one file of the conformance set, as a foreign writer would make it. */
async function setWith({ name, header, footer }: Answer): Promise<string> {
  const path = await temporaryFolder();
  const bytes = await readFile(pathOf(name));
  const file = `${header.split}-00000.msgpack`;
  const none = { documents: 0, tokens: 0, lossTokens: 0, textBytes: 0, shards: [] };
  const split = { documents: footer.documents, tokens: footer.tokens, lossTokens: footer.loss_tokens, textBytes: footer.text_bytes, shards: [{ file, documents: footer.documents, tokens: footer.tokens, bytes: bytes.length, sha256: sha256Hex(bytes) }] };
  const manifest: Manifest = {
    format: "llm-shards",
    version: { major: 1, minor: footer.source_files ? 2 : footer.files ? 1 : 0 },
    dtype: header.dtype,
    tokenizer: { ...tokenizer, sha256: header.tokenizer.sha256, vocabSize: header.tokenizer.vocab_size },
    lossMask: header.loss_mask,
    fingerprint: header.fingerprint,
    bytesPerToken: footer.tokens > 0 ? footer.text_bytes / footer.tokens : 0,
    ...(footer.files ? { provenance: true } : footer.source_files ? { sourceRows: true } : {}),
    splits: { train: none, val: none, [header.split]: split } as Manifest["splits"],
  };
  await writeFile(join(path, file), bytes);
  await writeFile(join(path, "manifest.json"), JSON.stringify(manifest));
  return path;
}

describe.each(valid)("$name", (answer) => {
  test("is whole by its own checksums", async () => {
    expect(await verifyShards(pathOf(answer.name))).toMatchObject({ ok: true, files: [{ problems: [] }] });
  });

  // A set begins with shard 0, and this package writes no shard without documents.
  const first = answer.header.shard === 0;
  if (first) test("gives its expected documents, in memory and on disk", async () => {
    const path = await setWith(answer);
    expect(await verifyShards(path)).toMatchObject({ ok: true });
    for (const cacheBytes of [2 ** 30, 0]) {
      const set = await openShards(path, { cacheBytes });
      const split = set.split(answer.header.split);
      expect(split.documents).toBe(answer.documents.length);
      for (const [index, { tokens, mask, text_bytes, source }] of answer.documents.entries()) {
        const found = await split.document(index);
        expect([...found.tokens]).toEqual(tokens);
        expect(found.mask && [...found.mask]).toEqual(mask);
        expect(await split.source(index)).toEqual(source);
        expect(await split.textBytesOf(index)).toBe(text_bytes);
      }
      set.close();
    }
  });

  if (first && answer.documents.length > 0) test("has the bytes that this package writes", async () => {
    const { header, footer, documents } = answer;
    const train = documents.map(({ tokens, mask, source }, i): TokenDocument => ({ tokens, textBytes: answer.text_bytes[i]!, ...(mask ? { mask: Uint8Array.from(mask) } : {}), ...(source ? { source } : {}) }));
    const { path } = await writeShards(await temporaryFolder(), { train, dtype: header.dtype, lossMask: header.loss_mask, provenance: footer.source_files ? "rows" : footer.files !== undefined, fingerprint: header.fingerprint, info: { ...tokenizer, vocabSize: header.tokenizer.vocab_size } });
    expect((await readFile(join(path, "train-00000.msgpack"))).equals(await readFile(pathOf(answer.name)))).toBe(true);
  });

  test("reads with @msgpack/msgpack, front to back and by the footer", async () => {
    const bytes = new Uint8Array(await readFile(pathOf(answer.name)));
    const values = [...decodeMulti(bytes)].filter((value) => value !== null) as Uint8Array[];
    expect(values[0]).toEqual(answer.header);
    expect(values.at(-2)).toEqual(answer.footer);
    const end = Number(new DataView(bytes.buffer).getBigUint64(bytes.length - 16, true));
    expect(msgpackDecode(bytes.subarray(end, -18))).toEqual(answer.footer);
    const tokens: number[] = [];
    for (const [index, { name, offset, length }] of answer.footer.sections.entries()) {
      expect(offset % 64).toBe(0);
      expect(values[index + 1]).toEqual(bytes.subarray(offset, offset + length));
      if (name === "tokens") tokens.push(...(answer.header.dtype === "u16" ? new Uint16Array(bytes.buffer, offset, length / 2) : new Uint32Array(bytes.buffer, offset, length / 4)));
    }
    expect(tokens).toEqual(answer.documents.flatMap((document) => document.tokens));
  });
});

test.each(refused.map((row, index) => ({ ...row, name: `${index}: ${row.reason}` })))("is refused, $name", async ({ base, edits, cut, reason }) => {
  const path = await temporaryFolder();
  const bytes = await readFile(pathOf(base));
  for (const [at, hex] of edits) bytes.set(Buffer.from(hex, "hex"), at);
  const file = join(path, "shard.msgpack");
  await writeFile(file, bytes.subarray(0, cut));
  const { ok, files } = await verifyShards(file);
  expect(ok).toBe(false);
  expect(files[0]!.problems.join("; ")).toMatch(new RegExp(reason));
  // In a set whose manifest was forged to fit, the reader finds it as well, or reads what is right.
  const answer = valid.find(({ name }) => name === base)!;
  const set = await setWith(answer);
  const manifest = JSON.parse(await readFile(join(set, "manifest.json"), "utf8")) as Manifest;
  Object.assign(manifest.splits.train.shards[0]!, { bytes: (cut === undefined ? bytes : bytes.subarray(0, cut)).length, sha256: sha256Hex(bytes.subarray(0, cut)) });
  await writeFile(join(set, "manifest.json"), JSON.stringify(manifest));
  await mkdir(set, { recursive: true });
  await writeFile(join(set, "train-00000.msgpack"), bytes.subarray(0, cut));
  expect(await verifyShards(set)).toMatchObject({ ok: false });
  const error = await openShards(set, { cacheBytes: 0, verify: false }).then((opened) => opened.split("train").reader(), (thrown: unknown) => thrown).catch((thrown: unknown) => thrown);
  if (error instanceof Error) expect(error).toBeInstanceOf(ShardError);
});

const python = await python3();
test.skipIf(!python)("PyPI's msgpack reads all of them, and what this package writes, every checksum compared by another implementation", async () => {
  const reader = await installedPython(python!, "msgpack");
  const random = Uint32Array.from({ length: 300_000 }, (_, i) => (Math.imul(i, 2_654_435_761) >>> 8) % 100_000);
  // More than one block of a MiB in a section.
  const { path } = await writeShards(await temporaryFolder(), { train: [{ tokens: random, textBytes: 9, source: { file: "a", row: 0 } }, { tokens: [0, 2], textBytes: 1, source: { file: "b", row: 1 } }], dtype: "u32", provenance: true, info: { ...tokenizer, vocabSize: 100_000 } });
  const { stdout } = await promisify(execFile)(reader, [join(root, "tools/goldens/dataset_shards_read.py"), ...valid.map(({ name }) => pathOf(name)), join(path, "train-00000.msgpack")], { maxBuffer: 1 << 28 });
  const read = stdout.trim().split("\n").map((line) => JSON.parse(line) as Answer);
  expect(read.slice(0, -1)).toEqual(valid.map(({ header, footer, documents }) => ({ header, footer, documents })));
  expect(read.at(-1)!.documents[0]!.tokens).toEqual([...random]);
  expect(read.at(-1)!.documents[1]!.source).toEqual({ file: "b", row: 1 });
}, 240_000);
