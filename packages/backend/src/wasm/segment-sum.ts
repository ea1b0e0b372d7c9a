import type { TensorInfo } from "@tensorflow/tfjs-core";
import { addSegments, segmentSumShapes } from "../segment-sum.js";
import type { WasmKernel } from "./types.js";

/**
 * UnsortedSegmentSum, which the gradient of `gather` needs and tfjs-backend-wasm lacks.
 * x: [N, ...], segmentIds: int32 [N] -> [numSegments, ...], in x's dtype.
 */
export const unsortedSegmentSum: WasmKernel = ({ inputs, attrs, backend }) => {
  const { x, segmentIds } = inputs as Record<"x" | "segmentIds", TensorInfo>;
  const shapes = segmentSumShapes(x, segmentIds, attrs["numSegments"] as number);
  const out = backend.makeOutput(shapes.out, x.dtype);
  addSegments(backend.typedArrayFromHeap(x), backend.typedArrayFromHeap(segmentIds), shapes.width, backend.typedArrayFromHeap(out));
  return out;
};
