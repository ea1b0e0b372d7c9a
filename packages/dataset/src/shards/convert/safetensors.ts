import { bytesOf } from "../encode.js";
import { SPLITS } from "../types.js";
import type { ExportJob } from "./export.js";

/** Writes one .safetensors file for each shard, with the tensors `doc_ends` (U32), `tokens` (U16 or U32) and, in sets with loss masks, `loss_mask` (U8, one for each token). */
export async function exportSafetensors({ set, outputs, documents }: ExportJob): Promise<void> {
  const { dtype, lossMask, tokenizer, fingerprint } = set.manifest;
  for (const split of SPLITS) {
    const each = documents(split)[Symbol.asyncIterator]();
    const { lengths } = await set.split(split).reader();
    let first = 0;
    for (const { file: shard, documents: count, tokens: total } of set.manifest.splits[split].shards) {
      // The widest elements first, so that each tensor begins at a multiple of its element.
      const tensors: [name: string, type: string, length: number, size: number][] = [
        ["doc_ends", "U32", count, 4],
        ["tokens", dtype.toUpperCase(), total, dtype === "u16" ? 2 : 4],
        ...(lossMask ? [["loss_mask", "U8", total, 1] as [string, string, number, number]] : []),
      ];
      let offset = 0;
      const header: Record<string, unknown> = { __metadata__: { format: "llm-shards", split, fingerprint, tokenizer: JSON.stringify(tokenizer) } };
      for (const [name, type, length, size] of tensors) header[name] = { dtype: type, shape: [length], data_offsets: [offset, (offset += length * size)] };
      const json = JSON.stringify(header);
      const text = Buffer.from(json + " ".repeat((8 - (Buffer.byteLength(json) % 8)) % 8));
      const size = new DataView(new ArrayBuffer(8));
      size.setBigUint64(0, BigInt(text.byteLength), true);
      const file = await outputs.open(shard.replace(/\.msgpack$/, ".safetensors"));
      await file.write(bytesOf(size));
      await file.write(text);
      let end = 0;
      await file.write(bytesOf(lengths.slice(first, first + count).map((length) => (end += length))));
      // A shard's masks stand behind all of its tokens, so they are gathered: a byte for each token of one shard.
      const masks = new Uint8Array(lossMask ? total : 0);
      for (let row = 0, at = 0; row < count; row++) {
        const { tokens, mask } = (await each.next()).value as { tokens: ArrayBufferView & { length: number }; mask?: Uint8Array };
        await file.write(bytesOf(tokens));
        if (mask) masks.set(mask, at);
        at += tokens.length;
      }
      await file.write(masks);
      await outputs.commit();
      first += count;
    }
  }
}
