import { readFile, rename, rm, stat, writeFile } from "node:fs/promises";

/** What has arrived of a file that comes in pieces. */
export interface Journal {
  version: 1;
  /** Bytes of the whole file. */
  size: number;
  /** What the bytes are: a digest or an entity tag. Pieces of another file are of no use. */
  identity: string;
  chunkBytes: number;
  /** Bytes at the beginning of each chunk that are there. */
  done: number[];
}

const journalPath = (part: string): string => `${part}.json`;

/** Bytes of chunk `index`. */
export const chunkLength = ({ size, chunkBytes }: Pick<Journal, "size" | "chunkBytes">, index: number): number => Math.min(chunkBytes, size - index * chunkBytes);

/** Bytes that are there. */
export const bytesDone = ({ done }: Pick<Journal, "done">): number => done.reduce((sum, bytes) => sum + bytes, 0);

const isJournal = (value: unknown): value is Journal => {
  const { version, size, identity, chunkBytes, done } = (value ?? {}) as Partial<Journal>;
  return version === 1 && typeof size === "number" && typeof identity === "string" && typeof chunkBytes === "number" && chunkBytes > 0 && Array.isArray(done) && done.length === Math.ceil(size / chunkBytes) && done.every((bytes, index) => Number.isSafeInteger(bytes) && bytes >= 0 && bytes <= chunkLength({ size, chunkBytes }, index));
};

/** What an earlier run left of the same file, or undefined. */
export async function readJournal(part: string, { size, identity }: Pick<Journal, "size" | "identity">): Promise<Journal | undefined> {
  try {
    const journal: unknown = JSON.parse(await readFile(journalPath(part), "utf8"));
    if (isJournal(journal) && journal.size === size && journal.identity === identity && (await stat(part)).size === size) return journal;
  } catch {
    // None, or one that a power cut left half-written: the file is begun anew.
  }
  return undefined;
}

/** Remembers what is there. Call it after the bytes are in the file: a journal may say too little, never too much. */
export async function writeJournal(part: string, journal: Journal): Promise<void> {
  await writeFile(`${journalPath(part)}.tmp`, JSON.stringify(journal));
  await rename(`${journalPath(part)}.tmp`, journalPath(part));
}

/** Forgets the pieces, and with `all` the bytes too. */
export async function removeJournal(part: string, all: boolean): Promise<void> {
  await rm(journalPath(part), { force: true });
  await rm(`${journalPath(part)}.tmp`, { force: true });
  if (all) await rm(part, { force: true });
}
