import * as tf from "@tensorflow/tfjs-core";
import type { NamedAttrMap, TensorInfo } from "@tensorflow/tfjs-core";
import { MathBackendCPU } from "@tensorflow/tfjs-backend-cpu";
import { silence } from "../cpu/index.js";
import { UntraceableError } from "./graph.js";
import { userLine } from "./user-line.js";
import type { NodeBackend } from "./kernels.js";

/** What TensorFlow.js hands to a kernel. */
export interface KernelArguments {
  inputs: Record<string, TensorInfo>;
  attrs: NamedAttrMap;
  backend: NodeBackend;
}

export type KernelFunction = (args: KernelArguments) => TensorInfo | TensorInfo[];

/**
 * Runs a kernel of tfjs-backend-cpu on tensors of the TensorFlow backend: their values are read, the results are uploaded at their first use.
 * For what TensorFlow's ops do not offer; slow on large tensors.
 * @throws UntraceableError inside a traced function, where there are no values.
 */
export function runOnCpu(kernelName: string, { inputs, attrs, backend }: KernelArguments): TensorInfo | TensorInfo[] {
  if (backend.binding.trace) {
    throw new UntraceableError(`A compiled function calls ${kernelName}${userLine()} in a form that TensorFlow has no op for; it runs in plain JavaScript, which needs values, and while a function is traced there are none. Call it outside of the compiled function.`);
  }
  // A backend of its own for each call: whatever the kernel leaves behind goes with it.
  const cpu = new MathBackendCPU();
  silence(cpu);
  // Kernels may take lists of tensors (RaggedGather), and leave out an input (the bias of FusedConv2D): the types say less.
  const copy = (input: TensorInfo | TensorInfo[] | undefined): TensorInfo | TensorInfo[] | undefined =>
    Array.isArray(input) ? input.map((one) => copy(one) as TensorInfo) : input && cpu.makeTensorInfo(input.shape, input.dtype, backend.readSync(input.dataId) as never);
  const copies = Object.fromEntries(Object.entries(inputs).map(([name, input]) => [name, copy(input)])) as Record<string, TensorInfo>;
  const made = tf.getKernel(kernelName, "cpu").kernelFunc({ inputs: copies, attrs, backend: cpu });
  const upload = (output: TensorInfo): TensorInfo => {
    const { shape, dtype } = output;
    const dataId = backend.write(cpu.readSync(output.dataId), shape, dtype);
    if (output instanceof tf.Tensor) output.dispose();
    return { dataId, shape, dtype };
  };
  return Array.isArray(made) ? made.map(upload) : upload(made);
}
