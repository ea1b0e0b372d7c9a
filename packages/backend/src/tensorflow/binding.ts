import { AttrType, setEagerAttr } from "./attributes.js";
import type { OpAttr } from "./attributes.js";
import type { CApi, Pointer } from "./c-api.js";
import { Context } from "./context.js";
import type { ContextOptions } from "./context.js";
import { DType } from "./dtypes.js";
import type { Values } from "./dtypes.js";
import type { GraphTrace } from "./graph.js";
import { newStringTensor, newTensor, readHandle } from "./tensors.js";

/** What an op returns about each of its outputs. */
export interface TensorMetadata {
  id: number;
  shape: number[];
  dtype: number;
}

/** An op or function with its inputs, ready to run once. */
export interface PreparedCall {
  name: string;
  op: Pointer;
  outputs: BigUint64Array;
  count: Int32Array;
}

/**
 * The object that tfjs-node's `NodeJSKernelBackend` calls (its `TFJSBinding`), over the C API. Tensors are numbers on the JavaScript side:
 * an id >= 0 is an eager tensor handle; while `trace` is set, ops go into its graph instead and their results get ids below -1.
 */
export class Binding {
  readonly TF_FLOAT = DType.FLOAT;
  readonly TF_INT32 = DType.INT32;
  readonly TF_INT64 = DType.INT64;
  readonly TF_BOOL = DType.BOOL;
  readonly TF_COMPLEX64 = DType.COMPLEX64;
  readonly TF_STRING = DType.STRING;
  readonly TF_RESOURCE = DType.RESOURCE;
  readonly TF_UINT8 = DType.UINT8;
  readonly TF_ATTR_STRING = AttrType.STRING;
  readonly TF_ATTR_INT = AttrType.INT;
  readonly TF_ATTR_FLOAT = AttrType.FLOAT;
  readonly TF_ATTR_BOOL = AttrType.BOOL;
  readonly TF_ATTR_TYPE = AttrType.TYPE;
  readonly TF_ATTR_SHAPE = AttrType.SHAPE;
  readonly TF_Version: string;

  readonly api: CApi;
  readonly context: Context;
  /** Set while a function is being traced. */
  trace: GraphTrace | null = null;
  /** Ops and functions that were run; a test that TensorFlow did the work. */
  executed = 0;

  #nextId = 0;
  readonly #handles = new Map<number, Pointer>();

  constructor(api: CApi, options: ContextOptions = {}) {
    this.api = api;
    this.context = new Context(api, options);
    this.TF_Version = api.TF_Version();
  }

  isUsingGpuDevice(): boolean {
    return this.context.gpu !== undefined;
  }

  getNumOfTensors(): number {
    return this.#handles.size;
  }

  getNumOfSavedModels(): number {
    return 0;
  }

  createTensor(shape: number[], dtype: number, values: Values): number {
    if (this.trace) return this.trace.constant(shape, dtype, values);
    if (dtype === DType.STRING) return this.#createStrings(shape, values as readonly Uint8Array[]);
    const tensor = newTensor(this.api, shape, dtype, values as Float32Array);
    return this.#adopt(this.#toDevice(this.#handleOf(tensor), dtype));
  }

  deleteTensor(id: number): void {
    const handle = this.handle(id);
    this.#handles.delete(id);
    this.api.TFE_DeleteTensorHandle(handle);
  }

  tensorDataSync(id: number): ReturnType<typeof readHandle> {
    return readHandle(this.api, this.context.status, this.handle(id));
  }

  executeOp(name: string, attrs: readonly OpAttr[], inputs: readonly number[], outputCount: number): TensorMetadata[] {
    if (this.trace) return this.trace.execute(name, attrs, inputs, outputCount);
    const call = this.prepare(name, attrs, inputs, outputCount);
    try {
      this.api.TFE_Execute(call.op, call.outputs, call.count, this.context.status.pointer);
      this.context.status.check(name);
    } finally {
      this.api.TFE_DeleteOp(call.op);
    }
    return this.collect(call).map((id) => this.describe(id));
  }

  /** An op with attributes and inputs, not run yet; delete `op` afterwards. */
  prepare(name: string, attrs: readonly OpAttr[], inputs: readonly number[], outputCount: number): PreparedCall {
    const { api } = this;
    const { status, pointer: context } = this.context;
    const op = api.TFE_NewOp(context, name, status.pointer);
    status.check(name);
    try {
      for (const id of inputs) {
        api.TFE_OpAddInput(op, this.handle(id), status.pointer);
        status.check(name);
      }
      for (const attr of attrs) setEagerAttr(api, op, attr, status.pointer);
    } catch (error) {
      api.TFE_DeleteOp(op);
      throw error;
    }
    return { name, op, outputs: new BigUint64Array(Math.max(1, outputCount)), count: Int32Array.of(outputCount) };
  }

  /** Takes over the outputs of a call that ran. */
  collect({ outputs, count }: PreparedCall): number[] {
    this.executed++;
    return Array.from({ length: count[0]! }, (_, i) => this.#adopt(outputs[i]!));
  }

  /** Shape and type of an eager tensor. */
  describe(id: number): TensorMetadata {
    const handle = this.handle(id);
    const { api } = this;
    const { status } = this.context;
    const rank = api.TFE_TensorHandleNumDims(handle, status.pointer);
    status.check("asking for a tensor's rank");
    const shape: number[] = [];
    for (let i = 0; i < rank; i++) shape.push(Number(api.TFE_TensorHandleDim(handle, i, status.pointer)));
    return { id, shape, dtype: api.TFE_TensorHandleDataType(handle) };
  }

  /** The native handle of an id. @throws Error when the tensor is gone, or was made inside a traced function. */
  handle(id: number): Pointer {
    const handle = this.#handles.get(id);
    if (handle !== undefined) return handle;
    if (id < -1) throw new Error("This tensor was made inside a compiled function while it was traced, so it has no value. Return it from the function instead.");
    throw new Error(`There is no tensor with the id ${id}.`);
  }

  /** Frees everything, live tensors included. */
  dispose(): void {
    for (const handle of this.#handles.values()) this.api.TFE_DeleteTensorHandle(handle);
    this.#handles.clear();
    this.context.dispose();
  }

  #adopt(handle: Pointer): number {
    const id = this.#nextId++;
    this.#handles.set(id, handle);
    return id;
  }

  // The handle shares the tensor's memory, so our reference can go.
  #handleOf(tensor: Pointer): Pointer {
    const handle = this.api.TFE_NewTensorHandle(tensor, this.context.status.pointer);
    this.api.TF_DeleteTensor(tensor);
    this.context.status.check("making a tensor");
    return handle;
  }

  // int32 stays on the host: TensorFlow's GPU kernels take shapes, axes and indices from there.
  #toDevice(handle: Pointer, dtype: number): Pointer {
    const { gpu, pointer, status } = this.context;
    if (gpu === undefined || dtype === DType.INT32) return handle;
    const copy = this.api.TFE_TensorHandleCopyToDevice(handle, pointer, gpu, status.pointer);
    this.api.TFE_DeleteTensorHandle(handle);
    status.check(`copying a tensor to ${gpu}`);
    return copy;
  }

  // Gathering all elements makes TensorFlow copy the strings into memory that it frees itself.
  #createStrings(shape: number[], strings: readonly Uint8Array[]): number {
    const borrowed = newStringTensor(this.api, strings);
    const temporary: number[] = [];
    try {
      const source = this.#adopt(this.api.TFE_NewTensorHandle(borrowed.tensor, this.context.status.pointer));
      temporary.push(source);
      temporary.push(this.createTensor([strings.length], DType.INT32, Int32Array.from(strings.keys())));
      temporary.push(this.createTensor([], DType.INT32, Int32Array.of(0)));
      const gathered = this.executeOp("GatherV2", [], temporary, 1)[0]!.id;
      temporary.push(gathered, this.createTensor([shape.length], DType.INT32, Int32Array.from(shape)));
      return this.executeOp("Reshape", [], temporary.slice(-2), 1)[0]!.id;
    } finally {
      for (const id of temporary) this.deleteTensor(id);
      borrowed.release();
    }
  }
}
