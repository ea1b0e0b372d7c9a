// One training of our side; called by train.mjs.
import { createHash } from "node:crypto";
import { trainFromWordCounts } from "@llm/bpe";
import { countLinesOnThreads } from "@llm/bpe/corpus";

const [path, vocabSize, threads] = process.argv.slice(2);
const started = performance.now();
const tokenizer = await countLinesOnThreads(path, { threads: Number(threads) }).then((words) => trainFromWordCounts(words, { vocabSize: Number(vocabSize) }));
const seconds = (performance.now() - started) / 1000;
console.log(JSON.stringify({ seconds, megabytes: process.resourceUsage().maxRSS / 1e3, digest: createHash("sha256").update(tokenizer.toJSON()).digest("hex") }));
