import * as tf from "@tensorflow/tfjs-core";
import { version_cpu, type MathBackendCPU } from "@tensorflow/tfjs-backend-cpu";
import type { OpenedEngine } from "../engine.js";
import { plainCompile } from "../compile-plain.js";
import { registerGradients } from "../gradients.js";
import { addSegments, segmentSumShapes } from "../segment-sum.js";

/** Opens the engine in plain JavaScript: always there, on one thread, for small things only. */
export async function openCpu(): Promise<OpenedEngine> {
  registerSegmentSum();
  await registerGradients();
  await tf.setBackend("cpu");
  silence(tf.backend());
  await tf.ready();
  return {
    isGpu: false,
    device: "CPU, 1 thread, plain JavaScript",
    version: version_cpu,
    tf,
    compile: plainCompile,
    memory: () => ({ tensors: tf.memory().numTensors, handles: 0 }),
    // The backend is part of TensorFlow.js's process-wide registry; freeing it would break tensors that others still hold.
    dispose() {},
  };
}

/** tfjs-backend-cpu advises on the console to install tfjs-node the first time it is used in Node. */
export function silence(backend: unknown): void {
  (backend as { firstUse: boolean }).firstUse = false;
}

/** tfjs-backend-cpu passes over all of x once per segment, which for an embedding is once per word of the vocabulary. */
function registerSegmentSum(): void {
  tf.unregisterKernel(tf.UnsortedSegmentSum, "cpu");
  tf.registerKernel({
    kernelName: tf.UnsortedSegmentSum,
    backendName: "cpu",
    kernelFunc: ({ inputs, attrs, backend }) => {
      const cpu = backend as MathBackendCPU;
      const { x, segmentIds } = inputs as Record<"x" | "segmentIds", tf.TensorInfo>;
      const shapes = segmentSumShapes(x, segmentIds, attrs!["numSegments"] as number);
      const values = tf.util.makeZerosTypedArray(tf.util.sizeFromShape(shapes.out), x.dtype as "float32" | "int32" | "bool");
      addSegments(cpu.readSync(x.dataId) as tf.TypedArray, cpu.readSync(segmentIds.dataId) as tf.TypedArray, shapes.width, values as tf.TypedArray);
      return cpu.makeTensorInfo(shapes.out, x.dtype, values);
    },
  });
}
