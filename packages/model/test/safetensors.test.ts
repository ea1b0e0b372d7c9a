import { readFile } from "node:fs/promises";
import { decodeSafetensors, encodeSafetensors, ModelError, type StoredTensor } from "@llm/model";
import fc from "fast-check";
import { describe, expect, test } from "vitest";

/** A file with any header and data, right or wrong. */
function file(header: unknown, dataBytes: number, length?: bigint): Uint8Array {
  const json = typeof header === "string" ? new TextEncoder().encode(header) : new TextEncoder().encode(JSON.stringify(header));
  const bytes = new Uint8Array(8 + json.length + dataBytes);
  new DataView(bytes.buffer).setBigUint64(0, length ?? BigInt(json.length), true);
  bytes.set(json, 8);
  return bytes;
}
const f32 = (begin: number, end: number, shape = [(end - begin) / 4]) => ({ dtype: "F32", shape, data_offsets: [begin, end] });

test("files of the format's own library are read, in every dtype", async () => {
  const { tensors, metadata } = decodeSafetensors(await readFile(new URL("goldens/dtypes.safetensors", import.meta.url)));
  expect(metadata).toEqual({ format: "pt" });
  const data = (name: string) => [...tensors.get(name)!.data];
  expect(data("f16")).toEqual(data("f16.expected"));
  expect(data("bf16")).toEqual(data("bf16.expected"));
  expect(tensors.get("matrix")!.shape).toEqual([3, 4]);
  expect(data("matrix")).toEqual(data("f32"));
  expect(data("f32").slice(0, 4)).toEqual([0, -0, 1, -2.5]);
});

test("what is written comes back: names, shapes, order and every bit", () => {
  const tensor = fc.array(fc.integer({ min: 0, max: 3 }), { maxLength: 3 }).chain((shape) => {
    const size = shape.reduce((a, b) => a * b, 1);
    return fc.record({ shape: fc.constant(shape), data: fc.float32Array({ minLength: size, maxLength: size }) });
  });
  // "__metadata__" is the header's own; JSON objects sort names that are integers, and so does every reader.
  const name = fc.oneof(fc.constant("__proto__"), fc.string().filter((text) => text !== "__metadata__" && !/^\d+$/.test(text)));
  fc.assert(
    fc.property(fc.uniqueArray(fc.tuple(name, tensor), { selector: ([key]) => key }), (entries) => {
      const tensors = new Map<string, StoredTensor>(entries);
      const bytes = encodeSafetensors(tensors);
      expect(Number(new DataView(bytes.buffer).getBigUint64(0, true)) % 8).toBe(0);
      const decoded = decodeSafetensors(bytes);
      expect([...decoded.tensors.keys()]).toEqual([...tensors.keys()]);
      for (const [key, { shape, data }] of tensors) {
        expect(decoded.tensors.get(key)!.shape).toEqual(shape);
        expect(decoded.tensors.get(key)!.data).toEqual(data);
      }
      expect(encodeSafetensors(tensors)).toEqual(bytes);
    }),
    { seed: 1 },
  );
});

test("metadata and views into larger buffers are kept as they are", () => {
  const data = new Float32Array([9, 1, 2, 9]).subarray(1, 3);
  const decoded = decodeSafetensors(encodeSafetensors(new Map([["a", { shape: [2], data }]]), { step: "7" }));
  expect(decoded.metadata).toEqual({ step: "7" });
  expect([...decoded.tensors.get("a")!.data]).toEqual([1, 2]);
});

describe("refused", () => {
  test.each<[string, Uint8Array, RegExp]>([
    ["nothing", new Uint8Array(0), /has 0 bytes/],
    ["a header beyond the limit", file("{}", 0, 100_000_001n), /100000001 bytes; at most 100000000/],
    ["a header length beyond 2^53", file("{}", 0, 2n ** 63n), /at most/],
    ["a header cut off", file("{}", 0, 50n), /needs 58 bytes, there are 10; the file is cut off/],
    ["no JSON", file("{]", 0), /no JSON/],
    ["a list", file([], 0), /no JSON object/],
    ["text that is no UTF-8", Uint8Array.from([2, 0, 0, 0, 0, 0, 0, 0, 0x22, 0xff]), /no JSON in UTF-8/],
    ["metadata that is no text", file({ __metadata__: { a: 1 } }, 0), /__metadata__/],
    ["a hole", file({ a: f32(0, 4), b: f32(8, 12) }, 12), /"b" starts at byte .* without holes/],
    ["a hole at the start", file({ a: f32(4, 8) }, 8), /without holes/],
    ["an overlap", file({ a: f32(0, 8), b: f32(4, 12) }, 12), /overlaps/],
    ["the same range twice", file({ a: f32(0, 4), b: f32(0, 4) }, 4), /overlaps/],
    ["missing data", file({ a: f32(0, 8) }, 7), /describes .* bytes, it has/],
    ["surplus data", file({ a: f32(0, 8) }, 9), /describes .* bytes, it has/],
    ["a shape that doesn't fit", file({ a: f32(0, 8, [3]) }, 8), /needs 12 bytes, its offsets give 8/],
    ["an unknown dtype", file({ a: { dtype: "I64", shape: [1], data_offsets: [0, 8] } }, 8), /dtype "I64"; F32, F16, BF16/],
    ["an inherited dtype", file({ a: { dtype: "toString", shape: [1], data_offsets: [0, 8] } }, 8), /dtype "toString"/],
    ["a negative dimension", file({ a: f32(0, 8, [-1, -2]) }, 8), /shape \[-1,-2\]/],
    ["a size beyond all numbers", file({ a: f32(0, 8, [2 ** 50, 2 ** 50]) }, 8), /needs/],
    ["too many dimensions", file({ a: f32(0, 4, Array(9).fill(1)) }, 4), /shape/],
    ["offsets backwards", file({ a: { dtype: "F32", shape: [1], data_offsets: [4, 0] } }, 4), /offsets give -4/],
    ["no offsets", file({ a: { dtype: "F32", shape: [1], offsets: [0, 4] } }, 4), /data_offsets undefined/],
    ["an entry that is null", file({ a: null }, 0), /dtype undefined/],
  ])("%s", (_, bytes, message) => {
    expect(() => decodeSafetensors(bytes)).toThrow(message);
    expect(() => decodeSafetensors(bytes)).toThrow(ModelError);
  });

  test("data that doesn't fit its shape, when writing", () => {
    expect(() => encodeSafetensors(new Map([["a", { shape: [2, 2], data: new Float32Array(3) }]]))).toThrow(/"a" of shape \[2, 2\] needs 4 numbers, its data has 3/);
  });

  test("the header's own name, when writing", () => {
    expect(() => encodeSafetensors(new Map([["__metadata__", { shape: [], data: new Float32Array(1) }]]))).toThrow(/can't be named "__metadata__"/);
  });

  test("any cut of a good file, and nothing but a ModelError comes of any damage to the header", () => {
    const good = encodeSafetensors(new Map([["a", { shape: [2], data: new Float32Array([1, 2]) }], ["b", { shape: [], data: new Float32Array([3]) }]]));
    for (let length = 0; length < good.length; length++) expect(() => decodeSafetensors(good.subarray(0, length))).toThrow(ModelError);
    fc.assert(
      fc.property(fc.nat(good.length - 13), fc.integer({ min: 0, max: 255 }), (at, value) => {
        const bad = good.slice();
        bad[at] = value;
        try {
          decodeSafetensors(bad);
        } catch (error) {
          expect(error).toBeInstanceOf(ModelError);
        }
      }),
      { numRuns: 500, seed: 1 },
    );
  });
});
