import { randomInt } from "node:crypto";
import { mkdir, open, readFile, readdir, rename, rm, stat } from "node:fs/promises";
import { createRequire } from "node:module";
import { hostname } from "node:os";
import { join, resolve } from "node:path";
import {
  type LoadedPlan,
  type Manifest,
  type Plan,
  type SourceFile,
  type Unit,
  checkCompletions,
  checkFiles,
  checkRank,
  divide,
  planFiles,
  readCompletion,
  readPlan,
  readSourceFile,
  sha256File,
  sha256Hex,
  sourceFilesOf,
  waitForRanks,
  writeCompletion,
} from "@llm/dataset";
import { BpeError } from "../errors.js";
import { pack, unpack } from "./checkpoint.js";
import type { SourceText } from "./encode-documents.js";
import { type Batch, encodeStream, inBatches } from "./encode-stream.js";
import { findFinished, fingerprintOf } from "./fingerprint.js";
import { completeReport } from "./report.js";
import { type OpenTokenizer, TokenSet, type TokenizeSettings, openTokenizer, settingsOf } from "./shard-set.js";
import { threadCount } from "./threads/pool.js";
import { type TokenizeOptions, type TokenizeProgress, encoderOf, sourceTextOf } from "./tokenize.js";

const { name, version } = createRequire(import.meta.url)(import.meta.url.endsWith(".ts") ? "../../package.json" : "../package.json") as { name: string; version: string };
const PACKAGE = `${name}@${version}`;

/** Settings of a plan to tokenize. */
export interface TokenizePlanOptions extends TokenizeSettings {
  /** Absolute path of the tokenizer.json, and the SHA-256 of its bytes. */
  tokenizer: string;
  tokenizerSha256: string;
}
/** A plan to tokenize. */
export type TokenizePlan = Plan<"tokenize", TokenizePlanOptions>;

/** A file's whole content counts, as in the fingerprint of `tokenizeCorpus`. */
const digestOf = async (file: SourceFile): Promise<string> => file.digest || sha256File(await file.locate());

/** Options of {@link planTokenize}. The tokenizer must be a file. */
export type PlanTokenizeOptions = Omit<TokenizeOptions, "threads" | "checkpointTokens" | "onProgress"> & {
  /** How many ranks share the work; default 1. There are at most as many as units. */
  ranks?: number;
  /** Source bytes of a unit, what a rank takes at a time; default 4 to 64 MB, by the bytes of all sources. The shards do not depend on it. */
  unitBytes?: number;
};

/**
 * Freezes what `tokenizeCorpus` would do: the source files with their sizes and digests, the tokenizer, all settings, and which rank does
 * which units. Write it with `writePlan` of @llm/dataset; run each rank with {@link runTokenizeRank} on any machine that sees the same
 * folders, in any order, as often as need be; and then {@link collectTokenized}, which gives the shards of `tokenizeCorpus`, to the byte.
 * @throws BpeError, DatasetError for unusable input
 */
export async function planTokenize(sources: string | readonly string[], { out, ranks = 1, unitBytes, signal, tokenizer: path, ...options }: PlanTokenizeOptions): Promise<TokenizePlan> {
  if (path.trimStart().startsWith("{")) throw new BpeError("A plan names the tokenizer.json as a file that every machine sees; found its text. Save it first.");
  const settings = settingsOf(options);
  const { info } = await openTokenizer(path);
  const files = await planFiles(sources, digestOf, { exclude: out, signal });
  return {
    format: "llm-plan",
    version: 1,
    task: "tokenize",
    package: PACKAGE,
    out: resolve(out),
    fingerprint: await fingerprintOf(sourceFilesOf(files), info.sha256, settings, signal),
    options: { ...settings, tokenizer: resolve(path), tokenizerSha256: info.sha256 },
    files,
    ...(await divide(files, { ranks, unitBytes, signal })),
  };
}

const PREFIX = ".ranks-";
// Of the units too: a file of a unit says nothing of where other plans cut the same sources.
const workFolder = ({ out, fingerprint, units }: Plan): string => join(out, PREFIX + sha256Hex(JSON.stringify([fingerprint, units])).slice(0, 32));
const unitFile = (unit: number): string => `unit-${String(unit).padStart(5, "0")}.tokens`;

const load = async (path: string): Promise<LoadedPlan<TokenizePlan>> => (await readPlan(path, { task: "tokenize", package: PACKAGE })) as LoadedPlan<TokenizePlan>;

async function openPlanned({ options: { tokenizer, tokenizerSha256 } }: TokenizePlan): Promise<OpenTokenizer> {
  const opened = await openTokenizer(tokenizer);
  if (opened.info.sha256 !== tokenizerSha256) throw new BpeError(`${tokenizer} is not as it was when the plan was made: its content differs. Put the file back, or make a new plan.`);
  return opened;
}

/**
 * Does one rank of a plan: tokenizes its units and, last, writes a marker with the digests of what it wrote. A rank that is complete is
 * skipped, one that was cut off goes on after its last unit; several processes may do the same one at once.
 * @param path Of plan.json
 * @returns "written", or "complete" where nothing had to be done
 * @throws BpeError, DatasetError when there is no such rank, or a source or the tokenizer is not as the plan says
 */
export async function runTokenizeRank(path: string, rank: number, { threads = 0, signal, onProgress }: { threads?: number; signal?: AbortSignal; onProgress?: (event: TokenizeProgress) => void } = {}): Promise<{ status: "written" | "complete"; units: number }> {
  const plan = await load(path);
  const [first, last] = checkRank(plan, rank);
  const units = last - first;
  const work = workFolder(plan);
  if ((await findFinished(plan.out, plan.fingerprint, signal)) || (await readCompletion(work, plan, rank))) return { status: "complete", units };
  await checkFiles(plan, [first, last], digestOf);
  const opened = await openPlanned(plan);
  await mkdir(work, { recursive: true });
  await clearAttempts(work);
  const progress: TokenizeProgress = { documents: 0, tokens: 0, textBytes: 0, bytes: 0, totalBytes: plan.units.slice(first, last).reduce((sum, { bytes }) => sum + bytes, 0), resumed: 0 };
  for (let unit = first; unit < last; unit++) {
    if (!(await stat(join(work, unitFile(unit))).catch(() => undefined))) await tokenizeUnit(plan, opened, unit, { work, threads: threadCount(threads), signal, progress, onProgress });
    progress.bytes += plan.units[unit]!.bytes;
    onProgress?.({ ...progress });
  }
  await writeCompletion(work, plan, rank, Array.from({ length: units }, (_, index) => unitFile(first + index)));
  return { status: "written", units };
}

/** Writes a unit's tokens under a name of its own, then gives them the unit's name: of two processes that do it, both write the same bytes. */
async function tokenizeUnit(
  plan: TokenizePlan,
  opened: OpenTokenizer,
  unit: number,
  { work, threads, signal, progress, onProgress }: { work: string; threads: number; signal: AbortSignal | undefined; progress: TokenizeProgress; onProgress: ((event: TokenizeProgress) => void) | undefined },
): Promise<void> {
  const attempt = join(work, `.attempt-${hostname()}-${process.pid}-${randomInt(2 ** 32)}`);
  const file = await open(attempt, "w");
  try {
    for await (const { encoded } of encodeStream(inBatches(documentsOf(plan, plan.units[unit]!, signal)), encoderOf(opened, plan.options, threads))) {
      signal?.throwIfAborted();
      for (const piece of pack(encoded)) await file.writeFile(piece);
      progress.documents += encoded.lengths.length;
      progress.tokens += encoded.tokens.length;
      progress.textBytes += encoded.textBytes.reduce((sum, bytes) => sum + bytes, 0);
      onProgress?.({ ...progress });
    }
    await file.sync();
    await file.close();
    await rename(attempt, join(work, unitFile(unit)));
  } catch (error) {
    await file.close().catch(() => undefined);
    await rm(attempt, { force: true });
    throw error;
  }
}

async function* documentsOf({ files, options }: TokenizePlan, { ranges }: Unit, signal: AbortSignal | undefined): AsyncGenerator<{ document: SourceText; next: Batch<null>["next"] }> {
  const sources = sourceFilesOf(files);
  for (const { file, from, to, lines } of ranges) {
    for await (const row of readSourceFile(sources[file]!, { columns: options.columns, skip: from, ...(to === null ? {} : { end: to }), lines, signal, siblings: sources })) yield { document: sourceTextOf(row, options), next: null };
  }
}

/** Removes what processes of this machine that have ended left. */
async function clearAttempts(work: string): Promise<void> {
  for (const file of await readdir(work)) {
    const [, host, pid] = /^\.attempt-(.+)-(\d+)-\d+$/.exec(file) ?? [];
    if (host !== hostname()) continue;
    try {
      process.kill(Number(pid), 0);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ESRCH") await rm(join(work, file), { force: true });
    }
  }
}

/**
 * Writes the shards of a plan when every rank is complete: the same bytes as `tokenizeCorpus` of the same sources and settings.
 * @param path Of plan.json. With `waitHours` it waits that long for ranks that are not complete
 * @throws DatasetError naming the ranks that are missing, or whose files are no longer what they wrote
 */
export async function collectTokenized(path: string, { waitHours = 0, signal, onProgress }: { waitHours?: number; signal?: AbortSignal; onProgress?: (event: TokenizeProgress) => void } = {}): Promise<{ status: "written" | "unchanged"; out: string; manifest: Manifest }> {
  const plan = await load(path);
  const { out, fingerprint, options } = plan;
  const work = workFolder(plan);
  const finished = await findFinished(out, fingerprint, signal);
  if (finished) {
    await completeReport(out, finished, options, sourceFilesOf(plan.files));
    await rm(work, { recursive: true, force: true });
    return { status: "unchanged", out, manifest: finished };
  }
  await waitForRanks(work, plan, waitHours, { signal });
  await checkCompletions(work, plan, ({ file }) => rm(join(work, file), { force: true }), signal);
  const opened = await openPlanned(plan);
  const set = await TokenSet.create(out, opened, options, { fingerprint, totalBytes: plan.units.reduce((sum, { bytes }) => sum + bytes, 0), onProgress, signal });
  try {
    for (const [unit, { bytes }] of plan.units.entries()) {
      const body = await readFile(join(work, unitFile(unit)));
      for (let at = 0; at < body.length; ) {
        const { encoded, end } = unpack(body, at, opened.wide);
        await set.add(encoded);
        at = end;
      }
      set.progress.bytes += bytes;
    }
    const manifest = await set.finish(sourceFilesOf(plan.files));
    for (const file of await readdir(out)) if (file.startsWith(PREFIX)) await rm(join(out, file), { recursive: true, force: true });
    return { status: "written", out, manifest };
  } catch (error) {
    await set.abort();
    throw error;
  }
}
