// @ts-check
// Encoding by @llm/bpe, tiktoken and PyPI tokenizers, with the same tokenizer on the same texts, in turn:
//   node tools/bench/bpe/bench.mjs SOURCE... [--megabytes N] [--pattern gpt2|cl100k_base] [--vocab-size 16384]
//     [--tokenizer tokenizer.json] [--rounds 3] [--threads N] [--worst] [--python python3] [--json]
// Build first (npm run build). SOURCE is what readDocuments takes; with --megabytes a corpus of that size is made of its
// documents, in which every 40th word is a random one. Without --tokenizer one is trained on up to 30 MB of the texts.
//
// Each round starts the three sides as processes that hold the texts as strings and the tokenizer before any clock starts; then
// they work one at a time: cold is the process's first pass over the texts, warm the median of three more, threads a batch call
// on N threads after three such calls to warm up (tokenizers one by one and encode_batch, tiktoken encode_ordinary and
// encode_ordinary_batch, ours encode and createEncoderPool). Speeds are medians over the rounds, by the clock and by the processor
// time of all threads; ratios are taken within each round, then their median. All ids must be equal. What the processors themselves give
// to N at once is measured beside it: N processes of ours, each of which encodes all the texts on one thread, at the same time. --worst
// adds texts of 1 MB without a word boundary, each seen for the first time.
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync, readFileSync } from "node:fs";
import { availableParallelism, cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { fromTiktoken, toTiktoken, trainBpe } from "@llm/bpe";
import { readDocuments } from "@llm/dataset";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    megabytes: { type: "string" },
    pattern: { type: "string", default: "gpt2" },
    "vocab-size": { type: "string", default: "16384" },
    tokenizer: { type: "string" },
    rounds: { type: "string", default: "3" },
    threads: { type: "string", default: String(availableParallelism()) },
    worst: { type: "boolean", default: false },
    python: { type: "string", default: process.env.PYTHON ?? "python3" },
    json: { type: "boolean", default: false },
  },
});
const pattern = (/** @type {const} */ (["gpt2", "cl100k_base"])).find((name) => name === values.pattern);
if (positionals.length === 0 || !pattern) throw new Error("usage: node tools/bench/bpe/bench.mjs SOURCE... (see the file's head); patterns: gpt2, cl100k_base");

let state = 12345;
const random = () => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 2 ** 32;
const draw = (/** @type {string} */ letters, /** @type {number} */ count) => {
  const characters = Array.from(letters);
  return Array.from({ length: count }, () => characters[Math.floor(random() * characters.length)]).join("");
};
const SMALL = "abcdefghijklmnopqrstuvwxyz";

/** @type {[name: string, text: string][]} */
const worst = [
  ["1 MB of a", "a".repeat(1e6)],
  ["1 MB of spaces", " ".repeat(1e6)],
  ["1 MB of ab", "ab".repeat(5e5)],
  ["1 MB of random letters", draw(SMALL, 1e6)],
  ["1 MB of one CJK word", "世界".repeat(166_667)],
  ["1 MB of emoji", "👍🏽".repeat(125_000)],
  ["1 MB of random bytes", Buffer.from(Uint8Array.from({ length: 1e6 }, () => Math.floor(random() * 256))).toString("utf8")],
];

const texts = [];
for await (const { text } of readDocuments(positionals)) texts.push(text);
if (values.megabytes) {
  const documents = texts.splice(0).map((text) => text.split(" "));
  for (let units = 0; units < Number(values.megabytes) * 1e6; ) {
    const words = [...(documents[Math.floor(random() * documents.length)] ?? [])];
    for (let replaced = 0; replaced < words.length / 40; replaced++) words[Math.floor(random() * words.length)] = draw(SMALL, 3 + Math.floor(random() * 8));
    units += texts[texts.push(words.join(" ")) - 1].length;
  }
}
const bytes = texts.reduce((sum, text) => sum + Buffer.byteLength(text), 0);

const folder = mkdtempSync(join(tmpdir(), "bpe-bench-"));
const here = (/** @type {string} */ name) => fileURLToPath(new URL(name, import.meta.url));

/** @typedef {{ wall: number, cpu: number, digest?: string }} Time */

/** One side as a process that does what it is asked, one thing after another. */
class Side {
  /** @param {string} name @param {string} command @param {string[]} args */
  constructor(name, command, args) {
    this.name = name;
    this.child = spawn(command, [...args, folder, values.threads], { stdio: ["pipe", "pipe", "inherit"] });
    this.lines = createInterface({ input: this.child.stdout })[Symbol.asyncIterator]();
  }

  /** @returns {Promise<any>} */
  async answer() {
    const { value, done } = await this.lines.next();
    if (done) throw new Error(`${this.name} ended before it answered.`);
    return JSON.parse(value);
  }

  /** @param {string} what @returns {Promise<Time>} */
  ask(what) {
    this.child.stdin.write(`${what}\n`);
    return this.answer();
  }
}

const median = (/** @type {number[]} */ list) => [...list].sort((a, b) => a - b)[Math.floor(list.length / 2)] ?? NaN;
const NAMES = ["ours", "tiktoken", "tokenizers"];

/**
 * Seconds of a pass of ours in one process alone, and in as many at once as there are threads, which have nothing to do with each other.
 *
 * @param {Side} one
 * @returns {Promise<{ alone: number, together: number }>}
 */
async function sideBySide(one) {
  const others = Array.from({ length: Number(values.threads) - 1 }, () => new Side("ours", process.execPath, [here("ours.mjs")]));
  try {
    for (const side of others) await side.answer();
    const all = [one, ...others];
    const passes = async (/** @type {number} */ count) => {
      const each = await Promise.all(all.map(async (side) => {
        /** @type {number[]} */
        const walls = [];
        for (let pass = 0; pass < count; pass++) walls.push((await side.ask("pass")).wall);
        return walls;
      }));
      return each.flat();
    };
    await passes(3); // to warm up
    const before = await one.ask("pass");
    const together = median(await passes(5));
    const after = await one.ask("pass");
    return { alone: (before.wall + after.wall) / 2, together };
  } finally {
    for (const { child } of others) child.kill();
  }
}

/** How long a pass of ours takes alone, and beside others of its kind, one for each round. @type {{ alone: number, together: number }[]} */
const apart = [];

/** Times by what was asked, then by side, one for each round. @type {Map<string, Record<string, Time[]>>} */
const times = new Map();

try {
  let file = values.tokenizer && readFileSync(values.tokenizer, "utf8");
  if (!file) {
    let units = 0;
    const some = texts.filter((text) => (units += text.length) < 3e7);
    const trained = await trainBpe(some, { vocabSize: Number(values["vocab-size"]), specialTokens: [] });
    file = (pattern === "gpt2" ? trained : fromTiktoken(toTiktoken(trained), { pattern })).toJSON();
  }
  writeFileSync(join(folder, "tokenizer.json"), file);
  writeFileSync(join(folder, "pattern.txt"), pattern);
  writeFileSync(join(folder, "texts.json"), JSON.stringify(texts));
  writeFileSync(join(folder, "worst.json"), JSON.stringify(worst.map(([, text]) => text)));

  /** @type {Map<string, string>} */
  const digests = new Map();
  const record = (/** @type {string} */ what, /** @type {string} */ side, /** @type {Time} */ time) => {
    const all = times.get(what) ?? Object.fromEntries(NAMES.map((name) => [name, []]));
    times.set(what, all);
    all[side]?.push(time);
    if (time.digest === undefined) return;
    const before = digests.get(what) ?? time.digest;
    digests.set(what, before);
    if (before !== time.digest) throw new Error(`The ids of ${side} differ (${what}).`);
  };
  for (let round = 0; round < Number(values.rounds); round++) {
    const sides = [new Side("ours", process.execPath, [here("ours.mjs")]), ...["tiktoken", "tokenizers"].map((name) => new Side(name, values.python, [here("theirs.py"), name]))];
    const turn = round % 2 ? [...sides].reverse() : sides;
    try {
      for (const side of sides) await side.answer();
      for (const side of turn) record("cold", side.name, await side.ask("pass"));
      for (let pass = 0; pass < 3; pass++) for (const side of turn) record(`warm ${pass}`, side.name, await side.ask("pass"));
      for (let pass = 0; pass < 3; pass++) for (const side of sides) await side.ask("threads");
      for (let pass = 0; pass < 2; pass++) for (const side of turn) record(`threads ${pass}`, side.name, await side.ask("threads"));
      for (const side of turn) record("ids", side.name, await side.ask("digest"));
      const [ours] = sides;
      if (ours) apart.push(await sideBySide(ours));
      if (values.worst) for (const [index, [name]] of worst.entries()) for (const side of turn) record(name, side.name, await side.ask(`worst ${index}`));
    } finally {
      for (const { child } of sides) child.kill();
    }
  }
} finally {
  rmSync(folder, { recursive: true });
}

/** The times of the passes of one kind, the median of each round. @returns {Record<string, Time[]>} */
function rounds(/** @type {string} */ kind) {
  const passes = [...times].filter(([what]) => what.startsWith(kind)).map(([, sides]) => sides);
  return Object.fromEntries(NAMES.map((name) => [name, (passes[0]?.[name] ?? []).map((_, round) => {
    const of = (/** @type {"wall" | "cpu"} */ clock) => median(passes.map((sides) => sides[name]?.[round]?.[clock] ?? NaN));
    return { wall: of("wall"), cpu: of("cpu") };
  })]));
}

const result = { bytes, texts: texts.length, rounds: Number(values.rounds), threads: Number(values.threads), node: process.version, cpu: cpus()[0]?.model, rows: /** @type {object[]} */ ([]) };
const lines = [];
for (const [kind, label] of [["cold", "first pass, 1 thread"], ["warm", "later passes, 1 thread"], ["threads", `batch, ${values.threads} threads`]]) {
  const sides = rounds(String(kind));
  for (const clock of /** @type {const} */ (["wall", "cpu"])) {
    const speed = (/** @type {string} */ name) => median((sides[name] ?? []).map((time) => bytes / 1e6 / time[clock]));
    const ratio = (/** @type {string} */ name) => median((sides[name] ?? []).map((time, round) => time[clock] / (sides.ours?.[round]?.[clock] ?? NaN)));
    result.rows.push({ what: kind, clock, ours: speed("ours"), tiktoken: speed("tiktoken"), tokenizers: speed("tokenizers"), overTiktoken: ratio("tiktoken"), overTokenizers: ratio("tokenizers") });
    lines.push([label, clock === "wall" ? "clock" : "processor", ...NAMES.map((name) => speed(name).toFixed(1)), `${ratio("tiktoken").toFixed(1)}x`, `${ratio("tokenizers").toFixed(1)}x`]);
  }
}
const [one, many] = [rounds("warm").ours ?? [], rounds("threads").ours ?? []];
const scaling = (/** @type {"wall" | "cpu"} */ clock) => median(many.map((time, round) => (one[round]?.[clock] ?? NaN) / time[clock]));
/** What N threads reach, and what N processes that have nothing to do with each other do, as a share of N times one. */
const share = { wall: scaling("wall") / result.threads, cpu: scaling("cpu"), apart: median(apart.map(({ alone, together }) => alone / together)) };
for (const [name] of values.worst ? worst : []) {
  const ms = (/** @type {string} */ side) => median((times.get(name)?.[side] ?? []).map((time) => time.wall * 1000));
  result.rows.push({ what: name, ...Object.fromEntries(NAMES.map((side) => [side, ms(side)])) });
}

if (values.json) console.log(JSON.stringify({ ...result, share }));
else {
  console.log(`${(bytes / 1e6).toFixed(1)} MB in ${texts.length} texts, ${values.tokenizer ? "the tokenizer given" : `${values["vocab-size"]} tokens, ${values.pattern}`}; ${cpus().length} x ${result.cpu}, Node ${process.version}; MB/s, medians of ${values.rounds} rounds; all ids equal\n`);
  const table = [["", "by", ...NAMES, "over tiktoken", "over tokenizers"], ...lines];
  for (const row of table) console.log(`| ${row.join(" | ")} |`);
  console.log(`\nOurs on ${values.threads} threads: ${share.wall.toFixed(2)} x ${values.threads} of one thread by the clock; a thread's work takes ${(1 / share.cpu).toFixed(2)} times the processor time. ${values.threads} processes of one thread each, at once: ${share.apart.toFixed(2)} x ${values.threads} of one alone.`);
  if (values.worst) {
    console.log("\nMilliseconds, the first time:");
    for (const row of result.rows.slice(6)) console.log(`| ${Object.values(row).map((value) => (typeof value === "number" ? value.toFixed(0) : value)).join(" | ")} |`);
  }
}
