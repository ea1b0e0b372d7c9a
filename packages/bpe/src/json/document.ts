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
