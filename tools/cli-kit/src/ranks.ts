import { Command } from "commander";
import { addCommonOptions, integer, number, printJson } from "./options.js";
import { UsageError } from "./run.js";
import { interruptible } from "./signal.js";

// What the commands over a plan of ranks have in common, whatever the ranks do.

/** As much of a plan as is told when it was made. */
export interface PlanSummary {
  task: string;
  out: string;
  fingerprint: string;
  files: readonly { size: number }[];
  units: readonly unknown[];
  ranks: readonly unknown[];
}

const say = (text: string): void => void process.stderr.write(`${text}\n`);

/** Adds --ranks, --plan and --json to a command that makes a plan. */
export const addPlanOptions = (command: Command): Command =>
  addCommonOptions(
    command
      .requiredOption("--ranks <n>", "how many ranks share the work; at most one for each unit of the sources", integer(1, 1e6))
      .option("--plan <file>", "the plan to write (default: OUT.plan.json)"),
  );

/** Where a plan is written. */
export const planPath = (out: string, plan: string | undefined): string => plan ?? `${out.replace(/[\\/]+$/, "")}.plan.json`;

/**
 * Tells what a plan has, and how its ranks are run.
 * @param ranks How many were asked for
 * @param command The program that runs them
 * @param drivers How they are run by an engine, after "or"
 * @param smaller How units are made smaller, where a person can
 */
export function sayPlan(plan: PlanSummary, { path, sha256, ranks, command, drivers, smaller, json }: { path: string; sha256: string; ranks: number; command: string; drivers: string; smaller?: string; json: boolean | undefined }): void {
  const { task, out, fingerprint, files, units } = plan;
  const planned = plan.ranks.length;
  if (json) {
    printJson({ plan: path, sha256, task, out, fingerprint, files: files.length, bytes: files.reduce((sum, { size }) => sum + size, 0), units: units.length, ranks: planned });
    return;
  }
  if (planned < ranks) say(`The sources have ${units.length} units, so that there are only ${planned} ranks.${smaller === undefined ? "" : ` Smaller units (${smaller}) give more.`}`);
  say(`${path}: ${planned} ranks, ${units.length} units, ${files.length} files. Run \`${command} run-rank ${path} --rank 0\` to ${planned - 1} anywhere, then \`${command} collect ${path}\`;`);
  say(`or ${drivers}.`);
}

/** The rank that a process does: the one given, or the one that a Slurm array or a Kubernetes indexed job gives it. @throws UsageError where there is none */
export function rankOf(flag: number | undefined, environment: NodeJS.ProcessEnv = process.env): number {
  const found = flag ?? environment.SLURM_ARRAY_TASK_ID ?? environment.JOB_COMPLETION_INDEX;
  if (found === undefined || !/^\d+$/.test(String(found))) throw new UsageError("Which rank? Give --rank, or run in a Slurm array or a Kubernetes indexed job, which set SLURM_ARRAY_TASK_ID or JOB_COMPLETION_INDEX.");
  return Number(found);
}

/** `run-rank PLAN --rank I`. @param run Does a rank */
export const runRankCommand = (description: string, run: (plan: string, rank: number, options: { workers: number; signal: AbortSignal }) => Promise<{ status: string; units: number }>): Command =>
  addCommonOptions(
    new Command("run-rank")
      .description(description)
      .argument("<plan>", "the plan.json")
      .option("--rank <i>", "the rank, from 0 (default: $SLURM_ARRAY_TASK_ID or $JOB_COMPLETION_INDEX)", integer())
      .option("--workers <n>", "threads that work at once", integer(1, 1024), 1),
  ).action(async (plan: string, { rank: flag, workers, json }: { rank?: number; workers: number; json?: boolean }) => {
    const rank = rankOf(flag);
    const result = await interruptible((signal) => run(plan, rank, { workers, signal }));
    if (json) printJson({ plan, rank, ...result });
    else say(result.status === "complete" ? `Rank ${rank} was complete.` : `Rank ${rank} is complete: ${result.units} units.`);
  });

/** `collect PLAN --wait HOURS`, to which a package adds its action. */
export const collectCommand = (description: string): Command =>
  addCommonOptions(new Command("collect").description(description).argument("<plan>", "the plan.json").option("--wait <hours>", "wait so long for ranks that are not complete yet", number(0), 0));
