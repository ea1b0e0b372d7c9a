import { Unpackr } from "msgpackr";
import { DatasetError, ShardError, reasonOf } from "../errors.js";
import { pack } from "./encode.js";
import { Growing } from "./growing.js";
import type { DocumentSource } from "./types.js";

const unpackr = new Unpackr({ useRecords: false, mapsAsObjects: true, int64AsType: "number" });

/** Gathers the provenance of a shard's documents: one msgpack array `[file, row, id, url]` each, with nil for what is unknown. */
export class SourceBuilder {
  readonly #names = new FileNames();
  readonly records = new Growing(new Uint8Array(4096));
  readonly ends = new Growing(new Uint32Array(1024));

  get files(): string[] {
    return this.#names.list;
  }

  /** @throws DatasetError when there is no source, or its row is no row */
  add(source: DocumentSource | undefined): void {
    const { file, row, id, url } = checkSource(source);
    this.records.append(pack([this.#names.place(file), row, id ?? null, url ?? null]));
    this.ends.append([this.records.length]);
  }
}

/** The source of a document, if it is one. @throws DatasetError */
export function checkSource(source: DocumentSource | undefined): DocumentSource {
  if (!source) throw new DatasetError("A document came without its source, but this set of shards says where each document is from. Give every document a source, or write the set without provenance.");
  const { file, row } = source;
  if (typeof file !== "string" || !(Number.isInteger(row) && row >= 0 && row < 2 ** 32)) throw new DatasetError(`A document's source is row ${row} of ${JSON.stringify(file)}; expected the name of a file and a whole row number below 2^32.`);
  return source;
}

/** The names of files in the order in which they come, each once. */
export class FileNames {
  readonly list: string[] = [];
  readonly #places = new Map<string, number>();

  /** The index of a name, which is added if it is another one than before. */
  place(name: string): number {
    let place = this.#places.get(name);
    if (place === undefined) this.#places.set(name, (place = this.list.push(name) - 1));
    return place;
  }
}

/** The provenance in one record. @throws ShardError when it is none */
export function decodeSource(bytes: Uint8Array, files: readonly string[] | undefined, file: string): DocumentSource {
  let value: unknown;
  try {
    value = unpackr.unpack(bytes);
  } catch (error) {
    throw new ShardError(file, `the source of a document is not msgpack (${reasonOf(error)}). Write the shards anew.`, { cause: error });
  }
  const [place, row, id, url] = Array.isArray(value) ? (value as unknown[]) : [];
  const name = files?.[place as number];
  const text = (found: unknown): boolean => found === null || typeof found === "string";
  if (typeof name !== "string" || !Number.isInteger(row) || (row as number) < 0 || !text(id) || !text(url)) throw new ShardError(file, `the source of a document is ${JSON.stringify(value)}, expected [file, row, id, url]. Write the shards anew.`);
  return { file: name, row: row as number, ...(typeof id === "string" ? { id } : {}), ...(typeof url === "string" ? { url } : {}) };
}
