import { Command, addPlanOptions, collectCommand as baseCollect, interruptible, planPath, printJson, runRankCommand as runRank, sayPlan } from "@llm/cli-kit";
import { commandOf, writePlan } from "../plan/plan.js";
import { collectPrepared, planPrepare, runPrepareRank } from "../prepare/plan.js";
import { WORKERS, say } from "./common.js";
import { type PrepareFlags, addPrepareOptions, prepareOptionsOf, sayReport, withProgress } from "./prepare.js";

const planPrepareCommand = (): Command =>
  addPlanOptions(addPrepareOptions(new Command("prepare").description("Freeze what `prepare` would do in a plan of ranks, for several machines that share a file system."))).action(
    async (sources: string[], { ranks, plan: file, json, ...flags }: PrepareFlags & { ranks: number; plan?: string; json?: boolean }) => {
      const path = planPath(flags.out, file);
      const plan = await interruptible((signal) => planPrepare(sources, { ...prepareOptionsOf(flags), ranks, signal }));
      const sha256 = await writePlan(path, plan);
      sayPlan(plan, { path, sha256, ranks, json, command: commandOf(plan.task), smaller: "--unit-size", drivers: `\`llm-dataset manifest slurm ${path}\`, \`llm-dataset manifest kubernetes ${path}\`, or drivers/ray_driver.py` });
    },
  );

/** llm-dataset plan prepare SOURCE... --out DIR --ranks N */
export const planCommand = (): Command => new Command("plan").description("Freeze a step in a plan that many machines can run").addCommand(planPrepareCommand());

/** llm-dataset run-rank PLAN --rank I */
export const runRankCommand = (): Command =>
  runRank("Do one rank of a plan. A rank that is complete is skipped, one that was cut off goes on; doing one twice at once is safe.", (plan, rank, { workers, signal }) =>
    withProgress(`rank ${rank}`, (onProgress) => runPrepareRank(plan, rank, { workers, signal, onProgress })),
  );

/** llm-dataset collect PLAN */
export const collectCommand = (): Command =>
  baseCollect("Put the result of a plan together when every rank is complete: the same bytes as `prepare` gives")
    .option(...WORKERS)
    .action(async (plan: string, { wait, workers, json }: { wait: number; workers?: number; json?: boolean }) => {
      const { status, out, report } = await interruptible((signal) => collectPrepared(plan, { waitHours: wait, ...(workers === undefined ? {} : { workers }), signal }));
      if (json) {
        printJson({ out, status, ...report });
        return;
      }
      if (status === "unchanged") say(`${out} was collected already.`);
      sayReport(report, out);
    });
