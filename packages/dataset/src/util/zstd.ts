import { Decompress } from "fzstd";
import xxhash from "xxhash-wasm";

const MAGIC = 0xfd2fb528;
/** 0x184D2A50 to 0x184D2A5F begin frames of other programs' data, which readers pass over. */
const isSkippable = (magic: number): boolean => (magic & 0xfffffff0) >>> 0 === 0x184d2a50;
/** Bytes that a frame's header may take. */
const LONGEST_HEADER = 18;
/** The largest block that the format allows. */
const BLOCK = 128 << 10;

/** Length of a frame's header, and whether a checksum follows the blocks (RFC 8878, section 3.1.1.1). */
function parseHeader(bytes: Buffer): { length: number; checksum: boolean } {
  const descriptor = bytes[4]!;
  if (descriptor & 0b1000) throw new Error("a zstd frame has a reserved bit set");
  const single = (descriptor & 0b100000) !== 0;
  const content = [single ? 1 : 0, 2, 4, 8][descriptor >> 6]!;
  return { length: 5 + (single ? 0 : 1) + [0, 1, 2, 4][descriptor & 3]! + content, checksum: (descriptor & 0b100) !== 0 };
}

/** Compressed data that are cut off: what came before the cut is as it was. */
export class CutOff extends Error {}

/**
 * Decompresses a stream of zstd frames (RFC 8878). The frames are walked block by block, so that a stream that is cut off
 * anywhere is noticed, and each frame's checksum is verified where it has one (zstd's command line writes one).
 * @param onVerified Called when everything that was given out so far has been verified: at the end of a frame
 * @throws Error for damaged data, {@link CutOff} where they end in the middle
 */
export async function* decompressZstd(chunks: AsyncIterable<Uint8Array>, onVerified?: () => void): AsyncGenerator<Uint8Array> {
  const { create64 } = await xxhash();
  let held: Buffer = Buffer.alloc(0);
  let output: Uint8Array[] = [];
  let frame: { decoder: Decompress; hash: ReturnType<typeof create64>; checksum: boolean; last: boolean } | undefined;
  let skip = 0;
  const push = (data: Uint8Array): void => {
    frame!.decoder.push(data);
    for (const piece of output) frame!.hash.update(piece);
  };
  for await (const chunk of chunks) {
    held = held.length > 0 ? Buffer.concat([held, chunk]) : Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    for (;;) {
      if (skip > 0) {
        const passed = Math.min(skip, held.length);
        held = held.subarray(passed);
        skip -= passed;
        if (skip > 0) break;
      } else if (!frame) {
        if (held.length < 8) break;
        const magic = held.readUInt32LE(0);
        if (isSkippable(magic)) {
          skip = 8 + held.readUInt32LE(4);
          continue;
        }
        if (magic !== MAGIC) throw new Error("a zstd frame does not begin with zstd's mark");
        if (held.length < LONGEST_HEADER && held.length < parseHeader(held).length) break;
        const { length, checksum } = parseHeader(held);
        frame = { decoder: new Decompress((piece) => piece.length > 0 && output.push(piece)), hash: create64(), checksum, last: false };
        push(held.subarray(0, length));
        held = held.subarray(length);
      } else if (frame.last) {
        if (frame.checksum) {
          if (held.length < 4) break;
          const stated = held.readUInt32LE(0);
          const found = Number(frame.hash.digest() & 0xffffffffn);
          if (stated !== found) throw new Error(`a zstd frame's checksum is ${stated.toString(16)}, its content has ${found.toString(16)}`);
          held = held.subarray(4);
        }
        frame = undefined;
        onVerified?.();
      } else {
        if (held.length < 3) break;
        const header = held.readUIntLE(0, 3);
        const type = (header >> 1) & 3;
        const size = header >> 3;
        if (type === 3 || size > BLOCK) throw new Error("a zstd block has a header that is none");
        const length = 3 + (type === 1 ? 1 : size);
        if (held.length < length) break;
        push(held.subarray(0, length));
        held = held.subarray(length);
        frame.last = (header & 1) === 1;
      }
      yield* output;
      output = [];
    }
  }
  if (frame || held.length > 0 || skip > 0) throw new CutOff("the zstd data ends in the middle");
}
