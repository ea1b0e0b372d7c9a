import { mkdir, open, rename, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { BpeError } from "../errors.js";
import { WordCounts } from "../train/word-counts.js";
import { fileLines } from "./lines.js";

/** Lines that are written at once. */
const LINES = 1 << 14;

/**
 * Writes word counts as JSON lines, `[" the", 123]`, the most frequent words first: the same words give the same bytes.
 * The file appears complete or not at all.
 *
 * @throws BpeError where a word is not UTF-8 text (texts never give one); NodeJS.ErrnoException where it can't be written
 */
export async function saveWordCounts(path: string, words: WordCounts): Promise<void> {
  const { table, counts } = words.flat();
  const { arena, starts, size } = table;
  const bytesOf = (word: number): Uint8Array => arena.subarray(starts[word], starts[word + 1]);
  const order = new Uint32Array(size).map((_, index) => index).sort((a, b) => counts[b]! - counts[a]! || Buffer.compare(bytesOf(a), bytesOf(b)));
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  const temporary = join(dirname(path), `.${basename(path)}.${process.pid}.tmp`);
  await mkdir(dirname(path), { recursive: true });
  const file = await open(temporary, "w");
  try {
    for (let from = 0; from < size; from += LINES) {
      let text = "";
      for (const word of order.subarray(from, from + LINES)) text += `[${JSON.stringify(decoder.decode(bytesOf(word)))},${counts[word]!}]\n`;
      await file.writeFile(text);
    }
    await file.sync();
    await file.close();
    await rename(temporary, path);
  } catch (cause) {
    await file.close().catch(() => undefined);
    await rm(temporary, { force: true });
    if (cause instanceof TypeError) throw new BpeError("A word is not UTF-8 text, and such words can't be written.", { cause });
    throw cause;
  }
}

/**
 * Reads files of word counts and adds them up: counts made apart, on several machines say, train as if made at once.
 *
 * @throws BpeError naming the file and line that is no [word, count]; NodeJS.ErrnoException where a file can't be read
 */
export async function loadWordCounts(paths: string | readonly string[], { signal }: { signal?: AbortSignal } = {}): Promise<WordCounts> {
  const words = new WordCounts();
  for (const path of typeof paths === "string" ? [paths] : paths) {
    let number = 0;
    for await (const lines of fileLines(path, signal ? { signal } : {})) {
      for (const line of lines) {
        number++;
        if (line.trim() === "") continue;
        const [word, count] = readLine(line, `${path}, line ${number}`);
        words.add(word, count);
      }
    }
  }
  return words;
}

function readLine(line: string, place: string): [string, number] {
  let entry: unknown;
  try {
    entry = JSON.parse(line);
  } catch (cause) {
    throw new BpeError(`${place}: not valid JSON; expected a word and its count such as [" the", 123].`, { cause });
  }
  if (Array.isArray(entry) && entry.length === 2 && typeof entry[0] === "string" && Number.isSafeInteger(entry[1]) && (entry[1] as number) >= 0) return entry as [string, number];
  throw new BpeError(`${place}: expected a word and its count such as [" the", 123], found ${line.trim().slice(0, 60)}.`);
}
