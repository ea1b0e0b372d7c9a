import type { SchemaElement } from "hyparquet";
import { ByteWriter, ParquetWriter } from "hyparquet-writer";
import { type Document, FINEWEB_COLUMNS, SOURCE_COLUMNS, STRING_COLUMNS } from "../document.js";
import { DatasetError } from "../errors.js";
import { AtomicFile } from "../util/files.js";
import { SnappyCompressor } from "./snappy.js";

/** Options of {@link writeParquet}. */
export interface WriteParquetOptions {
  /** Rows in a row group, the unit in which readers stream; default 1,000, as FineWeb has. A group with 32 million characters of text ends earlier. */
  rowGroupSize?: number;
  /** Compression of the pages; default "SNAPPY". */
  codec?: "SNAPPY" | "UNCOMPRESSED";
  signal?: AbortSignal;
}

const text = (name: string, repetition: "REQUIRED" | "OPTIONAL"): SchemaElement => ({ name, type: "BYTE_ARRAY", repetition_type: repetition, converted_type: "UTF8", logical_type: { type: "STRING" } });

/** FineWeb's, and behind them the place that a document was first read from. */
const COLUMNS = [...FINEWEB_COLUMNS, ...SOURCE_COLUMNS] as const;
const INTEGERS: ReadonlySet<string> = new Set(["token_count", "source_row"]);

/** A row group ends early with so many characters of text, so that writing and reading it takes bounded memory. */
const GROUP_CHARACTERS = 32 << 20;

/** FineWeb's schema: text and id always there, the rest may be null; score as double, counts as int64. */
const SCHEMA: SchemaElement[] = [
  { name: "schema", num_children: COLUMNS.length },
  text("text", "REQUIRED"),
  text("id", "REQUIRED"),
  ...STRING_COLUMNS.map((name) => text(name, "OPTIONAL")),
  { name: "language_score", type: "DOUBLE", repetition_type: "OPTIONAL" },
  { name: "token_count", type: "INT64", repetition_type: "OPTIONAL" },
  text("source_file", "OPTIONAL"),
  { name: "source_row", type: "INT64", repetition_type: "OPTIONAL" },
];

/** A parquet file in FineWeb's columns, and `source_file` and `source_row`, that is written row group by row group and appears when it is complete. */
export class ParquetDocumentWriter {
  #rows: Document[] = [];
  #characters = 0;
  #documents = 0;

  private constructor(
    private readonly file: AtomicFile,
    private readonly writer: ParquetWriter,
    private readonly rowGroupSize: number,
  ) {}

  static async create(path: string, { rowGroupSize = 1_000, codec = "SNAPPY" }: WriteParquetOptions = {}): Promise<ParquetDocumentWriter> {
    const file = await AtomicFile.create(path);
    // The library writes synchronously into memory; each finished row group goes on to the file.
    const bytes = new ByteWriter(1 << 20);
    const flush = async (): Promise<void> => {
      const chunk = new Uint8Array(bytes.buffer.slice(0, bytes.index));
      bytes.index = 0;
      await file.write(chunk);
    };
    const snappy = new SnappyCompressor();
    const writer = new ParquetWriter({ writer: Object.assign(bytes, { flush, finish: flush }), schema: SCHEMA, codec, compressors: { SNAPPY: (page) => snappy.compress(page) }, createdBy: "@llm/dataset" });
    return new ParquetDocumentWriter(file, writer, rowGroupSize);
  }

  /** @throws DatasetError for a chat: its turns have no column here */
  async add(document: Document): Promise<void> {
    if (document.messages) throw new DatasetError(`The chat ${document.id} can't be written to ${this.file.path}: parquet holds documents; write chats as JSONL.`);
    this.#rows.push(document);
    this.#characters += document.text.length;
    this.#documents++;
    if (this.#rows.length >= this.rowGroupSize || this.#characters >= GROUP_CHARACTERS) await this.#flush();
  }

  async #flush(): Promise<void> {
    const rows = this.#rows;
    this.#rows = [];
    this.#characters = 0;
    const columnData = COLUMNS.map((name) => ({
      name,
      // Statistics of whole texts are of no use to a reader, and the first bytes of an id neither.
      statistics: name !== "text",
      data: rows.map((row) => {
        const value = row[name];
        return INTEGERS.has(name) && typeof value === "number" ? BigInt(Math.trunc(value)) : value;
      }),
    }));
    await this.writer.write({ columnData, rowGroupSize: Math.max(1, rows.length) });
  }

  /** Ends the file and makes it appear. */
  async finish(): Promise<{ documents: number; bytes: number }> {
    if (this.#rows.length > 0) await this.#flush();
    await this.writer.finish();
    await this.file.commit();
    return { documents: this.#documents, bytes: this.file.bytes };
  }

  /** Removes what was written. */
  abort(): Promise<void> {
    return this.file.abort();
  }
}

/**
 * Writes documents as one parquet file in FineWeb's columns ({@link FINEWEB_COLUMNS}), followed by `source_file` and `source_row`; one row group is in memory at a time.
 * @returns how many documents and bytes it has
 * @throws DatasetError when the disk is full or a document is a chat
 */
export async function writeParquet(path: string, documents: AsyncIterable<Document> | Iterable<Document>, options: WriteParquetOptions = {}): Promise<{ documents: number; bytes: number }> {
  const writer = await ParquetDocumentWriter.create(path, options);
  try {
    for await (const document of documents) {
      options.signal?.throwIfAborted();
      await writer.add(document);
    }
    return await writer.finish();
  } catch (error) {
    await writer.abort();
    throw error;
  }
}

