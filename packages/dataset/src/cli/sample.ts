import { Command, UsageError, addCommonOptions, createProgress, integer, interruptible, printJson } from "@llm/cli-kit";
import { GENERATE_DEFAULTS, type SampleRecord, generateSampleCorpus, writeSample } from "../corpus-files.js";
import { sampleDocuments } from "../sample.js";
import { readDocuments } from "../sources/read.js";
import { COLUMN, TEXT_COLUMN, columnsOf, say } from "./common.js";

interface Flags {
  out: string;
  documents?: number;
  chats?: number;
  seed?: number;
  textColumn?: string;
  column?: string[];
  json?: boolean;
}

/** From a source, this many rows by default. */
const FROM_SOURCE = 1_000;

function fromSources(sources: string[], { out, documents = FROM_SOURCE, seed, textColumn, column }: Flags, signal: AbortSignal): Promise<SampleRecord> {
  const progress = createProgress({ label: "sample", total: seed === undefined ? documents : 0, unit: "documents" });
  const rows = readDocuments(sources, { signal, exclude: out, columns: columnsOf(textColumn, column), onProgress: ({ documents: read }) => progress.update(read) });
  const source = { sources, documents, ...(seed === undefined ? { mode: "first" } : { mode: "random", seed }) };
  return writeSample(sampleDocuments(rows, { documents, ...(seed === undefined ? {} : { seed }) }), { out, source, sources, signal }).finally(() => progress.stop());
}

function builtIn({ out, documents = GENERATE_DEFAULTS.documents, chats = GENERATE_DEFAULTS.chats, seed = GENERATE_DEFAULTS.seed }: Flags, signal: AbortSignal): Promise<SampleRecord> {
  const progress = createProgress({ label: "sample", total: documents + chats, unit: "documents" });
  return generateSampleCorpus({ out, documents, chats, seed, signal, onProgress: (done) => progress.update(done) }).finally(() => progress.stop());
}

/** llm-dataset sample [SOURCE...] --out DIR */
export const sampleCommand = (): Command =>
  addCommonOptions(
    new Command("sample")
      .description("Write a sample: the built-in corpus of simple English, or, with SOURCE, its first or a seeded random N rows.")
      .argument("[source...]", "files, folders, globs or hf:// paths (default: the built-in corpus)")
      .requiredOption("--out <dir>", "folder to write: documents/*.parquet, chats/*.jsonl, sample.json; built-in also held-out.json")
      .option("--documents <n>", `documents to write (default: ${GENERATE_DEFAULTS.documents}; with SOURCE ${FROM_SOURCE} rows)`, integer())
      .option("--chats <n>", `chats to write, built-in corpus only (default: ${GENERATE_DEFAULTS.chats})`, integer())
      .option("--seed <n>", `seed (default: ${GENERATE_DEFAULTS.seed}; with SOURCE none, which takes the first rows in order)`, integer())
      .option(...TEXT_COLUMN)
      .option(...COLUMN),
  ).action(async (sources: string[], flags: Flags) => {
    if (sources.length > 0 && flags.chats !== undefined) throw new UsageError("--chats is for the built-in corpus; with SOURCE, --documents counts rows of all kinds.");
    const record = await interruptible((signal) => (sources.length > 0 ? fromSources(sources, flags, signal) : builtIn(flags, signal)));
    if (flags.json) printJson({ out: flags.out, ...record });
    else say(`${record.documents} documents and ${record.chats} chats in ${flags.out}`);
  });
