import * as tf from "@tensorflow/tfjs-core";
import type { TensorInfo } from "@tensorflow/tfjs-core";
import { runOnCpu } from "./cpu-kernel.js";
import type { KernelArguments, KernelFunction } from "./cpu-kernel.js";
import { MENDED_KERNELS } from "./mended-kernels.js";

/** Kernels that tfjs-node does not register and that run on tfjs-backend-cpu: they make shapes out of values, or work on strings. */
export const MISSING_KERNELS: readonly string[] = [
  "DenseBincount", "MaxPoolWithArgmax", "RaggedGather", "RaggedRange", "RaggedTensorToTensor", "SparseFillEmptyRows", "SparseReshape", "SparseSegmentMean",
  "SparseSegmentSum", "StringNGrams", "StringSplit", "StringToHashBucketFast", "Transform",
];

/** Calls that a TensorFlow op or tfjs-node's kernel for it refuses: decided by the arguments, never by an error. They run on tfjs-backend-cpu. */
const REFUSED: Readonly<Record<string, (args: KernelArguments) => boolean>> = {
  AvgPool: padded,
  AvgPoolGrad: padded,
  // TensorFlow wants at least one output along each dimension.
  AvgPool3D: (args) => padded(args) || emptyPool3d(args),
  AvgPool3DGrad: padded,
  MaxPool: padded,
  MaxPoolGrad: padded,
  MaxPool3D: (args) => padded(args) || emptyPool3d(args),
  MaxPool3DGrad: padded,
  Conv2DBackpropFilter: padded,
  Conv2DBackpropInput: (args) => padded(args) || !ownOutputShape(args),
  DepthwiseConv2dNative: ({ attrs, backend }) => dilated(attrs["dilations"]) && !backend.binding.isUsingGpuDevice(),
  FusedConv2D: ({ attrs }) => attrs["dataFormat"] === "NCHW",
  Diag: hasType("bool"),
  Greater: hasType("string"),
  GreaterEqual: hasType("string"),
  Less: hasType("string"),
  LessEqual: hasType("string"),
  LeakyRelu: hasType("int32"),
  Step: hasType("int32"),
  // To TensorFlow each NaN is another value.
  Unique: hasType("float32"),
};

function hasType(dtype: tf.DataType): (args: KernelArguments) => boolean {
  return ({ inputs }) => Object.values(inputs).some((input) => input.dtype === dtype);
}

/** Paddings given as numbers, other than zero. */
function padded({ attrs }: KernelArguments): boolean {
  const pad = attrs["pad"] as number | string | number[][] | undefined;
  return typeof pad === "number" ? pad !== 0 : Array.isArray(pad) && pad.flat().some((width) => width !== 0);
}

function dilated(dilations: unknown): boolean {
  return [dilations].flat().some((dilation) => (dilation as number) > 1);
}

function emptyPool3d({ inputs, attrs }: KernelArguments): boolean {
  const { x } = inputs as { x: TensorInfo };
  const { filterSize, strides, pad, dimRoundingMode, dataFormat } = attrs as unknown as tf.AvgPool3DAttrs;
  return tf.util.sizeFromShape(tf.backend_util.computePool3DInfo(x.shape as never, filterSize, strides, 1, pad, dimRoundingMode, dataFormat).outShape) === 0;
}

/** Whether the gradient has the shape that this convolution gives to such an input. */
function ownOutputShape({ inputs, attrs }: KernelArguments): boolean {
  const { dy, filter } = inputs as Record<"dy" | "filter", TensorInfo>;
  const { inputShape, strides, pad, dimRoundingMode, dataFormat } = attrs as unknown as tf.Conv2DBackpropInputAttrs;
  const format = tf.backend_util.convertConv2DDataFormat(dataFormat);
  const { outShape } = tf.backend_util.computeConv2DInfo(inputShape as never, filter.shape as never, strides, 1, pad, dimRoundingMode, false, format);
  return tf.util.arraysEqual(outShape, dy.shape);
}

let registered = false;

/** Puts mended and missing kernels and fallbacks around tfjs-node's, which must be registered already. Once per process. */
export function registerFallbacks(): void {
  if (registered) return;
  registered = true;
  for (const [kernelName, mended] of Object.entries(MENDED_KERNELS)) {
    const stock = tf.getKernel(kernelName, BACKEND) as { kernelFunc: unknown } | undefined;
    register(kernelName, (args) => mended(args, stock?.kernelFunc as KernelFunction));
  }
  for (const kernelName of MISSING_KERNELS) if (!tf.getKernel(kernelName, BACKEND)) register(kernelName, (args) => runOnCpu(kernelName, args));
  for (const [kernelName, refused] of Object.entries(REFUSED)) {
    const stock = tf.getKernel(kernelName, BACKEND).kernelFunc as unknown as KernelFunction;
    register(kernelName, (args) => (refused(args) ? runOnCpu(kernelName, args) : stock(args)));
  }
}

const BACKEND = "tensorflow";

function register(kernelName: string, kernelFunc: KernelFunction): void {
  if (tf.getKernel(kernelName, BACKEND)) tf.unregisterKernel(kernelName, BACKEND);
  tf.registerKernel({ kernelName, backendName: BACKEND, kernelFunc: kernelFunc as never });
}
