import { Command, UsageError, addCommonOptions, integer, interruptible, number, printJson } from "@llm/cli-kit";
import { commandOf, writePlan } from "../plan/plan.js";
import { collectPrepared, planPrepare, runPrepareRank } from "../prepare/plan.js";
import { WORKERS, say } from "./common.js";
import { type PrepareFlags, addPrepareOptions, prepareOptionsOf, sayReport, withProgress } from "./prepare.js";

/** The rank that a job array or an indexed job gives to a process. */
export function rankOf(flag: number | undefined): number {
  const found = flag ?? process.env.SLURM_ARRAY_TASK_ID ?? process.env.JOB_COMPLETION_INDEX;
  if (found === undefined || !/^\d+$/.test(String(found))) throw new UsageError("Which rank? Give --rank, or run in a Slurm array or a Kubernetes indexed job, which set SLURM_ARRAY_TASK_ID or JOB_COMPLETION_INDEX.");
  return Number(found);
}

const planPrepareCommand = (): Command =>
  addCommonOptions(
    addPrepareOptions(new Command("prepare").description("Freeze what `prepare` would do in a plan of ranks, for several machines that share a file system."))
      .requiredOption("--ranks <n>", "how many ranks share the work; at most one for each unit of the sources", integer(1, 1e6))
      .option("--plan <file>", "the plan to write (default: OUT.plan.json)"),
  ).action(async (sources: string[], { ranks, plan: file, json, ...flags }: PrepareFlags & { ranks: number; plan?: string; json?: boolean }) => {
    const path = file ?? `${flags.out.replace(/[\\/]+$/, "")}.plan.json`;
    const plan = await interruptible((signal) => planPrepare(sources, { ...prepareOptionsOf(flags), ranks, signal }));
    const sha256 = await writePlan(path, plan);
    const bytes = plan.files.reduce((sum, { size }) => sum + size, 0);
    if (json) printJson({ plan: path, sha256, task: plan.task, out: plan.out, fingerprint: plan.fingerprint, files: plan.files.length, bytes, units: plan.units.length, ranks: plan.ranks.length });
    else {
      if (plan.ranks.length < ranks) say(`The sources have ${plan.units.length} units, so that there are only ${plan.ranks.length} ranks. Smaller units (--unit-size) give more.`);
      const command = commandOf(plan.task);
      say(`${path}: ${plan.ranks.length} ranks, ${plan.units.length} units, ${plan.files.length} files. Run \`${command} run-rank ${path} --rank 0\` to ${plan.ranks.length - 1} anywhere, then \`${command} collect ${path}\`;`);
      say(`or \`llm-dataset manifest slurm ${path}\`, \`llm-dataset manifest kubernetes ${path}\`, or drivers/ray_driver.py.`);
    }
  });

/** llm-dataset plan prepare SOURCE... --out DIR --ranks N */
export const planCommand = (): Command => new Command("plan").description("Freeze a step in a plan that many machines can run").addCommand(planPrepareCommand());

/** llm-dataset run-rank PLAN --rank I */
export const runRankCommand = (): Command =>
  addCommonOptions(
    new Command("run-rank")
      .description("Do one rank of a plan. A rank that is complete is skipped, one that was cut off goes on; doing one twice at once is safe.")
      .argument("<plan>", "the plan.json")
      .option("--rank <i>", "the rank, from 0 (default: $SLURM_ARRAY_TASK_ID or $JOB_COMPLETION_INDEX)", integer())
      .option("--workers <n>", "threads that work at once", integer(1, 1024), 1),
  ).action(async (path: string, { rank: flag, workers, json }: { rank?: number; workers: number; json?: boolean }) => {
    const rank = rankOf(flag);
    const result = await interruptible((signal) => withProgress(`rank ${rank}`, (onProgress) => runPrepareRank(path, rank, { workers, signal, onProgress })));
    if (json) printJson({ plan: path, rank, ...result });
    else say(result.status === "complete" ? `Rank ${rank} was complete.` : `Rank ${rank} is complete: ${result.units} units.`);
  });

/** llm-dataset collect PLAN */
export const collectCommand = (): Command =>
  addCommonOptions(
    new Command("collect")
      .description("Put the result of a plan together when every rank is complete: the same bytes as `prepare` gives")
      .argument("<plan>", "the plan.json")
      .option("--wait <hours>", "wait so long for ranks that are not complete yet", number(0), 0)
      .option(...WORKERS),
  ).action(async (path: string, { wait, workers, json }: { wait: number; workers?: number; json?: boolean }) => {
    const { status, out, report } = await interruptible((signal) => collectPrepared(path, { waitHours: wait, ...(workers === undefined ? {} : { workers }), signal }));
    if (json) {
      printJson({ out, status, ...report });
      return;
    }
    if (status === "unchanged") say(`${out} was collected already.`);
    sayReport(report, out);
  });
