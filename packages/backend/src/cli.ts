import { addCommonOptions, Command, createProgress, formatBytes, integer, Option, printJson, runCli, stopSignal } from "@llm/cli-kit";
import { DEFAULT_TENSORFLOW } from "./cache.js";
import { diagnose } from "./doctor/index.js";
import { formatDiagnosis, formatTuned } from "./cli/table.js";
import { ENGINE_NAMES, type EngineName } from "./engine.js";
import { openEngine } from "./open.js";
import { tune } from "./tuning/index.js";
import { timeStep } from "./tuning/workload.js";
import { installTensorFlow, type InstallProgress } from "./install/index.js";

/** The llm-backend command line. Returns the exit code: 0 done, 1 a known error, 2 wrong usage. */
export async function main(argv: readonly string[]): Promise<number> {
  const program = new Command("llm-backend").description("Finds, installs and measures the engines that TensorFlow.js can use on this machine.");
  addInstall(program);
  addDoctor(program);
  addTune(program);
  return runCli(program, argv);
}

function addInstall(program: Command): void {
  const command = program
    .command("install")
    .description("Fetch TensorFlow's C library (about 270 MB) with this machine's pip, check it, and keep it in the cache (LLM_CACHE, default ~/.cache/llm). An interrupted download goes on where it stopped.")
    .option("--version <version>", "TensorFlow's version", DEFAULT_TENSORFLOW)
    .option("--force", "install it anew where it is installed already (default: false)")
    .option("--gpu", "the build for NVIDIA GPUs with the CUDA libraries it needs: 3.3 GB to download, 5 GB in the cache; Linux on x64 (default: false)");
  addCommonOptions(command).action(async (options: { version: string; force?: boolean; gpu?: boolean; json?: boolean }) => {
    const { signal, release } = stopSignal();
    const progress = showProgress();
    try {
      const installed = await installTensorFlow({ version: options.version, gpu: options.gpu, force: options.force, signal, onProgress: progress.update });
      progress.stop();
      const size = formatBytes(installed.files.reduce((sum, { bytes }) => sum + bytes, 0));
      process.stderr.write(installed.changed ? `TensorFlow ${installed.version}${installed.gpu ? " with CUDA" : ""} (${size}) is in ${installed.folder}\n` : `TensorFlow ${installed.version} is installed already in ${installed.folder}; --force installs it anew\n`);
      if (options.json) printJson(installed);
    } finally {
      progress.stop();
      release();
    }
  });
}

/** A progress display for each stage of the installation. */
function showProgress(): { update(progress: InstallProgress): void; stop(): void } {
  let shown: { label: string; bar: ReturnType<typeof createProgress> } | undefined;
  const stop = (): void => {
    shown?.bar.stop();
    shown = undefined;
  };
  return {
    update({ stage, done, total, wheel, wheels }) {
      const label = wheels > 1 ? `${stage} ${wheel}/${wheels}` : stage;
      if (shown?.label !== label) {
        stop();
        shown = { label, bar: createProgress({ label, total, unit: "bytes" }) };
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

function addTune(program: Command): void {
  const command = program
    .command("tune")
    .description("Measure a small training step under the settings that are read when TensorFlow is opened (oneDNN, XNNPACK, threads, allocator) and keep the faster ones for this machine in the cache. Takes two or three minutes; leave the machine alone meanwhile.")
    .option("--libtensorflow <folder>", "where libtensorflow is (default: LLM_LIBTENSORFLOW, else the usual places)")
    .option("--rounds <n>", "how often each setting is measured, in turn", integer(1), 2)
    // One candidate, in a process of its own: what the command itself runs.
    .addOption(new Option("--measure").hideHelp());
  addCommonOptions(command).action(async (options: { libtensorflow?: string; rounds: number; measure?: boolean; json?: boolean }) => {
    if (options.measure) return printJson(timeStep(await openEngine({ prefer: "tensorflow", libtensorflow: options.libtensorflow })));
    const { signal, release } = stopSignal();
    const bar = createProgress({ label: "measure", total: 0, unit: "processes" });
    try {
      const onProgress = (done: number, total: number): void => {
        bar.setTotal(total);
        bar.update(done);
      };
      const tuned = await tune({ libtensorflow: options.libtensorflow, rounds: options.rounds, signal, onProgress });
      bar.stop();
      if (options.json) return printJson(tuned);
      process.stdout.write(formatTuned(tuned));
    } finally {
      bar.stop();
      release();
    }
  });
}
