import type { Document } from "../document.js";
import { openFile } from "./access.js";
import { readJson } from "./json.js";
import { readJsonl } from "./jsonl.js";
import { readParquet } from "./parquet.js";
import { Quarantine } from "./quarantine.js";
import { type ResolveOptions, resolveSources } from "./resolve.js";
import { readText } from "./text.js";
import type { ColumnNames, Damage, FileReadOptions, SourceFile } from "./types.js";

/** How far reading has come. */
export interface ReadProgress {
  documents: number;
  /** Bytes of the source files that are done, and of all of them. */
  bytes: number;
  totalBytes: number;
  /** Name of the file that is being read. */
  file: string;
}

/** Options of {@link readDocuments}. */
export interface ReadOptions extends ResolveOptions {
  /** Stop after this many documents; default: all. */
  limit?: number | undefined;
  /** Columns whose names differ, e.g. `{ text: "body" }`. */
  columns?: ColumnNames | undefined;
  /** Read remote files by range requests instead of fetching them as a whole; default: where there is a `limit`. */
  partial?: boolean | undefined;
  /** Called after every document. */
  onProgress?: ((progress: ReadProgress) => void) | undefined;
  /**
   * The share of the sources' bytes, from 0 to 1, that may be damaged: damaged parts are then left out and named to
   * `onDamage`, and more than this is an error. Default: the first damage is an error.
   */
  maxLost?: number | undefined;
  /** Called for each part that is left out. */
  onDamage?: ((damage: Damage) => void) | undefined;
}

const READERS = { parquet: readParquet, jsonl: readJsonl, json: readJson, text: readText };

/** The documents of one file. */
export async function* readSourceFile(file: SourceFile, options: FileReadOptions = {}): AsyncGenerator<Document> {
  const access = options.partial && file.open ? await file.open(options.signal) : await openFile(await file.locate(options.signal));
  try {
    yield* READERS[file.kind](access, file.name, { address: file.address, ...options, compression: file.compression });
  } finally {
    await access.close();
  }
}

/**
 * The documents of any sources, as a stream: at most one parquet row group or one line is in memory.
 *
 * @param sources Files (.parquet, .jsonl, .txt), folders (recursive, by name), globs, hf://datasets/OWNER/NAME/PATH
 * @throws DatasetError when a source does not exist, a file is damaged, or a row has no text; AbortError on `signal`
 */
export async function* readDocuments(sources: string | readonly string[], options: ReadOptions = {}): AsyncGenerator<Document> {
  yield* readSourceFiles(await resolveSources(sources, options), options);
}

/** {@link readDocuments} of files that are resolved already. With a `limit`, remote files are read by range requests. */
export async function* readSourceFiles(files: readonly SourceFile[], { limit = Infinity, partial = limit !== Infinity, columns, signal, onProgress, maxLost, onDamage }: Omit<ReadOptions, "exclude"> = {}): AsyncGenerator<Document> {
  if (limit <= 0) return;
  const totalBytes = files.reduce((sum, file) => sum + file.size, 0);
  const quarantine = maxLost === undefined ? undefined : new Quarantine({ maxLost, totalBytes });
  let documents = 0;
  let before = 0;
  for (const file of files) {
    let bytes = before;
    const options: FileReadOptions = { columns, signal, partial, siblings: files, onBytes: (done) => (bytes = before + Math.min(done, file.size)) };
    if (quarantine) {
      options.onDamage = (damage) => {
        onDamage?.(damage);
        quarantine.add(damage);
      };
    }
    for await (const document of readSourceFile(file, options)) {
      signal?.throwIfAborted();
      documents++;
      onProgress?.({ documents, bytes, totalBytes, file: file.name });
      yield document;
      if (documents >= limit) return;
    }
    before += file.size;
  }
}
