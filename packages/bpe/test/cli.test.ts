import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { trainBpe } from "@llm/bpe";
import { prose } from "./texts.js";

// The bin runs what was built: `npm run build` comes first.
const BIN = fileURLToPath(new URL("../bin/llm-bpe.js", import.meta.url));
const texts = prose(31, 200);
let folder: string;

const run = (args: string[], input = ""): { status: number | null; stdout: string; stderr: string } => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [BIN, ...args], { input, cwd: folder, encoding: "utf8" });
  return { status, stdout, stderr };
};

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "bpe-cli-"));
  await writeFile(join(folder, "texts.jsonl"), texts.map((text) => JSON.stringify({ text })).join("\n"));
  const chats = [{ messages: [{ role: "user", content: "kari to" }, { role: "assistant", content: "mel shu" }] }];
  await writeFile(join(folder, "chats.jsonl"), chats.map((row) => JSON.stringify(row)).join("\n"));
  expect(existsSync(join(BIN, "../../dist/cli.js")), "npm run build first").toBe(true);
});
afterAll(() => rm(folder, { recursive: true }));

describe("llm-bpe", () => {
  it("trains what the library trains, on documents and on the messages of chats", async () => {
    const { status, stdout, stderr } = run(["train", "texts.jsonl", "chats.jsonl", "--vocab-size", "500", "--out", "tokenizer.json", "--json"]);
    expect(stderr).toMatch(/500 tokens from 202 texts/);
    expect(status).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ out: "tokenizer.json", vocabSize: 500, merges: 236, texts: 202 });
    const expected = await trainBpe([...texts, ["kari to", "mel shu"]], { vocabSize: 500 });
    expect(await readFile(join(folder, "tokenizer.json"), "utf8")).toBe(expected.toJSON());
  });

  it("encodes standard input and decodes it back", async () => {
    const text = "Kari <s> to\n世界 ";
    const tokenizer = await trainBpe([...texts, ["kari to", "mel shu"]], { vocabSize: 500 });
    const encoded = run(["encode", "--tokenizer", "tokenizer.json"], text);
    expect(encoded).toMatchObject({ status: 0, stderr: "" });
    expect(JSON.parse(encoded.stdout)).toEqual(tokenizer.encodeIds(text, { special: "parse" }));
    expect(JSON.parse(run(["encode", "--tokenizer", "tokenizer.json", "--special-as-text"], text).stdout)).toEqual(tokenizer.encodeIds(text));
    expect(run(["decode", "--tokenizer", "tokenizer.json"], encoded.stdout)).toMatchObject({ status: 0, stdout: "Kari  to\n世界 " });
    expect(run(["decode", "--tokenizer", "tokenizer.json", "--keep-special"], encoded.stdout).stdout).toBe(text);
    expect(run(["decode", "--tokenizer", "tokenizer.json", "--json"], "[0,2]").stdout).toBe('""\n');
  });

  it("adds what the file's post-processor adds, unless told not to", async () => {
    const file = JSON.parse(await readFile(join(folder, "tokenizer.json"), "utf8")) as Record<string, unknown>;
    await writeFile(join(folder, "framed.json"), JSON.stringify({ ...file, post_processor: { type: "RobertaProcessing", sep: ["</s>", 2], cls: ["<s>", 0] } }));
    const [framed, bare] = [[], ["--no-special"]].map((more) => JSON.parse(run(["encode", "--tokenizer", "framed.json", ...more], "to").stdout) as number[]);
    expect(framed).toEqual([0, ...bare!, 2]);
  });

  it("tokenizes documents and chats, and does nothing the second time", async () => {
    const first = run(["tokenize", "texts.jsonl", "--tokenizer", "tokenizer.json", "--out", "shards", "--val", "0.1", "--json"]);
    expect(first.status).toBe(0);
    expect(first.stderr).toMatch(/bytes per token/);
    const report = JSON.parse(first.stdout) as { reused: boolean; train: { documents: number }; val: { documents: number } };
    expect(report.reused).toBe(false);
    expect(report.train.documents + report.val.documents).toBe(200);
    expect((await readdir(join(folder, "shards"))).sort()).toEqual(["manifest.json", "report.html", "report.json", "special_tokens_map.json", "tokenizer.json", "tokenizer_config.json", "train-00000.msgpack", "val-00000.msgpack"]);
    expect(JSON.parse(run(["tokenize", "texts.jsonl", "--tokenizer", "tokenizer.json", "--out", "shards", "--val", "0.1", "--json"]).stdout)).toMatchObject({ reused: true });
    const chats = run(["tokenize", "chats.jsonl", "--tokenizer", "tokenizer.json", "--out", "chats", "--chat", "--val", "0", "--json"]);
    expect(JSON.parse(chats.stdout)).toMatchObject({ train: { documents: 1 } });
  });

  it.each([
    [[], 2, /Usage/],
    [["train", "texts.jsonl", "--out", "x.json"], 2, /--vocab-size/],
    [["train", "texts.jsonl", "--vocab-size", "100", "--out", "x.json"], 2, /from 264/],
    [["tokenize", "texts.jsonl", "--tokenizer", "tokenizer.json", "--out", "x", "--val", "2"], 2, /from 0 to 1/],
    [["train", "nowhere.txt", "--vocab-size", "300", "--out", "x.json"], 1, /nowhere.txt does not exist/],
    [["encode", "--tokenizer", "nowhere.json"], 1, /nowhere.json/],
    [["encode", "--tokenizer", "texts.jsonl"], 1, /texts.jsonl: This is not a tokenizer.json/],
    [["decode", "--tokenizer", "tokenizer.json"], 1, /not valid JSON/],
  ] as [string[], number, RegExp][])("ends %j with exit code %i and one message", async (args, code, message) => {
    const { status, stdout, stderr } = run(args);
    expect([status, stdout]).toEqual([code, ""]);
    expect(stderr).toMatch(message);
    expect(stderr).not.toMatch(/\n {4}at /);
    expect(await readdir(folder)).not.toContain("x.json");
  });

  it("refuses ids that are none", () => {
    expect(run(["decode", "--tokenizer", "tokenizer.json"], "[1,-1]")).toMatchObject({ status: 1, stderr: expect.stringContaining("Element 1 of the array is -1") });
    expect(run(["decode", "--tokenizer", "tokenizer.json"], "{}").stderr).toMatch(/not an array/);
  });
});
