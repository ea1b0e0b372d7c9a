import { MathBackendCPU } from "@tensorflow/tfjs-backend-cpu";
import type { KernelConfig, KernelFunc, TensorInfo, TypedArray } from "@tensorflow/tfjs-core";
import { silence } from "../cpu/index.js";
import type { WasmKernel } from "./types.js";

let cpu: MathBackendCPU | undefined;

/**
 * A kernel of the plain JavaScript backend, run on tensors of the wasm backend: for the ones that WebAssembly lacks and no
 * training step is slowed by. Values are copied in and out.
 */
export function onCpu(kernel: KernelConfig): WasmKernel {
  const run = kernel.kernelFunc as KernelFunc;
  return ({ inputs, attrs, backend }) => {
    if (!cpu) silence((cpu = new MathBackendCPU()));
    const taken: TensorInfo[] = [];
    // Inputs are a record of tensors or of lists of them, or (Einsum) one list.
    const take = (input: unknown): unknown => {
      if (Array.isArray(input)) return input.map(take);
      if (!input) return input;
      const { shape, dtype, dataId } = input as TensorInfo;
      taken.push(cpu!.makeTensorInfo(shape, dtype, backend.readSync(dataId)));
      return taken.at(-1);
    };
    const copies = Array.isArray(inputs) ? inputs.map(take) : Object.fromEntries(Object.entries(inputs).map(([name, input]) => [name, take(input)]));
    const result = run({ inputs: copies as never, attrs: attrs as never, backend: cpu });
    const give = (info: TensorInfo): TensorInfo => {
      const values = cpu!.readSync(info.dataId) as TypedArray;
      const out = backend.makeOutput(info.shape, info.dtype, null, values);
      cpu!.disposeIntermediateTensorInfo(info);
      return out;
    };
    const given = Array.isArray(result) ? result.map(give) : give(result);
    for (const info of taken) cpu.disposeIntermediateTensorInfo(info);
    return given;
  };
}
