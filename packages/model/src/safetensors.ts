import { ModelError } from "./errors.js";
import { bfloat16ToFloat32, float16ToFloat32 } from "./float16.js";

// https://github.com/huggingface/safetensors#format: u64 little-endian header length, JSON header, data without holes.

/** The format's own limit on the header. */
export const MAX_HEADER_BYTES = 100_000_000;
const MAX_DIMENSIONS = 8;
const BYTES = { F32: 4, F16: 2, BF16: 2 } as const;

/** The dtypes that can be read; all become float32. Only F32 is written. */
export type SafetensorsDtype = keyof typeof BYTES;

/** A tensor at rest: its numbers in row-major order. */
export interface StoredTensor {
  shape: readonly number[];
  data: Float32Array;
}

/** Where a tensor lies in a file. Offsets are in bytes from the start of the file. */
export interface TensorEntry {
  dtype: SafetensorsDtype;
  shape: number[];
  begin: number;
  end: number;
}

export interface SafetensorsHeader {
  tensors: Map<string, TensorEntry>;
  metadata: Record<string, string>;
  /** Length that the whole file must have, in bytes. */
  fileBytes: number;
}

const fail = (message: string, cause?: unknown): never => {
  throw new ModelError("safetensors", `Not a valid safetensors file: ${message}`, cause === undefined ? undefined : { cause });
};
const product = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);

/**
 * The first bytes of a file with these float32 tensors: header length, header, padding to 8 bytes. The data of all tensors
 * follows in the same order.
 *
 * @param metadata - Default `{format: "pt"}`, which transformers asks for.
 * @throws {ModelError} `safetensors` if a tensor is named `__metadata__`.
 */
export function encodeSafetensorsHeader(shapes: ReadonlyMap<string, readonly number[]>, metadata: Record<string, string> = { format: "pt" }): Uint8Array {
  // Without a prototype, so that a tensor may have any name but the header's own.
  const header = Object.assign(Object.create(null) as Record<string, unknown>, { __metadata__: metadata });
  let offset = 0;
  for (const [name, shape] of shapes) {
    if (name === "__metadata__") throw new ModelError("safetensors", 'A tensor can\'t be named "__metadata__": the format keeps that name for itself.');
    const end = offset + product(shape) * BYTES.F32;
    header[name] = { dtype: "F32", shape: [...shape], data_offsets: [offset, end] };
    offset = end;
  }
  const json = new TextEncoder().encode(JSON.stringify(header));
  const length = Math.ceil(json.length / 8) * 8;
  const bytes = new Uint8Array(8 + length).fill(0x20);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(length), true);
  bytes.set(json, 8);
  return bytes;
}

/**
 * A whole safetensors file of float32 tensors, in the order of the map. Same input, same bytes.
 *
 * @throws {ModelError} `safetensors` if a tensor's data does not fit its shape.
 */
export function encodeSafetensors(tensors: ReadonlyMap<string, StoredTensor>, metadata?: Record<string, string>): Uint8Array {
  for (const [name, { shape, data }] of tensors) {
    if (product(shape) !== data.length) throw new ModelError("safetensors", `Tensor ${JSON.stringify(name)} of shape [${shape.join(", ")}] needs ${product(shape)} numbers, its data has ${data.length}.`);
  }
  const header = encodeSafetensorsHeader(new Map([...tensors].map(([name, { shape }]) => [name, shape])), metadata);
  let total = header.length;
  for (const { data } of tensors.values()) total += data.byteLength;
  const file = new Uint8Array(total);
  file.set(header);
  let offset = header.length;
  for (const { data } of tensors.values()) {
    file.set(floatBytes(data), offset);
    offset += data.byteLength;
  }
  return file;
}

/** The little-endian bytes of the numbers: a view on every machine that runs JavaScript engines today. */
export const floatBytes = (data: Float32Array): Uint8Array => new Uint8Array(data.buffer, data.byteOffset, data.byteLength);

/**
 * Reads the header: the first 8 bytes give its length, so pass at least `8 + length` bytes; more is ignored.
 *
 * @throws {ModelError} `safetensors` for a header that is too large, no JSON, or describes overlapping tensors, holes, unknown
 *   dtypes or sizes that don't fit.
 */
export function decodeSafetensorsHeader(bytes: Uint8Array): SafetensorsHeader {
  const length = headerLength(bytes);
  if (bytes.length < 8 + length) fail(`the header needs ${8 + length} bytes, there are ${bytes.length}; the file is cut off.`);
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes.subarray(8, 8 + length)));
  } catch (error) {
    fail("the header is no JSON in UTF-8.", error);
  }
  if (typeof json !== "object" || json === null || Array.isArray(json)) fail("the header is no JSON object.");
  const tensors = new Map<string, TensorEntry>();
  let metadata: Record<string, string> = {};
  for (const [name, value] of Object.entries(json as Record<string, unknown>)) {
    if (name === "__metadata__") metadata = checkMetadata(value);
    else tensors.set(name, checkEntry(name, value, 8 + length));
  }
  let at = 8 + length;
  for (const [name, { begin, end }] of [...tensors].sort(([, a], [, b]) => a.begin - b.begin || a.end - b.end)) {
    if (begin !== at) fail(`tensor ${JSON.stringify(name)} starts at byte ${begin}, expected ${at}: tensors must follow one another without holes or overlaps.`);
    at = end;
  }
  return { tensors, metadata, fileBytes: at };
}

/** The header's length, from the first 8 bytes of a file. @throws {ModelError} `safetensors` */
export function headerLength(bytes: Uint8Array): number {
  if (bytes.length < 8) fail(`it has ${bytes.length} bytes, the header's length alone takes 8.`);
  const length = new DataView(bytes.buffer, bytes.byteOffset, 8).getBigUint64(0, true);
  if (length > BigInt(MAX_HEADER_BYTES)) fail(`its header would have ${length} bytes; at most ${MAX_HEADER_BYTES} are allowed.`);
  return Number(length);
}

function checkMetadata(value: unknown): Record<string, string> {
  if (typeof value !== "object" || value === null || Array.isArray(value) || Object.values(value).some((text) => typeof text !== "string")) fail("__metadata__ must map names to strings.");
  return value as Record<string, string>;
}

function checkEntry(name: string, value: unknown, base: number): TensorEntry {
  const where = `tensor ${JSON.stringify(name)}`;
  const { dtype, shape, data_offsets: offsets } = (value ?? {}) as { dtype?: unknown; shape?: unknown; data_offsets?: unknown };
  const count = (n: unknown): n is number => typeof n === "number" && Number.isSafeInteger(n) && n >= 0;
  if (typeof dtype !== "string" || !Object.hasOwn(BYTES, dtype)) fail(`${where} has dtype ${JSON.stringify(dtype)}; ${Object.keys(BYTES).join(", ")} can be read.`);
  if (!Array.isArray(shape) || shape.length > MAX_DIMENSIONS || !shape.every(count)) fail(`${where} has shape ${JSON.stringify(shape)}.`);
  if (!Array.isArray(offsets) || offsets.length !== 2 || !offsets.every(count)) fail(`${where} has data_offsets ${JSON.stringify(offsets)}.`);
  const [begin, end] = offsets as [number, number];
  const expected = product(shape as number[]) * BYTES[dtype as SafetensorsDtype];
  if (!Number.isSafeInteger(expected) || end - begin !== expected) fail(`${where} of ${String(dtype)} ${JSON.stringify(shape)} needs ${expected} bytes, its offsets give ${end - begin}.`);
  return { dtype: dtype as SafetensorsDtype, shape: shape as number[], begin: base + begin, end: base + end };
}

/** The numbers of one tensor as float32, from the bytes of its range; bytes that have a buffer of their own are not copied. */
export function decodeTensor(entry: TensorEntry, bytes: Uint8Array): Float32Array {
  // A copy by constructor: `slice` of a Node Buffer, which is a Uint8Array too, would share the pool it lies in.
  const { buffer } = bytes.byteLength === bytes.buffer.byteLength ? bytes : new Uint8Array(bytes);
  if (entry.dtype === "F32") return new Float32Array(buffer);
  const halves = new Uint16Array(buffer);
  return entry.dtype === "F16" ? float16ToFloat32(halves) : bfloat16ToFloat32(halves);
}

/**
 * Reads a whole safetensors file. F32 is taken as it is, F16 and BF16 become float32 exactly.
 *
 * @throws {ModelError} `safetensors` for anything that is not exactly a valid file: see {@link decodeSafetensorsHeader}; also
 *   missing or surplus data.
 */
export function decodeSafetensors(file: Uint8Array): { tensors: Map<string, StoredTensor>; metadata: Record<string, string> } {
  const { tensors: entries, metadata, fileBytes } = decodeSafetensorsHeader(file);
  if (file.length !== fileBytes) fail(`its header describes ${fileBytes} bytes, it has ${file.length}.`);
  const tensors = new Map<string, StoredTensor>();
  for (const [name, entry] of entries) tensors.set(name, { shape: entry.shape, data: decodeTensor(entry, file.subarray(entry.begin, entry.end)) });
  return { tensors, metadata };
}
