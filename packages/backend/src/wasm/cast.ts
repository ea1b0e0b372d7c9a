import type { DataType, TensorInfo } from "@tensorflow/tfjs-core";
import type { WasmKernel } from "./types.js";

/**
 * Cast, where a number that becomes a bool is 0 or 1. tfjs-backend-wasm copies the numbers instead, so that 2 cast to bool
 * and back is 2.
 *
 * @param stock tfjs-backend-wasm's own kernel, for all other types.
 */
export function createCast(stock: WasmKernel): WasmKernel {
  return (call) => {
    const x = call.inputs["x"] as TensorInfo;
    if ((call.attrs["dtype"] as DataType) !== "bool" || x.dtype === "bool") return stock(call);
    const out = call.backend.makeOutput(x.shape, "bool");
    const from = call.backend.typedArrayFromHeap(x);
    const to = call.backend.typedArrayFromHeap(out);
    for (let i = 0; i < to.length; i++) to[i] = from[i] === 0 ? 0 : 1;
    return out;
  };
}
