/** How a token id is stored. */
export type TokenType = "u16" | "u32";
/** Token ids of a shard or a document. */
export type Tokens = Uint16Array | Uint32Array;
export type Split = "train" | "val";
export const SPLITS: readonly Split[] = ["train", "val"];

/** What a set of shards needs to know about the tokenizer that made it. */
export interface TokenizerInfo {
  /** SHA-256 of the bytes of tokenizer.json. */
  sha256: string;
  vocabSize: number;
  /** Ids of the special tokens. */
  bos: number;
  eos: number;
  pad: number;
  unk?: number;
  /** All special tokens: content to id. */
  special: Record<string, number>;
}

/** One file of a split, as the manifest lists it. */
export interface ShardEntry {
  /** File name in the folder of the manifest. */
  file: string;
  documents: number;
  tokens: number;
  /** Size of the file. */
  bytes: number;
  /** SHA-256 of the file. */
  sha256: string;
}

/** The counts and files of a split. */
export interface SplitManifest {
  documents: number;
  tokens: number;
  /** Tokens whose loss mask is 1; without loss masks, all tokens but the first of each document. */
  lossTokens: number;
  /** UTF-8 bytes of the documents' texts. */
  textBytes: number;
  shards: ShardEntry[];
}

/** manifest.json: what a complete set of shards is. It is written last. */
export interface Manifest {
  format: "llm-shards";
  version: { major: 1; minor: number };
  dtype: TokenType;
  tokenizer: TokenizerInfo;
  /** Whether every shard has a loss mask. */
  lossMask: boolean;
  /** Digest of everything the shards were made from; equal fingerprints mean equal shards. */
  fingerprint: string;
  /** UTF-8 bytes of text per token, over both splits. */
  bytesPerToken: number;
  /** Whether every shard says where each document is from; absent where not. */
  provenance?: true;
  /** Whether every shard says which file and row each document is from, and no more; absent where not. */
  sourceRows?: true;
  splits: Record<Split, SplitManifest>;
}

/** The msgpack map at the beginning of a shard. */
export interface ShardHeader {
  magic: "LLMS";
  version: { major: number; minor: number };
  split: Split;
  /** Number of the shard within its split, from 0. */
  shard: number;
  dtype: TokenType;
  endian: "le";
  loss_mask: boolean;
  tokenizer: { sha256: string; vocab_size: number; bos: number; eos: number; pad: number };
  fingerprint: string;
}

/** Where a document came from, so that a token leads back to its text. */
export interface DocumentSource {
  /** The file it was read from, as the sources name it. */
  file: string;
  /** Its row in the file, from 0. */
  row: number;
  /** The document's id; not kept in sets with rows alone. */
  id?: string;
  /** Where the text was found; not kept in sets with rows alone. */
  url?: string;
}

/** The sections of a shard; three come with provenance, and the last with rows alone. */
export type SectionName = "tokens" | "doc_ends" | "loss_mask" | "doc_bytes" | "source_ends" | "sources" | "source_rows";

/** Where a section's bytes are, and their checksums. */
export interface ShardSection {
  name: SectionName;
  dtype: "u8" | "u16" | "u32";
  /** Of the payload, from the beginning of the file; a multiple of 64. */
  offset: number;
  /** Bytes. */
  length: number;
  /** xxHash64 (seed 0) of the payload, 16 hexadecimal digits. */
  xxh64: string;
  /** xxHash64 of each MiB of the payload. */
  blocks: string[];
}

/** The msgpack map behind the sections. */
export interface ShardFooter {
  documents: number;
  tokens: number;
  loss_tokens: number;
  text_bytes: number;
  /** Largest token id; 0 in a shard without tokens. */
  max_id: number;
  /** The header map's length in bytes, and its xxHash64. */
  header: { length: number; xxh64: string };
  sections: ShardSection[];
  /** Names of the files that documents are from; with provenance. */
  files?: string[];
  /** The same, with rows alone. */
  source_files?: string[];
  /** xxHash64 of the footer's bytes before these 16 digits, which are its last; from minor version 1 on. */
  xxh64?: string;
}

export const FORMAT_MAJOR = 1;
/** Shards with provenance are of minor version 1, those with rows alone of 2, all others of 0: equal sets have equal bytes in every version of this package. */
export const minorOf = (provenance: boolean | "rows"): number => (provenance === "rows" ? 2 : provenance ? 1 : 0);
/** Payloads begin at multiples of this, so that any typed array can view them. */
export const ALIGNMENT = 64;
/** Bytes that each block checksum covers. */
export const BLOCK = 1 << 20;
/** The file's last eight bytes: not text, and damaged by any transfer that changes line ends. */
export const TRAILER_MAGIC = Uint8Array.from([0x4c, 0x4c, 0x4d, 0x53, 0x76, 0x31, 0x0d, 0x0a]);
/** bin8 head of two bytes, u64 footer offset, magic. */
export const TRAILER = 18;
export const MANIFEST_FILE = "manifest.json";
export const SHARD_NAME = /^(train|val)-\d{5}\.msgpack$/;
export const shardName = (split: Split, index: number): string => `${split}-${String(index).padStart(5, "0")}.msgpack`;
