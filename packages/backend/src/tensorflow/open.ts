import * as tf from "@tensorflow/tfjs-core";
import type { OpenedEngine } from "../engine.js";
import { BackendError } from "../errors.js";
import { createTracingBackend } from "./backend.js";
import { Binding } from "./binding.js";
import { findLibraryFiles, loadLibrary } from "./c-api.js";
import type { LibraryFiles } from "./c-api.js";
import { CompileCache } from "./compile-cache.js";
import { createCompiled } from "./compile.js";
import type { CompileRuntime } from "./compile.js";
import type { ContextOptions } from "./context.js";
import { availableCpus, threadsFromEnvironment } from "./cpus.js";
import { applyEnvironment, DEFAULT_ENVIRONMENT, memoryLimit, setEnvironment } from "./environment.js";
import { registerFallbacks } from "./fallbacks.js";
import { findKernelPackage, loadKernels } from "./kernels.js";
import { readTuning } from "../tuning/settings.js";

export interface TensorFlowOptions extends ContextOptions {
  /** A folder with libtensorflow_cc (or libtensorflow) and libtensorflow_framework, or the two files. */
  library: string | LibraryFiles;
}

/** The name under which tfjs-node registers its kernels. */
const BACKEND = "tensorflow";

/**
 * Loads libtensorflow, puts tfjs-node's kernels on it and makes it TensorFlow.js's backend.
 * @throws BackendError "library" or "kernels", which say what is missing; "engine" when a TensorFlow backend is open already.
 */
export async function openTensorFlow({ library, ...contextOptions }: TensorFlowOptions): Promise<OpenedEngine> {
  if (tf.findBackendFactory(BACKEND)) {
    throw new BackendError("engine", "A TensorFlow engine is open in this process already (TensorFlow.js has one per process). Dispose of it first; don't import @tensorflow/tfjs-node beside this package.");
  }
  const files = typeof library === "string" ? findLibraryFiles(library) : library;
  const { NodeBackend } = loadKernels();
  registerFallbacks();
  applyEnvironment({ ...DEFAULT_ENVIRONMENT, ...memoryLimit(), ...readTuning(files)?.environment });
  // TensorFlow counts the CPUs that the process is bound to, and knows no quotas: more threads than there are CPUs to run them cost time.
  const threads = contextOptions.threads ?? threadsFromEnvironment() ?? availableCpus();
  const { cache, flags } = CompileCache.open({ files, threads });
  if (flags !== undefined) setEnvironment("TF_XLA_FLAGS", flags);
  const binding = new Binding(loadLibrary(files), { ...contextOptions, threads });
  const backend = createTracingBackend(NodeBackend, binding);
  tf.registerBackend(BACKEND, () => backend, 3);
  if (!(await tf.setBackend(BACKEND))) throw new BackendError("engine", "TensorFlow.js refused the TensorFlow backend.");

  const runtime: CompileRuntime = { backend, nextFunction: 0, pending: null, closed: false, compileCache: cache };
  return {
    device: binding.context.gpu?.replace(/^.*device:/, "") ?? `CPU, ${threads} ${threads === 1 ? "thread" : "threads"}`,
    isGpu: binding.isUsingGpuDevice(),
    version: binding.TF_Version,
    tf,
    compile: (fn, options) => createCompiled(runtime, fn, options),
    memory: () => ({ tensors: tf.memory().numTensors, handles: binding.getNumOfTensors() }),
    dispose() {
      if (runtime.closed) return;
      if (runtime.pending) throw new BackendError("engine", "An asynchronous call of a compiled function is still running. Await it before disposing of the engine.");
      runtime.closed = true;
      tf.removeBackend(BACKEND);
      binding.dispose();
    },
  };
}

/** Whether the TensorFlow engine could be opened from a folder; loads nothing. */
export interface LibraryProbe {
  available: boolean;
  /** Why not, or what was found. */
  reason: string;
  files?: LibraryFiles;
}

/** Looks for the library files in `folder` and for the kernels of tfjs-node(-gpu). An absent one is a normal value with a reason. */
export function probeLibrary(folder: string): LibraryProbe {
  try {
    const files = findLibraryFiles(folder);
    const kernels = findKernelPackage();
    if (!kernels) return { available: false, reason: "neither @tensorflow/tfjs-node-gpu nor @tensorflow/tfjs-node is installed (npm install --ignore-scripts @tensorflow/tfjs-node-gpu)" };
    return { available: true, reason: `${files.library} with the kernels of ${kernels.name} ${kernels.version}`, files };
  } catch (error) {
    return { available: false, reason: (error as Error).message };
  }
}
