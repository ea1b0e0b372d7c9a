import { Command, UsageError, addCommonOptions, createProgress, formatCount, integer, interruptible, number, printJson } from "@llm/cli-kit";
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
    .requiredOption("--ranks <n>", "how many ranks share the work; at most one for each unit of the sources", integer(1, 1e6))
    .option("--unit-size <MB>", "megabytes of the sources that a rank takes at a time (default: 64)", number(0.001, 1e6))
    .option("--plan <file>", "the plan to write (default: OUT.plan.json)");
  addCommonOptions(command).action(async (sources: string[], { ranks, unitSize, plan: file, json, ...flags }: TokenizeFlags & { ranks: number; unitSize?: number; plan?: string; json?: boolean }) => {
    const path = file ?? `${flags.out.replace(/[\\/]+$/, "")}.plan.json`;
    const plan = await interruptible((signal) => planTokenize(sources, { ...tokenizeOptionsOf(flags), ranks, ...(unitSize === undefined ? {} : { unitBytes: unitSize * 1e6 }), signal }));
    const sha256 = await writePlan(path, plan);
    if (json) {
      printJson({ plan: path, sha256, task: plan.task, out: plan.out, fingerprint: plan.fingerprint, files: plan.files.length, bytes: plan.files.reduce((sum, { size }) => sum + size, 0), units: plan.units.length, ranks: plan.ranks.length });
      return;
    }
    if (plan.ranks.length < ranks) say(`The sources have ${plan.units.length} units, so that there are only ${plan.ranks.length} ranks. Smaller units (--unit-size) give more.`);
    say(`${path}: ${plan.ranks.length} ranks, ${plan.units.length} units, ${plan.files.length} files. Run \`llm-bpe run-rank ${path} --rank 0\` to ${plan.ranks.length - 1} anywhere, then \`llm-bpe collect ${path}\`;`);
    say(`or \`llm-dataset manifest slurm ${path}\`, \`llm-dataset manifest kubernetes ${path}\`, or the driver for Ray of @llm/dataset.`);
  });
  return new Command("plan").description("freeze a step in a plan that many machines can run").addCommand(command);
}

/** `llm-bpe run-rank` */
export const runRankCommand = (): Command =>
  addCommonOptions(
    new Command("run-rank")
      .description("do one rank of a plan; one that is complete is skipped, and doing one twice at once is safe")
      .argument("<plan>", "the plan.json")
      .option("--rank <i>", "the rank, from 0 (default: $SLURM_ARRAY_TASK_ID or $JOB_COMPLETION_INDEX)", integer())
      .option("--workers <n>", "threads that work at once", integer(1, 1024), 1),
  ).action(async (path: string, { rank: flag, workers, json }: { rank?: number; workers: number; json?: boolean }) => {
    const found = flag ?? process.env.SLURM_ARRAY_TASK_ID ?? process.env.JOB_COMPLETION_INDEX;
    if (found === undefined || !/^\d+$/.test(String(found))) throw new UsageError("Which rank? Give --rank, or run in a Slurm array or a Kubernetes indexed job, which set SLURM_ARRAY_TASK_ID or JOB_COMPLETION_INDEX.");
    const rank = Number(found);
    const result = await interruptible((signal) => withProgress(`rank ${rank}`, (onProgress) => runTokenizeRank(path, rank, { threads: workers === 1 ? 0 : workers, signal, onProgress })));
    if (json) printJson({ plan: path, rank, ...result });
    else say(result.status === "complete" ? `Rank ${rank} was complete.` : `Rank ${rank} is complete: ${result.units} units.`);
  });

/** `llm-bpe collect` */
export const collectCommand = (): Command =>
  addCommonOptions(
    new Command("collect")
      .description("write the shards of a plan when every rank is complete: the same bytes as `tokenize` gives")
      .argument("<plan>", "the plan.json")
      .option("--wait <hours>", "wait so long for ranks that are not complete yet", number(0), 0),
  ).action(async (path: string, { wait, json }: { wait: number; json?: boolean }) => {
    const { status, out, manifest } = await interruptible((signal) => withProgress("collect", (onProgress) => collectTokenized(path, { waitHours: wait, signal, onProgress })));
    const { train, val } = manifest.splits;
    if (json) printJson({ out, status, tokens: train.tokens + val.tokens, bytesPerToken: manifest.bytesPerToken, train: { ...train, shards: train.shards.length }, val: { ...val, shards: val.shards.length } });
    else say(`${status === "unchanged" ? "collected already: " : ""}train ${formatCount(train.documents)} documents, ${formatCount(train.tokens)} tokens; val ${formatCount(val.documents)} documents, ${formatCount(val.tokens)} tokens -> ${out}`);
  });
