// @ts-check
// One side of loader.mjs: prints million tokens a second, and how long a training loop waits for a batch.
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { PackedLoader, openShards } from "@llm/dataset";

const folder = join(process.argv[2] ?? "", "shards");
const { batches, ...shape } = JSON.parse(process.argv[3] ?? "{}");

/** Million tokens a second, and a second of CPU time of all threads. @param {Partial<import("@llm/dataset").LoaderOptions>} options @param {number} [cacheBytes] */
async function speed(options, cacheBytes = 2 ** 31) {
  const loader = await PackedLoader.open(await openShards(folder, { cacheBytes }), { ...shape, ...options });
  let sum = 0;
  for (let i = 0; i < 300; i++) sum += /** @type {import("@llm/dataset").Batch} */ (await loader.next()).tokens[0] ?? 0;
  const start = performance.now();
  const cpu = process.cpuUsage();
  let tokens = 0;
  for (let i = 0; i < batches; i++) tokens += /** @type {import("@llm/dataset").Batch} */ (await loader.next()).tokens.length;
  const seconds = (performance.now() - start) / 1000;
  const { user, system } = process.cpuUsage(cpu);
  await loader.close();
  return [tokens / 1e6 / seconds + sum * 0, tokens / (user + system)];
}

/** Milliseconds for which a loop with steps of 10 ms on a device waits for each batch. @param {number} prefetch */
async function wait(prefetch) {
  const loader = await PackedLoader.open(await openShards(folder, { cacheBytes: 0 }), { ...shape, prefetch });
  for (let i = 0; i < 5; i++) await loader.next();
  let waited = 0;
  for (let i = 0; i < 100; i++) {
    const start = performance.now();
    await loader.next();
    waited += performance.now() - start;
    await sleep(10);
  }
  await loader.close();
  return [waited / 100, null];
}

console.log(
  JSON.stringify({
    "ours, packed, this thread": await speed({}),
    "ours, packed, this thread, set on disk": await speed({}, 0),
    "ours, packed, with boundaries": await speed({ boundaries: true }),
    "ours, packed, 1 worker thread": await speed({ prefetch: 4 }),
    "ours, packed, 2 worker threads": await speed({ prefetch: 4, workers: 2 }),
    "wait for a batch, this thread": await wait(0),
    "wait for a batch, 1 worker thread": await wait(4),
  }),
);
