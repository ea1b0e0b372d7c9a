import { createRequire } from "node:module";
import { join } from "node:path";
import * as tf from "@tensorflow/tfjs-core";
import type { DataId, KernelBackend, NamedAttrMap, Tensor, TensorInfo } from "@tensorflow/tfjs-core";
import { BackendError } from "../errors.js";
import { AttrType } from "./attributes.js";
import type { OpAttr } from "./attributes.js";
import type { Binding, TensorMetadata } from "./binding.js";
import type { Values } from "./dtypes.js";

/**
 * What `NodeJSKernelBackend` keeps for a data id. `values` are set until the tensor is first used by TensorFlow. Ours: a `resource` is the
 * variable that holds the value; `id` is then a reading of it that is still true, or {@link NOT_READ}.
 */
export interface TensorEntry {
  shape: number[];
  dtype: number;
  values: Values | null;
  id: number;
  refCount: number;
  resource?: number;
}

export const NOT_READ = -1;

/** The part of tfjs-node's `NodeJSKernelBackend` that we build on (its private members too: the version is pinned by the check below). */
export interface NodeBackend extends KernelBackend {
  binding: Binding;
  tensorMap: { get(dataId: DataId): TensorEntry; has(dataId: DataId): boolean };
  executeSingleOutput(name: string, attrs: OpAttr[], inputs: TensorInfo[]): Tensor;
  createOutputTensor(metadata: TensorMetadata): Tensor;
  getInputTensorIds(tensors: readonly TensorInfo[]): number[];
  disposeData(dataId: DataId, force?: boolean): boolean;
}

export type NodeBackendClass = new (binding: Binding, packageName: string) => NodeBackend;

export const KERNEL_PACKAGES = ["@tensorflow/tfjs-node-gpu", "@tensorflow/tfjs-node"] as const;

/** Where the kernels come from. */
export interface KernelPackage {
  name: (typeof KERNEL_PACKAGES)[number];
  version: string;
  /** `require` as that package's own modules have it. */
  load: NodeJS.Require;
}

/**
 * The installed package that has the TensorFlow kernels, seen from this package, then from the working directory. Its native addon is
 * not needed: install it with --ignore-scripts.
 */
export function findKernelPackage(): KernelPackage | undefined {
  for (const from of [import.meta.url, join(process.cwd(), "package.json")]) {
    const require = createRequire(from);
    for (const name of KERNEL_PACKAGES) {
      try {
        const manifest = require.resolve(`${name}/package.json`);
        return { name, version: (require(manifest) as { version: string }).version, load: createRequire(manifest) };
      } catch {
        // Not installed here: look further.
      }
    }
  }
  return undefined;
}

/**
 * Loads tfjs-node's backend class and registers its kernels, without its addon, and mends what they get wrong.
 * @throws BackendError "kernels" when no such package is installed, or it has another tfjs-core than ours.
 */
export function loadKernels(): { NodeBackend: NodeBackendClass; package: KernelPackage } {
  const found = findKernelPackage();
  if (!found) {
    throw new BackendError("kernels", `TensorFlow's kernels for TensorFlow.js are not installed: expected ${KERNEL_PACKAGES.join(" or ")}. Run \`npm install --ignore-scripts @tensorflow/tfjs-node-gpu\`.`);
  }
  const { load, name, version } = found;
  restoreUtil(load);
  try {
    const { NodeJSKernelBackend } = load("./dist/nodejs_kernel_backend.js") as { NodeJSKernelBackend: NodeBackendClass };
    const theirs = load("@tensorflow/tfjs") as typeof tf & { version_core: string };
    if (theirs.engine() !== tf.engine() || theirs.version_core !== tf.version_core) {
      throw new Error(`it uses tfjs-core ${theirs.version_core}, this program ${tf.version_core}; both must be the same copy`);
    }
    load("./dist/register_all_kernels.js");
    mendKernels();
    return { NodeBackend: NodeJSKernelBackend, package: found };
  } catch (cause) {
    throw new BackendError("kernels", `Can't use the kernels of ${name} ${version}: ${(cause as Error).message}.`, { cause });
  }
}

// tfjs-node 4.22 calls two functions of node:util that Node 23 removed.
function restoreUtil(load: NodeJS.Require): void {
  const util = load("node:util") as { isNullOrUndefined?: (value: unknown) => boolean; isArray?: (value: unknown) => boolean };
  util.isNullOrUndefined ??= (value) => value === null || value === undefined;
  util.isArray ??= Array.isArray;
}

const type = (name: string, value: number): OpAttr => ({ name, type: AttrType.TYPE, value });

const DTYPES: Record<string, keyof Binding & `TF_${string}`> = { float32: "TF_FLOAT", int32: "TF_INT32", bool: "TF_BOOL", complex64: "TF_COMPLEX64", string: "TF_STRING" };
const dtypeOf = (backend: NodeBackend, tensor: TensorInfo): number => backend.binding[DTYPES[tensor.dtype]!] as number;

type Kernel = (args: { inputs: Record<string, TensorInfo>; attrs: NamedAttrMap; backend: NodeBackend }) => TensorInfo;

const MENDED: Readonly<Record<string, Kernel>> = {
  // The stock kernel reads the indices back to check them, on every call. TensorFlow checks them itself on the CPU; elsewhere a bad index gives zeros.
  GatherV2({ inputs, attrs, backend }) {
    const { x, indices } = inputs as { x: TensorInfo; indices: TensorInfo };
    const { axis, batchDims } = attrs as { axis: number; batchDims: number };
    const parsedAxis = tf.util.parseAxisParam(axis, x.shape)[0]!;
    tf.backend_util.segment_util.collectGatherOpShapeInfo(x, indices, parsedAxis, batchDims); // throws on shapes that don't fit
    const axisTensor = tf.scalar(parsedAxis, "int32");
    const result = backend.executeSingleOutput(
      "GatherV2",
      [
        { name: "batch_dims", type: AttrType.INT, value: batchDims },
        type("Tparams", dtypeOf(backend, x)),
        type("Tindices", dtypeOf(backend, indices)),
        type("Taxis", backend.binding.TF_INT32),
      ],
      [x, indices, axisTensor],
    );
    axisTensor.dispose();
    return result;
  },
  // TensorFlow 2.21 rounds int32 to zeros.
  Round({ inputs, backend }) {
    const x = inputs["x"]!;
    return backend.executeSingleOutput(x.dtype === "int32" ? "Identity" : "Round", [type("T", dtypeOf(backend, x))], [x]);
  },
};

let mended = false;

function mendKernels(): void {
  if (mended) return;
  mended = true;
  for (const [kernelName, kernel] of Object.entries(MENDED)) {
    tf.unregisterKernel(kernelName, "tensorflow");
    tf.registerKernel({ kernelName, backendName: "tensorflow", kernelFunc: kernel as never });
  }
}
