import * as tf from "@tensorflow/tfjs-core";
import type { SignatureMemory } from "../engine.js";
import type { Flat } from "../nested.js";
import { elementCount, elementSize } from "./dtypes.js";
import type { TracedFunction } from "./trace.js";

export const NO_MEMORY: SignatureMemory = { arguments: 0, variables: 0, constants: 0, results: 0 };

const bytes = ({ shape, dtype }: tf.Tensor): number => elementCount(shape) * (dtype === "string" ? 24 : tf.util.bytesPerElement(dtype));

/** What a call of the function reads and makes, in bytes. Results that take over a donated argument count as that argument. */
export function memoryOf(traced: TracedFunction, { tensors }: Flat): SignatureMemory {
  const memory = { ...NO_MEMORY };
  for (const input of traced.inputs) {
    if (input.kind === "argument" || input.kind === "donated") memory.arguments += bytes(tensors[input.index]!);
    else if (input.kind === "constant") memory.constants += bytes(input.tensor);
    else memory.variables += bytes(input.variable);
  }
  for (const { shape, dtype, donor } of traced.results) if (donor === undefined) memory.results += elementCount(shape) * elementSize(dtype);
  for (const variable of traced.assigned) memory.results += bytes(variable);
  return memory;
}
