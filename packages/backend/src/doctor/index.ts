import { availableParallelism, cpus, freemem, totalmem } from "node:os";
import { execFile } from "node:child_process";
import { DEFAULT_TENSORFLOW } from "../cache.js";
import type { ConsideredEngine, EngineName } from "../engine.js";
import { locateLibraries } from "../locate.js";
import { openEngine, type OpenEngineOptions } from "../open.js";
import { findPython, runPython } from "../python.js";
import { findKernelPackage } from "../tensorflow/index.js";
import { matmulRate } from "./rate.js";

/** What {@link diagnose} found. */
export interface Diagnosis {
  machine: { platform: string; cpu: string; threads: number; memoryBytes: number; freeMemoryBytes: number; node: string };
  /** Undefined: none on the PATH. */
  python?: string;
  /** NVIDIA's driver and GPUs, as nvidia-smi names them; empty without any. */
  gpus: string[];
  /** The npm package that brings TensorFlow's kernels. */
  kernels?: string;
  /** Each place where libtensorflow was looked for. */
  libraries: { origin: string; folder?: string; available: boolean; reason: string }[];
  engine: { name: EngineName; version: string; device: string; reason: string; considered: ConsideredEngine[] };
  /** What TensorFlow and its opening read from the environment, ours, a probe's or the user's; empty on other engines. */
  settings: Record<string, string>;
  /** float32 products of two 1024 x 1024 matrices on the engine, in 10^9 operations a second; the best of a few runs. */
  matmulGflops: number;
  /** What to do for the next faster engine; empty on the fastest. */
  advice: string;
}

/**
 * Looks at the machine, opens the engine that programs get on it, and measures that engine. Takes a few seconds.
 * @throws BackendError "engine" when the engine asked for is not available.
 */
export async function diagnose(options: OpenEngineOptions = {}): Promise<Diagnosis> {
  const [python, gpus, libraries] = await Promise.all([describePython(), nvidiaGpus(), locateLibraries(options.libtensorflow, { all: true })]);
  const kernels = findKernelPackage();
  const { name, version, device, reason, considered, tf } = await openEngine(options);
  return {
    machine: {
      platform: `${process.platform}-${process.arch}`,
      cpu: cpus()[0]?.model.trim() ?? "unknown",
      threads: availableParallelism(),
      memoryBytes: totalmem(),
      freeMemoryBytes: freemem(),
      node: process.versions.node,
    },
    ...(python && { python }),
    gpus,
    ...(kernels && { kernels: `${kernels.name} ${kernels.version}` }),
    libraries: libraries.map(({ origin, folder, available, reason: why }) => ({ origin, ...(folder && { folder }), available, reason: why })),
    engine: { name, version, device, reason, considered },
    settings: name.startsWith("tensorflow") ? settingsOf(process.env) : {},
    matmulGflops: await matmulRate(tf),
    advice: adviceFor(name, { python: python !== undefined, gpu: gpus.length > 0, kernels: kernels !== undefined }),
  };
}

const SETTINGS = ["TF_ENABLE_ONEDNN_OPTS", "XLA_FLAGS", "TF_XLA_FLAGS", "OMP_NUM_THREADS", "LLM_THREADS", "TF_CPU_ALLOCATOR_USE_BFC", "CUDA_VISIBLE_DEVICES", "TF_GPU_ALLOCATOR"];

function settingsOf(environment: NodeJS.ProcessEnv): Record<string, string> {
  const set: Record<string, string> = {};
  for (const name of SETTINGS) {
    const value = environment[name];
    if (value !== undefined) set[name] = value;
  }
  return set;
}

function adviceFor(name: EngineName, has: { python: boolean; gpu: boolean; kernels: boolean }): string {
  if (name === "tensorflow-gpu") return "";
  if (name === "tensorflow") {
    return has.gpu
      ? process.platform === "linux" && process.arch === "x64"
        ? "This machine has an NVIDIA GPU: llm-backend install --gpu (fetches TensorFlow with CUDA, 3.3 GB)."
        : "This machine has an NVIDIA GPU, and TensorFlow's wheels have CUDA for Linux on x64 only: set LLM_LIBTENSORFLOW to a build of your own."
      : "Only a GPU would be faster.";
  }
  const command = has.gpu && process.platform === "linux" && process.arch === "x64" ? "llm-backend install --gpu" : "llm-backend install";
  const size = command.endsWith("--gpu") ? "with CUDA, 3.3 GB" : "about 270 MB";
  if (process.platform === "win32") return "Run it in WSL2, where TensorFlow's library can be used.";
  const steps = [
    ...(has.kernels ? [] : ["npm install --ignore-scripts @tensorflow/tfjs-node-gpu"]),
    has.python ? `${command} (fetches TensorFlow ${DEFAULT_TENSORFLOW}, ${size})` : `install Python 3 with pip and run ${command}, or set LLM_LIBTENSORFLOW to a folder with libtensorflow`,
  ];
  return `For TensorFlow, which is faster and compiles whole training steps: ${steps.join("; then ")}.`;
}

async function describePython(): Promise<string | undefined> {
  const name = await findPython();
  if (!name) return undefined;
  const { stdout } = await runPython(name, ["-c", "import platform; print(platform.python_version())"], { timeout: 5_000 });
  return `${name} ${stdout.trim()}`;
}

/** Such as "NVIDIA H100, 81559 MiB, driver 550.54". */
function nvidiaGpus(): Promise<string[]> {
  return new Promise((resolve) => {
    execFile("nvidia-smi", ["--query-gpu=name,memory.total,driver_version", "--format=csv,noheader"], { timeout: 5_000, windowsHide: true }, (error, stdout) => {
      resolve(error ? [] : stdout.trim().split("\n").filter(Boolean).map((line) => line.replace(/, ([\d.]+)$/, ", driver $1")));
    });
  });
}
