import { AtomicFile } from "../util/files.js";

/** A JSONL file that appears when it is complete. */
export class JsonlWriter {
  #lines: string[] = [];
  #pending = 0;
  #rows = 0;

  private constructor(private readonly file: AtomicFile) {}

  static async create(path: string): Promise<JsonlWriter> {
    return new JsonlWriter(await AtomicFile.create(path));
  }

  get rows(): number {
    return this.#rows;
  }

  /** Appends one row. */
  add(row: unknown): Promise<void> {
    return this.addLine(JSON.stringify(row));
  }

  /** Appends a row that is JSON already. */
  async addLine(line: string): Promise<void> {
    this.#lines.push(line, "\n");
    this.#pending += line.length + 1;
    this.#rows++;
    if (this.#pending > 1 << 20) await this.#flush();
  }

  async #flush(): Promise<void> {
    const text = this.#lines.join("");
    this.#lines = [];
    this.#pending = 0;
    await this.file.write(Buffer.from(text));
  }

  /** Ends the file and makes it appear. */
  async finish(): Promise<{ documents: number; bytes: number }> {
    await this.#flush();
    await this.file.commit();
    return { documents: this.#rows, bytes: this.file.bytes };
  }

  /** Removes what was written. */
  abort(): Promise<void> {
    return this.file.abort();
  }
}

/** Writes rows as one JSONL file, one JSON object a line. @throws DatasetError when the disk is full */
export async function writeJsonl(path: string, rows: AsyncIterable<unknown> | Iterable<unknown>): Promise<{ documents: number; bytes: number }> {
  const writer = await JsonlWriter.create(path);
  try {
    for await (const row of rows) await writer.add(row);
    return await writer.finish();
  } catch (error) {
    await writer.abort();
    throw error;
  }
}
