import { createHash } from "node:crypto";
import { crc32, deflateRawSync } from "node:zlib";

// A small TensorFlow wheel, made by hand: its libraries are noise.

export interface File {
  name: string;
  data: Buffer;
  stored?: boolean;
}

/** A zip archive, made from APPNOTE.TXT: local headers and data, central directory, end record. */
export function zip(files: readonly File[]): Buffer {
  const parts: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const { name, data, stored } of files) {
    const packed = stored ? data : deflateRawSync(data);
    const common = Buffer.alloc(26);
    common.writeUInt16LE(20, 0);
    common.writeUInt16LE(stored ? 0 : 8, 4);
    common.writeUInt32LE(crc32(data), 10);
    common.writeUInt32LE(packed.length, 14);
    common.writeUInt32LE(data.length, 18);
    common.writeUInt16LE(name.length, 22);
    const local = Buffer.concat([Buffer.from("PK\x03\x04", "latin1"), common, Buffer.from(name), packed]);
    const tail = Buffer.alloc(14);
    tail.writeUInt32LE(offset, 10);
    directory.push(Buffer.from("PK\x01\x02\x14\x00", "latin1"), common, tail, Buffer.from(name));
    parts.push(local);
    offset += local.length;
  }
  const central = Buffer.concat(directory);
  const end = Buffer.alloc(18);
  end.writeUInt16LE(files.length, 4);
  end.writeUInt16LE(files.length, 6);
  end.writeUInt32LE(central.length, 8);
  end.writeUInt32LE(offset, 12);
  return Buffer.concat([...parts, central, Buffer.from("PK\x05\x06", "latin1"), end]);
}

const dylib = process.platform === "darwin";
export const CC = dylib ? "libtensorflow_cc.2.dylib" : "libtensorflow_cc.so.2";
export const FRAMEWORK = dylib ? "libtensorflow_framework.2.dylib" : "libtensorflow_framework.so.2";
// Poorly compressible, and more than one chunk of a stream.
let state = 1;
export const cc = Buffer.from(Uint8Array.from({ length: 2_500_000 }, () => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) >>> 24));
export const framework = Buffer.from("the framework ".repeat(1000));

export function record(files: readonly File[], distribution = "tensorflow_cpu-2.21.0"): File {
  const lines = files.map(({ name, data }) => `${name},sha256=${createHash("sha256").update(data).digest("base64url")},${data.length}`);
  return { name: `${distribution}.dist-info/RECORD`, data: Buffer.from([...lines, `${distribution}.dist-info/RECORD,,`, ""].join("\n")) };
}
export const libraries: File[] = [
  { name: "tensorflow/__init__.py", data: Buffer.from("") },
  { name: `tensorflow/${CC}`, data: cc },
  { name: `tensorflow/${FRAMEWORK}`, data: framework, stored: true },
  { name: "tensorflow/include/tensorflow/libtensorflow_cc.so.2", data: Buffer.from("not this one") },
];
export const wheel = (): Buffer => zip([...libraries, record(libraries)]);

/** A wheel of any distribution, such as `tensorflow-2.21.0`. */
export function wheelOf(distribution: string, files: readonly File[], metadata: readonly string[] = []): Buffer {
  const all = [...files, { name: `${distribution}.dist-info/METADATA`, data: Buffer.from(["Metadata-Version: 2.1", ...metadata, ""].join("\n")) }];
  return zip([...all, record(all, distribution)]);
}
