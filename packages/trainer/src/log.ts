import { type FileHandle, mkdir, open, readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { writeAtomically } from "./files.js";
import { trainerFolder } from "./run-folder.js";

/** One line of trainer/log.jsonl. */
export type LogEntry =
  | { type: "step"; step: number; loss: number; gradNorm: number; lr: number; tokens: number; seconds: number }
  | { type: "eval"; step: number; loss: number; bitsPerByte: number | null; tokens: number; complete: boolean; seconds: number };

/** Where the log of a run is. */
export const logPath = (run: string): string => join(trainerFolder(run), "log.jsonl");

/** Reads the log; a last line that a kill cut short is left out. */
export async function readLog(run: string): Promise<LogEntry[]> {
  let text: string;
  try {
    text = await readFile(logPath(run), "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
  const entries: LogEntry[] = [];
  for (const line of text.split("\n")) {
    try {
      entries.push(JSON.parse(line) as LogEntry);
    } catch {
      break;
    }
  }
  return entries;
}

/** Appends to the log of a run. */
export interface LogWriter {
  write(entry: LogEntry): Promise<void>;
  close(): Promise<void>;
}

/**
 * Opens the log at a checkpoint: steps after it, which the resumed run will do again, are taken out first, so that the
 * log of a resumed run reads as if it had never stopped.
 */
export async function openLog(run: string, step: number): Promise<LogWriter> {
  const path = logPath(run);
  await mkdir(dirname(path), { recursive: true });
  const kept = (await readLog(run)).filter((entry) => entry.step <= step);
  await writeAtomically(path, kept.map((entry) => `${JSON.stringify(entry)}\n`).join(""));
  const file: FileHandle = await open(path, "a");
  return {
    async write(entry) {
      await file.appendFile(`${JSON.stringify(entry)}\n`);
    },
    close: () => file.close(),
  };
}
