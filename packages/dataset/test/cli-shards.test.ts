import { spawnSync } from "node:child_process";
import { readFile, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { root } from "./python.js";
import { tokenDocuments, writeShards } from "./shard-set.js";
import { temporaryFolder } from "./temporary.js";

/** The built command line, as its users have it. */
function cli(...args: string[]): { status: number | null; stdout: string; stderr: string } {
  return spawnSync(process.execPath, [join(root, "packages/dataset/bin/llm-dataset.js"), ...args], { encoding: "utf8" });
}
const json = (text: string): Record<string, unknown> => JSON.parse(text) as Record<string, unknown>;

test("split, merge, export, import and verify pass a set on whole", async () => {
  const folder = await temporaryFolder();
  const { path, manifest } = await writeShards(folder, { train: tokenDocuments(60, { masks: true }), val: tokenDocuments(5, { seed: 2, masks: true }), lossMask: true });
  const at = (name: string): string => join(folder, name);
  const { documents, tokens, lossTokens, textBytes } = manifest.splits.train;
  const train = { documents, tokens, lossTokens, textBytes };
  expect(cli("split", path, "--parts", "2", "--out", at("parts"))).toMatchObject({ status: 0, stdout: "" });
  const merged = cli("merge", at("parts/part-00000"), at("parts/part-00001"), "--out", at("merged"), "--max-tokens", "400", "--json");
  expect(json(merged.stdout)).toMatchObject({ out: at("merged"), manifest: { splits: { train } } });
  expect((await readdir(at("merged"))).filter((name) => name.startsWith("train")).length).toBeGreaterThan(3);
  expect(json(cli("export", at("merged"), "--to", "megatron", "--out", at("megatron"), "--json").stdout)).toMatchObject({ to: "megatron", lossMask: true });
  expect(cli("import", at("megatron"), "--from", "megatron", "--out", at("back")).stderr).toMatch(/back: train 60 documents, \d+ tokens; val 5 documents/);
  expect(json(cli("verify", at("back"), "--json").stdout)).toMatchObject({ ok: true, problems: {} });
  expect(json(cli("inspect", at("back"), "--json").stdout)).toMatchObject({ splits: { train } });
  expect(cli("split", path, "--val", "0.5", "--out", at("val"))).toMatchObject({ status: 0 });
});

test("verify names all that is damaged, of a set and of one shard, and exits with 1", async () => {
  const { path } = await writeShards(await temporaryFolder(), { train: tokenDocuments(60), val: tokenDocuments(5), maxTokensPerShard: 500 });
  const damage = async (name: string, at: number): Promise<void> => {
    const bytes = await readFile(join(path, name));
    bytes[at]! ^= 1;
    await writeFile(join(path, name), bytes);
  };
  await damage("train-00001.msgpack", 400);
  await damage("val-00000.msgpack", 20);
  const { status, stderr, stdout } = cli("verify", path, "--json");
  expect(status).toBe(1);
  expect(stderr).toMatch(/error: .*train-00001\.msgpack: it is damaged.*the section "tokens" is damaged within bytes \d+ to \d+\n.*val-00000\.msgpack: it is damaged.*\n.*Write the shards anew/s);
  expect(json(stdout)).toMatchObject({ ok: false, problems: { "train-00001.msgpack": [expect.any(String), expect.any(String)] } });
  expect(cli("verify", join(path, "train-00001.msgpack"))).toMatchObject({ status: 1 });
  expect(cli("verify", join(path, "train-00000.msgpack")).stderr).toMatch(/1 shards are whole/);
  expect(cli("verify", join(path, "none"))).toMatchObject({ status: 1, stderr: expect.stringMatching(/does not exist/) as string });
});

test("inspect leads from a token to where it is from, and says what packing wastes", async () => {
  const train = tokenDocuments(50, { sources: true });
  const { path } = await writeShards(await temporaryFolder(), { train, provenance: true });
  const token = train.slice(0, 20).reduce((sum, document) => sum + document.tokens.length, 0) + 1;
  expect(json(cli("inspect", path, "--token", String(token), "--json").stdout)).toMatchObject({ split: "train", document: 20, offset: 1, file: "train-00000.msgpack", source: train[20]!.source, tokens: train[20]!.tokens });
  expect(cli("inspect", path, "--document", "20").stderr).toMatch(/from row 6 of part-2\.parquet, id id-1-20, https:\/\/example\.org\/20/);
  expect(json(cli("inspect", path, "--sequence-length", "64", "--json").stdout)).toMatchObject({ documents: 50, sequenceLength: 64 });
  expect(cli("inspect", path, "--sequence-length", "64").stderr).toMatch(/rows, \d+\.\d\d% padding/);
  expect(json(cli("inspect", join(path, "train-00000.msgpack"), "--json").stdout)).toMatchObject({ header: { magic: "LLMS" }, footer: { documents: 50 } });
  expect(cli("inspect", path, "--token", "1", "--document", "2")).toMatchObject({ status: 2 });
  expect(cli("inspect", path, "--token", "999999")).toMatchObject({ status: 1 });
});

test("wrong usage exits with 2", () => {
  for (const args of [["merge"], ["split", "x", "--out", "y"], ["split", "x", "--out", "y", "--parts", "2", "--val", "0.1"], ["export", "x", "--out", "y"], ["export", "x", "--to", "tar", "--out", "y"], ["import", "x", "--out", "y"]]) expect([args, cli(...args).status]).toEqual([args, 2]);
});
