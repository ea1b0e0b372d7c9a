import { addCommonOptions, Command, createProgress, formatBytes, integer, Option, printJson, runCli, UsageError } from "@llm/cli-kit";
import { DEFAULT_TENSORFLOW } from "./cache.js";
import { diagnose } from "./doctor/index.js";
import { formatDiagnosis } from "./cli/table.js";
import { ENGINE_NAMES, type EngineName } from "./engine.js";
import { installTensorFlow, type InstallProgress } from "./install/index.js";

/** The llm-backend command line. Returns the exit code: 0 done, 1 a known error, 2 wrong usage. */
export async function main(argv: readonly string[]): Promise<number> {
  const program = new Command("llm-backend").description("Finds, installs and measures the engines that TensorFlow.js can use on this machine.");
  addInstall(program);
  addDoctor(program);
  return runCli(program, argv);
}

function addInstall(program: Command): void {
  const command = program
    .command("install")
    .description("Fetch TensorFlow's C library (about 270 MB) with this machine's pip, check it, and keep it in the cache (LLM_CACHE, default ~/.cache/llm).")
    .option("--version <version>", "TensorFlow's version", DEFAULT_TENSORFLOW)
    .option("--force", "install it anew where it is installed already (default: false)")
    .option("--gpu", "install the library for NVIDIA GPUs: not possible yet, says what to do instead (default: false)");
  addCommonOptions(command).action(async (options: { version: string; force?: boolean; gpu?: boolean; json?: boolean }) => {
    if (options.gpu) {
      throw new UsageError("--gpu can't be installed yet. Install a TensorFlow with CUDA (pip install 'tensorflow[and-cuda]') and set LLM_LIBTENSORFLOW to the folder of its libtensorflow_cc (python3 -c \"import tensorflow, os; print(os.path.dirname(tensorflow.__file__))\").");
    }
    const abort = new AbortController();
    const interrupt = (): void => abort.abort();
    process.once("SIGINT", interrupt);
    process.once("SIGTERM", interrupt);
    const progress = showProgress();
    try {
      const installed = await installTensorFlow({ version: options.version, force: options.force, signal: abort.signal, onProgress: progress.update });
      progress.stop();
      const size = formatBytes(installed.files.reduce((sum, { bytes }) => sum + bytes, 0));
      process.stderr.write(installed.changed ? `TensorFlow ${installed.version} (${size}) is in ${installed.folder}\n` : `TensorFlow ${installed.version} is installed already in ${installed.folder}; --force installs it anew\n`);
      if (options.json) printJson(installed);
    } finally {
      progress.stop();
      process.off("SIGINT", interrupt);
      process.off("SIGTERM", interrupt);
    }
  });
}

/** A progress display for each stage of the installation. */
function showProgress(): { update(progress: InstallProgress): void; stop(): void } {
  let shown: { stage: string; bar: ReturnType<typeof createProgress> } | undefined;
  const stop = (): void => {
    shown?.bar.stop();
    shown = undefined;
  };
  return {
    update({ stage, done, total }) {
      if (shown?.stage !== stage) {
        stop();
        shown = { stage, bar: createProgress({ label: stage, total, unit: "bytes" }) };
      }
      shown.bar.setTotal(total);
      shown.bar.update(done);
    },
    stop,
  };
}

function addDoctor(program: Command): void {
  const command = program
    .command("doctor")
    .description("Show what was looked for and found, the engine that programs get here, its speed, and how to get a faster one.")
    .addOption(new Option("--engine <name>", "this engine instead of the fastest (default: LLM_ENGINE, else the fastest)").choices(ENGINE_NAMES))
    .option("--libtensorflow <folder>", "where libtensorflow is (default: LLM_LIBTENSORFLOW, else the usual places)")
    .option("--threads <n>", "CPU threads (default: all)", integer(1));
  addCommonOptions(command).action(async (options: { engine?: EngineName; libtensorflow?: string; threads?: number; json?: boolean }) => {
    const diagnosis = await diagnose({ prefer: options.engine, libtensorflow: options.libtensorflow, threads: options.threads });
    if (options.json) printJson(diagnosis);
    else process.stdout.write(formatDiagnosis(diagnosis));
  });
}
