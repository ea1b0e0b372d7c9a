import * as tf from "@tensorflow/tfjs-core";
import { createCast } from "./cast.js";
import { COMPARISONS, createComparison } from "./comparison.js";
import { onCpu } from "./fallback.js";
import { createBatchMatMul } from "./matmul.js";
import { unsortedSegmentSum } from "./segment-sum.js";
import type { WasmKernel, WasmModule } from "./types.js";

// Complex numbers, strings and drawing have no place in WebAssembly memory as tfjs lays it out.
const NOT_NUMBERS = new Set(["Complex", "ComplexAbs", "Real", "Imag", "FFT", "IFFT", "Draw", "StaticRegexReplace"]);

/** Replaces and adds the kernels that training needs, once; the rest of tfjs-backend-wasm's stays as it is. */
export function registerTrainingKernels(module: WasmModule): void {
  register(tf.BatchMatMul, createBatchMatMul(module));
  register(tf.UnsortedSegmentSum, unsortedSegmentSum);
  register(tf.Cast, createCast(stock(tf.Cast)));
  for (const name of COMPARISONS) register(name, createComparison(name, stock(name)));
  for (const kernel of tf.getKernelsForBackend("cpu")) {
    if (!NOT_NUMBERS.has(kernel.kernelName) && !tf.getKernel(kernel.kernelName, "wasm")) register(kernel.kernelName, onCpu(kernel));
  }
}

const stock = (kernelName: string): WasmKernel => tf.getKernel(kernelName, "wasm").kernelFunc as unknown as WasmKernel;

function register(kernelName: string, kernel: WasmKernel): void {
  if (tf.getKernel(kernelName, "wasm")) tf.unregisterKernel(kernelName, "wasm");
  tf.registerKernel({ kernelName, backendName: "wasm", kernelFunc: kernel as unknown as tf.KernelFunc });
}
