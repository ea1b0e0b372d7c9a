// Our side of bench.mjs: does what the lines of its input ask for, one at a time.
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { Tokenizer } from "@llm/bpe";
import { createEncoderPool } from "@llm/bpe/corpus";

const [folder, threads] = process.argv.slice(2);
const read = (name) => readFileSync(join(folder, name), "utf8");
const texts = JSON.parse(read("texts.json"));
const worst = JSON.parse(read("worst.json"));
const tokenizer = Tokenizer.fromJSON(read("tokenizer.json"));
let pool;

async function timed(work) {
  const [wall, cpu] = [performance.now(), process.cpuUsage()];
  const result = await work();
  const { user, system } = process.cpuUsage(cpu);
  return { result, time: { wall: (performance.now() - wall) / 1e3, cpu: (user + system) / 1e6 } };
}

const sha256 = (lists) => {
  const hash = createHash("sha256");
  for (const list of lists) hash.update(`${list.join(" ")}\n`);
  return hash.digest("hex");
};

const work = {
  pass: () => texts.map((text) => tokenizer.encode(text).ids),
  threads: () => (pool ??= createEncoderPool(tokenizer, { threads: Number(threads) })).encode(texts),
  digest: () => texts.map((text) => tokenizer.encode(text).ids),
  worst: (index) => [tokenizer.encode(worst[index]).ids],
};

console.log(JSON.stringify("ready"));
for await (const line of createInterface({ input: process.stdin })) {
  const [what, index] = line.split(" ");
  const { result, time } = await timed(() => work[what](Number(index)));
  if (what === "digest" || what === "worst") time.digest = sha256(result);
  console.log(JSON.stringify(time));
}
await pool?.close();
