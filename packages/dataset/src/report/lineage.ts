import { basename, join, normalize, relative } from "node:path";
import { DatasetError } from "../errors.js";
import { type Origin, type RecordFormat, recordIn } from "./origins.js";

/** A step of a run, as its record says. */
export interface LineageStep {
  step: "download" | "sample" | "prepare" | "dedupe" | "tokenize" | "merge" | "split" | "import" | "export";
  /** The folder of its result. */
  folder: string;
  /** The record's name there, and the SHA-256 of its bytes. */
  record: string;
  sha256: string;
  /** The steps that it was made from, by the SHA-256 of their records. */
  from: string[];
  /** Rows (documents and chats) that it read and left, where it says so, and tokens that it wrote. */
  read: number | null;
  rows: number | null;
  tokens: number | null;
  /** The record itself. */
  content: Record<string, unknown>;
}

/** A record that a step was made from and that is not there any more. */
export interface MissingStep extends Origin {
  /** The folder of the step that was made from it. */
  neededBy: string;
  /** "absent", or "changed": there is another record in its place. */
  reason: "absent" | "changed";
}

/** What was done to the sources, step by step, each known by the digest of its record. */
export interface Lineage {
  format: "llm-dataset-lineage";
  version: 1;
  /** What a step was made from comes before it. */
  steps: LineageStep[];
  missing: MissingStep[];
}

/** What records of a format are about; those of shards say it themselves. */
const STEPS: Record<RecordFormat, LineageStep["step"]> = {
  "llm-dataset-download": "download",
  "llm-dataset-sample": "sample",
  "llm-dataset-report": "prepare",
  "llm-dataset-dedupe": "dedupe",
  "llm-bpe-tokenize": "tokenize",
  "llm-dataset-shards": "merge",
  "llm-shards-export": "export",
};
const stepOf = ({ format, step }: { format: RecordFormat; step?: unknown }): LineageStep["step"] => (format === "llm-dataset-shards" && (step === "split" || step === "import") ? step : STEPS[format]);

type Counts = Partial<Record<"read" | "documents" | "chats", number>> & { splits?: Record<string, { documents: number; tokens: number }> };

/** What a record says of rows and tokens. */
function countsOf(content: Counts): Pick<LineageStep, "read" | "rows" | "tokens"> {
  const splits = content.splits && Object.values(content.splits);
  const sum = (key: "documents" | "tokens"): number | null => splits?.reduce((total, split) => total + split[key], 0) ?? null;
  return { read: content.read ?? null, rows: sum("documents") ?? (content.documents === undefined ? null : content.documents + (content.chats ?? 0)), tokens: sum("tokens") };
}

/**
 * Puts the records of steps together: of the given folders, and of the folders that those were made from, as far as they are still
 * there. A step is known by the digest of its record, so a folder that was moved is found when it is given too.
 * @param folders Results of download, sample, mix, prepare, dedupe, tokenize, merge, split, import or export
 * @param base Folders are named as paths from here; default the current folder
 * @throws DatasetError for a folder without a record
 */
export async function readLineage(folders: readonly string[], base = "."): Promise<Lineage> {
  const found = new Map<string, LineageStep>();
  const missing: MissingStep[] = [];
  const wanted: { origin: Origin; neededBy: string; at: string }[] = [];
  const add = async (folder: string, sha256?: string): Promise<"added" | "absent" | "changed"> => {
    const record = await recordIn(folder);
    if (!record) return "absent";
    if (sha256 !== undefined && record.sha256 !== sha256) return "changed";
    if (found.has(record.sha256)) return "added";
    const { content } = record;
    const from = (Array.isArray(content.from) ? content.from : []) as Origin[];
    const name = normalize(relative(base, folder) || ".");
    found.set(record.sha256, { step: stepOf(content), folder: name, record: record.record, sha256: record.sha256, from: from.map((origin) => origin.sha256), ...countsOf(content as Counts), content });
    for (const origin of from) wanted.push({ origin, neededBy: name, at: join(folder, origin.folder) });
    return "added";
  };
  for (const folder of folders) if ((await add(folder)) === "absent") throw new DatasetError(`${folder} has no record of a step: expected download.json, sample.json, report.json or export.json in it, as download, sample, mix, prepare, dedupe, tokenize, merge, split, import and export leave one. Give the folder that was given as --out.`);
  for (let next = wanted.shift(); next; next = wanted.shift()) {
    const { origin, neededBy, at } = next;
    if (found.has(origin.sha256)) continue;
    const reason = await add(at, origin.sha256);
    if (reason !== "added") missing.push({ ...origin, folder: normalize(relative(base, at) || "."), neededBy, reason });
  }
  const still = missing.filter(({ sha256 }) => !found.has(sha256));
  return { format: "llm-dataset-lineage", version: 1, steps: sorted([...found.values()]), missing: still };
}

/** Steps behind those that they were made from; else by folder. */
function sorted(steps: LineageStep[]): LineageStep[] {
  const left = [...steps].sort((a, b) => (a.folder < b.folder ? -1 : 1));
  const order: LineageStep[] = [];
  const done = new Set<string>();
  const known = new Set(steps.map(({ sha256 }) => sha256));
  while (left.length > 0) {
    const next = left.findIndex(({ from }) => from.every((sha256) => done.has(sha256) || !known.has(sha256)));
    // Digests can't lead in a circle; a forged record could.
    const [step] = left.splice(Math.max(0, next), 1);
    order.push(step!);
    done.add(step!.sha256);
  }
  return order;
}

/** A step's name for a person. */
export function stepTitle({ step, folder }: Pick<LineageStep, "step" | "folder">): string {
  const name = basename(folder);
  return name === "." || name === ".." ? step : `${step}: ${name}`;
}
