import { Command, type Progress, UsageError, addCommonOptions, createProgress, formatBytes, formatDuration, integer, interruptible, printJson } from "@llm/cli-kit";
import { type DownloadResult, download } from "../download/download.js";
import { type AmountLimit, limitDocuments } from "../sources/limit.js";
import { readDocuments } from "../sources/read.js";
import { type SampleRecord, writeSample } from "../corpus-files.js";
import { COLUMN, TEXT_COLUMN, columnsOf, say } from "./common.js";

interface Flags {
  out: string;
  limit?: AmountLimit;
  connections: number;
  recheck?: boolean;
  textColumn?: string;
  column?: string[];
  json?: boolean;
}

const SCALE: Record<string, number> = { "": 1, k: 1e3, m: 1e6, g: 1e9, t: 1e12 };

/** "1000", "20k documents", "10Mtokens", "500MB". */
export function parseLimit(text: string): AmountLimit {
  const match = /^\s*([\d_]+(?:\.\d+)?(?:e\d+)?)\s*([kmgt]?)\s*(b|bytes?|docs?|documents?|tok|tokens?)?\s*$/i.exec(text);
  const amount = match ? Math.round(Number(match[1]!.replaceAll("_", "")) * SCALE[match[2]!.toLowerCase()]!) : NaN;
  if (!Number.isSafeInteger(amount) || amount < 1) throw new UsageError(`--limit ${text}: expected a number of documents, tokens or bytes, e.g. 10000, 5Mtokens or 200MB.`);
  const unit = match![3]?.toLowerCase() ?? "d";
  return unit.startsWith("b") ? { bytes: amount } : unit.startsWith("t") ? { tokens: amount } : { documents: amount };
}

async function wholeFiles(sources: string[], { out, connections, recheck = false }: Flags, signal: AbortSignal): Promise<DownloadResult> {
  let progress: Progress | undefined;
  let note = "";
  try {
    return await download(sources, {
      out,
      connections,
      recheck,
      signal,
      onRetry: ({ wait, reason }) => {
        if (wait >= 5_000) say(`waiting ${formatDuration(wait / 1_000)}: ${reason}`);
      },
      onProgress: ({ bytes, resumedBytes, totalBytes, files, totalFiles, bytesPerSecond, retries }) => {
        // What was there already is left out, so that the time left is that of this run.
        progress ??= createProgress({ label: "download", total: totalBytes - resumedBytes, unit: "B" });
        note = `${formatBytes(bytesPerSecond)}/s, ${files} of ${totalFiles} files${resumedBytes > 0 ? `, ${formatBytes(resumedBytes)} were there` : ""}${retries > 0 ? `, ${retries} retries` : ""}`;
        progress.update(bytes - resumedBytes, note);
      },
    });
  } finally {
    progress?.stop(note);
  }
}

async function beginning(sources: string[], limit: AmountLimit, { out, textColumn, column }: Flags, signal: AbortSignal): Promise<SampleRecord> {
  const [unit, total] = Object.entries(limit)[0] as [keyof AmountLimit, number];
  const progress = createProgress({ label: "download", total, unit });
  try {
    const documents = readDocuments(sources, { signal, exclude: out, partial: true, columns: columnsOf(textColumn, column) });
    const limited = limitDocuments(documents, limit, (amount) => progress.update(Math.min(total, amount[unit])));
    return await writeSample(limited, { out, source: { sources, limit }, signal });
  } finally {
    progress.stop();
  }
}

/** llm-dataset download SOURCE... --out DIR */
export const downloadCommand = (): Command =>
  addCommonOptions(
    new Command("download")
      .description(
        "Fetch data sets of the Hugging Face Hub, or any file of the web: parallel, checked against the Hub's SHA-256, and going on in the middle of a file where it was interrupted. Respects HF_ENDPOINT, HF_TOKEN, HF_HOME and the Hub's other variables.",
      )
      .argument("<source...>", "hf://datasets/OWNER/NAME[@REVISION]/PATH (a file, a folder or a glob), or an http(s) address, which may end in #sha256=HEX")
      .requiredOption("--out <dir>", "folder to write: the files with their paths in the data set, and download.json; with --limit documents/*.parquet, chats/*.jsonl and sample.json")
      .option("--limit <amount>", "only the first documents, tokens or bytes of text, e.g. 10000, 5Mtokens or 200MB: fetches the row groups that hold them and no more (default: whole files)", parseLimit)
      .option("--connections <n>", "byte ranges to fetch at once", integer(1, 64), 8)
      .option("--recheck", "hash files again that are there already, and fetch damaged ones anew (default: those that an earlier run checked are taken by their length)")
      .option(...TEXT_COLUMN)
      .option(...COLUMN),
  ).action(async (sources: string[], flags: Flags) => {
    if (flags.limit) {
      const { limit } = flags;
      const record = await interruptible((signal) => beginning(sources, limit, flags, signal));
      if (flags.json) printJson({ out: flags.out, ...record });
      else say(`${record.documents} documents and ${record.chats} chats in ${flags.out}`);
      return;
    }
    const { status, fetchedBytes, files } = await interruptible((signal) => wholeFiles(sources, flags, signal));
    if (flags.json) {
      printJson({ out: flags.out, status, fetchedBytes, files });
      return;
    }
    const unchecked = files.filter(({ checked }) => checked === "length").length;
    say(status === "unchanged" ? `${flags.out} is up to date: all ${files.length} files are there.` : `${files.length} files, ${formatBytes(files.reduce((sum, { bytes }) => sum + bytes, 0))}, in ${flags.out}`);
    if (unchecked > 0) say(`${unchecked} of them could only be checked by their length: the server states no digest. Put #sha256=HEX behind an address to have it checked.`);
  });
