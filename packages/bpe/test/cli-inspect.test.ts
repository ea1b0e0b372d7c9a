import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { trainBpe, type TrainOptions } from "@llm/bpe";
import { fileLines, saveTokenizer } from "@llm/bpe/corpus";
import { prose } from "./texts.js";

// The bin runs what was built: `npm run build` comes first.
const BIN = fileURLToPath(new URL("../bin/llm-bpe.js", import.meta.url));
const texts = prose(91, 150);
let folder: string;

const run = (args: string[]): { status: number | null; stdout: string; stderr: string } => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [BIN, ...args], { cwd: folder, encoding: "utf8" });
  return { status, stdout, stderr };
};
const ok = (args: string[]): string => {
  const { status, stdout, stderr } = run(args);
  expect({ args, status, stderr: status === 0 ? "" : stderr }).toEqual({ args, status: 0, stderr: "" });
  return stdout;
};
const file = async (name: string): Promise<string> => createHash("sha256").update(await readFile(join(folder, name))).digest("hex");
const trained = async (options: TrainOptions, source: Parameters<typeof trainBpe>[0] = texts): Promise<string> => createHash("sha256").update((await trainBpe(source, options)).toJSON()).digest("hex");

beforeAll(async () => {
  expect(existsSync(join(BIN, "../../dist/cli.js")), "npm run build first").toBe(true);
  folder = await mkdtemp(join(tmpdir(), "bpe-inspect-"));
  await writeFile(join(folder, "texts.jsonl"), texts.map((text) => JSON.stringify({ text })).join("\n"));
  await writeFile(join(folder, "half.jsonl"), texts.slice(0, 70).map((text) => JSON.stringify({ text })).join("\n"));
  await writeFile(join(folder, "rest.jsonl"), texts.slice(70).map((text) => JSON.stringify({ text })).join("\n"));
  await writeFile(join(folder, "lines.txt"), texts.join("\r\n \n"));
  await saveTokenizer(join(folder, "a.json"), await trainBpe(texts, { vocabSize: 400 }));
});
afterAll(() => rm(folder, { recursive: true }));

describe("llm-bpe train", () => {
  it("takes the options of training, and lines of files", async () => {
    ok(["train", "texts.jsonl", "--vocab-size", "420", "--out", "o.json", "--special-token", "<x>", "--special-token", "<y>", "--max-token-length", "5", "--limit-alphabet", "200", "--only-seen", "--add-prefix-space", "--end-of-word-suffix", "</w>"]);
    expect(await file("o.json")).toBe(await trained({ vocabSize: 420, specialTokens: ["<x>", "<y>"], maxTokenLength: 5, limitAlphabet: 200, initialAlphabet: [], addPrefixSpace: true, endOfWordSuffix: "</w>" }));
    ok(["train", "lines.txt", "--lines", "--vocab-size", "420", "--out", "l.json"]);
    expect(await file("l.json")).toBe(await trained({ vocabSize: 420 }, fileLines(join(folder, "lines.txt"))));
  });

  it("trains on counts made apart, goes on with a tokenizer, and shrinks one", async () => {
    for (const name of ["half", "rest"]) ok(["count", `${name}.jsonl`, "--out", `${name}.words.jsonl`, "--threads", "0"]);
    ok(["train", "half.words.jsonl", "rest.words.jsonl", "--counts", "--vocab-size", "500", "--out", "counted.json"]);
    expect(await file("counted.json")).toBe(await trained({ vocabSize: 500 }));
    ok(["train", "texts.jsonl", "--from", "a.json", "--vocab-size", "500", "--out", "further.json"]);
    expect(await file("further.json")).toBe(await file("counted.json"));
    expect(JSON.parse(ok(["shrink", "--tokenizer", "further.json", "--vocab-size", "400", "--out", "small.json", "--json"]))).toMatchObject({ vocabSize: 400, before: 500 });
    expect(await file("small.json")).toBe(await file("a.json"));
  });
});

describe("llm-bpe inspect", () => {
  it("shows merges, tokens, a corpus and the vocabulary", async () => {
    const tokenizer = await trainBpe(texts, { vocabSize: 400 });
    const [token] = [...tokenizer.mergePairs()].at(-1)!;
    expect(ok(["inspect", "--tokenizer", "a.json", "--token", token])).toContain(`${token} #${tokenizer.tokenToId(token)!}`);
    const coloured = ok(["inspect", "--tokenizer", "a.json", "--text", "Kari to\n", "--color", "always"]);
    // eslint-disable-next-line no-control-regex
    expect(coloured.split("\n")[0]!.replace(/\u001b\[[0-9;]*m/g, "")).toBe("Kari to\\n");
    expect(coloured).toContain("\u001b[30;48;5;");
    expect(ok(["inspect", "--tokenizer", "a.json", "--text", "Kari to"])).not.toContain("\u001b");
    const json = JSON.parse(ok(["inspect", "texts.jsonl", "--tokenizer", "a.json", "--text", "Kari to", "--json"])) as { text: { id: number }[]; corpus: { documents: number; tokens: number; frequent: { token: string }[] } };
    expect(json.text.map(({ id }) => id)).toEqual(tokenizer.encodeIds("Kari to"));
    expect(json.corpus).toMatchObject({ documents: 150, tokens: texts.reduce((sum, text) => sum + tokenizer.encode(text).ids.length, 0) });
    expect(ok(["inspect", "texts.jsonl", "--limit", "10", "--tokenizer", "a.json"])).toMatch(/^10 texts/);
    expect(ok(["inspect", "--tokenizer", "a.json"])).toMatch(/^400 tokens: 8 added, 136 merges/);
  });

  it("compares two tokenizers, alone and on texts", async () => {
    await saveTokenizer(join(folder, "b.json"), await trainBpe(texts, { vocabSize: 600 }));
    expect(ok(["compare", "a.json", "a.json"])).toMatch(/^A and B are the same tokenizer: 400 tokens/);
    expect(ok(["compare", "a.json", "b.json", "texts.jsonl"])).toMatch(/B needs \d+\.\d\d% fewer/);
    expect(JSON.parse(ok(["compare", "a.json", "b.json", "--json"]))).toMatchObject({ a: "a.json", vocabSize: [400, 600], sharedTokens: 400, firstDifferentMerge: 136 });
  });

  it.each([
    [["inspect", "--tokenizer", "a.json", "--token", "nowhere at all"], 1, /is not one token/],
    [["inspect", "--tokenizer", "none.json"], 1, /none.json/],
    [["inspect"], 2, /--tokenizer/],
    [["compare", "a.json"], 2, /missing required argument/],
    [["shrink", "--tokenizer", "a.json", "--vocab-size", "9", "--out", "x.json"], 1, /264 tokens are there without any merge/],
    [["train", "texts.jsonl", "--from", "a.json", "--vocab-size", "300", "--out", "x.json"], 1, /has 400 tokens already/],
    [["train", "texts.jsonl", "--counts", "--vocab-size", "300", "--out", "x.json"], 1, /texts.jsonl, line 1: expected a word and its count/],
    [["train", "texts.jsonl", "--vocab-size", "300", "--threads", "-1", "--out", "x.json"], 2, /from 0 to 1024/],
  ] as [string[], number, RegExp][])("ends %j with exit code %i and one message", (args, code, message) => {
    const { status, stdout, stderr } = run(args);
    expect([status, stdout]).toEqual([code, ""]);
    expect(stderr).toMatch(message);
    expect(stderr).not.toMatch(/\n {4}at /);
    expect(existsSync(join(folder, "x.json"))).toBe(false);
  });
});
