import { constants } from "node:fs";
import { copyFile, mkdir, readFile, rename, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { DatasetError } from "../errors.js";
import { writeJsonAtomic } from "../util/files.js";
import { inHubCache } from "./cache.js";
import { checkDiskSpace } from "./disk.js";
import type { HttpClient, RetryEvent } from "./http.js";
import { type HubFile, hubClient, isHubSource, listHub } from "./hub-list.js";
import { bytesDone, readJournal } from "./journal.js";
import { isUrl, probeUrl, urlFileName } from "./probe.js";
import { Slots } from "./slots.js";
import { type Fetched, type RemoteFile, checkFile, fetchFile } from "./transfer.js";

/** Files at work at once; more of them only wait for connections. */
const FILES_AT_ONCE = 4;
/** Milliseconds over which the speed is measured. */
const WINDOW = 5_000;
const RECORD = "download.json";

/** download.json: what a folder of fetched files holds, and how each was found to be whole. */
export interface DownloadRecord {
  format: "llm-dataset-download";
  version: 1;
  files: ({ file: string; url: string } & Fetched)[];
}

/** How far a download has come. */
export interface DownloadProgress {
  /** Bytes that are there, of all files; with what earlier runs fetched. */
  bytes: number;
  /** Bytes that were there when this run began. */
  resumedBytes: number;
  totalBytes: number;
  files: number;
  totalFiles: number;
  /** Of the last seconds. */
  bytesPerSecond: number;
  /** At that speed; undefined while there is none. */
  secondsLeft: number | undefined;
  /** Waits so far, because a server asked for them or a connection broke. */
  retries: number;
}

/** Options of {@link download}. */
export interface DownloadOptions {
  /** The folder that gets the files, with the paths that they have in the data set. */
  out: string;
  /** Byte ranges that are fetched at once; default 8. */
  connections?: number;
  /** Bytes of a range; default 16 MiB. */
  chunkBytes?: number;
  /** Hash files again that are there already; default false: a file that an earlier run checked is taken by its length. */
  recheck?: boolean;
  /** Milliseconds before the second attempt; doubles with each; default 1,000. */
  retryDelay?: number;
  /** Attempts in a row without a new byte; default 8. */
  attempts?: number;
  signal?: AbortSignal | undefined;
  onProgress?: (progress: DownloadProgress) => void;
  /** Called before each wait. */
  onRetry?: (event: RetryEvent) => void;
}

/** What {@link download} did. */
export interface DownloadResult {
  /** "unchanged" where every file was there already. */
  status: "written" | "unchanged";
  /** Bytes that came over the network in this run. */
  fetchedBytes: number;
  files: DownloadRecord["files"];
}

type Wanted = RemoteFile & { file: string; hub?: HubFile };

/** What is to be fetched, with the path that each file gets. */
async function listWanted(sources: readonly string[], client: HttpClient, signal?: AbortSignal): Promise<Wanted[]> {
  const wanted: Wanted[] = [];
  for (const source of sources) {
    if (isHubSource(source)) {
      const files = await listHub(source, { client, signal });
      if (files.length === 0) throw new DatasetError(`${source} has no files on the Hub. Check the path.`);
      wanted.push(...files.map((hub) => ({ ...hub, file: hub.path, hub })));
    } else if (isUrl(source)) wanted.push({ ...(await probeUrl(source, client, signal)), file: urlFileName(source) });
    else throw new DatasetError(`${source} can't be downloaded: expected hf://datasets/OWNER/NAME/PATH or an address that begins with https://.`);
  }
  const names = new Map<string, string>();
  for (const { file, name } of wanted) {
    // Case counts on some file systems and not on others.
    const other = names.get(file.toLowerCase());
    if (other !== undefined && other !== name) throw new DatasetError(`${other} and ${name} would both be written to ${file}. Download them into folders of their own.`);
    names.set(file.toLowerCase(), name);
  }
  return wanted.filter(({ file, name }, index) => wanted.findIndex((other) => other.file === file && other.name === name) === index);
}

async function readRecord(out: string): Promise<DownloadRecord["files"]> {
  let text: string;
  try {
    text = await readFile(join(out, RECORD), "utf8");
  } catch {
    return [];
  }
  try {
    const record = JSON.parse(text) as Partial<DownloadRecord>;
    if (record.format === "llm-dataset-download" && record.version === 1 && Array.isArray(record.files)) return record.files;
  } catch {
    // Said below.
  }
  throw new DatasetError(`${join(out, RECORD)} is not the record of a download. Choose another folder, or remove it to have every file checked anew.`);
}

const sizeOf = (path: string): Promise<number | undefined> => stat(path).then((found) => (found.isFile() ? found.size : undefined), () => undefined);

/**
 * A file that is there already: taken where the record vouches for it, hashed where it does not.
 * @throws DatasetError where it is somebody else's
 */
async function alreadyThere(wanted: Wanted, path: string, known: DownloadRecord["files"][number] | undefined, { recheck = false, signal }: DownloadOptions): Promise<Fetched | undefined> {
  const size = await sizeOf(path);
  if (size === undefined) return undefined;
  const same = known && known.bytes === size && (wanted.sha256 ? known.sha256 === wanted.sha256 : known.url === wanted.url && size === wanted.size);
  if (same && !recheck) return { bytes: known.bytes, sha256: known.sha256, checked: known.checked };
  const { fetched } = await checkFile(path, wanted, signal);
  if (fetched && (!known || !same || fetched.sha256 === known.sha256)) return fetched;
  // What we put there has changed, here or on the server: it is fetched again.
  if (known) return undefined;
  throw new DatasetError(`${path} is there already and differs from ${wanted.name}. Move it away, or choose another folder.`);
}

/**
 * Fetches files of data sets on the Hub, and of the web: whole files by parallel byte ranges, each checked against the
 * digest that the Hub states (SHA-256, for small files git's), and download.json, which says so. Files appear when they are
 * complete; cut off anywhere, the next call goes on in the middle of a file.
 *
 * @param sources hf://datasets/OWNER/NAME[@REVISION][/PATH], where PATH is a file, a folder or a glob; or http(s) addresses,
 * which may end in "#sha256=HEX"
 * @throws DatasetError: a source can't be reached or does not exist, a file arrives damaged, the disk is too small; AbortError
 */
export async function download(sources: string | readonly string[], options: DownloadOptions): Promise<DownloadResult> {
  const { out, connections = 8, chunkBytes, signal, onProgress, onRetry, retryDelay, attempts } = options;
  const client = hubClient({ onRetry, retryDelay, attempts });
  const wanted = await listWanted(typeof sources === "string" ? [sources] : sources, client, signal);
  const record = await readRecord(out);
  const done = new Map<Wanted, Fetched>();
  const there = new Map<Wanted, number>();
  for (const file of wanted) {
    signal?.throwIfAborted();
    const found = await alreadyThere(file, join(out, file.file), record.find(({ file: name }) => name === file.file), options);
    if (found) done.set(file, found);
    const journal = !found && file.size !== undefined ? await readJournal(`${join(out, file.file)}.part`, { size: file.size, identity: file.sha256 ?? file.gitOid ?? file.etag ?? file.url }) : undefined;
    there.set(file, found ? found.bytes : journal ? bytesDone(journal) : 0);
  }
  const sum = (): number => [...there.values()].reduce((total, bytes) => total + bytes, 0);
  const resumedBytes = sum();
  const totalBytes = wanted.reduce((total, { size = 0 }) => total + size, 0);
  const missing = wanted.filter((file) => !done.has(file));
  await checkDiskSpace(out, missing.reduce((total, file) => total + (file.size ?? 0) - there.get(file)!, 0));

  const marks: { time: number; bytes: number }[] = [{ time: Date.now(), bytes: resumedBytes }];
  const report = (): void => {
    const bytes = sum();
    const time = Date.now();
    if (time - marks.at(-1)!.time >= 100) marks.push({ time, bytes });
    while (marks.length > 2 && time - marks[0]!.time > WINDOW) marks.shift();
    const { time: since, bytes: from } = marks[0]!;
    const bytesPerSecond = time > since ? Math.max(0, ((bytes - from) * 1_000) / (time - since)) : 0;
    onProgress?.({ bytes, resumedBytes, totalBytes, files: done.size, totalFiles: wanted.length, bytesPerSecond, secondsLeft: bytesPerSecond > 0 ? Math.max(0, totalBytes - bytes) / bytesPerSecond : undefined, retries: client.retries });
  };
  report();

  const slots = new Slots(connections);
  // The first file that fails stops the others; what has arrived stays for the next run.
  const failed = new AbortController();
  const all = signal ? AbortSignal.any([signal, failed.signal]) : failed.signal;
  let fetchedBytes = 0;
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let rank = next++; rank < missing.length; rank = next++) {
      const file = missing[rank]!;
      const target = join(out, file.file);
      const before = there.get(file)!;
      const cached = file.hub && (await inHubCache(file.hub, all));
      if (cached) done.set(file, await copyWhole(cached, target, file));
      else {
        const onBytes = (bytes: number): void => {
          there.set(file, bytes);
          report();
        };
        const fetched = await fetchFile(file, target, { client, slots, rank, connections, signal: all, onBytes, ...(chunkBytes === undefined ? {} : { chunkBytes }) });
        done.set(file, fetched);
        fetchedBytes += fetched.bytes - before;
      }
      there.set(file, done.get(file)!.bytes);
      report();
    }
  };
  const results = await Promise.allSettled(
    Array.from({ length: Math.min(FILES_AT_ONCE, missing.length) }, () =>
      worker().catch((error: unknown) => {
        failed.abort(error);
        throw error;
      }),
    ),
  );
  signal?.throwIfAborted();
  if (results.some(({ status }) => status === "rejected")) throw failed.signal.reason;

  const files = wanted.map((file) => ({ file: file.file, url: file.url, ...done.get(file)! }));
  const others = record.filter(({ file }) => !files.some((found) => found.file === file));
  const entries = [...others, ...files].sort((a, b) => (a.file < b.file ? -1 : 1));
  if (missing.length > 0 || JSON.stringify(entries) !== JSON.stringify(record)) await writeJsonAtomic(join(out, RECORD), { format: "llm-dataset-download", version: 1, files: entries } satisfies DownloadRecord);
  return { status: missing.length > 0 ? "written" : "unchanged", fetchedBytes, files };
}

/** Copies a file of the Hub's cache, by reference where the file system can, and checks the copy. */
async function copyWhole(from: string, target: string, file: Wanted): Promise<Fetched> {
  await mkdir(dirname(target), { recursive: true });
  await copyFile(from, `${target}.part`, constants.COPYFILE_FICLONE);
  const { fetched } = await checkFile(`${target}.part`, file);
  if (!fetched) throw new DatasetError(`${from} changed while it was copied. Run the same command again.`);
  await rename(`${target}.part`, target);
  return fetched;
}
