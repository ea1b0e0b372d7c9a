import type { CApi, Pointer } from "./c-api.js";
import { DType, elementCount, elementSize, int64s } from "./dtypes.js";
import type { Values } from "./dtypes.js";
import type { Status } from "./status.js";

/**
 * Native tensors (`TF_Tensor`) out of JavaScript values and back, always by copy: TensorFlow never sees memory that the garbage collector owns.
 */

/** A new `TF_Tensor` with a copy of `values`; the caller deletes it. Not for strings. */
export function newTensor(api: CApi, shape: readonly number[], dtype: number, values: Exclude<Values, readonly Uint8Array[]>): Pointer {
  const bytes = elementCount(shape) * elementSize(dtype);
  const data = inDtype(values, dtype);
  if (data.byteLength !== bytes) {
    throw new Error(`Shape does not match the values: shape [${shape.join(",")}] takes ${bytes} bytes, found ${data.byteLength}.`);
  }
  const tensor = api.TF_AllocateTensor(dtype, int64s(shape), shape.length, bytes);
  if (bytes > 0) api.memcpy(api.TF_TensorData(tensor), data, bytes);
  return tensor;
}

function inDtype(values: Exclude<Values, readonly Uint8Array[]>, dtype: number): ArrayBufferView {
  if (dtype === DType.FLOAT) return values instanceof Float32Array ? values : Float32Array.from(values as ArrayLike<number>);
  if (dtype === DType.INT32) return values instanceof Int32Array ? values : Int32Array.from(values as ArrayLike<number>);
  if (dtype === DType.BOOL || dtype === DType.UINT8) return values instanceof Uint8Array ? values : Uint8Array.from(values as ArrayLike<number>);
  return values as ArrayBufferView; // int64 and complex64 come as the bytes they are
}

/** What a new string tensor is made of: `tensor` may be used and copied while `release` has not been called. */
export interface BorrowedStrings {
  tensor: Pointer;
  release(): void;
}

/**
 * A `TF_Tensor` of shape [strings.length] whose long strings belong to us: TensorFlow frees the array but not what its elements point at.
 */
export function newStringTensor(api: CApi, strings: readonly Uint8Array[]): BorrowedStrings {
  const size = elementSize(DType.STRING);
  const tensor = api.TF_AllocateTensor(DType.STRING, int64s([strings.length]), 1, strings.length * size);
  const elements = strings.map((_, i) => api.TF_TensorData(tensor) + BigInt(i * size));
  strings.forEach((bytes, i) => {
    api.TF_StringInit(elements[i]!);
    api.TF_StringCopy(elements[i]!, bytes.length > 0 ? bytes : new Uint8Array(1), bytes.length);
  });
  return {
    tensor,
    release() {
      for (const element of elements) api.TF_StringDealloc(element);
      api.TF_DeleteTensor(tensor);
    },
  };
}

/** The values behind an eager tensor handle, as tfjs-node returns them: complex64 interleaved, int64 as bigints, strings as bytes. */
export function readHandle(api: CApi, status: Status, handle: Pointer): Float32Array | Int32Array | Uint8Array | BigInt64Array | Uint8Array[] {
  const dtype = api.TFE_TensorHandleDataType(handle);
  const tensor = api.TFE_TensorHandleResolve(handle, status.pointer);
  status.check("reading a tensor");
  try {
    const bytes = Number(api.TF_TensorByteSize(tensor));
    const data = api.TF_TensorData(tensor);
    if (dtype === DType.STRING) return readStrings(api, data, bytes / elementSize(dtype));
    const buffer = new Uint8Array(bytes);
    if (bytes > 0) api.memcpy(buffer, data, bytes);
    if (dtype === DType.FLOAT || dtype === DType.COMPLEX64) return new Float32Array(buffer.buffer);
    if (dtype === DType.INT32) return new Int32Array(buffer.buffer);
    if (dtype === DType.INT64) return new BigInt64Array(buffer.buffer);
    return buffer;
  } finally {
    api.TF_DeleteTensor(tensor);
  }
}

function readStrings(api: CApi, data: Pointer, count: number): Uint8Array[] {
  return Array.from({ length: count }, (_, i) => {
    const element = data + BigInt(i * elementSize(DType.STRING));
    const bytes = new Uint8Array(Number(api.TF_StringGetSize(element)));
    if (bytes.length > 0) api.memcpy(bytes, api.TF_StringGetDataPointer(element), bytes.length);
    return bytes;
  });
}
