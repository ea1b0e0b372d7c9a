import { CHAT_TEMPLATE } from "./chat.js";
import type { SpecialIds } from "./special-tokens.js";
import type { Tokenizer } from "./tokenizer.js";

const ROLE_NAMES = { bos: "bos_token", eos: "eos_token", unk: "unk_token", pad: "pad_token", mask: "mask_token" } as const;

/** The content of special_tokens_map.json: which token plays which part, for transformers. */
export function specialTokensMap(tokenizer: Tokenizer): Record<string, string> {
  const map: Record<string, string> = {};
  for (const [part, name] of Object.entries(ROLE_NAMES)) {
    const id = tokenizer.special[part as keyof SpecialIds];
    if (id !== undefined) map[name] = tokenizer.idToToken(id)!;
  }
  return map;
}

/**
 * The content of tokenizer_config.json, with which transformers' AutoTokenizer opens the folder.
 *
 * @param modelMaxLength The model's context in tokens; default 1,024.
 */
export function tokenizerConfig(tokenizer: Tokenizer, { modelMaxLength = 1024 }: { modelMaxLength?: number } = {}): Record<string, unknown> {
  const chat = tokenizer.tokenToId("<|assistant|>") === undefined ? {} : { chat_template: CHAT_TEMPLATE };
  return {
    tokenizer_class: "PreTrainedTokenizerFast",
    ...specialTokensMap(tokenizer),
    model_max_length: modelMaxLength,
    model_input_names: ["input_ids", "attention_mask"],
    clean_up_tokenization_spaces: false,
    ...chat,
  };
}
