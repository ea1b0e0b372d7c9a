import { Command, Option, addCommonOptions, createProgress, formatBytes, formatCount, fraction, integer, interruptible, printJson } from "@llm/cli-kit";
import { writeJsonAtomic } from "@llm/dataset";
import { type TokenizeOptions, type TokenizeProgress, tokenizeCorpus } from "../corpus/tokenize.js";
import { SOURCES } from "./shared.js";

/** The flags of `tokenize` and `plan tokenize`. */
export interface TokenizeFlags {
  tokenizer: string;
  out: string;
  val: number;
  chat?: boolean;
  modelMaxLength: number;
  provenance: NonNullable<TokenizeOptions["provenance"]>;
  textColumn?: string;
}

/** The argument and options that `tokenize` and `plan tokenize` share. */
export const addTokenizeOptions = (command: Command): Command =>
  command
    .argument("<source...>", SOURCES)
    .requiredOption("--tokenizer <file>", "the tokenizer.json")
    .requiredOption("--out <folder>", "the folder of the shards")
    .option("--val <fraction>", "share of the documents for validation, chosen by a hash of each text", fraction, 0.01)
    .option("--chat", "only rows with messages, with a loss mask over the assistant's replies (default: every row, no masks)")
    .option("--model-max-length <tokens>", "the model's context, for tokenizer_config.json", integer(1), 1024)
    .addOption(new Option("--provenance <what>", "what the shards say of where each document is from: its file and row (rows), its id and URL too (full), or nothing (none)").choices(["rows", "full", "none"]).default("rows"))
    .option("--text-column <name>", "the column that holds the text (default: text, content or messages)");

/** What the flags ask for. */
export const tokenizeOptionsOf = ({ textColumn, ...options }: TokenizeFlags): Omit<TokenizeOptions, "threads" | "signal" | "onProgress"> => ({ ...options, ...(textColumn === undefined ? {} : { columns: { text: textColumn } }) });

interface Options extends TokenizeFlags {
  threads?: number;
  report?: string;
  json?: boolean;
}

/** `llm-bpe tokenize` */
export function tokenizeCommand(): Command {
  const command = addTokenizeOptions(new Command("tokenize").description("turn documents, or chats, into token shards; for several machines see `plan tokenize`"))
    .option("--threads <n>", "worker threads; 0 for none (default: one for each processor but one, which reads and writes)", integer(0, 1024))
    .option("--report <file>", "write what --json prints to a file too (default: to none)");
  return addCommonOptions(command).action((sources: string[], options: Options) => interruptible((signal) => tokenize(sources, options, signal)));
}

async function tokenize(sources: string[], { json, report: reportFile, threads, ...options }: Options, signal: AbortSignal): Promise<void> {
  const started = performance.now();
  const seconds = (): number => (performance.now() - started) / 1000;
  const bar = createProgress({ label: "tokenize", unit: "bytes" });
  let last: TokenizeProgress | undefined;
  let shown = 0;
  const manifest = await tokenizeCorpus(sources, {
    ...tokenizeOptionsOf(options),
    ...(threads === undefined ? {} : { threads }),
    signal,
    onProgress: (event) => {
      last = event;
      if (seconds() - shown < 0.1) return;
      shown = seconds();
      bar.setTotal(event.totalBytes);
      bar.update(event.bytes, `${formatCount(event.tokens)} tokens, ${formatBytes(event.textBytes / seconds())}/s`);
    },
  });
  const { train, val } = manifest.splits;
  const reused = last?.reused === true;
  bar.setTotal(last?.totalBytes ?? 0);
  bar.update(last?.totalBytes ?? 0);
  bar.stop(reused ? "nothing to do" : "");
  const throughput = reused ? "already there" : last?.resumed ? `gone on with after ${formatCount(last.resumed)} documents` : `${formatBytes((train.textBytes + val.textBytes) / seconds())}/s`;
  process.stderr.write(
    `train ${formatCount(train.documents)} documents, ${formatCount(train.tokens)} tokens; val ${formatCount(val.documents)} documents, ${formatCount(val.tokens)} tokens; ` +
      `${manifest.bytesPerToken.toFixed(2)} bytes per token; ${throughput} -> ${options.out}\n`,
  );
  const split = ({ documents, tokens, lossTokens, textBytes, shards }: typeof train) => ({ documents, tokens, lossTokens, textBytes, shards: shards.length });
  const tokens = train.tokens + val.tokens;
  const perSecond = (value: number): number | null => (reused || last?.resumed ? null : value / seconds());
  const report = {
    out: options.out,
    reused,
    resumedDocuments: last?.resumed ?? 0,
    tokens,
    bytesPerToken: manifest.bytesPerToken,
    seconds: seconds(),
    bytesPerSecond: perSecond(train.textBytes + val.textBytes),
    tokensPerSecond: perSecond(tokens),
    train: split(train),
    val: split(val),
  };
  if (reportFile !== undefined) await writeJsonAtomic(reportFile, report);
  if (json) printJson(report);
}
