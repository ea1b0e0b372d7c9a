import { BYTE_TO_CHAR } from "../bytes.js";
import type { TrainSettings } from "./options.js";
import type { FlatWords } from "./symbols.js";
import { byteCounts } from "./word-counts.js";

/** The tokens of a vocabulary under construction, numbered in order of arrival. */
export class Vocabulary {
  readonly tokens: string[] = [];
  readonly ids = new Map<string, number>();

  get size(): number {
    return this.tokens.length;
  }

  /** The id of a token, which is a new one where it was not there. */
  add(token: string): number {
    let id = this.ids.get(token);
    if (id === undefined) this.ids.set(token, (id = this.tokens.push(token) - 1));
    return id;
  }

  /** The id of each byte's character; -1 where it is not in the vocabulary. */
  byteIds(): Int32Array {
    return Int32Array.from(BYTE_TO_CHAR, (char) => this.ids.get(char) ?? -1);
  }
}

/**
 * The vocabulary before the first merge: special tokens as given, then the alphabet by code point.
 *
 * Source: huggingface/tokenizers, tokenizers/src/models/bpe/trainer.rs (`add_special_tokens`, `compute_alphabet`).
 */
export function initialVocabulary(words: FlatWords, { specialTokens, initialAlphabet, limitAlphabet }: TrainSettings): Vocabulary {
  const vocabulary = new Vocabulary();
  for (const { content } of specialTokens) vocabulary.add(content);
  const counts = new Map<string, number>();
  for (const [byte, count] of byteCounts(words).entries()) if (count > 0) counts.set(BYTE_TO_CHAR[byte]!, count);
  for (const char of initialAlphabet) counts.set(char, Infinity);
  const byCode = (a: string, b: string): number => a.codePointAt(0)! - b.codePointAt(0)!;
  let kept = [...counts.keys()].sort(byCode);
  if (kept.length > limitAlphabet) {
    // A stable sort: of equally frequent characters the lower code points stay.
    kept = kept.sort((a, b) => (counts.get(a) === counts.get(b) ? 0 : counts.get(b)! - counts.get(a)!)).slice(0, limitAlphabet).sort(byCode);
  }
  for (const char of kept) vocabulary.add(char);
  return vocabulary;
}
