import { readFileSync, statSync } from "node:fs";
import { mkdir, open, rename, rm } from "node:fs/promises";
import { randomUUID } from "node:crypto";
import { cpus } from "node:os";
import { dirname, join } from "node:path";
import { cacheFolder } from "../cache.js";
import { availableCpus } from "../tensorflow/cpus.js";
import type { LibraryFiles } from "../tensorflow/index.js";

/** What a probe chose for one library on one machine: environment variables that are read when TensorFlow is opened, by it and by us. */
export interface Tuning {
  environment: Record<string, string>;
  /** Milliseconds of the probe's step under each candidate, for people. */
  measured: { candidate: Record<string, string>; graphMs: number; xlaMs: number }[];
  date: string;
}

const file = (): string => join(cacheFolder(), "tuning.json");

/** Another build of the library, another processor or another number of CPUs is another case. Loads nothing. */
export function tuningKey({ library }: LibraryFiles): string {
  const { size, mtimeMs } = statSync(library);
  return `${library} ${size} ${Math.round(mtimeMs)}, ${cpus()[0]?.model.trim() ?? "unknown"} x ${availableCpus()}`;
}

function readAll(): Record<string, Tuning> {
  try {
    return (JSON.parse(readFileSync(file(), "utf8")) as Record<string, Tuning> | null) ?? {};
  } catch {
    return {}; // none yet, or damaged: the defaults do
  }
}

/** The environment that a probe on this machine chose for this library; undefined where none was made. */
export function readTuning(files: LibraryFiles): Tuning | undefined {
  const tuning = readAll()[tuningKey(files)];
  // The file may have been edited: only strings can be set.
  return tuning && Object.values(tuning.environment ?? {}).every((value) => typeof value === "string") ? tuning : undefined;
}

/** Keeps a probe's choice in the cache folder; the file is replaced whole. */
export async function writeTuning(files: LibraryFiles, tuning: Tuning): Promise<string> {
  const all = { ...readAll(), [tuningKey(files)]: tuning };
  await mkdir(dirname(file()), { recursive: true });
  const temporary = `${file()}.${randomUUID()}`;
  try {
    const handle = await open(temporary, "wx");
    try {
      await handle.writeFile(`${JSON.stringify(all, null, 2)}\n`);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(temporary, file());
  } finally {
    await rm(temporary, { force: true });
  }
  return file();
}
