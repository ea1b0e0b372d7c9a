import * as tf from "@tensorflow/tfjs-core";
import { AttrType } from "./attributes.js";
import type { OpAttr } from "./attributes.js";
import type { TracingBackend } from "./backend.js";
import { DType } from "./dtypes.js";

const PHILOX = 1; // of tensorflow/core/framework/rng_alg.h

const type = (name: string, value: number): OpAttr => ({ name, type: AttrType.TYPE, value });

/** int32 random bits of Philox 4x32-10 by TensorFlow, eager or in a graph; undefined when TensorFlow is not the present backend. */
export function philoxBits(shape: readonly number[], seed: tf.Tensor): tf.Tensor | undefined {
  if (tf.getBackend() !== "tensorflow") return undefined;
  const backend = tf.backend() as TracingBackend;
  const { binding } = backend;
  if (!("trace" in binding)) return undefined; // the stock backend of tfjs-node
  const [seedId] = backend.getInputTensorIds([seed]) as [number];
  const temporary: number[] = [];
  const run = (name: string, attrs: OpAttr[], ids: number[]): number => {
    const id = binding.executeOp(name, attrs, ids, 1)[0]!.id;
    temporary.push(id);
    return id;
  };
  const constant = (values: Int32Array, dims: number[]): number => {
    const id = binding.createTensor(dims, DType.INT32, values);
    temporary.push(id);
    return id;
  };
  const toUint64 = [type("T", DType.INT32), type("type", DType.UINT64)];
  try {
    const key = run("Bitcast", toUint64, [run("Reshape", [type("T", DType.INT32), type("Tshape", DType.INT32)], [seedId, constant(Int32Array.of(1, 2), [2])])]);
    const counter = run("Bitcast", toUint64, [constant(new Int32Array(4), [2, 2])]);
    const size = constant(Int32Array.from(shape), [shape.length]);
    const attrs = [type("dtype", DType.INT32), type("Tshape", DType.INT32)];
    const [bits] = binding.executeOp("StatelessRandomUniformFullIntV2", attrs, [size, key, counter, constant(Int32Array.of(PHILOX), [])], 1);
    return backend.createOutputTensor(bits!);
  } finally {
    for (const id of temporary) if (id >= 0) binding.deleteTensor(id);
  }
}
