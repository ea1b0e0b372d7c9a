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
    const taken = new Map<string, TensorInfo | TensorInfo[]>();
    const take = (info: TensorInfo): TensorInfo => cpu!.makeTensorInfo(info.shape, info.dtype, backend.readSync(info.dataId));
    for (const [name, input] of Object.entries(inputs as Record<string, TensorInfo | TensorInfo[] | null | undefined>)) {
      if (input) taken.set(name, Array.isArray(input) ? input.map(take) : take(input));
    }
    const result = run({ inputs: Object.fromEntries(taken) as never, attrs: attrs as never, backend: cpu });
    const give = (info: TensorInfo): TensorInfo => {
      const values = cpu!.readSync(info.dataId) as TypedArray;
      const out = backend.makeOutput(info.shape, info.dtype, null, values);
      cpu!.disposeIntermediateTensorInfo(info);
      return out;
    };
    const given = Array.isArray(result) ? result.map(give) : give(result);
    for (const info of [...taken.values()].flat()) cpu.disposeIntermediateTensorInfo(info);
    return given;
  };
}
