import { Command, addPlanOptions, collectCommand as baseCollect, createProgress, formatCount, interruptible, number, planPath, printJson, runRankCommand as runRank, sayPlan } from "@llm/cli-kit";
import { writePlan } from "@llm/dataset";
import { collectTokenized, planTokenize, runTokenizeRank } from "../corpus/ranks.js";
import type { TokenizeProgress } from "../corpus/tokenize.js";
import { type TokenizeFlags, addTokenizeOptions, tokenizeOptionsOf } from "./tokenize.js";

const say = (text: string): void => void process.stderr.write(`${text}\n`);

/** Shows how far a step is; nothing where nothing is to be done. */
async function withProgress<T>(label: string, work: (onProgress: (event: TokenizeProgress) => void) => Promise<T>): Promise<T> {
  let bar: ReturnType<typeof createProgress> | undefined;
  try {
    return await work(({ bytes, totalBytes, tokens }) => {
      bar ??= createProgress({ label, unit: "bytes", total: totalBytes });
      bar.update(bytes, `${formatCount(tokens)} tokens`);
    });
  } finally {
    bar?.stop();
  }
}

/** `llm-bpe plan tokenize` */
export function planCommand(): Command {
  const command = addTokenizeOptions(new Command("tokenize").description("freeze what `tokenize` would do in a plan of ranks, for several machines that share a file system"))
    .option("--unit-size <MB>", "megabytes of the sources that a rank takes at a time (default: 4 to 64, by the size of all)", number(0.001, 1e6));
  addPlanOptions(command).action(async (sources: string[], { ranks, unitSize, plan: file, json, ...flags }: TokenizeFlags & { ranks: number; unitSize?: number; plan?: string; json?: boolean }) => {
    const path = planPath(flags.out, file);
    const plan = await interruptible((signal) => planTokenize(sources, { ...tokenizeOptionsOf(flags), ranks, ...(unitSize === undefined ? {} : { unitBytes: unitSize * 1e6 }), signal }));
    const sha256 = await writePlan(path, plan);
    sayPlan(plan, { path, sha256, ranks, json, command: "llm-bpe", smaller: "--unit-size", drivers: `\`llm-dataset manifest slurm ${path}\`, \`llm-dataset manifest kubernetes ${path}\`, or the driver for Ray of @llm/dataset` });
  });
  return new Command("plan").description("freeze a step in a plan that many machines can run").addCommand(command);
}

/** `llm-bpe run-rank` */
export const runRankCommand = (): Command =>
  runRank("do one rank of a plan; one that is complete is skipped, and doing one twice at once is safe", (plan, rank, { workers, signal }) =>
    withProgress(`rank ${rank}`, (onProgress) => runTokenizeRank(plan, rank, { threads: workers === 1 ? 0 : workers, signal, onProgress })),
  );

/** `llm-bpe collect` */
export const collectCommand = (): Command =>
  baseCollect("write the shards of a plan when every rank is complete: the same bytes as `tokenize` gives").action(async (plan: string, { wait, json }: { wait: number; json?: boolean }) => {
    const { status, out, manifest } = await interruptible((signal) => withProgress("collect", (onProgress) => collectTokenized(plan, { waitHours: wait, signal, onProgress })));
    const { train, val } = manifest.splits;
    if (json) printJson({ out, status, tokens: train.tokens + val.tokens, bytesPerToken: manifest.bytesPerToken, train: { ...train, shards: train.shards.length }, val: { ...val, shards: val.shards.length } });
    else say(`${status === "unchanged" ? "collected already: " : ""}train ${formatCount(train.documents)} documents, ${formatCount(train.tokens)} tokens; val ${formatCount(val.documents)} documents, ${formatCount(val.tokens)} tokens -> ${out}`);
  });
