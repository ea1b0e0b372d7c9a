import { availableParallelism } from "node:os";
import * as tf from "@tensorflow/tfjs-core";
// Loads its kernels too; the fallback kernels come from the plain JavaScript backend.
import "@tensorflow/tfjs-backend-cpu";
import { BackendWasm, setThreadsCount, version_wasm } from "@tensorflow/tfjs-backend-wasm";
import type { OpenedEngine } from "../engine.js";
import { plainCompile } from "../compile-plain.js";
import { registerGradients } from "../gradients.js";
import { registerTrainingKernels } from "./kernels.js";
import { loadModule, MAX_THREADS, unrefWorkers } from "./module.js";

let opened: Promise<{ threads: number; note: string }> | undefined;

/**
 * Opens the WebAssembly engine: tfjs-backend-wasm with SIMD, threads, and the kernels that training needs.
 *
 * @param threads 1 to 8 (more count as 8); default: what the machine offers. The first call decides for the process.
 * @throws Error when WebAssembly can't be used here.
 */
export async function openWasm({ threads = availableParallelism() }: { threads?: number | undefined } = {}): Promise<OpenedEngine> {
  opened ??= start(Math.max(1, Math.min(MAX_THREADS, Math.floor(threads)))).catch((error: unknown) => {
    opened = undefined;
    throw error;
  });
  const started = await opened;
  await registerGradients();
  await tf.setBackend("wasm");
  return {
    isGpu: false,
    device: `CPU, ${started.threads} thread${started.threads === 1 ? "" : "s"}, WebAssembly SIMD${started.note}`,
    version: version_wasm,
    tf,
    compile: plainCompile,
    memory: () => ({ tensors: tf.memory().numTensors, handles: 0 }),
    // The backend is part of TensorFlow.js's process-wide registry; freeing it would break tensors that others still hold.
    dispose() {},
  };
}

async function start(threads: number): Promise<{ threads: number; note: string }> {
  let note = "";
  const module = await loadModule(threads).catch((error: unknown) => {
    if (threads === 1) throw error;
    note = ` (threads could not be started: ${(error as Error).message})`;
    return loadModule(1);
  });
  // Tells the constructor below how many; it starts them at once.
  setThreadsCount(threads);
  const backend = new BackendWasm(module as never);
  const actual = module.tfjs["getThreadsCount"]!();
  unrefWorkers(module);
  // Importing the package has registered its own single-threaded factory.
  if (tf.engine().registryFactory["wasm"]) tf.removeBackend("wasm");
  tf.registerBackend("wasm", () => backend, 2);
  await tf.setBackend("wasm");
  registerTrainingKernels(module);
  return { threads: actual, note };
}
