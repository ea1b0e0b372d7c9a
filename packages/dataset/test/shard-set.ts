import { join } from "node:path";
import { type Manifest, SeededRandom, ShardSetWriter, type TokenDocument, type TokenizerInfo } from "@llm/dataset";

export const tokenizer: TokenizerInfo = { sha256: "5".repeat(64), vocabSize: 1_000, bos: 0, eos: 2, pad: 1, unk: 3, special: { "<s>": 0, "<pad>": 1, "</s>": 2, "<unk>": 3 } };

/** Documents `<s> … </s>` of up to `longest` tokens; with masks, the second half of each counts. */
export function tokenDocuments(count: number, { seed = 1, longest = 60, masks = false, sources = false, vocabSize = 1_000 } = {}): TokenDocument[] {
  const random = new SeededRandom(seed);
  return Array.from({ length: count }, (_, index) => {
    const length = 2 + random.below(longest - 1);
    const tokens = Array.from({ length }, (_, i) => (i === 0 ? 0 : i === length - 1 ? 2 : 10 + random.below(vocabSize - 10)));
    const source = { file: `part-${index % 3}.parquet`, row: Math.floor(index / 3), ...(index % 2 === 0 ? { id: `id-${seed}-${index}`, url: `https://example.org/${index}` } : {}) };
    return { tokens, textBytes: length * 4, ...(sources ? { source } : {}), ...(masks ? { mask: Uint8Array.from(tokens, (_, i) => (i * 2 >= length ? 1 : 0)) } : {}) };
  });
}

/** Writes a set of shards into FOLDER/shards. */
export async function writeShards(folder: string, { train = [], val = [], ...options }: { train?: TokenDocument[]; val?: TokenDocument[]; dtype?: "u16" | "u32"; lossMask?: boolean; maxTokensPerShard?: number; provenance?: boolean | "rows"; fingerprint?: string; info?: TokenizerInfo } = {}): Promise<{ path: string; manifest: Manifest }> {
  const path = join(folder, "shards");
  const { info = tokenizer, dtype = "u16", lossMask = false, provenance = false, fingerprint = "test" } = options;
  const writer = await ShardSetWriter.create(path, { tokenizer: info, dtype, lossMask, fingerprint, provenance, ...(options.maxTokensPerShard ? { maxTokensPerShard: options.maxTokensPerShard } : {}) });
  for (const document of train) await writer.add("train", document);
  for (const document of val) await writer.add("val", document);
  return { path, manifest: await writer.finish() };
}
