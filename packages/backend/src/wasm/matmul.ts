import { broadcast_util, util, type TensorInfo } from "@tensorflow/tfjs-core";
import type { WasmBackend, WasmKernel, WasmModule } from "./types.js";

/**
 * BatchMatMul for tfjs-backend-wasm. Its own kernel is 15 to 30 times slower than it could be, and can be wrong:
 * - only [1, m, k] x [1, k, n] without transposes goes to XNNPACK; transposes and batches, which is every matmul of a
 *   backward pass and of attention, run a plain loop;
 * - it keeps XNNPACK's packed copy of b by b's id alone, so a second use of the same data in another shape (reshape shares
 *   data) multiplies by the first shape's packing, and every b is held twice for as long as it lives.
 * Here every product goes to XNNPACK, matrix by matrix, under ids of its own; transposes are made beforehand.
 *
 * a: [..., m, k] (or [..., k, m] with transposeA), b: [..., k, n] (or [..., n, k] with transposeB) -> [..., m, n],
 * float32; the leading dimensions broadcast.
 */
export function createBatchMatMul(module: WasmModule): WasmKernel {
  const multiply = createMultiply(module);
  return ({ inputs, attrs, backend }) => {
    const { a, b } = inputs as Record<"a" | "b", TensorInfo>;
    const transposeA = Boolean(attrs["transposeA"]);
    const transposeB = Boolean(attrs["transposeB"]);
    if (a.dtype !== "float32" || b.dtype !== "float32") {
      throw new Error(`matMul needs two float32 tensors on the wasm engine, got ${a.dtype} and ${b.dtype}`);
    }
    const [m, k] = matrixShape(a, transposeA);
    const [inner, n] = matrixShape(b, transposeB);
    util.assert(k === inner, () => `matMul: inner dimensions ${k} and ${inner} of [${a.shape}] and [${b.shape}] (transposeA=${transposeA}, transposeB=${transposeB}) differ`);
    const outer = broadcast_util.assertAndGetBroadcastShape(a.shape.slice(0, -2), b.shape.slice(0, -2));
    const out = backend.makeOutput([...outer, m, n], "float32");
    const pairs = matrixPairs(a.shape.slice(0, -2), b.shape.slice(0, -2), outer);
    if (m * n * k === 0) {
      backend.typedArrayFromHeap(out).fill(0);
      return out;
    }
    // Where the left sides of a batch lie one after the other and b is one matrix, the batch is one taller matrix.
    const folds = !transposeA && b.shape.slice(0, -2).every((length) => length === 1);
    const shape = folds ? { m: m * pairs.length, k, n } : { m, k, n };
    multiply(backend, a, b, out, shape, transposeA, transposeB, folds ? [[0, 0]] : pairs);
    return out;
  };
}

const matrixShape = ({ shape }: TensorInfo, transposed: boolean): [number, number] => {
  const [rows, columns] = shape.slice(-2) as [number, number];
  return transposed ? [columns, rows] : [rows, columns];
};

/** For each matrix of the output, which matrix of a and which of b it is made of. */
function matrixPairs(outerA: number[], outerB: number[], outer: number[]): [number, number][] {
  const count = util.sizeFromShape(outer);
  const index = (shape: number[], flat: number): number => {
    let at = 0;
    let step = 1;
    for (let d = shape.length - 1, o = outer.length - 1, rest = flat; d >= 0; d--, o--) {
      const position = rest % outer[o]!;
      rest = Math.floor(rest / outer[o]!);
      if (shape[d] !== 1) at += position * step;
      step *= shape[d]!;
    }
    return at;
  };
  return Array.from({ length: count }, (_, flat) => [index(outerA, flat), index(outerB, flat)]);
}

type Multiply = (backend: WasmBackend, a: TensorInfo, b: TensorInfo, out: TensorInfo, shape: { m: number; k: number; n: number }, transposeA: boolean, transposeB: boolean, pairs: readonly [number, number][]) => void;

function createMultiply(module: WasmModule): Multiply {
  const xnnpack = module.cwrap("BatchMatMul", null, ["number", "array", "number", "number", "array", "number", "number", "number", "number"]);
  const { registerTensor, disposeData } = module.tfjs as Record<"registerTensor" | "disposeData", (...args: number[]) => number>;
  const dims = (rows: number, columns: number): Uint8Array => new Uint8Array(new Int32Array([1, rows, columns]).buffer);

  /** out[rows, columns] = left[rows, inner] x right[inner, columns], given by their addresses. */
  const run = (backend: WasmBackend, left: number, right: number, out: number, rows: number, inner: number, columns: number): void => {
    const id = backend.dataIdNextNumber;
    backend.dataIdNextNumber += 3;
    registerTensor(id, rows * inner, left);
    registerTensor(id + 1, inner * columns, right);
    registerTensor(id + 2, rows * columns, out);
    xnnpack(id, dims(rows, inner), 3, id + 1, dims(inner, columns), 3, 0, 0, id + 2);
    // Frees XNNPACK's packed copy of the right side too.
    for (let i = 0; i < 3; i++) disposeData(id + i);
  };

  return (backend, a, b, out, { m, k, n }, transposeA, transposeB, pairs) => {
    // The result can be made as it is, or as (right^T left^T)^T. XNNPACK packs its right side, at the cost of some 250 products
    // for each number, and makes columns in eights; moving a number in a transpose costs about 30 (measured, Node 20, x64).
    const eights = (columns: number): number => 8 * Math.ceil(columns / 8);
    const straight = 30 * ((transposeA ? m * k : 0) + (transposeB ? n * k : 0)) + (250 + m) * k * eights(n);
    const swapped = 30 * ((transposeA ? 0 : m * k) + (transposeB ? 0 : n * k) + m * n) + (250 + n) * k * eights(m);
    const swap = swapped < straight;
    const turnA = transposeA !== swap;
    const turnB = transposeB !== swap;
    // All memory is taken before any address is used in a view: growing it may move what views look at.
    const turnedA = turnA ? backend.makeOutput([m, k], "float32") : undefined;
    const turnedB = turnB ? backend.makeOutput([k, n], "float32") : undefined;
    const turnedOut = swap ? backend.makeOutput([m, n], "float32") : undefined;
    const address = (info: TensorInfo): number => backend.dataIdMap.get(info.dataId).memoryOffset;
    const [atA, atB, atOut] = [address(a), address(b), address(out)];
    const view = (at: number, length: number): Float32Array => new Float32Array(module.HEAPU8.buffer, at, length);

    let lastA = -1;
    let lastB = -1;
    for (const [i, [ia, ib]] of pairs.entries()) {
      let left = atA + 4 * ia * m * k;
      let right = atB + 4 * ib * k * n;
      const result = atOut + 4 * i * m * n;
      if (turnedA) {
        if (ia !== lastA) transpose(view(left, m * k), view(address(turnedA), m * k), transposeA ? k : m, transposeA ? m : k);
        left = address(turnedA);
        lastA = ia;
      }
      if (turnedB) {
        if (ib !== lastB) transpose(view(right, k * n), view(address(turnedB), k * n), transposeB ? n : k, transposeB ? k : n);
        right = address(turnedB);
        lastB = ib;
      }
      if (turnedOut) {
        run(backend, right, left, address(turnedOut), n, k, m);
        transpose(view(address(turnedOut), m * n), view(result, m * n), n, m);
      } else run(backend, left, right, result, m, k, n);
    }
    for (const info of [turnedA, turnedB, turnedOut]) if (info) backend.disposeData(info.dataId);
  };
}

/** to[columns, rows] = from[rows, columns]^T, in 4 x 4 blocks held in registers: four times as fast as a plain loop. */
export function transpose(from: Float32Array, to: Float32Array, rows: number, columns: number): void {
  if (rows === 1 || columns === 1) {
    to.set(from);
    return;
  }
  const evenRows = rows & ~3;
  const evenColumns = columns & ~3;
  // Strips of 64 columns keep the lines that are written to in the cache.
  for (let strip = 0; strip < evenColumns; strip += 64) {
    const end = Math.min(strip + 64, evenColumns);
    for (let r = 0; r < evenRows; r += 4) {
      for (let c = strip; c < end; c += 4) {
        const i0 = r * columns + c;
        const i1 = i0 + columns;
        const i2 = i1 + columns;
        const i3 = i2 + columns;
        const a0 = from[i0]!, a1 = from[i0 + 1]!, a2 = from[i0 + 2]!, a3 = from[i0 + 3]!;
        const b0 = from[i1]!, b1 = from[i1 + 1]!, b2 = from[i1 + 2]!, b3 = from[i1 + 3]!;
        const c0 = from[i2]!, c1 = from[i2 + 1]!, c2 = from[i2 + 2]!, c3 = from[i2 + 3]!;
        const d0 = from[i3]!, d1 = from[i3 + 1]!, d2 = from[i3 + 2]!, d3 = from[i3 + 3]!;
        const o0 = c * rows + r;
        const o1 = o0 + rows;
        const o2 = o1 + rows;
        const o3 = o2 + rows;
        to[o0] = a0; to[o0 + 1] = b0; to[o0 + 2] = c0; to[o0 + 3] = d0;
        to[o1] = a1; to[o1 + 1] = b1; to[o1 + 2] = c1; to[o1 + 3] = d1;
        to[o2] = a2; to[o2 + 1] = b2; to[o2 + 2] = c2; to[o2 + 3] = d2;
        to[o3] = a3; to[o3 + 1] = b3; to[o3 + 2] = c3; to[o3 + 3] = d3;
      }
    }
  }
  for (let r = evenRows; r < rows; r++) for (let c = 0; c < columns; c++) to[c * rows + r] = from[r * columns + c]!;
  for (let c = evenColumns; c < columns; c++) for (let r = 0; r < evenRows; r++) to[c * rows + r] = from[r * columns + c]!;
}
