import * as tf from "@tensorflow/tfjs-core";
import type { TensorInfo } from "@tensorflow/tfjs-core";
import { AttrType } from "./attributes.js";
import type { OpAttr } from "./attributes.js";
import type { KernelArguments, KernelFunction } from "./cpu-kernel.js";
import type { NodeBackend } from "./kernels.js";
import { TensorFlowError } from "./status.js";

/**
 * Kernels that tfjs-node lacks or that give other results than TensorFlow.js promises, by TensorFlow's ops: they can be compiled.
 * Each gets the stock kernel, if there is one.
 */
export const MENDED_KERNELS: Readonly<Record<string, (args: KernelArguments, stock: KernelFunction) => TensorInfo | TensorInfo[]>> = {
  BitwiseAnd({ inputs, backend }) {
    const { a, b } = inputs as Record<"a" | "b", TensorInfo>;
    return backend.executeSingleOutput("BitwiseAnd", [type("T", backend.binding.TF_INT32)], [a, b]);
  },

  SearchSorted({ inputs, attrs, backend }) {
    const { sortedSequence, values } = inputs as Record<"sortedSequence" | "values", TensorInfo>;
    const op = attrs["side"] === "left" ? "LowerBound" : "UpperBound";
    return backend.executeSingleOutput(op, [dtypeAttr(backend, sortedSequence), type("out_type", backend.binding.TF_INT32)], [sortedSequence, values]);
  },

  // In TensorFlow.js the sign of NaN is 0, in TensorFlow it is NaN.
  Sign({ inputs, backend }, stock) {
    const x = inputs["x"]!;
    const sign = (): tf.Tensor => stock({ inputs: { x }, attrs: {}, backend }) as tf.Tensor;
    return x.dtype === "float32" ? tf.tidy(() => tf.where(tf.isNaN(asTensor(x)), 0, sign())) : sign();
  },

  // In float32 TensorFlow's tangent is off by more than a rounding near the poles.
  Tan({ inputs, backend }, stock) {
    const x = inputs["x"]!;
    if (x.dtype !== "float32") return stock({ inputs: { x }, attrs: {}, backend });
    const { binding } = backend;
    const made: number[] = [];
    const run = (name: string, attrs: OpAttr[], id: number): number => {
      made.push(binding.executeOp(name, attrs, [id], 1)[0]!.id);
      return made.at(-1)!;
    };
    const cast = (from: number, to: number): OpAttr[] => [type("SrcT", from), type("DstT", to)];
    try {
      const wide = run("Cast", cast(binding.TF_FLOAT, DOUBLE), backend.getInputTensorIds([x])[0]!);
      const tangent = run("Tan", [type("T", DOUBLE)], wide);
      return backend.createOutputTensor(binding.executeOp("Cast", cast(DOUBLE, binding.TF_FLOAT), [tangent], 1)[0]!);
    } finally {
      for (const id of made) if (id >= 0) binding.deleteTensor(id); // those of a trace belong to its graph
    }
  },

  // The stock kernel's op goes on in its stream of random numbers at each call; in TensorFlow.js the same seed gives the same samples.
  Multinomial({ inputs, attrs, backend }, stock) {
    const logits = inputs["logits"]!;
    if (attrs["normalized"]) return stock({ inputs, attrs, backend }); // which says that it can't
    const seed = tf.tensor1d(new Int32Array(Float64Array.of(attrs["seed"] as number).buffer), "int32");
    const samples = tf.scalar(attrs["numSamples"] as number, "int32");
    try {
      const { TF_INT32 } = backend.binding;
      return backend.executeSingleOutput("StatelessMultinomial", [dtypeAttr(backend, logits), type("Tseed", TF_INT32), type("output_dtype", TF_INT32)], [logits, samples, seed]);
    } finally {
      tf.dispose([seed, samples]);
    }
  },

  // TensorFlow.js takes a vector of indices for [n, 1]; TensorFlow does not.
  ScatterNd({ inputs, attrs, backend }, stock) {
    const { indices, updates } = inputs as Record<"indices" | "updates", TensorInfo>;
    if (indices.shape.length !== 1) return stock({ inputs, attrs, backend });
    const column = tf.reshape(asTensor(indices), [indices.shape[0]!, 1]);
    try {
      return stock({ inputs: { indices: column, updates }, attrs, backend });
    } finally {
      column.dispose();
    }
  },

  // TensorFlow accepts equations that TensorFlow.js does not.
  Einsum({ inputs, attrs, backend }, stock) {
    const tensors = Object.values(inputs);
    const { allDims, idDims } = tf.backend_util.decodeEinsumEquation(attrs["equation"] as string, tensors.length);
    tf.backend_util.checkEinsumDimSizes(allDims.length, idDims, tensors.map(asTensor));
    return stock({ inputs, attrs, backend });
  },

  GatherV2(args, stock) {
    try {
      return stock(args);
    } catch (cause) {
      const found = cause instanceof TensorFlowError && /indices\S* = (-?\d+) is not in \[0, (\d+)\)/.exec(cause.message);
      if (!found) throw cause;
      throw new TensorFlowError(cause.status, `GatherV2: the index value ${found[1]} is not in [0, ${Number(found[2]) - 1}] (${cause.message})`);
    }
  },

  // Convolutions of channels-first images, which TensorFlow has for GPUs only.
  Conv2D({ inputs, attrs, backend }, stock) {
    if (!channelsFirstOnCpu(attrs, backend)) return stock({ inputs, attrs, backend });
    const { x, filter } = inputs as Record<"x" | "filter", TensorInfo>;
    return tf.tidy(() => toFirst(stock({ inputs: { x: toLast(x), filter }, attrs: lastAttrs(attrs), backend })));
  },
  Conv2DBackpropInput({ inputs, attrs, backend }, stock) {
    if (!channelsFirstOnCpu(attrs, backend)) return stock({ inputs, attrs, backend });
    const { dy, filter } = inputs as Record<"dy" | "filter", TensorInfo>;
    const inputShape = permute(attrs["inputShape"] as number[], TO_LAST);
    return tf.tidy(() => toFirst(stock({ inputs: { dy: toLast(dy), filter }, attrs: { ...lastAttrs(attrs), inputShape }, backend })));
  },
  Conv2DBackpropFilter({ inputs, attrs, backend }, stock) {
    if (!channelsFirstOnCpu(attrs, backend)) return stock({ inputs, attrs, backend });
    const { x, dy } = inputs as Record<"x" | "dy", TensorInfo>;
    return tf.tidy(() => stock({ inputs: { x: toLast(x), dy: toLast(dy) }, attrs: lastAttrs(attrs), backend }) as tf.Tensor);
  },
};

/** TF_DOUBLE, a type that TensorFlow.js has no name for. */
const DOUBLE = 2;

const type = (name: string, value: number): OpAttr => ({ name, type: AttrType.TYPE, value });
const dtypeAttr = (backend: NodeBackend, { dtype }: TensorInfo): OpAttr => type("T", dtype === "int32" ? backend.binding.TF_INT32 : dtype === "bool" ? backend.binding.TF_BOOL : backend.binding.TF_FLOAT);

/** Kernels get tensors, though their type says less. */
const asTensor = (info: TensorInfo): tf.Tensor => info as tf.Tensor;

const channelsFirstOnCpu = (attrs: KernelArguments["attrs"], backend: NodeBackend): boolean => attrs["dataFormat"] === "NCHW" && !backend.binding.isUsingGpuDevice();
const TO_LAST = [0, 2, 3, 1];
const TO_FIRST = [0, 3, 1, 2];
const permute = <T>(values: readonly T[], order: readonly number[]): T[] => order.map((from) => values[from]!);
const toLast = (x: TensorInfo): tf.Tensor => tf.transpose(asTensor(x), TO_LAST);
const toFirst = (x: TensorInfo | TensorInfo[]): tf.Tensor => tf.transpose(x as tf.Tensor, TO_FIRST);
/** Explicit paddings have an entry for each dimension, so they are permuted too. */
const lastAttrs = (attrs: KernelArguments["attrs"]): KernelArguments["attrs"] => {
  const pad = attrs["pad"] as unknown;
  return { ...attrs, dataFormat: "NHWC", pad: (Array.isArray(pad) ? permute(pad, TO_LAST) : pad) as number };
};
