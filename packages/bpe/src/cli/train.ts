import { Command, addCommonOptions, collect, createProgress, formatBytes, formatCount, integer, interruptible, printJson, type Progress } from "@llm/cli-kit";
import { readDocuments } from "@llm/dataset";
import { countLinesOnThreads, countWordsOnThreads, type CountOptions } from "../corpus/count.js";
import { loadTokenizer, saveTokenizer } from "../corpus/files.js";
import { trainingTexts } from "../corpus/texts.js";
import { loadWordCounts, saveWordCounts } from "../corpus/word-file.js";
import { BpeError } from "../errors.js";
import { extendTokenizer } from "../extend.js";
import type { Tokenizer } from "../tokenizer.js";
import { trainFromWordCounts, type TrainOptions } from "../train/train.js";
import { shrinkTokenizer } from "../train/shrink.js";
import type { WordCounts, WordSplit } from "../train/word-counts.js";
import { SOURCES, THREADS } from "./shared.js";

interface CountFlags {
  out: string;
  lines?: boolean;
  addPrefixSpace?: boolean;
  textColumn?: string;
  threads?: number;
  json?: boolean;
}

interface TrainFlags extends CountFlags {
  vocabSize: number;
  minFrequency: number;
  specialToken?: string[];
  maxTokenLength?: number;
  limitAlphabet?: number;
  onlySeen?: boolean;
  continuingSubwordPrefix?: string;
  endOfWordSuffix?: string;
  from?: string;
  counts?: boolean;
}

const countOptions = (command: Command): Command =>
  command
    .option("--lines", "text files line by line, each with its end, as Hugging Face's train(files) reads them (default: documents)")
    .option("--add-prefix-space", "put a blank before a text that does not start with one (default: leave texts as they are)")
    .option("--text-column <name>", "the column that holds the text (default: text, content or messages)")
    .option("--threads <n>", THREADS, integer(0, 1024));

/** `llm-bpe train` */
export function trainCommand(): Command {
  const command = new Command("train")
    .description("train a tokenizer on documents and the contents of chats")
    .argument("<source...>", SOURCES)
    .requiredOption("--vocab-size <V>", "size of the vocabulary: 8 special tokens, 256 bytes and merges", integer(264, 1 << 21))
    .option("--min-frequency <F>", "a pair that occurs less often is not merged", integer(0), 2)
    .requiredOption("--out <file>", "the tokenizer.json to write")
    .option("--special-token <token>", "a special token, instead of the 8 default ones; may be given several times", collect)
    .option("--max-token-length <bytes>", "longest token (default: no limit)", integer(0))
    .option("--limit-alphabet <n>", "most characters in the alphabet (default: no limit)", integer(0))
    .option("--only-seen", "begin with the bytes that occur only (default: all 256)")
    .option("--continuing-subword-prefix <text>", "put before symbols that do not begin a word (default: none)")
    .option("--end-of-word-suffix <text>", "put after the symbol that ends a word (default: none)")
    .option("--from <file>", "a tokenizer.json to train further: its ids and merges stay (default: begin anew)")
    .option("--counts", "the sources are files of `llm-bpe count` (default: texts)");
  return addCommonOptions(countOptions(command)).action((sources: string[], flags: TrainFlags) => interruptible((signal) => train(sources, flags, signal)));
}

/** `llm-bpe count` */
export function countCommand(): Command {
  const command = new Command("count")
    .description("count the words of documents, for training on counts that were made apart or on several machines")
    .argument("<source...>", SOURCES)
    .requiredOption("--out <file>", "the JSONL file to write, a word and its count on each line");
  return addCommonOptions(countOptions(command)).action((sources: string[], flags: CountFlags) =>
    interruptible(async (signal) => {
      const started = performance.now();
      const { words, texts } = await countSources(sources, flags, { addPrefixSpace: flags.addPrefixSpace ?? false }, signal);
      await saveWordCounts(flags.out, words);
      const seconds = (performance.now() - started) / 1000;
      process.stderr.write(`${formatCount(words.size)} unique words of ${formatCount(words.total)} in ${formatBytes(words.bytes)} -> ${flags.out}\n`);
      if (flags.json) printJson({ out: flags.out, uniqueWords: words.size, words: words.total, texts, bytes: words.bytes, seconds });
    }),
  );
}

/** `llm-bpe shrink` */
export function shrinkCommand(): Command {
  const command = new Command("shrink")
    .description("make a tokenizer smaller: its last merges go, with their tokens")
    .requiredOption("--tokenizer <file>", "the tokenizer.json")
    .requiredOption("--vocab-size <V>", "tokens to keep, special ones included", integer(0, 1 << 21))
    .requiredOption("--out <file>", "the tokenizer.json to write");
  return addCommonOptions(command).action(async ({ tokenizer: path, vocabSize, out, json }: { tokenizer: string; vocabSize: number; out: string; json?: boolean }) => {
    const tokenizer = await loadTokenizer(path);
    const small = shrinkTokenizer(tokenizer, vocabSize);
    await saveTokenizer(out, small);
    process.stderr.write(`${tokenizer.vocabSize} -> ${small.vocabSize} tokens -> ${out}\n`);
    if (json) printJson({ out, vocabSize: small.vocabSize, before: tokenizer.vocabSize });
  });
}

async function countSources(sources: string[], flags: CountFlags, split: WordSplit, signal: AbortSignal): Promise<{ words: WordCounts; texts: number }> {
  const bar = createProgress({ label: "count words", unit: "bytes" });
  let texts = 0;
  let read = { bytes: 0, totalBytes: 0 };
  async function* documents() {
    const columns = flags.textColumn === undefined ? {} : { text: flags.textColumn };
    const onProgress = (progress: { bytes: number; totalBytes: number }): void => void (read = progress);
    for await (const document of readDocuments(sources, { columns, signal, onProgress })) yield trainingTexts(document);
  }
  const options: CountOptions = {
    ...split,
    ...(flags.threads === undefined ? {} : { threads: flags.threads }),
    signal,
    onProgress: (event) => {
      if (event.stage !== "count") return;
      texts = event.texts;
      bar.setTotal(read.totalBytes);
      bar.update(flags.lines ? event.bytes : read.bytes, `${formatCount(event.uniqueWords)} words`);
    },
  };
  const words = await (flags.lines ? countLinesOnThreads(sources, options) : countWordsOnThreads(documents(), options));
  bar.stop(`${formatBytes(words.bytes)} of text`);
  if (words.size === 0) throw new BpeError("The sources have no text to train on.");
  return { words, texts };
}

async function train(sources: string[], flags: TrainFlags, signal: AbortSignal): Promise<void> {
  const started = performance.now();
  const { vocabSize, minFrequency, out, json } = flags;
  const from = flags.from === undefined ? undefined : await loadTokenizer(flags.from);
  const split = from ? splitOf(from, flags.from!) : { addPrefixSpace: flags.addPrefixSpace ?? false };
  const seen = { words: 0, bytes: 0, texts: 0 };
  let bar: Progress | undefined;
  const options: TrainOptions = {
    vocabSize,
    minFrequency,
    ...split,
    ...(flags.specialToken ? { specialTokens: flags.specialToken } : {}),
    ...(flags.maxTokenLength === undefined ? {} : { maxTokenLength: flags.maxTokenLength }),
    ...(flags.limitAlphabet === undefined ? {} : { limitAlphabet: flags.limitAlphabet }),
    ...(flags.onlySeen ? { initialAlphabet: [] } : {}),
    ...(flags.continuingSubwordPrefix === undefined ? {} : { continuingSubwordPrefix: flags.continuingSubwordPrefix }),
    ...(flags.endOfWordSuffix === undefined ? {} : { endOfWordSuffix: flags.endOfWordSuffix }),
    signal,
    onProgress: (event) => void (event.stage === "merge" && bar?.update(event.vocabSize)),
  };
  // In a callback, so that nothing here holds on to the words while their pairs are merged.
  const tokenizer = await (flags.counts ? loadWordCounts(sources, { signal }).then((words) => ({ words, texts: 0 })) : countSources(sources, flags, split, signal)).then(({ words, texts }) => {
    if (words.size === 0) throw new BpeError("The sources have no words to train on.");
    Object.assign(seen, { words: words.total, bytes: words.bytes, texts });
    bar = createProgress({ label: "merge", total: vocabSize, unit: "tokens" });
    return from ? extendTokenizer(from, words, options) : trainFromWordCounts(words, options);
  });
  bar?.stop();
  await saveTokenizer(out, tokenizer);
  const seconds = (performance.now() - started) / 1000;
  if (tokenizer.vocabSize < vocabSize) {
    process.stderr.write(`The texts give ${tokenizer.vocabSize} tokens, fewer than the ${vocabSize} asked for: no other pair occurs ${Math.max(1, minFrequency)} times.\n`);
  }
  const what = flags.counts ? `${formatCount(seen.words)} words` : `${formatCount(seen.texts)} texts`;
  process.stderr.write(`${tokenizer.vocabSize} tokens from ${what} (${formatBytes(seen.bytes)}) in ${seconds.toFixed(1)} s -> ${out}\n`);
  if (json) printJson({ out, vocabSize: tokenizer.vocabSize, merges: [...tokenizer.mergePairs()].length, ...seen, seconds });
}

/** How a tokenizer splits texts into words, as far as counting can do the same. */
function splitOf(tokenizer: Tokenizer, path: string): Required<WordSplit> {
  const { normalizer, pre_tokenizer: splitter } = JSON.parse(tokenizer.toJSON(false)) as { normalizer: unknown; pre_tokenizer: { type?: string; add_prefix_space?: boolean; use_regex?: boolean } | null };
  if (normalizer !== null || splitter?.type !== "ByteLevel") {
    throw new BpeError(`${path} changes or splits texts in a way that words are not counted in here; only a ByteLevel pre_tokenizer and no normalizer are. Count its words elsewhere and give them with --counts.`);
  }
  return { addPrefixSpace: splitter.add_prefix_space !== false, useRegex: splitter.use_regex !== false };
}
