/** `TF_DataType` (tensorflow/c/tf_datatype.h): those that TensorFlow.js has, and those that its kernels use on the way. */
export const DType = { FLOAT: 1, INT32: 3, UINT8: 4, STRING: 7, COMPLEX64: 8, INT64: 9, BOOL: 10, BFLOAT16: 14, RESOURCE: 20, UINT64: 23 } as const;

/** Bytes of one element; a string's is the size of a `TF_TString`. */
const SIZES: Readonly<Record<number, number>> = {
  [DType.FLOAT]: 4, [DType.INT32]: 4, [DType.UINT8]: 1, [DType.STRING]: 24, [DType.COMPLEX64]: 8, [DType.INT64]: 8, [DType.BOOL]: 1, [DType.BFLOAT16]: 2,
};

const NAMES: Readonly<Record<number, string>> = {
  [DType.FLOAT]: "float32", [DType.INT32]: "int32", [DType.UINT8]: "uint8", [DType.STRING]: "string", [DType.COMPLEX64]: "complex64",
  [DType.INT64]: "int64", [DType.BOOL]: "bool", [DType.BFLOAT16]: "bfloat16", [DType.RESOURCE]: "resource", [DType.UINT64]: "uint64",
};

export function elementSize(dtype: number): number {
  const size = SIZES[dtype];
  if (size === undefined) throw new Error(`Tensors of TensorFlow's type ${dtypeName(dtype)} can't be made here.`);
  return size;
}

export function dtypeName(dtype: number): string {
  return NAMES[dtype] ?? `number ${dtype}`;
}

/** The values of a tensor as the binding takes them: numbers in a typed array, strings as UTF-8 bytes. */
export type Values = Float32Array | Int32Array | Uint8Array | readonly Uint8Array[];

export function elementCount(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}

export function int64s(values: readonly number[]): BigInt64Array {
  return BigInt64Array.from(values, BigInt);
}
