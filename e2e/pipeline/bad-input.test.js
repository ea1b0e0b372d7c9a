// What goes wrong in real life: each gives one clear message, exit code 1 or 2, and nothing half-written.
import { cpSync, existsSync, readFileSync, readdirSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { bin, ok, temporaryFolder } from "../run.mjs";

const work = temporaryFolder();
const { at } = work;

beforeAll(async () => {
  await ok("llm-dataset", ["sample", "--out", at("sample"), "--documents", "200", "--chats", "100", "--seed", "5"]);
  await ok("llm-bpe", ["train", at("sample"), "--vocab-size", "400", "--out", at("tokenizer.json")]);
  await ok("llm-bpe", ["train", at("sample"), "--vocab-size", "420", "--out", at("other.json")]);
  await ok("llm-bpe", ["tokenize", at("sample"), "--tokenizer", at("tokenizer.json"), "--out", at("shards"), "--val", "0.1"]);
  await ok("llm-bpe", ["tokenize", at("sample"), "--tokenizer", at("other.json"), "--out", at("other-shards"), "--val", "0.1"]);
  await ok("llm-trainer", ["pretrain", "--shards", at("shards"), "--out", at("run"), "--preset", "test", "--steps", "3"]);
});
afterAll(work.remove);

/** One message that names `words`, no stack, and the exit code. */
const fails = async (name, args, code, ...words) => {
  const result = await bin(name, args);
  expect(result.stderr).not.toMatch(/\n\s+at .+:\d+:\d+/);
  for (const word of words) expect(result.stderr.toLowerCase()).toContain(word.toLowerCase());
  expect(result.code, result.stderr).toBe(code);
  return result;
};
const firstParquet = (folder) => join(folder, "documents", readdirSync(join(folder, "documents")).find((name) => name.endsWith(".parquet")));

describe("documents", () => {
  it("a truncated parquet file", async () => {
    cpSync(at("sample"), at("truncated"), { recursive: true });
    const file = firstParquet(at("truncated"));
    truncateSync(file, 2_000);
    await fails("llm-dataset", ["prepare", at("truncated"), "--out", at("prepared-1")], 1, ".parquet");
    expect(existsSync(at("prepared-1", "report.json"))).toBe(false);
    await fails("llm-bpe", ["train", at("truncated"), "--vocab-size", "400", "--out", at("t1.json")], 1, ".parquet");
    expect(existsSync(at("t1.json"))).toBe(false);
  });

  it("a file that lacks the text column", async () => {
    writeFileSync(at("rows.jsonl"), '{"body":"no text here"}\n');
    await fails("llm-dataset", ["prepare", at("rows.jsonl"), "--out", at("prepared-2")], 1, "rows.jsonl", "text");
  });

  it("a source that does not exist", async () => {
    await fails("llm-bpe", ["train", at("nowhere"), "--vocab-size", "400", "--out", at("t2.json")], 1, "nowhere");
  });
});

describe("shards", () => {
  it("a flipped bit", async () => {
    cpSync(at("shards"), at("flipped"), { recursive: true });
    const file = at("flipped", readdirSync(at("flipped")).find((name) => name.startsWith("train")));
    const bytes = readFileSync(file);
    bytes[Math.floor(bytes.length / 3)] ^= 4;
    writeFileSync(file, bytes);
    await fails("llm-trainer", ["pretrain", "--shards", at("flipped"), "--out", at("run-2"), "--preset", "test", "--steps", "2"], 1, "train-00000");
    expect(existsSync(at("run-2", "config.json"))).toBe(false);
  });

  it("a tokenizer of another run", async () => {
    await fails("llm-trainer", ["sft", "--shards", at("other-shards"), "--from", at("run"), "--out", at("run-3"), "--steps", "2"], 1, "tokenizer");
    await fails("llm-trainer", ["eval", "--shards", at("other-shards"), "--run", at("run")], 1, "tokenizer");
    cpSync(at("run"), at("mixed"), { recursive: true });
    cpSync(at("other.json"), at("mixed", "tokenizer.json"));
    await fails("llm-infer", ["generate", "--run", at("mixed"), "--prompt", "The fox"], 1, "tokenizer");
  });
});

describe("options", () => {
  it.each([
    ["llm-dataset", ["prepare"]],
    ["llm-dataset", ["sample", "--out", at("x"), "--documents", "many"]],
    ["llm-bpe", ["train", at("sample"), "--vocab-size", "400", "--out", at("x.json"), "--nonsense"]],
    ["llm-trainer", ["pretrain", "--shards", at("shards"), "--out", at("x"), "--steps", "2", "--minutes", "1"]],
    ["llm-infer", ["generate", "--run", at("run")]],
    ["llm-backend", ["doctor", "--nonsense"]],
    ["llm-backend", ["nonsense"]],
  ])("%s %s: wrong usage is exit code 2", async (name, args) => {
    await fails(name, args, 2, "error");
    expect(existsSync(at("x"))).toBe(false);
  });

  it.each(["llm-dataset", "llm-bpe", "llm-backend", "llm-trainer", "llm-infer"])("%s --help", async (name) => {
    const { stdout } = await ok(name, ["--help"]);
    expect(stdout).toContain("Usage:");
  });
});

describe("a disk that is full", () => {
  // A file-size limit stands in for a full disk: the write fails in the middle in the same way.
  it("leaves no tokenizer and no shards behind", async () => {
    const { spawnSync } = await import("node:child_process");
    const { binPath } = await import("../stages.mjs");
    const result = spawnSync("bash", ["-c", 'trap "" XFSZ; ulimit -f 4; exec "$@"', "bash", process.execPath, binPath("llm-dataset"), "sample", "--out", at("full"), "--documents", "3000"], { encoding: "utf8" });
    expect(result.status).toBe(1);
    expect(result.stderr).toMatch(/EFBIG|too large|space/i);
    expect(result.stderr).not.toMatch(/\n\s+at .+:\d+:\d+/);
    expect(existsSync(at("full", "held-out.json"))).toBe(false);
  });
});
