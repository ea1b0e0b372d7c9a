import { Command, addCommonOptions, createProgress, formatBytes, formatCount, integer, printJson } from "@llm/cli-kit";
import { readDocuments } from "@llm/dataset";
import { saveTokenizer } from "../corpus/files.js";
import { trainingTexts } from "../corpus/texts.js";
import { BpeError } from "../errors.js";
import { trainBpe } from "../train/train.js";
import { SOURCES, interruptible } from "./shared.js";

interface Options {
  vocabSize: number;
  minFrequency: number;
  out: string;
  textColumn?: string;
  json?: boolean;
}

/** `llm-bpe train` */
export function trainCommand(): Command {
  const command = new Command("train")
    .description("train a tokenizer on documents and the contents of chats")
    .argument("<source...>", SOURCES)
    .requiredOption("--vocab-size <V>", "size of the vocabulary: 8 special tokens, 256 bytes and merges", integer(264, 1 << 21))
    .option("--min-frequency <F>", "a pair that occurs less often is not merged", integer(0), 2)
    .requiredOption("--out <file>", "the tokenizer.json to write")
    .option("--text-column <name>", "the column that holds the text (default: text, content or messages)");
  return addCommonOptions(command).action((sources: string[], options: Options) => interruptible((signal) => train(sources, options, signal)));
}

async function train(sources: string[], { vocabSize, minFrequency, out, textColumn, json }: Options, signal: AbortSignal): Promise<void> {
  const started = performance.now();
  let bar = createProgress({ label: "count words", unit: "bytes" });
  let counting = true;
  let [texts, bytes] = [0, 0];
  let read = { bytes: 0, totalBytes: 0 };
  async function* batches() {
    const columns = textColumn === undefined ? {} : { text: textColumn };
    const onProgress = (progress: { bytes: number; totalBytes: number }): void => void (read = progress);
    for await (const document of readDocuments(sources, { columns, signal, onProgress })) yield trainingTexts(document);
  }
  const tokenizer = await trainBpe(batches(), {
    vocabSize,
    minFrequency,
    signal,
    onProgress: (event) => {
      if (event.stage === "count") {
        [texts, bytes] = [event.texts, event.bytes];
        bar.setTotal(read.totalBytes);
        bar.update(read.bytes, `${formatCount(event.uniqueWords)} words`);
        return;
      }
      if (counting) {
        bar.stop(`${formatBytes(bytes)} of text`);
        bar = createProgress({ label: "merge", total: event.target, unit: "tokens" });
        counting = false;
      }
      bar.update(event.vocabSize);
    },
  });
  bar.stop();
  if (bytes === 0) throw new BpeError("The sources have no text to train on.");
  await saveTokenizer(out, tokenizer);
  const seconds = (performance.now() - started) / 1000;
  if (tokenizer.vocabSize < vocabSize) {
    process.stderr.write(`The texts give ${tokenizer.vocabSize} tokens, fewer than the ${vocabSize} asked for: no other pair occurs ${Math.max(1, minFrequency)} times.\n`);
  }
  process.stderr.write(`${tokenizer.vocabSize} tokens from ${formatCount(texts)} texts (${formatBytes(bytes)}) in ${seconds.toFixed(1)} s -> ${out}\n`);
  if (json) printJson({ out, vocabSize: tokenizer.vocabSize, merges: [...tokenizer.mergePairs()].length, texts, bytes, seconds });
}
