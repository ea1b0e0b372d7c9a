import type * as tf from "@tensorflow/tfjs-core";
import type { DataId, TensorInfo } from "@tensorflow/tfjs-core";
import { BackendError } from "../errors.js";
import type { Binding, TensorMetadata } from "./binding.js";
import type { Values } from "./dtypes.js";
import { NOT_READ } from "./kernels.js";
import type { NodeBackend, NodeBackendClass, TensorEntry } from "./kernels.js";
import { createResource, readResource } from "./resources.js";
import { userLine } from "./user-line.js";

/** tfjs-node's backend with what tracing needs. */
export interface TracingBackend extends NodeBackend {
  /** The eager tensor id behind a tensor; uploads values that TensorFlow has not seen yet. */
  idOf(tensor: TensorInfo): number;
  /** Gives a variable a new native tensor (of its shape and type), and frees its old one unless somebody else holds it. */
  replace(variable: tf.Variable, id: number): void;
  /**
   * The resource that holds a variable's value, for a function that updates it in place: made at the first call. Tensors that share the
   * variable's data keep the value it has at present.
   */
  resourceOf(variable: tf.Variable): number;
  /** The resource that holds the value of a tensor which nobody shares, to be given to a function; undefined when somebody does. */
  ownResource(tensor: TensorInfo): number | undefined;
  /** A resource of its own with the value of a tensor. */
  copyToResource(tensor: TensorInfo): number;
  /** A tensor with the value of a resource, which it takes over; `from`, which held it so far, gives it up. */
  fromResource(metadata: Omit<TensorMetadata, "id">, resource: number, from: TensorInfo | null): tf.Tensor;
  /** Forgets the values that were read of a resource before it was updated. */
  forgetReading(variable: tf.Variable): void;
  /** While tracing: called with each eager tensor that the function uses. */
  onCapture: ((tensor: TensorInfo, id: number) => void) | null;
  /** While tracing: variables, whose values must not be read. */
  watched: ReadonlyMap<DataId, tf.Variable> | null;
}

/**
 * Extends tfjs-node's class, which is only known at run time. Values that JavaScript wrote reach TensorFlow at their first use: when that
 * happens inside a trace, values written before it are uploaded and captured, values written inside it become constants of the graph.
 */
export function createTracingBackend(Base: NodeBackendClass, binding: Binding): TracingBackend {
  class Backend extends Base implements TracingBackend {
    onCapture: TracingBackend["onCapture"] = null;
    watched: TracingBackend["watched"] = null;
    #writtenInTrace = new WeakSet<DataId>();

    override move(dataId: DataId, values: Values, shape: number[], dtype: tf.DataType, refCount: number): void {
      if (this.binding.trace) this.#writtenInTrace.add(dataId);
      super.move(dataId, values as tf.backend_util.BackendValues, shape, dtype, refCount);
    }

    override getInputTensorIds(tensors: readonly TensorInfo[]): number[] {
      if (!this.binding.trace) {
        for (const tensor of tensors) this.#read(tensor.dataId);
        return super.getInputTensorIds(tensors);
      }
      for (const tensor of tensors) {
        if (this.tensorMap.has(tensor.dataId) && !this.#writtenInTrace.has(tensor.dataId)) {
          const id = this.idOf(tensor);
          if (id >= 0) this.onCapture?.(tensor, id);
        }
      }
      return super.getInputTensorIds(tensors);
    }

    idOf(tensor: TensorInfo): number {
      const { trace } = this.binding;
      this.binding.trace = null; // upload to an eager tensor, whatever goes on
      try {
        this.#read(tensor.dataId);
        return super.getInputTensorIds([tensor])[0]!;
      } finally {
        this.binding.trace = trace;
      }
    }

    resourceOf(variable: tf.Variable): number {
      const alone = this.ownResource(variable);
      if (alone !== undefined) return alone;
      // Others share the data: they keep the reading, the variable takes the resource with it.
      const entry = this.tensorMap.get(variable.dataId);
      const id = this.idOf(variable);
      const resource = entry.resource ?? createResource(this.binding, entry.dtype, entry.shape, id);
      const own = this.fromResource(entry, resource, variable);
      variable.assign(own);
      own.dispose();
      return resource;
    }

    ownResource(tensor: TensorInfo): number | undefined {
      const entry = this.tensorMap.get(tensor.dataId);
      if (entry.refCount > 1) return undefined;
      entry.resource ??= this.copyToResource(tensor);
      this.#forget(entry);
      return entry.resource;
    }

    copyToResource(tensor: TensorInfo): number {
      const { dtype, shape } = this.tensorMap.get(tensor.dataId);
      return createResource(this.binding, dtype, shape, this.idOf(tensor));
    }

    fromResource({ shape, dtype }: Omit<TensorMetadata, "id">, resource: number, from: TensorInfo | null): tf.Tensor {
      if (from) delete this.tensorMap.get(from.dataId).resource;
      const tensor = this.createOutputTensor({ id: NOT_READ, shape, dtype });
      this.tensorMap.get(tensor.dataId).resource = resource;
      return tensor;
    }

    forgetReading(variable: tf.Variable): void {
      const entry = this.tensorMap.get(variable.dataId);
      if (entry.resource !== undefined) this.#forget(entry);
    }

    override disposeData(dataId: DataId, force = false): boolean {
      const resource = this.tensorMap.has(dataId) ? this.tensorMap.get(dataId).resource : undefined;
      const disposed = super.disposeData(dataId, force);
      if (disposed && resource !== undefined) this.binding.deleteTensor(resource);
      return disposed;
    }

    /** Reads the value out of a resource, unless that was done since its last update. */
    #read(dataId: DataId | undefined): void {
      // An Int64Scalar of tfjs-node has no data id.
      const entry = dataId !== undefined && this.tensorMap.has(dataId) ? this.tensorMap.get(dataId) : undefined;
      if (entry?.resource !== undefined && entry.id === NOT_READ) entry.id = readResource(this.binding, entry.dtype, entry.resource);
    }

    #forget(entry: TensorEntry): void {
      if (entry.id !== NOT_READ) this.binding.deleteTensor(entry.id);
      entry.id = NOT_READ;
    }

    override readSync(dataId: DataId): tf.backend_util.BackendValues {
      const { trace } = this.binding;
      if (trace) {
        const variable = this.watched?.get(dataId);
        const op = trace.opOf(this.tensorMap.get(dataId).id);
        if (variable ?? op) {
          throw new BackendError(
            "compile",
            `A compiled function reads the value of ${variable ? `the variable ${variable.name}` : op === "Placeholder" ? "one of its arguments" : `a tensor made by the op ${op}`} (dataSync, arraySync or data)${userLine()}. ` +
              `While it is traced there is no value. Return the tensor and read it outside, or express the choice with ops such as tf.where.`,
          );
        }
      }
      this.#read(dataId);
      return super.readSync(dataId);
    }

    override async read(dataId: DataId): Promise<tf.backend_util.BackendValues> {
      return this.readSync(dataId);
    }

    replace(variable: tf.Variable, id: number): void {
      const entry = this.tensorMap.get(variable.dataId);
      if (entry.refCount === 1) {
        const old = entry.id;
        entry.id = id;
        this.binding.deleteTensor(old);
        return;
      }
      // A clone shares the old value and keeps it.
      const value = this.createOutputTensor({ id, shape: entry.shape, dtype: entry.dtype });
      variable.assign(value);
      value.dispose();
    }
  }
  return new Backend(binding, "@tensorflow/tfjs-node");
}
