import { Command, runCli } from "@llm/cli-kit";
import { downloadCommand } from "./cli/download.js";
import { dedupeCommand } from "./cli/dedupe.js";
import { inspectCommand } from "./cli/inspect.js";
import { mixCommand } from "./cli/mix.js";
import { collectCommand, planCommand, runRankCommand } from "./cli/plan.js";
import { manifestCommand } from "./cli/plan-manifest.js";
import { prepareCommand } from "./cli/prepare.js";
import { reportCommand } from "./cli/report.js";
import { sampleCommand } from "./cli/sample.js";
import { exportCommand, importCommand, mergeCommand, splitCommand } from "./cli/shards.js";
import { traceCommand } from "./cli/trace.js";
import { verifyCommand } from "./cli/verify.js";

/** Runs `llm-dataset` with arguments and returns its exit code: 0 done, 1 a known error, 2 wrong usage. */
export async function main(argv: readonly string[]): Promise<number> {
  const program = new Command("llm-dataset")
    .description("Documents in, clean text and token shards out. SOURCE is a file, a folder or a glob of .parquet, .jsonl or .txt, hf://datasets/OWNER/NAME/PATH, or an http(s) address.")
    .addCommand(downloadCommand())
    .addCommand(sampleCommand())
    .addCommand(mixCommand())
    .addCommand(prepareCommand())
    .addCommand(planCommand())
    .addCommand(runRankCommand())
    .addCommand(collectCommand())
    .addCommand(manifestCommand())
    .addCommand(dedupeCommand())
    .addCommand(inspectCommand())
    .addCommand(traceCommand())
    .addCommand(reportCommand())
    .addCommand(verifyCommand())
    .addCommand(mergeCommand())
    .addCommand(splitCommand())
    .addCommand(exportCommand())
    .addCommand(importCommand());
  return runCli(program, argv);
}
