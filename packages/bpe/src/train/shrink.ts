import { BpeError } from "../errors.js";
import type { Json } from "../json/document.js";
import { readTokenizerJson } from "../json/read.js";
import { Tokenizer } from "../tokenizer.js";
import { wholeNumber } from "./options.js";

/**
 * A tokenizer with fewer tokens: the last merges go, with the tokens that only they made, until the vocabulary has the size
 * asked for. Other tokens keep their order and close ranks; where special tokens come first, as those of `trainBpe` do, every
 * id that stays is what it was, and the result equals training to that size at once.
 *
 * @param vocabSize Tokens to keep, added ones included.
 * @throws BpeError where even without merges there are more tokens.
 */
export function shrinkTokenizer(tokenizer: Tokenizer, vocabSize: number): Tokenizer {
  wholeNumber("vocabSize", vocabSize, 1 << 21);
  const file = readTokenizerJson(tokenizer.toJSON(false));
  const { document } = file;
  const makers = new Int32Array(file.tokens.length);
  for (const id of file.made) makers[id]!++;
  // What stays without any merge: single characters, added tokens, tokens that no merge makes.
  const kept = new Set<number>(document.added_tokens.map(({ id }) => id));
  for (const id of file.ids.values()) if (makers[id] === 0 || [...file.tokens[id]!].length === 1) kept.add(id);
  let size = kept.size;
  for (const id of new Set(file.made)) if (!kept.has(id)) size++;
  let merges = file.made.length;
  if (size > vocabSize) {
    while (merges > 0 && size > vocabSize) {
      const id = file.made[--merges]!;
      if (--makers[id]! === 0 && !kept.has(id)) size--;
    }
    if (size > vocabSize) throw new BpeError(`vocabSize is ${vocabSize}, but ${size} tokens are there without any merge.`);
    // Training stops at the merge that reaches the size, so merges after it that made nothing new go too.
    while (merges > 0 && (kept.has(file.made[merges - 1]!) || makers[file.made[merges - 1]!]! > 1)) makers[file.made[--merges]!]!--;
  }

  const made = file.made.slice(0, merges);
  for (const id of made) kept.add(id);
  const renumbered = new Map([...kept].sort((a, b) => a - b).map((id, index) => [id, index]));
  const move = (id: number): number => renumbered.get(id)!;
  const tokens: (string | undefined)[] = [];
  const ids = new Map<string, number>();
  for (const [token, id] of file.ids) {
    if (!kept.has(id)) continue;
    ids.set(token, move(id));
    while (tokens.length < move(id)) tokens.push(undefined);
    tokens[move(id)] = token;
  }
  return new Tokenizer({
    document: {
      ...document,
      added_tokens: document.added_tokens.map((token) => ({ ...token, id: move(token.id) })).sort((a, b) => a.id - b.id),
      post_processor: moveIds(document.post_processor, move),
      padding: document.padding !== null && typeof document.padding === "object" && "pad_id" in document.padding ? { ...document.padding, pad_id: renumbered.get(document.padding.pad_id as number) ?? 0 } : document.padding,
    },
    tokens,
    ids,
    merges: file.merges.slice(0, merges * 2).map(move),
    made: made.map(move),
  });
}

/** A post-processor with its special tokens' ids moved: [token, id] pairs as of RoBERTa, and lists of ids as of templates. */
function moveIds(value: Json, move: (id: number) => number): Json {
  if (Array.isArray(value)) {
    return value.length === 2 && typeof value[0] === "string" && typeof value[1] === "number" ? [value[0], move(value[1])] : value.map((item) => moveIds(item, move));
  }
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, key === "ids" && Array.isArray(item) ? item.map((id) => move(id as number)) : moveIds(item, move)]));
}
