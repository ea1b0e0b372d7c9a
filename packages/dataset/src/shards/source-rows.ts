import { DatasetError, ShardError } from "../errors.js";
import { u32View } from "./decode.js";
import { Growing } from "./growing.js";
import { FileNames, checkSource } from "./sources.js";
import type { OpenShard } from "./open-shard.js";
import { placeOf } from "./split-reader.js";
import type { DocumentSource, ShardFooter } from "./types.js";

/** Numbers of a run: its first document within the shard, its file, and that document's row. */
const RUN = 3;

/**
 * Gathers the file and row of a shard's documents as runs: documents that follow each other from rows that follow each other. A
 * run takes 12 bytes, however many documents it has.
 */
export class RunBuilder {
  readonly #names = new FileNames();
  readonly runs = new Growing(new Uint32Array(256));
  #documents = 0;
  #next: { file: number; row: number } | undefined;

  get files(): string[] {
    return this.#names.list;
  }

  /** @throws DatasetError when there is no source, or its row is no row */
  add(source: DocumentSource | undefined): void {
    const { file: name, row } = checkSource(source);
    const file = this.#names.place(name);
    if (this.#next?.file !== file || this.#next.row !== row) this.runs.append([this.#documents, file, row]);
    this.#next = { file, row: row + 1 };
    this.#documents++;
  }
}

/** What is wrong with runs, in words; undefined where nothing is. */
export function problemOfRuns(runs: Uint32Array, { documents, source_files: files }: Pick<ShardFooter, "documents" | "source_files">): string | undefined {
  if ((runs.length === 0) !== (documents === 0)) return `it has ${documents} documents, and ${runs.length / RUN} runs that say where they are from`;
  for (let at = 0; at < runs.length; at += RUN) {
    const [first, file, row] = [runs[at]!, runs[at + 1]!, runs[at + 2]!];
    const end = runs[at + RUN] ?? documents;
    if ((at === 0 && first !== 0) || end <= first || file >= (files?.length ?? 0) || row + (end - first) > 2 ** 32) return `its documents ${first} to ${end} are said to be from row ${row} of file ${file}, which can't be`;
  }
  return undefined;
}

const known = new WeakMap<OpenShard, { starts: Uint32Array; runs: Uint32Array }>();

/** Where a document of a shard with rows is from. @throws ShardError when its runs are damaged */
export function sourceInRuns(shard: OpenShard, document: number): DocumentSource {
  let found = known.get(shard);
  if (!found) {
    const length = shard.footer.sections.find(({ name }) => name === "source_rows")?.length ?? 0;
    // A copy: a section of a file may begin anywhere in its buffer.
    const runs = u32View(shard.read("source_rows", 0, length).slice());
    const problem = problemOfRuns(runs, shard.footer);
    if (problem !== undefined) throw new ShardError(shard.path, `${problem}. Write the shards anew.`);
    known.set(shard, (found = { runs, starts: Uint32Array.from({ length: runs.length / RUN }, (_, run) => runs[run * RUN]!) }));
  }
  const { runs, starts } = found;
  const run = placeOf(starts, document);
  const [first, file, row] = [runs[run * RUN]!, runs[run * RUN + 1]!, runs[run * RUN + 2]!];
  return { file: shard.footer.source_files![file]!, row: row + document - first };
}

/** How much a set says of where its documents are from: the whole record, file and row, or nothing. */
export type Provenance = boolean | "rows";

/** That a writer was asked for something there is. @throws DatasetError */
export function checkProvenance(value: unknown): void {
  if (value !== true && value !== false && value !== "rows") throw new DatasetError(`provenance is ${JSON.stringify(value)}; expected "rows" (file and row of each document), true (its id and URL too) or false.`);
}
