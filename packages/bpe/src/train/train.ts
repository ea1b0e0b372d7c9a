import { BpeError } from "../errors.js";
import { Tokenizer } from "../tokenizer.js";
import { AffixMerges } from "./affix-merges.js";
import { trainedDocument } from "./document.js";
import { MergeLoop, type Merge } from "./merge-loop.js";
import { textNormalizer } from "./normalize.js";
import { type MergeOptions, readOptions, type TrainSettings } from "./options.js";
import { type FlatWords, type Symbols, SymbolStrip } from "./symbols.js";
import { turns, type Turn } from "./turns.js";
import { initialVocabulary, type Vocabulary } from "./vocabulary.js";
import { WordCounts } from "./word-counts.js";

/** How a tokenizer is trained. */
export type TrainOptions = MergeOptions;

/** A sequence, or a batch of sequences. */
export type TextBatch = string | readonly string[];

/** Any iterable or async iterable of texts or batches of texts. */
export type Texts = Iterable<TextBatch> | AsyncIterable<TextBatch>;

/** Words with their counts: a table made by `countWords`, or any pairs such as the entries of a `Map`. */
export type WordSource = WordCounts | Iterable<readonly [string | Uint8Array, number]>;

/**
 * Trains byte-level BPE. The result equals that of Hugging Face tokenizers 0.23.3, file included, for the same texts and
 * options: `ByteLevelBPETokenizer().train_from_iterator`, and for the options which that does not have, its tokenizer
 * with a `BpeTrainer`. Every string is one sequence, words are split by GPT-2's pattern, the most frequent pair is merged
 * first and ties go to the lower ids. Counts are exact up to 2^53, where the oracle's wrap at 2^31. Where the oracle leaves
 * ids to chance (prefix and suffix, equally rare characters at `limitAlphabet`), one of its results is given, always the
 * same.
 *
 * Memory is that of the unique words, whatever the length of the texts.
 *
 * @throws BpeError where an option is out of range.
 * @throws The signal's reason where it aborts.
 */
export async function trainBpe(texts: Texts, options: TrainOptions): Promise<Tokenizer> {
  const settings = readOptions(options);
  return merge(await countWords(texts, options), settings, options);
}

/**
 * Trains on words that are counted already, by `countWords` or elsewhere: the result is that of `trainBpe` on texts with
 * these words. Words are as the pre-tokenizer gives them (" the", with its blank), and are not split any further.
 *
 * @throws BpeError where an option or a count is out of range; the signal's reason where it aborts.
 */
export async function trainFromWordCounts(words: WordSource, options: TrainOptions): Promise<Tokenizer> {
  return merge(toWordCounts(words), readOptions(options), options);
}

/** The table itself, or one made of pairs. @throws BpeError where a count is no whole number */
export function toWordCounts(words: WordSource): WordCounts {
  if (words instanceof WordCounts) return words;
  const table = new WordCounts();
  for (const [word, count] of words) table.add(word, count);
  return table;
}

/**
 * Counts the words of texts.
 *
 * @throws BpeError where a text is none; the signal's reason where it aborts.
 */
export async function countWords(texts: Texts, { normalizer, addPrefixSpace, useRegex, onProgress, signal }: Pick<TrainOptions, "normalizer" | "addPrefixSpace" | "useRegex" | "onProgress" | "signal"> = {}): Promise<WordCounts> {
  const normalize = textNormalizer(normalizer);
  const turn = turns(signal);
  const words = new WordCounts({ addPrefixSpace: addPrefixSpace ?? false, useRegex: useRegex ?? true });
  let seen = 0;
  const report = (): void => onProgress?.({ stage: "count", texts: seen, bytes: words.bytes, words: words.total, uniqueWords: words.sizeSoFar });
  const add = (batch: TextBatch): void => {
    for (const text of typeof batch === "string" ? [batch] : batch) {
      if (typeof text !== "string") throw new BpeError(`A text is ${text === null ? "null" : typeof text}; expected strings or lists of strings.`);
      words.addText(normalize ? normalize(text) : text);
      seen++;
    }
  };
  if (Symbol.asyncIterator in texts) {
    for await (const batch of texts) {
      add(batch);
      const pause = turn();
      if (pause && (await pause)) report();
    }
  } else {
    for (const batch of texts) {
      add(batch);
      const pause = turn();
      if (pause && (await pause)) report();
    }
  }
  words.flat();
  report();
  return words;
}

/** Not async, and merging begins in another turn, so that nothing holds on to the words by then. */
function merge(words: WordCounts, settings: TrainSettings, options: TrainOptions): Promise<Tokenizer> {
  const turn = turns(options.signal);
  const { vocabulary, start } = prepare(words.sealed(), settings);
  return Promise.resolve()
    .then(() => mergePairs(start(), vocabulary, settings, options, turn))
    .then((merges) => assemble(vocabulary, merges, settings));
}

/** The vocabulary at its beginning, and what starts the merging: that does not need the words any longer. */
function prepare(words: FlatWords, settings: TrainSettings): { vocabulary: Vocabulary; start: () => Merger } {
  const vocabulary = initialVocabulary(words, settings);
  if (settings.prefix || settings.suffix) {
    const merger = new AffixMerges(words, vocabulary, settings);
    return { vocabulary, start: () => merger };
  }
  const strip = new SymbolStrip(words, { split: bytesAsSymbols(vocabulary.byteIds()), lengths: new Int32Array(Math.max(settings.vocabSize, vocabulary.size)).fill(1) });
  return { vocabulary, start: () => new MergeLoop(strip, settings) };
}

/** Every byte is a symbol; bytes that are not in the alphabet are passed over. */
const bytesAsSymbols =
  (byteIds: Int32Array): Symbols["split"] =>
  (bytes, start, end, ids) => {
    let length = 0;
    for (let at = start; at < end; at++) if (byteIds[bytes[at]!]! >= 0) ids[length++] = byteIds[bytes[at]!]!;
    return length;
  };

/** What finds the pair to merge next, and merges it. */
export interface Merger {
  next(): Merge | undefined;
  apply(merge: Merge, id: number): void;
}

/** The merges by pair, in the order of their ranks. */
export type MergeMap = Map<number, Merge & { id: number }>;

/** Merges until the vocabulary is full or no pair is frequent enough. */
export async function mergePairs(
  merger: Merger,
  vocabulary: Vocabulary,
  { vocabSize, prefix }: Pick<TrainSettings, "vocabSize" | "prefix">,
  { onProgress }: Pick<TrainOptions, "onProgress">,
  turn: Turn,
  merges: MergeMap = new Map(),
): Promise<MergeMap> {
  while (vocabulary.size < vocabSize) {
    const best = merger.next();
    if (!best) break;
    const { left, right } = best;
    const second = vocabulary.tokens[right]!;
    // A merge that spells an existing token (a special one) gives that token's id, and the vocabulary does not grow.
    const id = vocabulary.add(vocabulary.tokens[left]! + (prefix && second.startsWith(prefix) ? second.slice(prefix.length) : second));
    const key = left * 2 ** 21 + right;
    // A pair that is merged again counts at its later rank only.
    merges.delete(key);
    merges.set(key, { left, right, id });
    merger.apply(best, id);
    const pause = turn();
    if (pause && (await pause)) onProgress?.({ stage: "merge", vocabSize: vocabulary.size, target: vocabSize });
  }
  onProgress?.({ stage: "merge", vocabSize: vocabulary.size, target: vocabSize });
  return merges;
}

function assemble({ tokens, ids }: Vocabulary, merges: MergeMap, settings: TrainSettings): Tokenizer {
  const list = [...merges.values()];
  return new Tokenizer({
    document: trainedDocument(settings, ids),
    tokens,
    ids,
    merges: Int32Array.from(list.flatMap(({ left, right }) => [left, right])),
    made: Int32Array.from(list, ({ id }) => id),
  });
}
