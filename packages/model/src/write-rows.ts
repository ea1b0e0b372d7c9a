import * as tf from "@tensorflow/tfjs-core";

/** Our name for TensorFlow's InplaceUpdate among TensorFlow.js's kernels. */
const KERNEL = "LlmWriteRows";
const BACKEND = "tensorflow";

/** What tfjs-node's backend offers its kernels. */
interface NodeBackend {
  binding: { TF_ATTR_TYPE: number; TF_FLOAT: number };
  executeSingleOutput(name: string, attrs: { name: string; type: number; value: number }[], inputs: tf.TensorInfo[]): tf.TensorInfo;
}

function registerKernel(): void {
  if (tf.getKernel(KERNEL, BACKEND)) return;
  tf.registerKernel({
    kernelName: KERNEL,
    backendName: BACKEND,
    kernelFunc: ({ inputs, backend }) => {
      const { executeSingleOutput, binding } = backend as NodeBackend;
      const { x, rows, values } = inputs as Record<"x" | "rows" | "values", tf.TensorInfo>;
      return executeSingleOutput.call(backend, "InplaceUpdate", [{ name: "T", type: binding.TF_ATTR_TYPE, value: binding.TF_FLOAT }], [x, rows, values]);
    },
  });
}

const probed = new WeakMap<object, boolean>();

/**
 * Whether the present backend can write into a tensor: TensorFlow's op InplaceUpdate, which changes its input and returns an alias
 * of it. Tried once on a small tensor, because what the op does is no promise of TensorFlow's.
 */
export function canWriteInPlace(): boolean {
  if (tf.getBackend() !== BACKEND) return false;
  const backend = tf.backend();
  const known = probed.get(backend);
  if (known !== undefined) return known;
  let works = false;
  try {
    registerKernel();
    works = tf.tidy(() => {
      const x = tf.tensor2d([1, 2, 3, 4], [4, 1]);
      const alias = writeRows(x, tf.tensor1d([2, 0], "int32"), tf.tensor2d([8, 9], [2, 1]));
      return [x, alias].every((tensor) => tensor.dataSync().join() === "9,2,8,4");
    });
  } catch {
    // A TensorFlow without the op: the caller has a way that needs none.
  }
  probed.set(backend, works);
  return works;
}

/**
 * Writes rows into a float32 tensor, in place: x[rows[i]] = values[i]. Whatever shall see the new rows must use the result, which
 * is the same memory; ops that use `x` itself may run before or after.
 *
 * @param x - [N, D], changed.
 * @param rows - int32 [n], each from 0 to N - 1.
 * @param values - [n, D]
 */
export function writeRows(x: tf.Tensor2D, rows: tf.Tensor1D, values: tf.Tensor2D): tf.Tensor2D {
  const inputs: tf.NamedTensorMap = { x, rows, values };
  return tf.engine().runKernel(KERNEL, inputs, {});
}
