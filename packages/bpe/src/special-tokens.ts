/**
 * The special tokens of every tokenizer trained here, in the order of their ids: `<s>` 0, `<pad>` 1, `</s>` 2, `<unk>` 3,
 * `<mask>` 4, then the chat roles 5 to 7.
 */
export const DEFAULT_SPECIAL_TOKENS: readonly string[] = ["<s>", "<pad>", "</s>", "<unk>", "<mask>", "<|system|>", "<|user|>", "<|assistant|>"];

/** Which token plays which part; undefined where the vocabulary has none. */
export interface SpecialIds {
  bos: number | undefined;
  eos: number | undefined;
  pad: number | undefined;
  unk: number | undefined;
  mask: number | undefined;
}

const NAMES: Record<keyof SpecialIds, readonly string[]> = {
  bos: ["<s>", "<|begin_of_text|>", "<|endoftext|>"],
  eos: ["</s>", "<|end_of_text|>", "<|endoftext|>"],
  pad: ["<pad>", "[PAD]"],
  unk: ["<unk>"],
  mask: ["<mask>"],
};

/** Finds the special tokens by the names in use: ours first, then those of the Llama-3 and GPT-2 families. */
export function findSpecialIds(tokenToId: (token: string) => number | undefined): SpecialIds {
  const find = (role: keyof SpecialIds): number | undefined => NAMES[role].map(tokenToId).find((id) => id !== undefined);
  return { bos: find("bos"), eos: find("eos"), pad: find("pad"), unk: find("unk"), mask: find("mask") };
}
