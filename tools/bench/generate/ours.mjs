// @ts-check
// One process of generate.mjs: FOLDER PROMPT TOKENS THREADS. Prints one JSON line.
import { complete, loadRun } from "@llm/infer";

const [folder = "", prompt, tokens, threads] = process.argv.slice(2);
const run = { ...(await loadRun(folder, { threads: Number(threads) })), eos: new Set([]) };
const ids = Array.from({ length: Number(prompt) }, (_, i) => (i === 0 ? 0 : 8 + ((i * 7919) % 3000)));
const results = [];
for (let i = 0; i < 3; i++) results.push(await complete(run, ids, { temperature: 0, maxTokens: Number(tokens) }));
const [cold, ...warm] = results;
process.stdout.write(
  `${JSON.stringify({
    what: `${run.engine.name} ${run.engine.version}, ${threads} threads`,
    tokensPerSecond: Math.max(...warm.map(({ stats }) => stats.tokensPerSecond)),
    firstMs: Math.min(...warm.map(({ stats }) => stats.prefillMs)),
    coldMs: cold?.stats.prefillMs,
    ids: cold?.ids,
  })}\n`,
);
process.exit(0);
