import { Command, type Progress, UsageError, addCommonOptions, createProgress, interruptible, printJson } from "@llm/cli-kit";
import { type KeepPolicy, NEAR_DUPLICATES } from "../dedupe/near-duplicates.js";
import { type DedupeReport, dedupe } from "../dedupe/dedupe.js";
import { TEXT_COLUMN, columnsOf, say } from "./common.js";

interface Flags {
  out: string;
  similarity: string;
  keep: string;
  textColumn?: string;
  workers?: string;
  json?: boolean;
}

async function run(sources: string[], { out, similarity, keep, textColumn, workers }: Flags, signal: AbortSignal): Promise<{ status: string; resumedDocuments: number; report: DedupeReport }> {
  const share = Number(similarity);
  if (similarity.trim() === "" || !(share >= 0 && share <= 1)) throw new UsageError(`--similarity takes a number from 0 to 1; found "${similarity}".`);
  if (keep !== "longest" && keep !== "first") throw new UsageError(`--keep takes longest or first; found "${keep}".`);
  const threads = workers === undefined ? undefined : Number(workers);
  if (threads !== undefined && !(Number.isInteger(threads) && threads >= 1 && threads <= 256)) throw new UsageError(`--workers takes a whole number from 1 to 256; found "${workers!}".`);
  let progress: Progress | undefined;
  let total = 0;
  try {
    return await dedupe(sources, {
      out,
      similarity: share,
      keep: keep satisfies KeepPolicy,
      columns: columnsOf(textColumn),
      ...(threads === undefined ? {} : { workers: threads }),
      signal,
      onProgress: ({ step, documents, bytes, totalBytes }) => {
        // Every source is read twice: to be signed, and to be written.
        progress ??= createProgress({ label: "dedupe", total: (total = 2 * totalBytes), unit: "B" });
        progress.update(bytes + (step === "write" ? totalBytes : 0), `${step} ${documents}`);
      },
    });
  } finally {
    progress?.update(total);
    progress?.stop();
  }
}

/** llm-dataset dedupe SOURCE... --out DIR */
export const dedupeCommand = (): Command =>
  addCommonOptions(
    new Command("dedupe")
      .description("Remove near-duplicates by MinHash with FineWeb's parameters (112 hashes, 14 bands, 5 words), each candidate compared in full. Does nothing if nothing changed.")
      .argument("<source...>", "files, folders, globs or hf:// paths")
      .requiredOption("--out <dir>", "folder to write: documents/*.parquet, chats/*.jsonl, rejected/*.jsonl, _clusters.jsonl, report.json, report.html")
      .option("--similarity <share>", "least share of 5-word shingles in common, from 0 to 1", String(NEAR_DUPLICATES.similarity))
      .option("--keep <policy>", "which document of a cluster stays: longest or first", NEAR_DUPLICATES.keep)
      .option("--workers <n>", "threads that sign texts; the result does not depend on it (default: one for each core)")
      .option(...TEXT_COLUMN),
  ).action(async (sources: string[], flags: Flags) => {
    const { status, resumedDocuments, report } = await interruptible((signal) => run(sources, flags, signal));
    if (flags.json) {
      printJson({ out: flags.out, status, resumedDocuments, ...report });
      return;
    }
    if (status === "unchanged") say(`${flags.out} is up to date: inputs and settings are unchanged.`);
    if (resumedDocuments > 0) say(`Went on behind ${resumedDocuments} documents that were signed before.`);
    say(`${report.documents} documents and ${report.chats} chats of ${report.read} rows in ${flags.out}`);
    say(`  ${report.duplicates} near-duplicates in ${report.clusters} clusters`);
  });
