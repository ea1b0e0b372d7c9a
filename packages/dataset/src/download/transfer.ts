import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { type FileHandle, mkdir, open, rename, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { DatasetError } from "../errors.js";
import { syncFolder, writeError } from "../util/files.js";
import { type HttpClient, TransferError, unreachable } from "./http.js";
import { type Journal, bytesDone, chunkLength, readJournal, removeJournal, writeJournal } from "./journal.js";
import { Slots } from "./slots.js";

/** A file on a server, as far as it is known before it is fetched. */
export interface RemoteFile {
  url: string;
  /** Name for messages, e.g. "hf://datasets/OWNER/NAME/PATH". */
  name: string;
  /** What serves it, for messages: "the Hub" or a host. */
  from: string;
  /** Bytes; undefined where the server does not say. */
  size: number | undefined;
  /** SHA-256 that the server states, in hexadecimal. */
  sha256?: string | undefined;
  /** Git's blob hash (SHA-1 over a header and the bytes), which the Hub states for small files. */
  gitOid?: string | undefined;
  /** A strong entity tag, sent back as If-Match so that pieces of two versions are never put together. */
  etag?: string | undefined;
  /** Whether the server is known to answer ranges; default true. */
  ranges?: boolean | undefined;
}

/** A file whose length is known, so that it can come in pieces. */
type SizedFile = RemoteFile & { size: number };

/** How a file was found to be whole. */
export interface Fetched {
  bytes: number;
  sha256: string;
  /** What it was checked against: a digest that the server stated, or, where it stated none, the length alone. */
  checked: "sha256" | "git-sha1" | "length";
}

/** Options of {@link fetchFile}. */
export interface FetchOptions {
  client: HttpClient;
  /** Connections, shared among all files of a run; default 8. */
  slots?: Slots;
  /** Order among the files of a run. */
  rank?: number;
  /** Ranges that may be asked for at once; default 8. */
  connections?: number;
  /** Bytes of a range; default 16 MiB. */
  chunkBytes?: number;
  signal?: AbortSignal | undefined;
  /** Called with the bytes of this file that are there. */
  onBytes?: ((bytes: number) => void) | undefined;
}

/** Milliseconds between two writes of the journal: what a kill can cost. */
const JOURNAL_EVERY = 500;
/** Times that a whole file is fetched until its digest fits. */
const ROUNDS = 2;

/** SHA-256 of a file, and git's blob hash. */
export async function digestsOf(path: string, size: number, signal?: AbortSignal): Promise<{ sha256: string; gitOid: string }> {
  const sha256 = createHash("sha256");
  const git = createHash("sha1").update(`blob ${size}\0`);
  for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 }) as AsyncIterable<Buffer>) {
    signal?.throwIfAborted();
    sha256.update(chunk);
    git.update(chunk);
  }
  return { sha256: sha256.digest("hex"), gitOid: git.digest("hex") };
}

/** Compares a file with what the server states about it; undefined where it differs. */
export async function checkFile(path: string, remote: Pick<RemoteFile, "size" | "sha256" | "gitOid">, signal?: AbortSignal): Promise<{ fetched?: Fetched; found: string; expected: string }> {
  const { size } = await stat(path);
  if (remote.size !== undefined && size !== remote.size) return { found: `${size} bytes`, expected: `${remote.size} bytes` };
  const { sha256, gitOid } = await digestsOf(path, size, signal);
  if (remote.sha256) return { found: `SHA-256 ${sha256}`, expected: `SHA-256 ${remote.sha256}`, ...(sha256 === remote.sha256 ? { fetched: { bytes: size, sha256, checked: "sha256" } } : {}) };
  if (remote.gitOid) return { found: `git SHA-1 ${gitOid}`, expected: `git SHA-1 ${remote.gitOid}`, ...(gitOid === remote.gitOid ? { fetched: { bytes: size, sha256, checked: "git-sha1" } } : {}) };
  return { found: "", expected: "", fetched: { bytes: size, sha256, checked: "length" } };
}

/** Asks once where a file really is, so that its ranges go there and not through the Hub each time. */
class Location {
  #url: string | undefined;
  constructor(private readonly remote: RemoteFile) {}
  get url(): string {
    return this.#url ?? this.remote.url;
  }
  remember(url: string): void {
    this.#url = url;
  }
  /** An address has expired (signed ones do): the next request asks again. @returns false where it was the file's own */
  expired(url: string): boolean {
    if (this.#url === url) this.#url = undefined;
    return url !== this.remote.url;
  }
}

/** Fetches one range, from where it stands to its end, into the file. */
async function fetchRange(remote: SizedFile, location: Location, journal: Journal, index: number, handle: FileHandle, { client, signal, onBytes }: FetchOptions, written: () => Promise<void>): Promise<void> {
  const first = index * journal.chunkBytes;
  const length = chunkLength(journal, index);
  await client.retrying(async (progressed) => {
    const from = first + journal.done[index]!;
    const last = first + length - 1;
    if (from > last) return;
    const { url } = location;
    const answer = await client
      .get(url, { headers: { range: `bytes=${from}-${last}`, ...(remote.etag ? { "if-match": remote.etag } : {}) }, signal })
      .catch((error: unknown) => {
        const status = error instanceof TransferError ? error.details.status : undefined;
        if ((status === 401 || status === 403 || status === 404 || status === 410) && location.expired(url)) throw new TransferError("its address has expired", { status: status!, again: true, cause: error });
        if (status === 412 || status === 416) throw changed(remote, error);
        throw error;
      });
    if (answer.response.status !== 206) {
      answer.cancel();
      throw new NoRanges();
    }
    const range = /^bytes (\d+)-(\d+)\/(\d+|\*)$/.exec(answer.response.headers.get("content-range") ?? "");
    if (!range || Number(range[1]) !== from || (range[3] !== "*" && Number(range[3]) !== remote.size)) {
      answer.cancel();
      throw new TransferError(`asked for bytes ${from} to ${last} of ${remote.size}, answered with ${answer.response.headers.get("content-range") ?? "no range"}`, { again: true });
    }
    const etag = answer.response.headers.get("etag");
    if (remote.etag && etag && etag !== remote.etag) {
      answer.cancel();
      throw changed(remote);
    }
    location.remember(answer.url);
    let at = from;
    for await (const piece of answer.body()) {
      const wanted = piece.subarray(0, last + 1 - at);
      await writeAll(handle, wanted, at);
      at += wanted.length;
      journal.done[index] = at - first;
      if (wanted.length > 0) progressed();
      onBytes?.(bytesDone(journal));
      await written();
      if (at > last) break;
    }
    if (at <= last) throw new TransferError(`the connection ended ${last + 1 - at} bytes early`, { again: true });
  }, signal);
}

class NoRanges extends Error {}

const changed = (remote: SizedFile, cause?: unknown): DatasetError =>
  new DatasetError(`${remote.name} has changed on the server while it was fetched: expected ${remote.size} bytes${remote.etag ? ` with the entity tag ${remote.etag}` : ""}. Run the same command again to fetch what is there now.`, { cause });

async function writeAll(handle: FileHandle, data: Uint8Array, position: number): Promise<void> {
  for (let at = 0; at < data.byteLength; ) at += (await handle.write(data, at, data.byteLength - at, position + at)).bytesWritten;
}

/** Fetches a whole file front to back, from a server without ranges. */
async function fetchStream(remote: SizedFile, journal: Journal, handle: FileHandle, { client, signal, onBytes }: FetchOptions): Promise<void> {
  await client.retrying(async () => {
    const answer = await client.get(remote.url, { headers: remote.etag ? { "if-match": remote.etag } : {}, signal });
    let at = 0;
    for await (const piece of answer.body()) {
      if (at + piece.length > remote.size) throw new DatasetError(`${remote.name} is longer than the ${remote.size} bytes that the server states. Nothing was kept of it; try again later or tell its owner.`);
      await writeAll(handle, piece, at);
      at += piece.length;
      onBytes?.(at);
    }
    if (at < remote.size) throw new TransferError(`the connection ended ${remote.size - at} bytes early`, { again: true });
    journal.done = journal.done.map((_, index) => chunkLength(journal, index));
  }, signal);
}

/** Fetches a file whose length the server does not say. It can't be gone on with; the end of the answer is its end. */
async function fetchUnsized(remote: RemoteFile, part: string, { client, signal, onBytes }: FetchOptions): Promise<void> {
  const handle = await open(part, "w+");
  try {
    await client.retrying(async () => {
      await handle.truncate(0);
      let at = 0;
      for await (const piece of (await client.get(remote.url, { signal })).body()) {
        await writeAll(handle, piece, at);
        at += piece.length;
        onBytes?.(at);
      }
    }, signal);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Fetches every range that is missing. */
async function fetchMissing(remote: SizedFile, part: string, journal: Journal, options: FetchOptions): Promise<void> {
  const { connections = 8, slots = new Slots(connections), rank = 0, signal } = options;
  const handle = await open(part, (await stat(part).catch(() => undefined)) ? "r+" : "w+");
  // One worker that fails stops the others.
  const failed = new AbortController();
  const all = signal ? AbortSignal.any([signal, failed.signal]) : failed.signal;
  const location = new Location(remote);
  let saved = Date.now();
  let saving: Promise<void> | undefined;
  const save = async (): Promise<void> => {
    // What the journal says must be there: it is read before the data is synced, and written after.
    const state = { ...journal, done: [...journal.done] };
    await handle.datasync();
    await writeJournal(part, state);
    saved = Date.now();
  };
  const written = async (): Promise<void> => {
    if (Date.now() - saved >= JOURNAL_EVERY && !saving) saving = save().finally(() => (saving = undefined));
    await saving;
  };
  try {
    await handle.truncate(remote.size);
    await writeJournal(part, journal);
    let next = 0;
    const worker = async (): Promise<void> => {
      for (;;) {
        const more = await slots.use(rank, async () => {
          all.throwIfAborted();
          while (next < journal.done.length && journal.done[next]! >= chunkLength(journal, next)) next++;
          if (next >= journal.done.length) return false;
          await fetchRange(remote, location, journal, next++, handle, { ...options, signal: all }, written);
          return true;
        });
        if (!more) return;
      }
    };
    let ranges = remote.ranges !== false;
    if (ranges) {
      const results = await Promise.allSettled(
        Array.from({ length: Math.min(connections, journal.done.length) }, () =>
          worker().catch((error: unknown) => {
            failed.abort(error);
            throw error;
          }),
        ),
      );
      signal?.throwIfAborted();
      if (failed.signal.reason instanceof NoRanges) ranges = false;
      else if (results.some(({ status }) => status === "rejected")) throw failed.signal.reason;
    }
    if (!ranges) await slots.use(rank, () => fetchStream(remote, journal, handle, options));
    await saving;
    await handle.sync();
  } finally {
    await (saving as Promise<void> | undefined)?.catch(() => undefined);
    await save().catch(() => undefined);
    await handle.close();
  }
}

/**
 * Fetches a file by parallel byte ranges into `target`, which appears when it is complete and its digest is the one that
 * the server states. Cut off anywhere, even by a kill, the next call goes on in the middle.
 * @throws DatasetError naming the file: it can't be reached, it differs from what the server states, the disk is full
 */
export async function fetchFile(remote: RemoteFile, target: string, options: FetchOptions): Promise<Fetched> {
  const part = `${target}.part`;
  const identity = remote.sha256 ?? remote.gitOid ?? remote.etag ?? remote.url;
  try {
    await mkdir(dirname(target), { recursive: true });
    for (let round = 1; ; round++) {
      const { size } = remote;
      if (size === undefined) await (options.slots ?? new Slots(1)).use(options.rank ?? 0, () => fetchUnsized(remote, part, options));
      else {
        const earlier = await readJournal(part, { size, identity });
        const chunkBytes = earlier?.chunkBytes ?? options.chunkBytes ?? 16 << 20;
        const journal: Journal = earlier ?? { version: 1, size, identity, chunkBytes, done: Array<number>(Math.ceil(size / chunkBytes)).fill(0) };
        options.onBytes?.(bytesDone(journal));
        await fetchMissing({ ...remote, size }, part, journal, options);
      }
      const { fetched, found, expected } = await checkFile(part, remote, options.signal);
      if (fetched) {
        await rename(part, target);
        await removeJournal(part, false);
        await syncFolder(dirname(target));
        return fetched;
      }
      // Which of the bytes are wrong can't be known: none of them is kept.
      await removeJournal(part, true);
      if (round >= ROUNDS) throw new DatasetError(`${remote.name} arrived damaged ${ROUNDS} times: expected ${expected}, found ${found}. Nothing was kept of it; try again later, from another network or mirror (HF_ENDPOINT).`);
    }
  } catch (error) {
    options.signal?.throwIfAborted();
    const full = writeError(error, target);
    if (full instanceof DatasetError || (error as NodeJS.ErrnoException).code !== undefined) throw full;
    throw unreachable(remote.name, remote.from, error);
  }
}
