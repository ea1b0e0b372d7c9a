export { Command, Option } from "commander";
export { runCli, UsageError } from "./run.js";
export { addCommonOptions, integer, number, fraction, collect, printJson } from "./options.js";
export { formatBytes, formatCount, formatDuration } from "./format.js";
export { createProgress, type Progress, type ProgressOptions } from "./progress.js";
export { interruptible, stopSignal } from "./signal.js";
export { addPlanOptions, collectCommand, planPath, runRankCommand, sayPlan } from "./ranks.js";
