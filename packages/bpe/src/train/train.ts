import { ALPHABET, BYTE_TO_CHAR } from "../bytes.js";
import { BpeError } from "../errors.js";
import { trainedDocument } from "../json/document.js";
import { DEFAULT_SPECIAL_TOKENS } from "../special-tokens.js";
import { Tokenizer } from "../tokenizer.js";
import { MergeLoop } from "./merge-loop.js";
import { SymbolStrip } from "./symbols.js";
import { WordCounts } from "./word-counts.js";

/** How a tokenizer is trained. */
export interface TrainOptions {
  /** Size of the vocabulary: special tokens, 256 bytes and merges. It comes out smaller where the texts give too few merges. */
  vocabSize: number;
  /** A pair that occurs less often is not merged; default 2. */
  minFrequency?: number;
  /** Special tokens, which get the first ids in this order; default `DEFAULT_SPECIAL_TOKENS`. */
  specialTokens?: readonly string[];
  /** Longest token in bytes: a merge of parts that together reach it is not made (the oracle's rule is `<`); default no limit. */
  maxTokenLength?: number;
  /** Whether a text that does not start with a blank gets one; default false. */
  addPrefixSpace?: boolean;
  /** Told about every few thousand texts or merges. */
  onProgress?: (event: TrainProgress) => void;
  signal?: AbortSignal;
}

/** How far a training is. */
export type TrainProgress =
  | { stage: "count"; texts: number; bytes: number; words: number; uniqueWords: number }
  | { stage: "merge"; vocabSize: number; target: number };

/** A sequence, or a batch of sequences. */
export type TextBatch = string | readonly string[];

/** Milliseconds of work between two looks at the clock's other users: timers, signals. */
const TURN = 100;

/**
 * Trains byte-level BPE. The result equals that of Hugging Face tokenizers' `ByteLevelBPETokenizer().train_from_iterator`
 * with the same texts and options, file included: every string is one sequence, words are split by GPT-2's pattern, the
 * most frequent pair is merged first and ties go to the lower ids.
 *
 * Memory is that of the unique words, whatever the length of the texts.
 *
 * @param texts Any iterable or async iterable of texts or batches of texts.
 * @throws BpeError where an option is out of range.
 * @throws The signal's reason where it aborts.
 */
export async function trainBpe(texts: Iterable<TextBatch> | AsyncIterable<TextBatch>, options: TrainOptions): Promise<Tokenizer> {
  const { vocabSize, minFrequency = 2, specialTokens = DEFAULT_SPECIAL_TOKENS, maxTokenLength = Infinity, addPrefixSpace = false } = options;
  wholeNumber("vocabSize", vocabSize, 1 << 21);
  wholeNumber("minFrequency", minFrequency, Number.MAX_SAFE_INTEGER);
  if (maxTokenLength !== Infinity) wholeNumber("maxTokenLength", maxTokenLength, Number.MAX_SAFE_INTEGER);
  if (specialTokens.includes("")) throw new BpeError("A special token is empty; each needs at least one character.");
  const turn = turns(options.signal);
  const words = await countWords(texts, addPrefixSpace, options, turn);

  const tokens = [...new Set(specialTokens)];
  const ids = new Map(tokens.map((token, id) => [token, id]));
  const specials = tokens.map((content, id) => ({ id, content }));
  const idOfByte = new Int32Array(256);
  for (const byte of ALPHABET) {
    const char = BYTE_TO_CHAR[byte]!;
    const id = ids.get(char) ?? tokens.push(char) - 1;
    ids.set(char, id);
    idOfByte[byte] = id;
  }
  const capacity = Math.max(vocabSize, tokens.length);
  const lengths = new Int32Array(capacity).fill(1);
  const merges: number[] = [];
  const made: number[] = [];
  const loop = new MergeLoop(new SymbolStrip(words, idOfByte), lengths, { minFrequency, maxTokenLength }, capacity);
  while (tokens.length < vocabSize) {
    const best = loop.next();
    if (!best) break;
    const token = tokens[best.left]! + tokens[best.right]!;
    // A merge that spells an existing token (a special one) gives that token's id, and the vocabulary does not grow.
    const id = ids.get(token) ?? tokens.push(token) - 1;
    ids.set(token, id);
    lengths[id] = lengths[best.left]! + lengths[best.right]!;
    merges.push(best.left, best.right);
    made.push(id);
    loop.apply(best.pair, id);
    const pause = turn();
    if (pause && (await pause)) options.onProgress?.({ stage: "merge", vocabSize: tokens.length, target: vocabSize });
  }
  options.onProgress?.({ stage: "merge", vocabSize: tokens.length, target: vocabSize });
  return new Tokenizer({ document: trainedDocument(specials, addPrefixSpace), tokens, ids, merges: Int32Array.from(merges), made: Int32Array.from(made) });
}

async function countWords(
  texts: Iterable<TextBatch> | AsyncIterable<TextBatch>,
  addPrefixSpace: boolean,
  { onProgress }: TrainOptions,
  turn: () => Promise<boolean> | false,
): Promise<WordCounts> {
  const words = new WordCounts({ addPrefixSpace, useRegex: true });
  let seen = 0;
  const report = (): void => onProgress?.({ stage: "count", texts: seen, bytes: words.bytes, words: words.total, uniqueWords: words.table.size });
  const add = (batch: TextBatch): void => {
    for (const text of typeof batch === "string" ? [batch] : batch) {
      if (typeof text !== "string") throw new BpeError(`A text is ${text === null ? "null" : typeof text}; expected strings or lists of strings.`);
      words.addText(text);
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
  report();
  return words;
}

/** Lets timers and signals run every now and then; the result is truthy when it did. */
function turns(signal: AbortSignal | undefined): () => Promise<boolean> | false {
  signal?.throwIfAborted();
  let last = performance.now();
  return () => {
    if (performance.now() - last < TURN) return false;
    return new Promise((resolve, reject) => {
      setTimeout(() => {
        last = performance.now();
        if (signal?.aborted) reject(signal.reason as Error);
        else resolve(true);
      }, 0);
    });
  };
}

function wholeNumber(name: string, value: number, most: number): void {
  if (!Number.isSafeInteger(value) || value < 0 || value > most) throw new BpeError(`${name} is ${value}; expected a whole number from 0 to ${most}.`);
}
