import { randomInt } from "node:crypto";
import { mkdir, readFile, readdir, rename, rm } from "node:fs/promises";
import { hostname } from "node:os";
import { dirname, join } from "node:path";
import type { Verdict } from "../clean/clean.js";
import type { Damage } from "../sources/types.js";
import { atomicWriteFile, syncFolder, writeJsonAtomic } from "../util/files.js";
import { JsonlWriter } from "../write/jsonl.js";
import { ParquetDocumentWriter } from "../write/parquet.js";
import { type Counts, count, noCounts } from "./counts.js";

/** Where reading stands in a unit: a run of rows, and the next row of its file. */
export interface Cursor {
  range: number;
  row: number;
}

/** The names of a part's files, and the folders and names they get in the result. */
export const OUTPUTS = [
  { kind: "documents", folder: "documents", part: "documents.parquet", extension: "parquet" },
  { kind: "chats", folder: "chats", part: "chats.jsonl", extension: "jsonl" },
  { kind: "rejected", folder: "rejected", part: "rejected.jsonl", extension: "jsonl" },
  // Readers of documents pass over names that begin with "_".
  { kind: "damaged", folder: "_damaged", part: "damaged.jsonl", extension: "jsonl" },
  { kind: "measures", folder: "_measures", part: "measures.jsonl", extension: "jsonl" },
] as const;
export type OutputKind = (typeof OUTPUTS)[number]["kind"];

/** part.json, written last: the part is complete, and this is what it did. */
export interface PartMarker {
  /** With every host that was met: the counts change when duplicates of other units are taken out. */
  counts: Counts;
  /** Rows read of each source file, by its number. */
  rows: Record<string, number>;
  /** Rows and bytes of the files that the part has. */
  files: Partial<Record<OutputKind, { documents: number; bytes: number }>>;
  /** Parts of the sources that were met and could not be read. */
  lost?: Damage[];
  /** Where the next part begins; undefined after the last one. */
  next?: Cursor;
}

const MARKER = "part.json";
const KEPT = "kept.bin";
const five = (value: number): string => String(value).padStart(5, "0");
export const unitFolder = (work: string, unit: number): string => join(work, `unit-${five(unit)}`);
export const partFolder = (work: string, unit: number, part: number): string => join(unitFolder(work, unit), `part-${five(part)}`);

/** The marker of a complete part, or undefined. */
export async function readMarker(folder: string): Promise<PartMarker | undefined> {
  try {
    return JSON.parse(await readFile(join(folder, MARKER), "utf8")) as PartMarker;
  } catch {
    return undefined;
  }
}

/** A text that a part kept: its hash, the number of its row among those that the part read, and whether it is a chat's. */
export interface KeptText {
  high: number;
  low: number;
  row: number;
  chat: boolean;
}

/** Calls back with the texts that a complete part kept, in their order. There are none where duplicates are kept. */
export async function readKept(folder: string, each: (kept: KeptText) => void): Promise<void> {
  const bytes = await readFile(join(folder, KEPT));
  for (let at = 0; at < bytes.length; at += 12) {
    const place = bytes.readUInt32LE(at + 8);
    each({ high: bytes.readUInt32LE(at), low: bytes.readUInt32LE(at + 4), row: place >>> 1, chat: (place & 1) === 1 });
  }
}

/** What a folder of an attempt is called: by machine and process, so that what a killed process left can be told. */
const ATTEMPT = /^\.attempt-(.+)-(\d+)-\d+$/;

/** Removes what processes of this machine that have ended left in a unit. */
export async function clearAttempts(folder: string): Promise<void> {
  for (const name of await readdir(folder).catch(() => [])) {
    const [, host, process_] = ATTEMPT.exec(name) ?? [];
    if (host !== hostname() || isRunning(Number(process_))) continue;
    await rm(join(folder, name), { recursive: true, force: true });
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

/**
 * Writes one part of the result in a folder of its own, which takes the part's name when it is complete. Where another process was
 * faster, its part stays: both have the same bytes.
 */
export class PartWriter {
  readonly #counts = noCounts();
  readonly #rows: Record<string, number> = {};
  readonly #kept: number[] = [];
  readonly #lost: Damage[] = [];
  readonly #writers: { documents?: ParquetDocumentWriter; chats?: JsonlWriter; rejected?: JsonlWriter; damaged?: JsonlWriter; measures?: JsonlWriter } = {};

  private constructor(
    private readonly target: string,
    private readonly folder: string,
    private readonly withMeasures: boolean,
  ) {}

  /** Starts a part. @param target Its folder @param withMeasures Write what the filters measured of each document */
  static async create(target: string, withMeasures = false): Promise<PartWriter> {
    const folder = join(dirname(target), `.attempt-${hostname()}-${process.pid}-${randomInt(2 ** 32)}`);
    await mkdir(folder, { recursive: true });
    return new PartWriter(target, folder, withMeasures);
  }

  get read(): number {
    return this.#counts.read;
  }

  /** Notes the hash of the text that is added next, which is kept. */
  keep(high: number, low: number, chat: boolean): void {
    this.#kept.push(high, low, ((this.#counts.read << 1) | (chat ? 1 : 0)) >>> 0);
  }

  /** Notes a part of the sources that can't be read. */
  lose(damage: Damage): void {
    this.#lost.push(damage);
  }

  /** Adds a judged document of source file `file`. */
  async add(file: number, verdict: Verdict): Promise<void> {
    count(this.#counts, verdict);
    this.#rows[file] = (this.#rows[file] ?? 0) + 1;
    const { document, reason, rejection, measures } = verdict;
    if (measures && this.withMeasures) await (this.#writers.measures ??= await this.#jsonl("measures.jsonl")).add({ id: document.id, reason: reason ?? null, ...measures });
    if (reason) {
      const why = rejection ? { rule: rejection.rule, value: rejection.value, threshold: rejection.threshold } : {};
      await (this.#writers.rejected ??= await this.#jsonl("rejected.jsonl")).add({ reason, ...why, ...(measures && rejection ? { measures } : {}), ...document });
    }
    else if (document.messages) {
      const { messages, text: _text, ...columns } = document;
      await (this.#writers.chats ??= await this.#jsonl("chats.jsonl")).add({ messages, ...columns });
    } else await (this.#writers.documents ??= await ParquetDocumentWriter.create(join(this.folder, "documents.parquet"))).add(document);
  }

  /** Completes the part. */
  async finish(next: Cursor | undefined): Promise<PartMarker> {
    const files: PartMarker["files"] = {};
    for (const damage of this.#lost) await (this.#writers.damaged ??= await this.#jsonl("damaged.jsonl")).add(damage);
    for (const { kind } of OUTPUTS) {
      const written = await this.#writers[kind]?.finish();
      if (written) files[kind] = written;
    }
    await atomicWriteFile(join(this.folder, KEPT), new Uint8Array(Uint32Array.from(this.#kept).buffer));
    const marker: PartMarker = { counts: this.#counts, rows: this.#rows, files, ...(this.#lost.length > 0 ? { lost: this.#lost.map(({ content: _, ...damage }) => damage) } : {}), ...(next ? { next } : {}) };
    await writeJsonAtomic(join(this.folder, MARKER), marker);
    try {
      await rename(this.folder, this.target);
      await syncFolder(dirname(this.target));
    } catch (error) {
      const first = await readMarker(this.target);
      if (!first) throw error;
      await rm(this.folder, { recursive: true, force: true });
      return first;
    }
    return marker;
  }

  /** Closes what is open and removes what was written. */
  async abort(): Promise<void> {
    for (const writer of Object.values(this.#writers)) await writer.abort();
    await rm(this.folder, { recursive: true, force: true });
  }

  #jsonl(name: string): Promise<JsonlWriter> {
    return JsonlWriter.create(join(this.folder, name));
  }
}
