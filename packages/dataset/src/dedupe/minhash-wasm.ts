import { I32, I64, type WasmExports, type WasmFunction, add, and, compile, extend, get, i32, i32Add, i32Less, i32LessEqual, i32Load, i32Sub, i64, less, lessEqual, load, load32, load8, mul, repeat, repeatWhile, rotate, select, set, shl, shr, store, sub, tee, when, xor } from "./wasm.js";

/*
 * The inner loops of MinHash as WebAssembly: they need 64-bit products, which JavaScript's numbers don't have.
 */

/** 2^61 - 1. */
const MERSENNE = (1n << 61n) - 1n;
/** Hash functions that are worked out side by side: a shingle's hash is loaded once for them, and their products overlap. */
const LANES = 8;

/**
 * least(xs, xsEnd, ab, out, outEnd), all offsets in the memory: for each hash function (a, b) the least (x * a + b) mod 2^64 mod (2^61 - 1)
 * over all x, as datatrove works it out with numpy's uint64. The number of functions is a multiple of 8. In words, for each of them:
 *
 *   least = 2^61 - 1
 *   for each x: v = x * a + b; if (v + (v >> 61) + 1) mod 2^61 <= least: v = (v & M) + (v >> 61); v = v >= M ? v - M : v; least = min(v, least)
 *
 * The first sum is the remainder and one more, or, where the parts of v add up to M or more, the remainder itself: no lesser remainder
 * is missed, and the exact one is worked out only for the few that look less. Remainders are kept times 8, so that "mod 2^61" is a shift.
 */
function least(): WasmFunction {
  const [XS, XS_END, AB, OUT, OUT_END, AT, V, X] = [0, 1, 2, 3, 4, 5, 6, 7] as const;
  const lanes = Array.from({ length: LANES }, (_, lane) => ({ lane, a: 8 + 3 * lane, b: 9 + 3 * lane, least: 10 + 3 * lane }));
  const eachX = [
    ...set(X, load(get(AT))),
    ...lanes.flatMap(({ a, b, least }) => [
      ...set(V, add(mul(get(X), get(a)), get(b))),
      ...when(
        lessEqual(shl(add(add(get(V), shr(get(V), 61)), i64(1n)), 3), get(least)),
        set(V, add(and(get(V), i64(MERSENNE)), shr(get(V), 61))),
        set(V, shl(select(sub(get(V), i64(MERSENNE)), get(V), lessEqual(i64(MERSENNE), get(V))), 3)),
        set(least, select(get(V), get(least), less(get(V), get(least)))),
      ),
    ]),
  ];
  const body = repeat(
    [
      ...lanes.flatMap(({ lane, a, b, least }) => [...set(a, load(get(AB), 16 * lane)), ...set(b, load(get(AB), 16 * lane + 8)), ...set(least, i64(-1n))]),
      ...set(AT, get(XS)),
      ...repeat(eachX, i32Less(tee(AT, i32Add(get(AT), i32(8))), get(XS_END))),
      ...lanes.flatMap(({ lane, least }) => store(get(OUT), shr(get(least), 3), 8 * lane)),
      ...set(AB, i32Add(get(AB), i32(16 * LANES))),
    ],
    i32Less(tee(OUT, i32Add(get(OUT), i32(8 * LANES))), get(OUT_END)),
  );
  return { parameters: 5, locals: [[1, I32], [2 + 3 * LANES, I64]], body };
}

const [P1, P2, P3, P4, P5] = [0x9e3779b185ebca87n, 0xc2b2ae3d27d4eb4fn, 0x165667b19e3779f9n, 0x85ebca77c2b2ae63n, 0x27d4eb2f165667c5n].map(i64) as [number[], number[], number[], number[], number[]];

/**
 * shingles(ends, endsEnd, bytes, out), all offsets in the memory: xxHash64 (Collet's specification 0.1.1, seed 0) of every run of so many
 * words of a text whose words stand one space apart. At `ends` are 32-bit offsets in the text: of the byte in front of the first word
 * (-1), then of the one behind each word; `endsEnd` is behind the entry with which the last run begins.
 */
function shingles(words: number): WasmFunction {
  const [ENDS, ENDS_END, BYTES, OUT, AT, END, H, LENGTH, SUM] = [0, 1, 2, 3, 4, 5, 6, 7, 8] as const;
  const sums = [SUM, SUM + 1, SUM + 2, SUM + 3] as const;
  const round = (sum: number[], input: number[]): number[] => mul(rotate(add(sum, mul(input, P2)), 31), P1);
  const skip = (bytes: number): number[] => set(AT, i32Add(get(AT), i32(bytes)));
  const left = (bytes: number): number[] => i32LessEqual(i32(bytes), i32Sub(get(END), get(AT)));
  const mixIn = (shift: number): number[] => set(H, xor(get(H), shr(get(H), shift)));
  const long = [
    ...[add(P1, P2), P2, i64(0n), sub(i64(0n), P1)].flatMap((start, k) => set(sums[k]!, start)),
    ...repeat([...sums.flatMap((sum, k) => set(sum, round(get(sum), load(get(AT), 8 * k)))), ...skip(32)], left(32)),
    ...set(H, [1, 7, 12, 18].map((bits, k) => rotate(get(sums[k]!), bits)).reduce(add)),
    ...sums.flatMap((sum) => set(H, add(mul(xor(get(H), round(i64(0n), get(sum))), P1), P4))),
  ];
  const body = repeat(
    [
      ...set(AT, i32Add(get(BYTES), i32Add(i32Load(get(ENDS)), i32(1)))),
      ...set(END, i32Add(get(BYTES), i32Load(get(ENDS), 4 * words))),
      ...set(LENGTH, extend(i32Sub(get(END), get(AT)))),
      ...set(H, P5),
      ...when(left(32), long),
      ...set(H, add(get(H), get(LENGTH))),
      ...repeatWhile(left(8), [...set(H, add(mul(rotate(xor(get(H), round(i64(0n), load(get(AT)))), 27), P1), P4)), ...skip(8)]),
      ...when(left(4), set(H, add(mul(rotate(xor(get(H), mul(load32(get(AT)), P1)), 23), P2), P3)), skip(4)),
      ...repeatWhile(left(1), [...set(H, mul(rotate(xor(get(H), mul(load8(get(AT)), P5)), 11), P1)), ...skip(1)]),
      ...[...mixIn(33), ...set(H, mul(get(H), P2)), ...mixIn(29), ...set(H, mul(get(H), P3)), ...mixIn(32)],
      ...store(get(OUT), get(H)),
      ...set(OUT, i32Add(get(OUT), i32(8))),
    ],
    i32Less(tee(ENDS, i32Add(get(ENDS), i32(4))), get(ENDS_END)),
  );
  return { parameters: 4, locals: [[2, I32], [6, I64]], body };
}

/** Compiles the loops; a few kilobytes. @param words Words of a shingle */
export const minHashLoops = (words: number): WasmExports<"shingles" | "least"> => compile({ shingles: shingles(words), least: least() });
