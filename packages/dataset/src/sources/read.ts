import type { Document } from "../document.js";
import { readJsonl } from "./jsonl.js";
import { readParquet } from "./parquet.js";
import { type ResolveOptions, resolveSources } from "./resolve.js";
import { readText } from "./text.js";
import type { ColumnNames, FileReadOptions, SourceFile } from "./types.js";

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
  /** Called after every document. */
  onProgress?: ((progress: ReadProgress) => void) | undefined;
}

const READERS = { parquet: readParquet, jsonl: readJsonl, text: readText };

/** The documents of one file. */
export async function* readSourceFile(file: SourceFile, options: FileReadOptions = {}): AsyncGenerator<Document> {
  yield* READERS[file.kind](await file.locate(options.signal), file.name, options);
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

/** {@link readDocuments} of files that are resolved already. */
export async function* readSourceFiles(files: readonly SourceFile[], { limit = Infinity, columns, signal, onProgress }: Omit<ReadOptions, "exclude"> = {}): AsyncGenerator<Document> {
  if (limit <= 0) return;
  const totalBytes = files.reduce((sum, file) => sum + file.size, 0);
  let documents = 0;
  let before = 0;
  for (const file of files) {
    let bytes = before;
    for await (const document of readSourceFile(file, { columns, signal, onBytes: (done) => (bytes = before + Math.min(done, file.size)) })) {
      signal?.throwIfAborted();
      documents++;
      onProgress?.({ documents, bytes, totalBytes, file: file.name });
      yield document;
      if (documents >= limit) return;
    }
    before += file.size;
  }
}
