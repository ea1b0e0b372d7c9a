import type { AddedToken } from "../added-tokens.js";
import { BYTE_TO_CHAR } from "../bytes.js";
import { BpeError } from "../errors.js";
import type { Json } from "../json/document.js";
import { DEFAULT_SPECIAL_TOKENS } from "../special-tokens.js";

/** A special token with the flags of its entry in tokenizer.json; all of them default to false. */
export type SpecialToken = Pick<AddedToken, "content"> & Partial<Pick<AddedToken, "single_word" | "lstrip" | "rstrip" | "normalized">>;

/** How far a training is. */
export type TrainProgress =
  | { stage: "count"; texts: number; bytes: number; words: number; uniqueWords: number }
  | { stage: "merge"; vocabSize: number; target: number };

/** What a trainer is told; the names in brackets are those of Hugging Face's BpeTrainer. */
export interface MergeOptions {
  /** Size of the vocabulary (vocab_size): special tokens, alphabet and merges. It comes out smaller where the texts give too few merges. */
  vocabSize: number;
  /** A pair that occurs less often is not merged (min_frequency); default 2. */
  minFrequency?: number;
  /** Special tokens (special_tokens), which get the first ids in this order; default `DEFAULT_SPECIAL_TOKENS`. */
  specialTokens?: readonly (string | SpecialToken)[];
  /**
   * Characters that are in the vocabulary whether they occur or not (initial_alphabet): the first character of each string.
   * Default: the 256 that stand for bytes; give `[]` for those that occur only.
   */
  initialAlphabet?: readonly string[];
  /**
   * Most characters in the alphabet (limit_alphabet): the rarest go, and words are trained on without them; default no
   * limit. Of equally rare ones those with the higher code point go (there it is left to chance).
   */
  limitAlphabet?: number;
  /** Longest token in bytes (max_token_length): a merge of parts that together reach it is not made (the oracle's rule is `<`); default no limit. */
  maxTokenLength?: number;
  /** Put before every symbol that does not begin a word (continuing_subword_prefix); default none. */
  continuingSubwordPrefix?: string;
  /** Put after the symbol that ends a word (end_of_word_suffix); default none. */
  endOfWordSuffix?: string;
  /**
   * Changes texts before they are split, as it stands in tokenizer.json: `{ type: "NFKC" }`, `{ type: "Sequence", normalizers:
   * [{ type: "NFC" }, { type: "Lowercase" }] }`; default none.
   */
  normalizer?: Json;
  /** Whether a text that does not start with a blank gets one; default false. */
  addPrefixSpace?: boolean;
  /** Whether texts are split into words by GPT-2's pattern; else each is one word. Default true. */
  useRegex?: boolean;
  /** Whether offsets of encoded texts leave out the blanks around a token (the file's post-processor); default false. */
  trimOffsets?: boolean;
  /** Told about every few thousand texts or merges. */
  onProgress?: (event: TrainProgress) => void;
  signal?: AbortSignal;
}

/** {@link MergeOptions} with everything filled in. */
export interface TrainSettings {
  vocabSize: number;
  minFrequency: number;
  specialTokens: readonly SpecialToken[];
  /** First characters. */
  initialAlphabet: readonly string[];
  limitAlphabet: number;
  maxTokenLength: number;
  prefix: string | null;
  suffix: string | null;
  normalizer: Json;
  addPrefixSpace: boolean;
  useRegex: boolean;
  trimOffsets: boolean;
}

/** @throws BpeError where an option is out of range */
export function readOptions(options: MergeOptions): TrainSettings {
  const { vocabSize, minFrequency = 2, specialTokens = DEFAULT_SPECIAL_TOKENS, initialAlphabet = BYTE_TO_CHAR, limitAlphabet = Infinity, maxTokenLength = Infinity } = options;
  wholeNumber("vocabSize", vocabSize, 1 << 21);
  wholeNumber("minFrequency", minFrequency, Number.MAX_SAFE_INTEGER);
  if (maxTokenLength !== Infinity) wholeNumber("maxTokenLength", maxTokenLength, Number.MAX_SAFE_INTEGER);
  if (limitAlphabet !== Infinity) wholeNumber("limitAlphabet", limitAlphabet, Number.MAX_SAFE_INTEGER);
  const special = specialTokens.map((token) => (typeof token === "string" ? { content: token } : token));
  if (special.some(({ content }) => content === "")) throw new BpeError("A special token is empty; each needs at least one character.");
  return {
    vocabSize,
    minFrequency,
    specialTokens: special,
    initialAlphabet: initialAlphabet.flatMap((text) => [...text].slice(0, 1)),
    limitAlphabet,
    maxTokenLength,
    prefix: options.continuingSubwordPrefix ?? null,
    suffix: options.endOfWordSuffix ?? null,
    normalizer: options.normalizer ?? null,
    addPrefixSpace: options.addPrefixSpace ?? false,
    useRegex: options.useRegex ?? true,
    trimOffsets: options.trimOffsets ?? false,
  };
}

export function wholeNumber(name: string, value: number, most: number): void {
  if (!Number.isSafeInteger(value) || value < 0 || value > most) throw new BpeError(`${name} is ${value}; expected a whole number from 0 to ${most}.`);
}
