import { Command, type Progress, addCommonOptions, createProgress, formatBytes, integer, printJson } from "@llm/cli-kit";
import { CLEAN_DEFAULTS } from "../clean/clean.js";
import { type PrepareResult, prepare } from "../prepare/prepare.js";
import { TEXT_COLUMN, columnsOf, interruptible, say } from "./common.js";

interface Flags {
  out: string;
  limit?: number;
  minCharacters: number;
  language: string;
  keepDuplicates?: boolean;
  textColumn?: string;
  json?: boolean;
}

async function run(sources: string[], { out, limit, minCharacters, language, keepDuplicates = false, textColumn }: Flags, signal: AbortSignal): Promise<PrepareResult> {
  // Nothing is shown where nothing is to be done.
  let progress: Progress | undefined;
  let total = 0;
  let note = "";
  try {
    const result = await prepare(sources, {
      out,
      minCharacters,
      language: language === "any" ? null : language,
      deduplicate: !keepDuplicates,
      columns: columnsOf(textColumn),
      signal,
      ...(limit === undefined ? {} : { limit }),
      onProgress: ({ read, kept, bytes, totalBytes }) => {
        progress ??= createProgress({ label: "prepare", total: (total = totalBytes), unit: "B" });
        note = `${kept} of ${read} kept`;
        progress.update(bytes, note);
      },
    });
    progress?.update(total, note);
    return result;
  } finally {
    progress?.stop(note);
  }
}

/** llm-dataset prepare SOURCE... --out DIR */
export const prepareCommand = (): Command =>
  addCommonOptions(
    new Command("prepare")
      .description("Clean documents and chats: normalize Unicode, remove control characters, reject the too short, other languages and exact duplicates. Goes on where it was interrupted; does nothing if nothing changed.")
      .argument("<source...>", "files, folders, globs or hf:// paths")
      .requiredOption("--out <dir>", "folder to write: documents/*.parquet, chats/*.jsonl, rejected/*.jsonl, report.json, report.html")
      .option("--limit <n>", "read at most this many rows (default: all)", integer(1))
      .option("--min-characters <n>", "reject shorter documents; chats are exempt", integer(), CLEAN_DEFAULTS.minCharacters)
      .option("--language <code>", 'reject rows whose language column says otherwise; "any" keeps all', "en")
      .option("--keep-duplicates", "keep exact duplicates (default: reject them)")
      .option(...TEXT_COLUMN),
  ).action(async (sources: string[], flags: Flags) => {
    const { status, resumedRows, report } = await interruptible((signal) => run(sources, flags, signal));
    if (flags.json) {
      printJson({ out: flags.out, status, resumedRows, ...report });
      return;
    }
    if (status === "unchanged") say(`${flags.out} is up to date: inputs and settings are unchanged.`);
    if (resumedRows > 0) say(`Went on after ${resumedRows} rows that an earlier run had done.`);
    say(`${report.documents} documents and ${report.chats} chats (${formatBytes(report.bytes)} of text) of ${report.read} rows in ${flags.out}`);
    for (const [reason, count] of Object.entries(report.rejected)) if (count > 0) say(`  rejected as ${reason}: ${count}`);
  });
