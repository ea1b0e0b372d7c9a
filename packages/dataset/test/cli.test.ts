import { spawnSync } from "node:child_process";
import { readFile, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { readDocuments, writeJsonl, writeParquet } from "@llm/dataset";
import { describe, expect, test } from "vitest";
import { root } from "./python.js";
import { tokenDocuments, writeShards } from "./shard-set.js";
import { all, temporaryFolder } from "./temporary.js";

/** The built command line, as its users have it. */
function cli(...args: string[]): { status: number | null; stdout: string; stderr: string } {
  return spawnSync(process.execPath, [join(root, "packages/dataset/bin/llm-dataset.js"), ...args], { encoding: "utf8" });
}
const json = (text: string): Record<string, unknown> => JSON.parse(text) as Record<string, unknown>;

describe("llm-dataset sample", () => {
  test("writes the built-in corpus, the same for the same seed", async () => {
    const folder = await temporaryFolder();
    const run = (name: string, seed: string): ReturnType<typeof cli> => cli("sample", "--out", join(folder, name), "--documents", "40", "--chats", "30", "--seed", seed, "--json");
    const first = run("a", "3");
    expect(first.status).toBe(0);
    expect(json(first.stdout)).toMatchObject({ documents: 40, chats: 30, source: { corpus: "built-in", seed: 3 } });
    expect((await readdir(join(folder, "a"))).sort()).toEqual(["chats", "documents", "held-out.json", "sample.json"]);
    run("b", "3");
    run("c", "4");
    const bytes = (name: string): Promise<Buffer> => readFile(join(folder, name, "documents/documents-00000.parquet"));
    expect((await bytes("a")).equals(await bytes("b"))).toBe(true);
    expect((await bytes("a")).equals(await bytes("c"))).toBe(false);
    const rows = await all(readDocuments(join(folder, "a")));
    expect(rows.filter(({ messages }) => messages)).toHaveLength(30);
    expect(rows.filter(({ messages }) => !messages)).toHaveLength(40);
  });

  test("takes the first rows of a source, or random ones by seed", async () => {
    const folder = await temporaryFolder();
    const source = join(folder, "in");
    await writeParquet(join(source, "a.parquet"), Array.from({ length: 50 }, (_, i) => ({ text: `Document ${i}.`, id: String(i) })));
    await writeJsonl(join(source, "b.jsonl"), [{ id: "chat", messages: [{ role: "user", content: "a" }, { role: "assistant", content: "b" }] }]);
    const ids = async (...args: string[]): Promise<string[]> => {
      expect(cli("sample", source, "--out", join(folder, "out"), ...args)).toMatchObject({ status: 0, stdout: "" });
      return (await all(readDocuments(join(folder, "out/documents")))).map(({ id }) => id);
    };
    expect(await ids("--documents", "3")).toEqual(["0", "1", "2"]);
    const random = await ids("--documents", "10", "--seed", "1");
    expect(random).toEqual([...random].sort((a, b) => Number(a) - Number(b)));
    expect(random).not.toEqual(["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"]);
    expect(await ids("--documents", "10", "--seed", "1")).toEqual(random);
    await ids("--documents", "100");
    expect((await all(readDocuments(join(folder, "out"))))[0]!.id).toBe("chat");
  });
});

describe("llm-dataset inspect and verify", () => {
  test("show shards, and find damage", async () => {
    const { path } = await writeShards(await temporaryFolder(), { train: tokenDocuments(20), val: tokenDocuments(3) });
    expect(json(cli("inspect", path, "--json").stdout)).toMatchObject({ format: "llm-shards", splits: { val: { documents: 3 } } });
    expect(cli("inspect", path).stderr).toMatch(/train: 20 documents/);
    expect(json(cli("verify", path, "--json").stdout)).toMatchObject({ ok: true, files: ["train-00000.msgpack", "val-00000.msgpack"] });
    const file = join(path, "val-00000.msgpack");
    const bytes = await readFile(file);
    bytes[400]! ^= 1;
    await writeFile(file, bytes);
    const { status, stderr } = cli("verify", path);
    expect(status).toBe(1);
    expect(stderr).toMatch(/error: .*val-00000\.msgpack: it is damaged/);
    expect(stderr).not.toMatch(/\n\s+at /);
  });

  test("show sources", () => {
    const { stdout } = cli("inspect", join(import.meta.dirname, "goldens/snappy.parquet"), "--documents", "2", "--json");
    expect(json(stdout)).toMatchObject({ files: [{ parquet: { rows: 40, rowGroups: 3, codecs: ["SNAPPY"] } }], documents: [{ token_count: 0 }, { token_count: 3 }] });
  });
});

describe("exit codes", () => {
  test("0 for help, with defaults; 1 for what a person can mend; 2 for wrong usage", async () => {
    const folder = await temporaryFolder();
    const help = cli("prepare", "--help");
    expect(help.status).toBe(0);
    expect(help.stdout).toMatch(/--min-characters <n> .*\(default:\s+20\)/s);
    const missing = cli("prepare", join(folder, "none"), "--out", join(folder, "out"));
    expect(missing).toMatchObject({ status: 1, stdout: "" });
    expect(missing.stderr).toMatch(/^error: The source .*none does not exist/);
    for (const args of [[], ["prepare"], ["prepare", "x"], ["prepare", "x", "--out", "y", "--limit", "zero"], ["sample", "--out", "x", "--flag"], ["sample", "x", "--chats", "5", "--out", "y"], ["nonsense"]]) {
      expect([args, cli(...args).status]).toEqual([args, 2]);
    }
  });
});
