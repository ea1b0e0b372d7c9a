import { mkdir, readFile, readdir, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { DatasetError } from "../errors.js";
import { exists } from "../util/files.js";

/** What a command leaves in its folder. The last name is the record that is written last and says whose the folder is. */
export interface ResultKind {
  names: readonly string[];
  record: string;
  /** The record's "format". */
  format: string;
}

const PARTIAL = /^\.partial-[0-9a-f]{16}$/;

export const partialName = (fingerprint: string): string => `.partial-${fingerprint.slice(0, 16)}`;

/** The record of a finished result, or undefined where there is none of this kind. */
export async function readRecord<R extends { format: string }>(out: string, { record, format }: ResultKind): Promise<R | undefined> {
  try {
    const found = JSON.parse(await readFile(join(out, record), "utf8")) as R;
    return found.format === format ? found : undefined;
  } catch {
    return undefined;
  }
}

/** Refuses to write where someone else's files of the same names are; removes what runs with other inputs left unfinished. */
export async function claimFolder(out: string, fingerprint: string, kind: ResultKind): Promise<void> {
  const names: string[] = await readdir(out).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return [];
    if (error.code === "ENOTDIR") throw new DatasetError(`${out} is a file; expected a folder, or a name that is free.`);
    throw error;
  });
  const ours = (await readRecord(out, kind)) !== undefined || names.some((name) => PARTIAL.test(name));
  const foreign = [...kind.names, kind.record].find((name) => names.includes(name));
  if (!ours && foreign) throw new DatasetError(`${join(out, foreign)} exists and was not made by this command, so it is not overwritten. Choose another folder to write to, or remove it.`);
  for (const name of names) if (PARTIAL.test(name) && name !== partialName(fingerprint)) await rm(join(out, name), { recursive: true, force: true });
}

/** Whether {@link publish} was cut off in the middle, so that only it has to be called again. */
export const isPublishing = (work: string): Promise<boolean> => exists(join(work, "cleared"));

/**
 * Moves the finished result WORK/final into place by renames, the record last. Cut off anywhere, it can be called again: an
 * earlier result is removed once, and what has its place stays.
 */
export async function publish(work: string, out: string, { names, record }: ResultKind): Promise<void> {
  const final = join(work, "final");
  const cleared = join(work, "cleared");
  await mkdir(final, { recursive: true });
  if (!(await exists(cleared))) {
    for (const name of [record, ...names]) await rm(join(out, name), { recursive: true, force: true });
    await writeFile(cleared, "");
  }
  for (const name of [...names, record]) if (await exists(join(final, name))) await rename(join(final, name), join(out, name));
  await rm(work, { recursive: true, force: true });
}
