import { bytesOf } from "../encode.js";
import { SPLITS, type Split } from "../types.js";
import type { ExportJob } from "./export.js";
import { MEGATRON_CODES, MEGATRON_HEADER, MEGATRON_MAGIC } from "./formats.js";
import type { OutputFile, Outputs } from "./output.js";

/** Writes train.bin and train.idx, and the same for "val": one sequence, and so one document, for each document. */
export async function exportMegatron({ set, outputs, documents }: ExportJob): Promise<void> {
  for (const split of SPLITS) {
    const { documents: count } = set.manifest.splits[split];
    if (count === 0) continue;
    const { lengths } = await set.split(split).reader();
    const file = await outputs.open(`${split}.bin`);
    const masks = set.manifest.lossMask ? await outputs.open(`${split}_loss_mask.bin`) : undefined;
    for await (const { tokens, mask } of documents(split)) {
      // Tokens of u32 have the bytes of int32 as long as ids are below 2^31, which vocabularies are.
      await file.write(bytesOf(tokens));
      if (mask) await masks?.write(mask);
    }
    await writeIndex(outputs, split, lengths, set.manifest.dtype === "u16" ? "u16" : "i32");
    if (masks) await writeIndex(outputs, `${split}_loss_mask`, lengths, "u8");
  }
}

const SIZES = { u8: 1, u16: 2, i32: 4 } as const;

async function writeIndex(outputs: Outputs, name: Split | `${Split}_loss_mask`, lengths: Uint32Array, dtype: keyof typeof MEGATRON_CODES): Promise<void> {
  const file: OutputFile = await outputs.open(`${name}.idx`);
  const header = new Uint8Array(MEGATRON_HEADER);
  header.set(MEGATRON_MAGIC);
  const view = new DataView(header.buffer);
  view.setBigUint64(9, 1n, true);
  view.setUint8(17, MEGATRON_CODES[dtype]);
  view.setBigUint64(18, BigInt(lengths.length), true);
  view.setBigUint64(26, BigInt(lengths.length + 1), true);
  await file.write(header);
  await file.write(bytesOf(Int32Array.from(lengths)));
  const pointers = new BigInt64Array(lengths.length);
  let at = 0;
  for (const [index, length] of lengths.entries()) {
    pointers[index] = BigInt(at);
    at += length * SIZES[dtype];
  }
  await file.write(bytesOf(pointers));
  await file.write(bytesOf(BigInt64Array.from({ length: lengths.length + 1 }, (_, index) => BigInt(index))));
}
