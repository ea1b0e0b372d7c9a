import { createReadStream } from "node:fs";
import { open } from "node:fs/promises";
import type { Readable } from "node:stream";
import { createInflateRaw } from "node:zlib";
import { BackendError } from "../errors.js";

/** One file inside a zip archive. */
export interface ZipEntry {
  name: string;
  /** Unpacked size in bytes. */
  size: number;
  crc32: number;
  compressedSize: number;
  method: number;
  /** Where its local header starts. */
  offset: number;
}

const STORED = 0;
const DEFLATED = 8;
// A wheel of TensorFlow has some 20,000 files and a directory of 3 MB.
const MAX_DIRECTORY = 64 << 20;

/**
 * Lists a zip archive from its central directory (APPNOTE.TXT 4.3.12 and 4.3.16), reading nothing else.
 * @throws BackendError "install" when it is no zip archive, is cut off, or needs zip64.
 */
export async function readZipDirectory(path: string): Promise<ZipEntry[]> {
  const broken = (what: string): BackendError => new BackendError("install", `${path} is not a complete zip archive: ${what}. Delete it and run llm-backend install again.`);
  const file = await open(path);
  try {
    const { size } = await file.stat();
    const tail = Buffer.alloc(Math.min(size, 22 + 0xffff));
    await file.read(tail, 0, tail.length, size - tail.length);
    const at = tail.lastIndexOf(Buffer.from([0x50, 0x4b, 5, 6]));
    if (at < 0 || at + 22 > tail.length) throw broken("its end is missing, so it was cut off or never was one");
    const count = tail.readUInt16LE(at + 10);
    const length = tail.readUInt32LE(at + 12);
    const start = tail.readUInt32LE(at + 16);
    if (count === 0xffff || start === 0xffffffff) throw broken("it is in zip64 form, which no TensorFlow wheel has been");
    if (length > MAX_DIRECTORY || start + length > size) throw broken(`its directory of ${length} bytes at ${start} does not fit into ${size} bytes`);
    const directory = Buffer.alloc(length);
    await file.read(directory, 0, length, start);

    const entries: ZipEntry[] = [];
    for (let p = 0, i = 0; i < count; i++) {
      if (p + 46 > length || directory.readUInt32LE(p) !== 0x02014b50) throw broken(`entry ${i + 1} of ${count} in its directory is damaged`);
      const nameLength = directory.readUInt16LE(p + 28);
      entries.push({
        name: directory.toString("utf8", p + 46, p + 46 + nameLength),
        method: directory.readUInt16LE(p + 10),
        crc32: directory.readUInt32LE(p + 16),
        compressedSize: directory.readUInt32LE(p + 20),
        size: directory.readUInt32LE(p + 24),
        offset: directory.readUInt32LE(p + 42),
      });
      p += 46 + nameLength + directory.readUInt16LE(p + 30) + directory.readUInt16LE(p + 32);
    }
    return entries;
  } finally {
    await file.close();
  }
}

/**
 * Streams one file's unpacked bytes; memory stays at a few buffers whatever its size. The caller checks size and checksum.
 * @throws BackendError "install" when its header is damaged or its compression is neither stored nor deflate.
 */
export async function openZipEntry(path: string, entry: ZipEntry): Promise<Readable> {
  const file = await open(path);
  const header = Buffer.alloc(30);
  try {
    const { bytesRead } = await file.read(header, 0, 30, entry.offset);
    if (bytesRead < 30 || header.readUInt32LE(0) !== 0x04034b50) throw new BackendError("install", `${path}: the header of ${entry.name} is damaged`);
  } finally {
    await file.close();
  }
  if (entry.method !== STORED && entry.method !== DEFLATED) throw new BackendError("install", `${path}: ${entry.name} is compressed by method ${entry.method}; expected 0 (stored) or 8 (deflate)`);
  const start = entry.offset + 30 + header.readUInt16LE(26) + header.readUInt16LE(28);
  const bytes = createReadStream(path, { start, end: start + entry.compressedSize - 1, highWaterMark: 1 << 20 });
  if (entry.method === STORED) return bytes;
  const inflate = createInflateRaw({ chunkSize: 1 << 20 });
  bytes.on("error", (error) => inflate.destroy(error));
  return bytes.pipe(inflate);
}
