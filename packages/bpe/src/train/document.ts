import type { AddedToken } from "../added-tokens.js";
import type { TokenizerDocument } from "../json/document.js";
import type { TrainSettings } from "./options.js";

/** The document of a freshly trained tokenizer: what Hugging Face's ByteLevelBPETokenizer saves. */
export function trainedDocument(settings: TrainSettings, ids: ReadonlyMap<string, number>): TokenizerDocument {
  const { addPrefixSpace, useRegex, trimOffsets, prefix, suffix, normalizer } = settings;
  const added = new Map<string, AddedToken>();
  // Of equal contents the flags that come last count.
  for (const { content, single_word = false, lstrip = false, rstrip = false, normalized = false } of settings.specialTokens) {
    added.set(content, { id: ids.get(content)!, content, single_word, lstrip, rstrip, normalized, special: true });
  }
  return {
    version: "1.0",
    truncation: null,
    padding: null,
    added_tokens: [...added.values()],
    normalizer,
    pre_tokenizer: { type: "ByteLevel", add_prefix_space: addPrefixSpace, trim_offsets: true, use_regex: useRegex },
    post_processor: { type: "ByteLevel", add_prefix_space: true, trim_offsets: trimOffsets, use_regex: true },
    decoder: { type: "ByteLevel", add_prefix_space: true, trim_offsets: true, use_regex: true },
    model: {
      dropout: null,
      unk_token: null,
      continuing_subword_prefix: prefix,
      end_of_word_suffix: suffix,
      fuse_unk: false,
      byte_fallback: false,
      ignore_merges: false,
    },
  };
}
