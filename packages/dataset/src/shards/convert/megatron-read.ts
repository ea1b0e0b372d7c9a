import { open, readFile, stat } from "node:fs/promises";
import { DatasetError } from "../../errors.js";
import type { TokenType, Tokens } from "../types.js";
import { MEGATRON_CODES, MEGATRON_HEADER, MEGATRON_MAGIC } from "./formats.js";
import type { ImportedDocument } from "./read-binary.js";

/** A dataset of Megatron-LM whose index was checked. */
export interface MegatronIndex {
  bin: string;
  dtype: keyof typeof MEGATRON_CODES;
  /** Tokens and first byte of each sequence. */
  lengths: Int32Array;
  pointers: BigInt64Array;
  /** The first sequence of each document, and behind the last one the number of sequences. */
  documents: BigInt64Array;
}

const SIZES = { u8: 1, u16: 2, i32: 4 } as const;

/**
 * Reads PREFIX.idx and checks every number of it against PREFIX.bin.
 * @throws DatasetError naming the file, when it is none, was cut off or points outside of the .bin
 */
export async function megatronIndex(prefix: string): Promise<MegatronIndex> {
  const path = `${prefix}.idx`;
  const bytes = new Uint8Array(await readFile(path));
  const refuse = (why: string): never => {
    throw new DatasetError(`${path}: ${why}. Expected an index of Megatron-LM's IndexedDataset, version 1.`);
  };
  if (bytes.byteLength < MEGATRON_HEADER || MEGATRON_MAGIC.some((byte, index) => bytes[index] !== byte)) refuse("it does not begin with MMIDIDX");
  const view = new DataView(bytes.buffer);
  const version = view.getBigUint64(9, true);
  if (version !== 1n) refuse(`it has version ${version}`);
  const code = view.getUint8(17);
  const dtype = (Object.keys(MEGATRON_CODES) as (keyof typeof MEGATRON_CODES)[]).find((kind) => MEGATRON_CODES[kind] === code);
  if (!dtype) return refuse(`its elements have the type code ${code}; tokens are of 8 (uint16) or 4 (int32)`);
  const [sequences, marks] = [Number(view.getBigUint64(18, true)), Number(view.getBigUint64(26, true))];
  const expected = MEGATRON_HEADER + sequences * 12 + marks * 8;
  // Sequences may have modes, a byte each, behind all else.
  if (bytes.byteLength !== expected && bytes.byteLength !== expected + sequences) refuse(`it has ${bytes.byteLength} bytes; ${sequences} sequences and ${marks} document indices make ${expected}`);
  const part = (from: number, count: number, size: number): ArrayBuffer => bytes.slice(from, from + count * size).buffer;
  const index: MegatronIndex = {
    bin: `${prefix}.bin`,
    dtype,
    lengths: new Int32Array(part(MEGATRON_HEADER, sequences, 4)),
    pointers: new BigInt64Array(part(MEGATRON_HEADER + sequences * 4, sequences, 8)),
    documents: new BigInt64Array(part(MEGATRON_HEADER + sequences * 12, marks, 8)),
  };
  const size = BigInt((await stat(index.bin)).size);
  const element = BigInt(SIZES[dtype]);
  index.lengths.forEach((length, i) => {
    const pointer = index.pointers[i]!;
    if (length < 0 || pointer < 0n || pointer % element !== 0n || pointer + BigInt(length) * element > size) refuse(`sequence ${i} has ${length} tokens at byte ${pointer}, outside of ${index.bin} with its ${size} bytes`);
  });
  let previous = 0n;
  for (const mark of index.documents) {
    if (mark < previous || mark > BigInt(sequences)) refuse(`a document begins at sequence ${mark} of ${sequences}, after one at ${previous}`);
    previous = mark;
  }
  if (marks > 0 && (index.documents[0] !== 0n || previous !== BigInt(sequences))) refuse(`its documents do not cover its ${sequences} sequences`);
  return index;
}

/** The sequences of a dataset as bytes, one document after the other. */
async function* bytesOfDocuments({ bin, dtype, lengths, pointers, documents }: MegatronIndex): AsyncGenerator<Uint8Array> {
  const file = await open(bin, "r");
  try {
    for (let document = 0; document + 1 < documents.length; document++) {
      const [first, last] = [Number(documents[document]), Number(documents[document + 1])];
      const total = lengths.subarray(first, last).reduce((sum, length) => sum + length, 0) * SIZES[dtype];
      const bytes = new Uint8Array(total);
      let at = 0;
      for (let sequence = first; sequence < last; sequence++) {
        const end = at + lengths[sequence]! * SIZES[dtype];
        for (let from = Number(pointers[sequence]); at < end; ) {
          const { bytesRead } = await file.read(bytes, at, end - at, from);
          if (bytesRead === 0) throw new DatasetError(`${bin} ended at byte ${from} while it was read.`);
          at += bytesRead;
          from += bytesRead;
        }
      }
      yield bytes;
    }
  } finally {
    await file.close();
  }
}

/**
 * The documents of a Megatron dataset; a document of several sequences is put together.
 * @param masks A dataset of uint8 with as many elements for each document, or none
 * @throws DatasetError when the masks don't fit or an id is negative
 */
export async function* megatronDocuments(index: MegatronIndex, masks?: MegatronIndex): AsyncGenerator<ImportedDocument> {
  if (index.dtype === "u8") throw new DatasetError(`${index.bin} holds uint8, which are no tokens.`);
  if (masks && (masks.dtype !== "u8" || masks.documents.length !== index.documents.length)) throw new DatasetError(`${masks.bin} is no loss mask of ${index.bin}: it holds ${masks.documents.length - 1} documents of ${masks.dtype}; expected ${index.documents.length - 1} of u8.`);
  const other = masks ? bytesOfDocuments(masks) : undefined;
  try {
    let document = 0;
    for await (const bytes of bytesOfDocuments(index)) {
      const at = Number(index.pointers[Number(index.documents[document++])] ?? 0n);
      const tokens: Tokens = index.dtype === "u16" ? new Uint16Array(bytes.buffer) : new Uint32Array(bytes.buffer);
      const mask = other ? ((await other.next()).value as Uint8Array) : undefined;
      if (mask && mask.length !== tokens.length) throw new DatasetError(`${masks!.bin} has ${mask.length} elements for a document of ${tokens.length} tokens.`);
      yield { tokens, ...(mask ? { mask } : {}), file: index.bin, at };
    }
  } finally {
    await other?.return(undefined);
  }
}

/** How the tokens of a dataset are stored in shards. */
export const tokenTypeOf = ({ dtype }: MegatronIndex): TokenType => (dtype === "i32" ? "u32" : "u16");
