import { tokenToBytes, BYTE_TO_CHAR } from "./bytes.js";
import { BpeError } from "./errors.js";
import { readTokenizerJson } from "./json/read.js";
import { MergeRanks } from "./model/merge-ranks.js";
import { WordMerger } from "./model/word-merger.js";
import { Tokenizer } from "./tokenizer.js";
import { MergeLoop } from "./train/merge-loop.js";
import { type TrainOptions, type WordSource, mergePairs, toWordCounts, type MergeMap } from "./train/train.js";
import { readOptions } from "./train/options.js";
import { SymbolStrip } from "./train/symbols.js";
import { turns } from "./train/turns.js";
import { Vocabulary } from "./train/vocabulary.js";

/** How a tokenizer is trained further. */
export type ExtendOptions = Pick<TrainOptions, "vocabSize" | "minFrequency" | "maxTokenLength" | "onProgress" | "signal">;

/**
 * Trains a tokenizer further: every id and merge stays as it is, and merges that the words call for come after them until
 * the vocabulary has the size asked for. With the words (and options) that the tokenizer was trained on, the result equals
 * training to that size at once, so that this also goes on with a training that stopped early.
 *
 * @param words The words' counts, as of `trainFromWordCounts`, split as the tokenizer splits texts.
 * @param options `vocabSize` counts up to the largest id, added tokens included.
 * @throws BpeError where the tokenizer has no byte-level model without affixes, or is larger already; the signal's reason.
 */
export async function extendTokenizer(tokenizer: Tokenizer, words: WordSource, options: ExtendOptions): Promise<Tokenizer> {
  const settings = readOptions(options);
  const file = readTokenizerJson(tokenizer.toJSON(false));
  const { continuing_subword_prefix: prefix, end_of_word_suffix: suffix } = file.document.model;
  if (prefix || suffix) throw new BpeError("A tokenizer whose symbols have a prefix or suffix can't be trained further; train it anew.");
  const byteIds = Int32Array.from(BYTE_TO_CHAR, (char) => file.ids.get(char) ?? -1);
  if (byteIds.every((id) => id < 0)) throw new BpeError("This tokenizer has no tokens for bytes, so there is nothing to begin with; train it anew.");
  const start = tokenizer.vocabSize;
  if (settings.vocabSize < start) throw new BpeError(`vocabSize is ${settings.vocabSize}, and the tokenizer has ${start} tokens already. Ask for more, or shrink it with shrinkTokenizer.`);

  // Ids of added tokens are taken, also where the model does not have them.
  const vocabulary = new Vocabulary();
  for (let id = 0; id < start; id++) vocabulary.tokens.push(tokenizer.idToToken(id) ?? "");
  for (const [token, id] of file.ids) vocabulary.ids.set(token, id);
  for (const { content, id } of file.document.added_tokens) vocabulary.ids.set(content, id);

  const lengths = new Int32Array(Math.max(settings.vocabSize, start)).fill(1);
  for (const token of file.ids.keys()) lengths[file.ids.get(token)!] = tokenToBytes(token).length;
  const merger = new WordMerger(new MergeRanks(file.merges, file.made));
  const split = (bytes: Uint8Array, from: number, to: number, ids: Int32Array): number => {
    let length = 0;
    for (let at = from; at < to; at++) if (byteIds[bytes[at]!]! >= 0) ids[length++] = byteIds[bytes[at]!]!;
    return merger.merge(ids, length);
  };
  const loop = new MergeLoop(new SymbolStrip(toWordCounts(words).flat(), { split, lengths }), settings);
  const known: MergeMap = new Map();
  for (let rank = 0; rank < file.made.length; rank++) {
    const [left, right] = [file.merges[rank * 2]!, file.merges[rank * 2 + 1]!];
    known.set(left * 2 ** 21 + right, { left, right, id: file.made[rank]! });
  }
  const merges = [...(await mergePairs(loop, vocabulary, { vocabSize: settings.vocabSize, prefix: null }, options, turns(options.signal), known)).values()];

  const tokens = [...file.tokens];
  const ids = new Map(file.ids);
  for (const { id } of merges.slice(file.made.length)) {
    const token = vocabulary.tokens[id]!;
    ids.set(token, id);
    while (tokens.length < id) tokens.push(undefined);
    tokens[id] = token;
  }
  return new Tokenizer({ document: file.document, tokens, ids, merges: Int32Array.from(merges.flatMap(({ left, right }) => [left, right])), made: Int32Array.from(merges, ({ id }) => id) });
}
