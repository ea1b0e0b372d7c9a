import { Command, type Progress, UsageError, addCommonOptions, createProgress, formatBytes, fraction, integer, interruptible, number, printJson } from "@llm/cli-kit";
import { CLEAN_DEFAULTS } from "../clean/clean.js";
import { FILTER_THRESHOLDS, type FilterOptions } from "../clean/pipeline.js";
import { type PrepareOptions, type PrepareProgress, prepare } from "../prepare/prepare.js";
import type { PrepareReport } from "../prepare/report.js";
import { COLUMN, TEXT_COLUMN, WORKERS, columnsOf, say } from "./common.js";

/** The flags of `prepare` and `plan prepare`. */
export interface PrepareFlags {
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
  unitSize?: number;
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
function filtersOf({ filters, compat, threshold, urlLists, decontaminate, measures }: PrepareFlags): FilterOptions | null {
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

/** What the flags ask for. */
export const prepareOptionsOf = (flags: PrepareFlags): Omit<PrepareOptions, "workers" | "signal" | "onProgress"> => ({
  out: flags.out,
  minCharacters: flags.minCharacters,
  language: flags.language === "any" ? null : flags.language,
  deduplicate: flags.keepDuplicates !== true,
  filters: filtersOf(flags),
  columns: columnsOf(flags.textColumn, flags.column),
  ...(flags.limit === undefined ? {} : { limit: flags.limit }),
  ...(flags.maxLost === undefined ? {} : { maxLost: flags.maxLost }),
  ...(flags.unitSize === undefined ? {} : { unitBytes: flags.unitSize * 1e6 }),
});

/** Shows how far preparing is. Nothing is shown where nothing is to be done. */
export async function withProgress<T>(label: string, work: (onProgress: (progress: PrepareProgress) => void) => Promise<T>): Promise<T> {
  let progress: Progress | undefined;
  let total = 0;
  let note = "";
  try {
    const result = await work(({ read, kept, bytes, totalBytes }) => {
      progress ??= createProgress({ label, total: (total = totalBytes), unit: "B" });
      note = `${kept} of ${read} kept`;
      progress.update(bytes, note);
    });
    progress?.update(total, note);
    return result;
  } finally {
    progress?.stop(note);
  }
}

/** Says what was kept and what was not. */
export function sayReport(report: PrepareReport, out: string): void {
  say(`${report.documents} documents and ${report.chats} chats (${formatBytes(report.bytes)} of text) of ${report.read} rows in ${out}`);
  if (report.lost && report.lost.places > 0) say(`  damaged: ${report.lost.places} places, ${report.lost.documents} documents known to be lost, ${(report.lost.share * 100).toPrecision(3)}% of the bytes; named in _damaged`);
  for (const [reason, count] of Object.entries(report.rejected)) if (count > 0) say(`  rejected as ${reason}: ${count}`);
  for (const [rule, count] of Object.entries(report.details.rules)) say(`    ${rule}: ${count}`);
}

/** The argument and options that `prepare` and `plan prepare` share. */
export const addPrepareOptions = (command: Command): Command =>
  command
    .argument("<source...>", "files, folders, globs or hf:// paths")
    .requiredOption("--out <dir>", "folder to write: documents/*.parquet, chats/*.jsonl, rejected/*.jsonl, report.json, report.html")
    .option("--limit <n>", "read at most this many rows, one after the other (default: all)", integer(1))
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
    .option("--unit-size <MB>", "megabytes of the sources that a worker takes at a time; output files end where these units do (default: 4 to 64, by the size of all)", number(0.001, 1e6))
    .option(...TEXT_COLUMN)
    .option(...COLUMN);

/** llm-dataset prepare SOURCE... --out DIR */
export const prepareCommand = (): Command =>
  addCommonOptions(
    addPrepareOptions(
      new Command("prepare").description("Clean documents and chats: normalize Unicode, remove control characters, reject the too short, other languages and exact duplicates. Goes on where it was interrupted; does nothing if nothing changed. For several machines see `plan prepare`."),
    ).option(...WORKERS),
  ).action(async (sources: string[], { workers, json, ...flags }: PrepareFlags & { workers?: number; json?: boolean }) => {
    const { status, resumedRows, report } = await interruptible((signal) => withProgress("prepare", (onProgress) => prepare(sources, { ...prepareOptionsOf(flags), ...(workers === undefined ? {} : { workers }), signal, onProgress })));
    if (json) {
      printJson({ out: flags.out, status, resumedRows, ...report });
      return;
    }
    if (status === "unchanged") say(`${flags.out} is up to date: inputs and settings are unchanged.`);
    if (resumedRows > 0) say(`Went on after ${resumedRows} rows that an earlier run had done.`);
    sayReport(report, flags.out);
  });
