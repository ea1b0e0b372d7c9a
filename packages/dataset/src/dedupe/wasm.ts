/**
 * The few instructions of WebAssembly that loops over 64-bit numbers need, as expressions: each gives the code that leaves its value (or
 * does its work), and takes that of its operands. Numbers are unsigned. (WebAssembly Core Specification 1.0, section 5.4.)
 */
export type Code = readonly number[];

/** Types of parameters and locals. */
export const I32 = 0x7f;
export const I64 = 0x7e;

/** A number as unsigned LEB128. */
const leb = (value: number): number[] => (value < 128 ? [value] : [(value & 127) | 128, ...leb(value >>> 7)]);
/** A number as signed LEB128. */
const signedLeb = (value: bigint): number[] => (value >= -64n && value < 64n ? [Number(value & 127n)] : [Number(value & 127n) | 128, ...signedLeb(value >> 7n)]);

const binary = (instruction: number) => (a: Code, b: Code): number[] => [...a, ...b, instruction];
const reading = (instruction: number, alignment: number) => (at: Code, offset = 0): number[] => [...at, instruction, alignment, ...leb(offset)];

export const get = (local: number): number[] => [0x20, local];
export const set = (local: number, value: Code): number[] => [...value, 0x21, local];
/** Sets a local and leaves its value. */
export const tee = (local: number, value: Code): number[] => [...value, 0x22, local];

export const i32 = (value: number): number[] => [0x41, ...signedLeb(BigInt(value))];
export const i32Add = binary(0x6a);
export const i32Less = binary(0x49);
export const i32LessEqual = binary(0x4d);
export const i32Sub = binary(0x6b);
export const i32Load = reading(0x28, 2);
/** A 32-bit number as a 64-bit one. */
export const extend = (value: Code): number[] => [...value, 0xad];

/** @param value Its lower 64 bits count */
export const i64 = (value: bigint): number[] => [0x42, ...signedLeb(BigInt.asIntN(64, value))];
export const add = binary(0x7c);
export const sub = binary(0x7d);
export const mul = binary(0x7e);
export const and = binary(0x83);
export const xor = binary(0x85);
export const shl = (value: Code, bits: number): number[] => [...value, ...i64(BigInt(bits)), 0x86];
export const shr = (value: Code, bits: number): number[] => [...value, ...i64(BigInt(bits)), 0x88];
/** Rotates to the left. */
export const rotate = (value: Code, bits: number): number[] => [...value, ...i64(BigInt(bits)), 0x89];
export const less = binary(0x54);
export const lessEqual = binary(0x58);
/** Little-endian reads that need not be aligned, of 64, 32 and 8 bits. */
export const load = reading(0x29, 0);
export const load32 = reading(0x35, 0);
export const load8 = reading(0x31, 0);
export const store = (at: Code, value: Code, offset = 0): number[] => [...at, ...value, 0x37, 0, ...leb(offset)];

/** `yes` if the condition holds, else `no`; both are worked out. */
export const select = (yes: Code, no: Code, condition: Code): number[] => [...yes, ...no, ...condition, 0x1b];
export const when = (condition: Code, ...then: Code[]): number[] => [...condition, 0x04, 0x40, ...then.flat(), 0x0b];
/** Does its work, and again as long as the condition holds. */
export const repeat = (work: Code, condition: Code): number[] => [0x03, 0x40, ...work, ...condition, 0x0d, 0, 0x0b];
/** As long as the condition holds, does its work. */
export const repeatWhile = (condition: Code, work: Code): number[] => when(condition, repeat(work, condition));

/** A function of `parameters` 32-bit numbers that returns nothing. */
export interface WasmFunction {
  parameters: number;
  /** Locals behind the parameters, as counts and types. */
  locals: readonly (readonly [count: number, type: number])[];
  body: Code;
}

/** What is used of WebAssembly, which Node.js has and the types of the language alone don't. */
interface WebAssemblyNamespace {
  Module: new (bytes: Uint8Array) => object;
  Instance: new (module: object) => { exports: object };
}
const { Module, Instance } = (globalThis as unknown as { WebAssembly: WebAssemblyNamespace }).WebAssembly;

/** The functions by their names, and their memory of one page of 64 KiB. */
export type WasmExports<Name extends string> = Record<Name, (...parameters: number[]) => void> & { memory: { readonly buffer: ArrayBuffer; grow(pages: number): number } };

/** Compiles functions that share a memory. */
export function compile<Name extends string>(functions: Record<Name, WasmFunction>): WasmExports<Name> {
  const list = Object.entries<WasmFunction>(functions);
  const section = (id: number, entries: readonly Code[]): number[] => {
    const content = [...leb(entries.length), ...entries.flat()];
    return [id, ...leb(content.length), ...content];
  };
  const name = (text: string): number[] => [text.length, ...Buffer.from(text)];
  const module = new Module(
    Uint8Array.from([
      ...[0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00],
      ...section(1, list.map(([, { parameters }]) => [0x60, parameters, ...Array<number>(parameters).fill(I32), 0])),
      ...section(3, list.map((_, index) => [index])),
      ...section(5, [[0, 1]]),
      ...section(7, [[...name("memory"), 2, 0], ...list.map(([key], index) => [...name(key), 0, index])]),
      ...section(10, list.map(([, { locals, body }]) => {
        const code = [locals.length, ...locals.flat(), ...body, 0x0b];
        return [...leb(code.length), ...code];
      })),
    ]),
  );
  return new Instance(module).exports as WasmExports<Name>;
}
