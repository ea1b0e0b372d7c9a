/**
 * The inner loop of MinHash as WebAssembly: 64-bit products, which JavaScript's numbers don't have. For each of the hash functions
 * it takes the least (x * a + b) mod 2^64 mod (2^61 - 1) over all x, as datatrove does with numpy's uint64.
 *
 * In words, with parameters (xs, xsEnd, ab, out, outEnd) as byte offsets:
 *   do { a = ab[0]; b = ab[1]; least = 2^64 - 1; x = xs
 *        do { v = *x * a + b; v = (v & M) + (v >> 61); if (v >= M) v -= M; least = min(v, least); x += 8 } while (x < xsEnd)
 *        *out = least; ab += 16; out += 8 } while (out < outEnd)
 */
const [GET, SET, TEE] = [0x20, 0x21, 0x22];
const [I32_CONST, I64_CONST, I64_LOAD, I64_STORE] = [0x41, 0x42, 0x29, 0x37];
const [I32_ADD, I32_LT, I64_ADD, I64_SUB, I64_MUL, I64_AND, I64_SHR, I64_LT] = [0x6a, 0x49, 0x7c, 0x7d, 0x7e, 0x83, 0x88, 0x54];
const [LOOP, VOID, END, BR_IF, SELECT] = [0x03, 0x40, 0x0b, 0x0d, 0x1b];
const [I32, I64] = [0x7f, 0x7e];

/** 2^61 - 1 as a signed LEB128 number. */
const MERSENNE = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x1f];
const [XS, XS_END, AB, OUT, OUT_END, X, A, B, LEAST, V] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9] as const;

const BODY = [
  ...[LOOP, VOID],
  ...[GET, AB, I64_LOAD, 3, 0, SET, A],
  ...[GET, AB, I64_LOAD, 3, 8, SET, B],
  ...[I64_CONST, 0x7f, SET, LEAST], // -1
  ...[GET, XS, SET, X],
  ...[LOOP, VOID],
  ...[GET, X, I64_LOAD, 3, 0, GET, A, I64_MUL, GET, B, I64_ADD, TEE, V],
  ...[I64_CONST, ...MERSENNE, I64_AND, GET, V, I64_CONST, 61, I64_SHR, I64_ADD, TEE, V],
  ...[GET, V, I64_CONST, ...MERSENNE, I64_SUB, GET, V, I64_CONST, ...MERSENNE, I64_LT, SELECT, TEE, V],
  ...[GET, LEAST, GET, V, GET, LEAST, I64_LT, SELECT, SET, LEAST],
  ...[GET, X, I32_CONST, 8, I32_ADD, TEE, X, GET, XS_END, I32_LT, BR_IF, 0],
  END,
  ...[GET, OUT, GET, LEAST, I64_STORE, 3, 0],
  ...[GET, AB, I32_CONST, 16, I32_ADD, SET, AB],
  ...[GET, OUT, I32_CONST, 8, I32_ADD, TEE, OUT, GET, OUT_END, I32_LT, BR_IF, 0],
  END,
  END,
];

/** A number as unsigned LEB128. */
const leb = (value: number): number[] => (value < 128 ? [value] : [(value & 127) | 128, ...leb(value >>> 7)]);
const section = (id: number, content: readonly number[]): number[] => [id, ...leb(content.length), ...content];
const text = (name: string): number[] => [name.length, ...Buffer.from(name)];

/** What is used of WebAssembly, which Node.js has and the types of the language alone don't. */
interface WebAssemblyNamespace {
  Module: new (bytes: Uint8Array) => object;
  Instance: new (module: object) => { exports: object };
}
const { Module, Instance } = (globalThis as unknown as { WebAssembly: WebAssemblyNamespace }).WebAssembly;

/** The loop and its memory. Offsets are in bytes. */
export interface MinHashLoop {
  memory: { readonly buffer: ArrayBuffer; grow(pages: number): number };
  run(xs: number, xsEnd: number, ab: number, out: number, outEnd: number): void;
}

/** Compiles the loop; a few hundred bytes. */
export function minHashLoop(): MinHashLoop {
  const code = [2, 1, I32, 4, I64, ...BODY]; // locals: one i32, four i64
  const module = new Module(
    Uint8Array.from([
      ...[0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00],
      ...section(1, [1, 0x60, 5, I32, I32, I32, I32, I32, 0]),
      ...section(3, [1, 0]),
      ...section(5, [1, 0, 1]),
      ...section(7, [2, ...text("memory"), 2, 0, ...text("run"), 0, 0]),
      ...section(10, [1, ...leb(code.length), ...code]),
    ]),
  );
  return new Instance(module).exports as unknown as MinHashLoop;
}
