import { gunzipSync, brotliDecompressSync } from "node:zlib";
import * as zlib from "node:zlib";
import type { CompressionCodec } from "hyparquet";
import { snappyUncompress } from "hyparquet";
import { compressors as portable } from "hyparquet-compressors";
import { LIMITS } from "../types.js";
import { decompressLz4Block } from "./lz4.js";

/** zlib has zstd from Node 22.15 on; it is several times faster than the portable one. */
const nativeZstd = (zlib as { zstdDecompressSync?: (input: Uint8Array) => Uint8Array }).zstdDecompressSync;

type Decompressor = (input: Uint8Array, length: number) => Uint8Array;

const snappy: Decompressor = (input, length) => {
  const output = new Uint8Array(length);
  snappyUncompress(input, output);
  return output;
};

const DECOMPRESSORS: Partial<Record<CompressionCodec, Decompressor>> = {
  SNAPPY: snappy,
  ...portable,
  UNCOMPRESSED: (input) => input,
  LZ4_RAW: decompressLz4Block,
  GZIP: (input, maxOutputLength) => gunzipSync(input, { maxOutputLength: Math.max(1, maxOutputLength) }),
  BROTLI: (input, maxOutputLength) => brotliDecompressSync(input, { maxOutputLength: Math.max(1, maxOutputLength) }),
  ...(nativeZstd ? { ZSTD: nativeZstd } : {}),
};

/** Decompresses a page. @throws Error where the codec is unknown or the result is not as long as the header says */
export function decompressPage(codec: CompressionCodec, input: Uint8Array, length: number): Uint8Array {
  if (!(length >= 0 && length <= LIMITS.parquetPage)) throw new Error(`a page of ${length} bytes is larger than the limit of ${LIMITS.parquetPage}`);
  const decompress = DECOMPRESSORS[codec];
  if (!decompress) throw new Error(`pages are compressed with ${codec}, which is not supported`);
  if (length === 0 && input.length === 0) return input;
  const output = decompress(input, length);
  if (output.byteLength !== length) throw new Error(`a ${codec} page holds ${output.byteLength} bytes, its header says ${length}`);
  return output;
}
