import { Command, type Progress, UsageError, addCommonOptions, createProgress, formatBytes, fraction, integer, interruptible, printJson } from "@llm/cli-kit";
import { CLEAN_DEFAULTS } from "../clean/clean.js";
import { FILTER_THRESHOLDS, type FilterOptions } from "../clean/pipeline.js";
import { type PrepareResult, prepare } from "../prepare/prepare.js";
import { COLUMN, TEXT_COLUMN, columnsOf, say } from "./common.js";

interface Flags {
  out: string;
  limit?: number;
  minCharacters: number;
  language: string;
  maxLost?: number;
  keepDuplicates?: boolean;
  textColumn?: string;
  column?: string[];
  filters?: string;
  compat?: string;
  threshold: string[];
  urlLists?: string;
  decontaminate: string[];
  measures?: boolean;
  json?: boolean;
}

const collect = (value: string, list: string[]): string[] => [...list, value];

/** The thresholds of NAME=VALUE; "off" switches a rule off. */
function thresholdsOf(flags: readonly string[]): Record<string, number | null> {
  const thresholds: Record<string, number | null> = {};
  for (const flag of flags) {
    const [, name = "", value = ""] = /^([^=]+)=(.+)$/.exec(flag) ?? [];
    if (!(name in FILTER_THRESHOLDS) || (value !== "off" && !Number.isFinite(Number(value)))) {
      throw new UsageError(`--threshold takes NAME=NUMBER or NAME=off; found "${flag}". Names and defaults: ${Object.entries(FILTER_THRESHOLDS).map(([key, number]) => `${key}=${number}`).join(" ")}`);
    }
    thresholds[name] = value === "off" ? null : Number(value);
  }
  return thresholds;
}

/** The filters that the flags ask for. */
function filtersOf({ filters, compat, threshold, urlLists, decontaminate, measures }: Flags): FilterOptions | null {
  if (filters === undefined) {
    if (compat !== undefined || threshold.length > 0 || urlLists !== undefined || decontaminate.length > 0 || measures) throw new UsageError("--compat, --threshold, --url-lists, --decontaminate and --measures are for the filters; add --filters fineweb.");
    return null;
  }
  if (filters !== "fineweb") throw new UsageError(`--filters takes fineweb; found "${filters}".`);
  if (compat !== undefined && compat !== "datatrove") throw new UsageError(`--compat takes datatrove; found "${compat}".`);
  return {
    set: "fineweb",
    ...(compat === undefined ? {} : { compat }),
    ...(threshold.length > 0 ? { thresholds: thresholdsOf(threshold) } : {}),
    ...(urlLists === undefined ? {} : { urlLists }),
    ...(decontaminate.length > 0 ? { decontaminate } : {}),
    ...(measures ? { measures } : {}),
  };
}

async function run(sources: string[], flags: Flags, signal: AbortSignal): Promise<PrepareResult> {
  const { out, limit, minCharacters, language, keepDuplicates = false, textColumn, column } = flags;
  const filters = filtersOf(flags);
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
      filters,
      columns: columnsOf(textColumn, column),
      signal,
      ...(limit === undefined ? {} : { limit }),
      ...(flags.maxLost === undefined ? {} : { maxLost: flags.maxLost }),
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
      .option("--max-lost <share>", "leave out damaged parts of the sources and name them in _damaged/*.jsonl; fail if more than this share of their bytes is lost (default: the first damage is an error)", fraction)
      .option("--keep-duplicates", "keep exact duplicates (default: reject them)")
      .option("--filters <set>", "judge documents by FineWeb's filters: fineweb (default: none)")
      .option("--compat <tool>", "judge exactly as datatrove does, without repairs of ours: datatrove (default: off)")
      .option("--threshold <name=value>", 'another threshold of a filter, e.g. fineweb.char_dup_ratio=0.1, or "off"; can be repeated', collect, [])
      .option("--url-lists <dir>", "folder with domains, urls, banned_words.txt, ... by which URLs are rejected (default: none)")
      .option("--decontaminate <source>", "evaluation texts; documents that share 12 words in a row with one are rejected; can be repeated", collect, [])
      .option("--measures", "write what every filter measured of every document to _measures/*.jsonl (default: not written)")
      .option(...TEXT_COLUMN)
      .option(...COLUMN),
  ).action(async (sources: string[], flags: Flags) => {
    const { status, resumedRows, report } = await interruptible((signal) => run(sources, flags, signal));
    if (flags.json) {
      printJson({ out: flags.out, status, resumedRows, ...report });
      return;
    }
    if (status === "unchanged") say(`${flags.out} is up to date: inputs and settings are unchanged.`);
    if (resumedRows > 0) say(`Went on after ${resumedRows} rows that an earlier run had done.`);
    say(`${report.documents} documents and ${report.chats} chats (${formatBytes(report.bytes)} of text) of ${report.read} rows in ${flags.out}`);
    if (report.lost && report.lost.places > 0) say(`  damaged: ${report.lost.places} places, ${report.lost.documents} documents known to be lost, ${(report.lost.share * 100).toPrecision(3)}% of the bytes; named in _damaged`);
    for (const [reason, count] of Object.entries(report.rejected)) if (count > 0) say(`  rejected as ${reason}: ${count}`);
    for (const [rule, count] of Object.entries(report.details.rules)) say(`    ${rule}: ${count}`);
  });
