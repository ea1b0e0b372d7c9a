import type { AddedToken } from "../added-tokens.js";

/** Any JSON value that is carried along unread. */
export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

/** A tokenizer.json without its vocabulary and merges, in the order in which Hugging Face tokenizers writes it. */
export interface TokenizerDocument {
  version: string;
  truncation: Json;
  padding: Json;
  added_tokens: AddedToken[];
  normalizer: Json;
  pre_tokenizer: Json;
  post_processor: Json;
  decoder: Json;
  model: ModelSettings;
}

/** The settings of the BPE model. */
export interface ModelSettings {
  dropout: number | null;
  unk_token: string | null;
  continuing_subword_prefix: string | null;
  end_of_word_suffix: string | null;
  fuse_unk: boolean;
  byte_fallback: boolean;
  ignore_merges: boolean;
}

/** The document of a freshly trained tokenizer: what Hugging Face's ByteLevelBPETokenizer saves. */
export function trainedDocument(specialTokens: readonly { id: number; content: string }[], addPrefixSpace: boolean): TokenizerDocument {
  return {
    version: "1.0",
    truncation: null,
    padding: null,
    added_tokens: specialTokens.map(({ id, content }) => ({ id, content, single_word: false, lstrip: false, rstrip: false, normalized: false, special: true })),
    normalizer: null,
    pre_tokenizer: { type: "ByteLevel", add_prefix_space: addPrefixSpace, trim_offsets: true, use_regex: true },
    post_processor: { type: "ByteLevel", add_prefix_space: true, trim_offsets: false, use_regex: true },
    decoder: { type: "ByteLevel", add_prefix_space: true, trim_offsets: true, use_regex: true },
    model: {
      dropout: null,
      unk_token: null,
      continuing_subword_prefix: null,
      end_of_word_suffix: null,
      fuse_unk: false,
      byte_fallback: false,
      ignore_merges: false,
    },
  };
}
