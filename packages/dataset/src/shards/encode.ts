import { Packr } from "msgpackr";
import { xxh64 } from "../util/hash.js";
import { ALIGNMENT, BLOCK, type ShardFooter, type ShardHeader, type ShardSection, TRAILER, TRAILER_MAGIC } from "./types.js";

// Plain msgpack maps: msgpackr's records are an extension that no other reader knows.
const packr = new Packr({ useRecords: false, variableMapSize: true });

/** Plain values as msgpack. Binary data never goes through here: msgpackr writes typed arrays of 16 and 32 bits wrongly. */
export const pack = (value: unknown): Uint8Array => packr.pack(value);

export type ShardCounts = Pick<ShardFooter, "documents" | "tokens" | "loss_tokens" | "text_bytes" | "max_id">;

/** Digits of a checksum, which end a footer that has one. */
export const DIGITS = 16;

/** The payload of a section before it has a place. */
export interface SectionData {
  name: ShardSection["name"];
  dtype: ShardSection["dtype"];
  bytes: Uint8Array;
}

/** The bytes of a typed array, without a copy. All of msgpack's hosts that matter, and so the format, are little-endian. */
export const bytesOf = (array: ArrayBufferView): Uint8Array => new Uint8Array(array.buffer, array.byteOffset, array.byteLength);

/**
 * The bytes of a shard file (docs/formats.md): header map, nil padding and bin32 per section, footer map, trailer.
 * @param files Names of source files under the footer's key for them, in shards that have some; their footer gets a checksum of its own
 * @returns the pieces in order; their concatenation is the file
 */
export async function encodeShard(header: ShardHeader, sections: readonly SectionData[], counts: ShardCounts, files?: Pick<ShardFooter, "files" | "source_files">): Promise<Uint8Array[]> {
  const { hex } = await xxh64();
  const head = pack(header);
  const pieces: Uint8Array[] = [head];
  let at = head.byteLength;
  const table: ShardSection[] = [];
  for (const { name, dtype, bytes } of sections) {
    // Nil bytes (0xc0), each a value of its own, until the payload behind the 5-byte bin32 head stands at the alignment.
    const padding = new Uint8Array((ALIGNMENT - ((at + 5) % ALIGNMENT)) % ALIGNMENT).fill(0xc0);
    const binHead = new Uint8Array(5);
    binHead[0] = 0xc6;
    new DataView(binHead.buffer).setUint32(1, bytes.byteLength, false);
    const offset = at + padding.byteLength + 5;
    pieces.push(padding, binHead, bytes);
    at = offset + bytes.byteLength;
    const blocks: string[] = [];
    for (let start = 0; start < bytes.byteLength; start += BLOCK) blocks.push(hex(bytes.subarray(start, start + BLOCK)));
    table.push({ name, dtype, offset, length: bytes.byteLength, xxh64: hex(bytes), blocks });
  }
  const { documents, tokens, loss_tokens, text_bytes, max_id } = counts;
  const footer: ShardFooter = { documents, tokens, loss_tokens, text_bytes, max_id, header: { length: head.byteLength, xxh64: hex(head) }, sections: table };
  if (!files) pieces.push(pack(footer), trailer(at));
  else {
    const packed = pack({ ...footer, ...files, xxh64: "0".repeat(DIGITS) });
    const sum = hex(packed.subarray(0, packed.byteLength - DIGITS));
    packed.set(Buffer.from(sum), packed.byteLength - DIGITS);
    pieces.push(packed, trailer(at));
  }
  return pieces;
}

/** bin8 of 16 bytes: the footer's offset as u64 and the magic. */
function trailer(footerOffset: number): Uint8Array {
  const bytes = new Uint8Array(TRAILER);
  bytes.set([0xc4, 16]);
  new DataView(bytes.buffer).setBigUint64(2, BigInt(footerOffset), true);
  bytes.set(TRAILER_MAGIC, 10);
  return bytes;
}
