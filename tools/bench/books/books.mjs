// @ts-check
// Real prose: a parquet file through prepare, tokenizer, shards and a pretraining of so many minutes, then the validation
// bits per byte; with --peer, PyTorch on the same architecture, documents and minutes afterwards (peer.py).
//   node tools/bench/books/books.mjs books.parquet [--minutes 20] [--vocabulary 8192] [--preset books] [--out out/books] [--peer] [-- more options of pretrain]
// Documents whose md5(id) mod 50 is 0 are the validation set of both.
import { execFileSync, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, rmSync } from "node:fs";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { readDocuments, writeJsonl } from "@llm/dataset";

const root = resolve(fileURLToPath(import.meta.url), "../../../..");
const split = process.argv.indexOf("--");
const more = split < 0 ? [] : process.argv.slice(split + 1);
const { values: options, positionals } = parseArgs({
  args: process.argv.slice(2, split < 0 ? undefined : split),
  allowPositionals: true,
  options: {
    minutes: { type: "string", default: "20" },
    vocabulary: { type: "string", default: "8192" },
    preset: { type: "string", default: "books" },
    out: { type: "string", default: "out/books" },
    peer: { type: "boolean", default: false },
    python: { type: "string", default: "python3" },
  },
});
const source = positionals[0];
if (!source) throw new Error("which parquet file? node tools/bench/books/books.mjs FILE");

/** @param {string} name @param {string[]} args */
const llm = (name, args) => {
  const { status, stdout } = spawnSync(process.execPath, [join(root, `packages/${name}/bin/llm-${name}.js`), ...args], { encoding: "utf8", stdio: ["ignore", "pipe", "inherit"], maxBuffer: 1e9 });
  if (status !== 0) throw new Error(`llm-${name} ${args.join(" ")} ended with ${status}`);
  return stdout;
};
const at = (/** @type {string} */ name) => join(options.out, name);
rmSync(options.out, { recursive: true, force: true });
mkdirSync(options.out, { recursive: true });

const isValidation = (/** @type {string} */ id) => BigInt(`0x${createHash("md5").update(id).digest("hex")}`) % 50n === 0n;
/** @type {Record<"train" | "val", import("@llm/dataset").Document[]>} */
const documents = { train: [], val: [] };
for await (const document of readDocuments(source)) documents[isValidation(document.id) ? "val" : "train"].push(document);
for (const [name, list] of Object.entries(documents)) await writeJsonl(at(`${name}.jsonl`), list);

llm("dataset", ["prepare", at("train.jsonl"), "--out", at("prepared")]);
llm("bpe", ["train", at("prepared"), "--vocab-size", options.vocabulary, "--out", at("tokenizer.json")]);
llm("bpe", ["tokenize", at("prepared"), "--tokenizer", at("tokenizer.json"), "--out", at("shards"), "--val", "0.002"]);
llm("bpe", ["tokenize", at("val.jsonl"), "--tokenizer", at("tokenizer.json"), "--out", at("val-shards"), "--val", "0"]);
llm("trainer", ["pretrain", "--shards", at("shards"), "--out", at("run"), "--preset", options.preset, "--minutes", options.minutes, "--eval-every", "0", ...more]);
const ours = JSON.parse(llm("trainer", ["eval", "--shards", at("val-shards"), "--split", "train", "--run", at("run"), "--json"]));
process.stdout.write(`ours: ${ours.bitsPerByte.toFixed(4)} bits per byte after ${options.minutes} minutes\n`);
if (options.peer) process.stdout.write(execFileSync(options.python, [join(root, "tools/bench/books/peer.py"), source, options.minutes, options.vocabulary], { encoding: "utf8" }));
