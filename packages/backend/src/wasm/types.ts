import type { DataId, DataType, TensorInfo, TypedArray } from "@tensorflow/tfjs-core";

type Pointer = number;

/** The part of Emscripten's module that the engine uses; tfjs-backend-wasm does not publish a type for it. */
export interface WasmModule {
  cwrap(name: string, returns: "number" | null, parameters: ("number" | "array")[]): (...args: (number | boolean | Uint8Array)[]) => number;
  HEAPU8: Uint8Array;
  _malloc: (bytes: number) => Pointer;
  _free: (pointer: Pointer) => void;
  /** C functions that BackendWasm expects under this name. */
  tfjs: Record<string, (...args: number[]) => number>;
  /** Only in the build with threads. */
  PThread?: { runningWorkers: Worker[]; unusedWorkers: Worker[] };
}
interface Worker {
  unref(): void;
  terminate(): unknown;
}

/** BackendWasm, with the members that its kernels use but its published type hides. */
export interface WasmBackend {
  wasm: WasmModule;
  dataIdMap: { get(dataId: DataId): { id: number; memoryOffset: Pointer } };
  /** The next id of a tensor on the C side. */
  dataIdNextNumber: number;
  makeOutput(shape: number[], dtype: DataType, memoryOffset?: Pointer | null, values?: TypedArray | null): TensorInfo;
  readSync(dataId: DataId): TypedArray;
  /** A view of the tensor in WebAssembly memory; an allocation may detach it. */
  typedArrayFromHeap(info: TensorInfo): TypedArray;
  disposeData(dataId: DataId, force?: boolean): boolean;
}

/** A kernel of the engine: the type that core's KernelFunc erases. */
export type WasmKernel = (call: { inputs: Record<string, TensorInfo>; attrs: Record<string, unknown>; backend: WasmBackend }) => TensorInfo | TensorInfo[];
