// @ts-check
// How good are the replies? Asks a run the prompts of held-out.json (never in the training data), counts the replies that are
// about the thing asked, and compares harper.js's findings in them with those in the corpus's own replies.
//   node tools/bench/replies/replies.mjs --run out/chat --sample out/sample [--prompts 200] [--show 20] [--seed 1] [--json]
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { meetsExpectation } from "@llm/dataset";
import { LocalLinter } from "harper.js";
import { binaryInlined } from "harper.js/binaryInlined";

const root = resolve(fileURLToPath(import.meta.url), "../../../..");
const { values: options } = parseArgs({
  options: {
    run: { type: "string", default: "out/chat" },
    sample: { type: "string", default: "out/sample" },
    prompts: { type: "string", default: "200" },
    show: { type: "string", default: "20" },
    seed: { type: "string", default: "1" },
    temperature: { type: "string" },
    json: { type: "boolean", default: false },
  },
});
const n = Number(options.prompts);
const { prompts, multiTurn } = JSON.parse(readFileSync(join(options.sample, "held-out.json"), "utf8"));
// Every kind in its own share: a stride over the list, whatever its order.
const asked = Array.from({ length: Math.min(n, prompts.length) }, (_, i) => prompts[Math.floor((i * prompts.length) / Math.min(n, prompts.length))]);
const turns = multiTurn.slice(0, Math.round(n / 10));

/** @param {unknown[]} list @returns {string[]} */
const replies = (list) => {
  const folder = mkdtempSync(join(tmpdir(), "replies-"));
  writeFileSync(join(folder, "prompts.json"), JSON.stringify(list));
  const args = [join(root, "packages/infer/bin/llm-infer.js"), "chat", "--run", options.run, "--prompts", join(folder, "prompts.json"), "--seed", options.seed, "--json", ...(options.temperature ? ["--temperature", options.temperature] : [])];
  const stdout = execFileSync(process.execPath, args, { encoding: "utf8", maxBuffer: 1e9, stdio: ["ignore", "pipe", "inherit"] });
  rmSync(folder, { recursive: true });
  return stdout.trim().split("\n").map((line) => JSON.parse(line).reply);
};

const linter = new LocalLinter({ binary: binaryInlined });
/** @param {string[]} texts @returns {Promise<{ words: number, lints: string[] }>} */
const lint = async (texts) => {
  let words = 0;
  const lints = [];
  for (const text of texts) {
    words += text.split(/\s+/).length;
    for (const found of await linter.lint(text)) lints.push(`${found.lint_kind()}: "${found.get_problem_text()}" in: ${text}`);
  }
  return { words, lints };
};

const started = Date.now();
const single = replies(asked.map(({ prompt }) => prompt));
const multi = replies(turns.map(({ messages }) => messages));
const seconds = (Date.now() - started) / 1000;
/** @type {Map<string, { good: number, all: number }>} */
const kinds = new Map();
const rows = [...asked.map((each, i) => ({ ...each, reply: single[i] })), ...turns.map((each, i) => ({ ...each, kind: `turns: ${each.kind}`, prompt: each.messages.map(({ content }) => content).join(" | "), reply: multi[i] }))];
for (const row of rows) {
  row.good = meetsExpectation(row.expect, row.reply);
  const kind = kinds.get(row.kind) ?? { good: 0, all: 0 };
  kind.good += Number(row.good);
  kind.all += 1;
  kinds.set(row.kind, kind);
}
const chats = join(options.sample, "chats");
const corpus = readdirSync(chats).flatMap((name) => readFileSync(join(chats, name), "utf8").trim().split("\n").slice(0, 1_000)).map((line) => JSON.parse(line).messages.at(-1).content);
const [ours, theirs] = [await lint(rows.map(({ reply }) => reply)), await lint(corpus)];
const rate = (/** @type {{ words: number, lints: string[] }} */ { words, lints }) => (1000 * lints.length) / words;

const good = rows.filter((row) => row.good).length;
if (options.json) {
  process.stdout.write(`${JSON.stringify({ replies: rows.length, onTopic: good, kinds: Object.fromEntries(kinds), harper: { replies: rate(ours), corpus: rate(theirs) }, seconds }, null, 2)}\n`);
} else {
  const show = Number(options.show);
  for (let i = 0; i < Math.min(show, rows.length); i++) {
    const row = rows[Math.floor((i * rows.length) / show)];
    process.stdout.write(`${row.good ? "   " : "OFF"} ${row.prompt}\n      ${row.reply}\n`);
  }
  process.stdout.write(`\non topic: ${good} of ${rows.length} (${((100 * good) / rows.length).toFixed(1)}%)\n`);
  for (const [kind, { good: some, all }] of kinds) process.stdout.write(`  ${kind.padEnd(20)} ${some} of ${all}\n`);
  for (const found of ours.lints.slice(0, 10)) process.stdout.write(`  harper: ${found}\n`);
  process.stdout.write(`harper.js: ${rate(ours).toFixed(2)} findings per 1,000 words in ${ours.words} words of replies, ${rate(theirs).toFixed(2)} in ${theirs.words} words of the corpus's\n${seconds.toFixed(0)} s for ${rows.length} replies\n`);
}
