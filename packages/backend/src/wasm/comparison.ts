import { broadcast_util, type TensorInfo, type TypedArray } from "@tensorflow/tfjs-core";
import type { WasmKernel } from "./types.js";

/** The answer of each comparison where the numbers are equal, the first is greater, the first is less, one is NaN. */
const ANSWERS = {
  Equal: [1, 0, 0, 0],
  NotEqual: [0, 1, 1, 1],
  Greater: [0, 1, 0, 0],
  GreaterEqual: [1, 1, 0, 0],
  Less: [0, 0, 1, 0],
  LessEqual: [1, 0, 1, 0],
} as const;
export const COMPARISONS = Object.keys(ANSWERS) as (keyof typeof ANSWERS)[];

/**
 * A comparison of two tensors whose shapes broadcast, such as targets [N, 1] and token numbers [1, V]: tfjs-backend-wasm takes
 * 130 ns for each number there, which is nearly what all matrix products of a training step cost. Equal shapes and strings
 * stay with its own kernel.
 */
export function createComparison(name: keyof typeof ANSWERS, stock: WasmKernel): WasmKernel {
  const answers = Uint8Array.from(ANSWERS[name]);
  return (call) => {
    const { a, b } = call.inputs as Record<"a" | "b", TensorInfo>;
    if (a.dtype === "string" || a.dtype === "complex64" || a.shape.join() === b.shape.join()) return stock(call);
    const shape = broadcast_util.assertAndGetBroadcastShape(a.shape, b.shape);
    const out = call.backend.makeOutput(shape, "bool");
    const values = [a, b].map((info) => call.backend.typedArrayFromHeap(info)) as [TypedArray, TypedArray];
    compare(answers, values[0], strides(a.shape, shape), values[1], strides(b.shape, shape), call.backend.typedArrayFromHeap(out), shape);
    return out;
  };
}

/** How far to move in a tensor's data for one step along each dimension of the output; 0 where it broadcasts. */
function strides(own: readonly number[], shape: readonly number[]): number[] {
  const result = Array<number>(shape.length).fill(0);
  for (let d = own.length - 1, o = shape.length - 1, step = 1; d >= 0; d--, o--) {
    if (own[d] !== 1) result[o] = step;
    step *= own[d]!;
  }
  return result;
}

function compare(answers: Uint8Array, a: TypedArray, stepsA: readonly number[], b: TypedArray, stepsB: readonly number[], to: TypedArray, shape: readonly number[]): void {
  const last = shape.length - 1;
  const columns = shape[last] ?? 1;
  const stepA = stepsA[last] ?? 0;
  const stepB = stepsB[last] ?? 0;
  const position = Array<number>(Math.max(0, last)).fill(0);
  for (let row = 0; row < to.length; row += columns) {
    let at = 0;
    let bt = 0;
    for (let d = 0; d < last; d++) {
      at += position[d]! * stepsA[d]!;
      bt += position[d]! * stepsB[d]!;
    }
    for (let c = 0; c < columns; c++, at += stepA, bt += stepB) {
      const x = a[at]!;
      const y = b[bt]!;
      to[row + c] = answers[x === y ? 0 : x > y ? 1 : x < y ? 2 : 3]!;
    }
    for (let d = last - 1; d >= 0; d--) {
      position[d]!++;
      if (position[d] !== shape[d]) break;
      position[d] = 0;
    }
  }
}
