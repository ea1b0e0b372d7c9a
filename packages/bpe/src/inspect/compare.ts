import type { Tokenizer } from "../tokenizer.js";
import { countWords } from "../train/train.js";
import { StatisticsCounter, type Statistics } from "./statistics.js";

/** How two tokenizers differ, whatever the text. */
export interface VocabularyComparison {
  /** Whether the files are equal, byte for byte. */
  identical: boolean;
  vocabSize: [number, number];
  /** Tokens that both have, by what stands in the vocabulary, and how many of those have the same id. */
  sharedTokens: number;
  sameId: number;
  /** Tokens that only one has: how many, and the first of them by id. */
  onlyInA: { tokens: number; first: string[] };
  onlyInB: { tokens: number; first: string[] };
  merges: [number, number];
  /** Merges that both have, and the rank from which on they differ. */
  sharedMerges: number;
  firstDifferentMerge: number | undefined;
  /** Added tokens that only one has or that differ in id or flags. */
  addedTokens: { onlyInA: string[]; onlyInB: string[]; different: string[] };
  /** Parts of the files beside vocabulary and merges that differ ("pre_tokenizer"). */
  differentParts: string[];
}

/** How two tokenizers do on the same texts. */
export interface TextComparison {
  a: Statistics;
  b: Statistics;
  /** Share of the documents that both cut at the same places. */
  sameCuts: number;
  /** Words for which one of them needs more tokens, those that matter most first; `saved` tokens are B's, negative where A needs fewer. */
  words: { word: string; count: number; a: number; b: number; saved: number }[];
}

const LISTED = 20;

/** Compares vocabularies, merges and settings. */
export function compareVocabularies(a: Tokenizer, b: Tokenizer): VocabularyComparison {
  const tokensOf = (tokenizer: Tokenizer): string[] => Array.from({ length: tokenizer.vocabSize }, (_, id) => tokenizer.idToToken(id)).filter((token) => token !== undefined);
  const [ofA, ofB] = [tokensOf(a), tokensOf(b)];
  const only = (tokens: string[], other: Tokenizer) => {
    const found = tokens.filter((token) => other.tokenToId(token) === undefined);
    return { tokens: found.length, first: found.slice(0, LISTED) };
  };
  const shared = ofA.filter((token) => b.tokenToId(token) !== undefined);
  const mergesOf = (tokenizer: Tokenizer): string[] => Array.from(tokenizer.mergePairs(), (pair) => JSON.stringify(pair));
  const [mergesA, mergesB] = [mergesOf(a), mergesOf(b)];
  const inB = new Set(mergesB);
  const different = mergesA.findIndex((merge, rank) => merge !== mergesB[rank]);
  const first = different >= 0 ? different : mergesA.length < mergesB.length ? mergesA.length : undefined;
  const files = [a, b].map((tokenizer) => JSON.parse(tokenizer.toJSON(false)) as Record<string, Record<string, unknown>>);
  for (const { model } of files) for (const part of ["vocab", "merges"]) delete model![part];
  const added = [a, b].map((tokenizer) => new Map(tokenizer.addedTokens.map((token) => [token.content, JSON.stringify(token)])));
  return {
    identical: a.toJSON(false) === b.toJSON(false),
    vocabSize: [a.vocabSize, b.vocabSize],
    sharedTokens: shared.length,
    sameId: shared.filter((token) => a.tokenToId(token) === b.tokenToId(token)).length,
    onlyInA: only(ofA, b),
    onlyInB: only(ofB, a),
    merges: [mergesA.length, mergesB.length],
    sharedMerges: mergesA.filter((merge) => inB.has(merge)).length,
    firstDifferentMerge: first,
    addedTokens: {
      onlyInA: [...added[0]!.keys()].filter((token) => !added[1]!.has(token)),
      onlyInB: [...added[1]!.keys()].filter((token) => !added[0]!.has(token)),
      different: [...added[0]!].filter(([token, entry]) => added[1]!.has(token) && added[1]!.get(token) !== entry).map(([token]) => token),
    },
    differentParts: Object.keys(files[0]!).filter((part) => part !== "added_tokens" && JSON.stringify(files[0]![part]) !== JSON.stringify(files[1]![part])),
  };
}

/** Compares two tokenizers on texts. Memory: that of the unique words. */
export async function compareOnTexts(a: Tokenizer, b: Tokenizer, texts: AsyncIterable<string> | Iterable<string>): Promise<TextComparison> {
  const counters = [new StatisticsCounter(a), new StatisticsCounter(b)] as const;
  let [same, documents] = [0, 0];
  async function* counted(): AsyncGenerator<string> {
    for await (const text of texts) {
      const [first, second] = [counters[0].add(text), counters[1].add(text)];
      documents++;
      if (first.length === second.length && first.every((id, at) => id === second[at] || a.tokenBytes(id)?.length === b.tokenBytes(second[at]!)?.length)) same++;
      yield text;
    }
  }
  const words: TextComparison["words"] = [];
  for (const [bytes, count] of (await countWords(counted())).entries()) {
    const word = new TextDecoder().decode(bytes);
    const [first, second] = [a.encode(word).ids.length, b.encode(word).ids.length];
    if (first !== second) words.push({ word, count, a: first, b: second, saved: (first - second) * count });
  }
  words.sort((one, other) => Math.abs(other.saved) - Math.abs(one.saved) || (one.word < other.word ? -1 : 1));
  return { a: counters[0].result(), b: counters[1].result(), sameCuts: documents > 0 ? same / documents : 1, words: words.slice(0, LISTED) };
}
