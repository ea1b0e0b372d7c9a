import { AttrType } from "./attributes.js";
import type { OpAttr } from "./attributes.js";
import { DType } from "./dtypes.js";

/** An op of a graph. */
export interface LoweredOp {
  name: string;
  attrs: OpAttr[];
}

const cast = (from: number, to: number): LoweredOp => ({
  name: "Cast",
  attrs: [
    { name: "SrcT", type: AttrType.TYPE, value: from },
    { name: "DstT", type: AttrType.TYPE, value: to },
  ],
});

/**
 * The ops that round a float32 factor. XLA multiplies bfloat16 numbers and sums in float32. TensorFlow's own kernels would round the sums
 * too: they get the rounded numbers in float32 again, for the same values.
 */
export function roundToBfloat16(mode: "xla" | "graph"): LoweredOp[] {
  const down = cast(DType.FLOAT, DType.BFLOAT16);
  return mode === "xla" ? [down] : [down, cast(DType.BFLOAT16, DType.FLOAT)];
}

/** The op that a float32 matrix product of rounded factors becomes; undefined for all other ops, which take what they are given. */
export function inBfloat16(name: string, attrs: readonly OpAttr[], mode: "xla" | "graph"): LoweredOp | undefined {
  if (name !== "BatchMatMulV2" || attrs.find((attr) => attr.name === "T")?.value !== DType.FLOAT) return undefined;
  if (mode === "graph") return { name, attrs: [...attrs] };
  const types = [["Ta", DType.BFLOAT16], ["Tb", DType.BFLOAT16], ["Tout", DType.FLOAT]] as const;
  return {
    name: "BatchMatMulV3",
    attrs: [...types.map(([type, value]) => ({ name: type, type: AttrType.TYPE, value })), ...attrs.filter((attr) => attr.name !== "T")],
  };
}
