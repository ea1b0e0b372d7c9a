import { mkdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Verdict } from "../clean/clean.js";
import type { Damage } from "../sources/types.js";
import { atomicWriteFile, writeJsonAtomic } from "../util/files.js";
import { JsonlWriter } from "../write/jsonl.js";
import { ParquetDocumentWriter } from "../write/parquet.js";
import { trimDetails } from "../report/details.js";
import { type Counts, count, noCounts } from "./counts.js";

/** Where reading stands: the next row of a source file. */
export interface Cursor {
  file: number;
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
const HASHES = "hashes.bin";
export const partFolder = (work: string, index: number): string => join(work, `part-${String(index).padStart(5, "0")}`);

/** The marker of a complete part, or undefined. */
export async function readMarker(folder: string): Promise<PartMarker | undefined> {
  try {
    return JSON.parse(await readFile(join(folder, MARKER), "utf8")) as PartMarker;
  } catch {
    return undefined;
  }
}

/** Calls back with the hashes of the texts that a complete part kept. */
export async function readHashes(folder: string, each: (high: number, low: number) => void): Promise<void> {
  const bytes = await readFile(join(folder, HASHES));
  for (let at = 0; at < bytes.length; at += 8) each(bytes.readUInt32LE(at), bytes.readUInt32LE(at + 4));
}

/** Writes one part of the result: a folder that counts once its marker is there. */
export class PartWriter {
  readonly #counts = noCounts();
  readonly #rows: Record<string, number> = {};
  readonly #hashes: number[] = [];
  readonly #lost: Damage[] = [];
  readonly #writers: { documents?: ParquetDocumentWriter; chats?: JsonlWriter; rejected?: JsonlWriter; damaged?: JsonlWriter; measures?: JsonlWriter } = {};

  private constructor(
    private readonly folder: string,
    private readonly withMeasures: boolean,
  ) {}

  /** Starts a part anew; what an interrupted run left of it is removed. @param withMeasures Write what the filters measured of each document */
  static async create(folder: string, withMeasures = false): Promise<PartWriter> {
    await rm(folder, { recursive: true, force: true });
    await mkdir(folder, { recursive: true });
    return new PartWriter(folder, withMeasures);
  }

  get read(): number {
    return this.#counts.read;
  }

  readonly onHash = (high: number, low: number): void => {
    this.#hashes.push(high, low);
  };

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
      await (this.#writers.rejected ??= await this.#jsonl("rejected.jsonl")).add({ reason, ...why, ...(measures ? { measures } : {}), ...document });
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
    await atomicWriteFile(join(this.folder, HASHES), new Uint8Array(Uint32Array.from(this.#hashes).buffer));
    const counts = { ...this.#counts, details: trimDetails(this.#counts.details) };
    const marker: PartMarker = { counts, rows: this.#rows, files, ...(this.#lost.length > 0 ? { lost: this.#lost.map(({ content: _, ...damage }) => damage) } : {}), ...(next ? { next } : {}) };
    await writeJsonAtomic(join(this.folder, MARKER), marker);
    return marker;
  }

  /** Closes what is open; the folder is cleared when the part is started anew. */
  async abort(): Promise<void> {
    for (const writer of Object.values(this.#writers)) await writer.abort();
  }

  #jsonl(name: string): Promise<JsonlWriter> {
    return JsonlWriter.create(join(this.folder, name));
  }
}
