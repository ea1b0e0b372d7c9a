/** Formats that sets of shards are exported to. */
export type ExportFormat = "nanogpt" | "llm.c" | "megatron" | "safetensors";
/** Formats that sets of shards are made from. */
export type ImportFormat = Exclude<ExportFormat, "safetensors">;
export const EXPORT_FORMATS: readonly ExportFormat[] = ["nanogpt", "llm.c", "megatron", "safetensors"];
export const IMPORT_FORMATS: readonly ImportFormat[] = ["nanogpt", "llm.c", "megatron"];

/** llm.c's files (dev/data/data_common.py): 256 int32 first, of which three are used: magic, version, number of tokens. */
export const LLMC_HEADER = 1024;
export const LLMC_KINDS = { u16: { magic: 20240520, version: 1 }, u32: { magic: 20240801, version: 7 } } as const;
/** llm.c counts tokens in an int32. */
export const LLMC_MAX_TOKENS = 2 ** 31 - 1;

/** Megatron's index (megatron/core/datasets/indexed_dataset.py): magic, u64 version, u8 dtype, u64 sequences, u64 document indices. */
export const MEGATRON_MAGIC = Uint8Array.from([0x4d, 0x4d, 0x49, 0x44, 0x49, 0x44, 0x58, 0, 0]);
export const MEGATRON_HEADER = 34;
/** Megatron's codes of number types; it has no uint32, so tokens of u32 are int32 there. */
export const MEGATRON_CODES = { u8: 1, i32: 4, u16: 8 } as const;

/** The record beside an export, written last. */
export const EXPORT_FILE = "export.json";
