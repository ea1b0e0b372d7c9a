import { type FileMetaData, parquetSchema } from "hyparquet";
import type { Document } from "../document.js";
import { DatasetError, reasonOf } from "../errors.js";
import { type RandomAccess, openFile } from "./access.js";
import { groupBytes, physicalColumns, readFooter } from "./parquet/footer.js";
import { type OpenGroup, findInvalidText, openGroup } from "./parquet/group.js";
import { salvageFooter } from "./parquet/salvage.js";
import { hasContent, missingContent, rowToDocument, wantedColumns } from "./row.js";
import type { FileReadOptions, SourceFile } from "./types.js";

const damaged = (name: string, where: string, error: unknown): unknown =>
  error instanceof DatasetError || (error instanceof Error && error.name === "AbortError")
    ? error
    : new DatasetError(`${name} is damaged or not a parquet file${where}: ${reasonOf(error)}. Download or make it again.`, { cause: error });

/** The names of the columns and the number of rows of a parquet file. @throws DatasetError when it is not one */
export async function parquetInfo(path: string, name = path): Promise<{ columns: string[]; rows: number; rowGroups: number; codecs: string[] }> {
  const access = await openFile(path);
  try {
    const metadata = await readFooter(access);
    return {
      columns: parquetSchema(metadata).children.map((child) => child.element.name),
      rows: Number(metadata.num_rows),
      rowGroups: metadata.row_groups.length,
      codecs: [...new Set(metadata.row_groups.flatMap((group) => group.columns.map((column) => column.meta_data?.codec ?? "?")))],
    };
  } catch (error) {
    throw damaged(name, "", error);
  } finally {
    await access.close();
  }
}

/** Footers that say how the columns of a file without one may look. */
async function siblingFooters(name: string, siblings: readonly SourceFile[]): Promise<FileMetaData[]> {
  const footers: FileMetaData[] = [];
  for (const file of siblings) {
    // Only what lies here already: looking for help must not fetch gigabytes.
    if (file.name === name || file.kind !== "parquet" || file.open) continue;
    try {
      const access = await openFile(await file.locate());
      await readFooter(access).then((footer) => footers.push(footer)).finally(() => access.close());
    } catch {
      // Damaged too.
    }
    if (footers.length === 4) break;
  }
  return footers;
}

/** The footer and the schema's columns, checked; where they are lost and somebody is told, what can be put together again. */
async function openParquet(access: RandomAccess, name: string, { onDamage, siblings = [] }: FileReadOptions): Promise<{ metadata: FileMetaData; columns: ReturnType<typeof physicalColumns> } | undefined> {
  try {
    const metadata = await readFooter(access);
    const columns = physicalColumns(metadata);
    const rows = metadata.row_groups.reduce((sum, group) => sum + Number(group.num_rows), 0);
    if (rows !== Number(metadata.num_rows)) throw new Error(`its row groups have ${rows} rows, its footer says ${metadata.num_rows}`);
    return { metadata, columns };
  } catch (error) {
    const failure = damaged(name, "", error);
    if (!onDamage || failure === error) throw failure;
    const salvaged = access.local ? await salvageFooter(access, await siblingFooters(name, siblings)) : undefined;
    const from = salvaged?.end ?? 0;
    const rows = salvaged ? Number(salvaged.metadata.num_rows) : 0;
    onDamage({
      file: name,
      place: salvaged ? `bytes ${from} to ${access.size} (the end), behind row group ${salvaged.metadata.row_groups.length - 1} with rows up to ${rows - 1}` : "the whole file",
      reason: `${reasonOf(error)}${salvaged ? "; the row groups in front of it were found without the footer" : ""}`,
      bytes: Math.max(1, access.size - from),
    });
    return salvaged && { metadata: salvaged.metadata, columns: physicalColumns(salvaged.metadata) };
  }
}

/**
 * The rows of a parquet file, one row group, or of a large one some pages, in memory at a time. Columns are found by name; of the others nothing is
 * read. Reads uncompressed, snappy, gzip, zstd, brotli and lz4. Every page is checked before it is decoded: its CRC-32 where
 * it has one, else that levels, indexes and lengths fit, and that text is UTF-8.
 * @throws DatasetError naming the file, when it has no column with text, or is damaged and nobody is told by `onDamage`
 */
export async function* readParquet(access: RandomAccess, name: string, options: FileReadOptions = {}): AsyncGenerator<Document> {
  const { address, columns: names, skip = 0, end = Infinity, signal, onBytes, onDamage } = options;
  const opened = await openParquet(access, name, options);
  if (!opened) return;
  const { metadata, columns } = opened;
  const found = parquetSchema(metadata).children.map((child) => child.element.name);
  if (!hasContent(new Set(found), names)) throw new DatasetError(`${name}: ${missingContent(found, names)}.`);
  const wanted = wantedColumns(names).filter((column) => found.includes(column));
  let first = 0;
  let done = 0;
  for (const [number, group] of metadata.row_groups.entries()) {
    signal?.throwIfAborted();
    if (first >= end) break;
    const count = Number(group.num_rows);
    const bytes = groupBytes(group);
    done += bytes;
    if (first + count > skip && count > 0) {
      let lost = 0;
      /** Says, or throws, that the rest of the group is lost. */
      const lose = (error: unknown): void => {
        signal?.throwIfAborted();
        const failure = damaged(name, ` (row group ${number}, rows from ${first + lost})`, error);
        if (!onDamage || failure === error) throw failure === error && error instanceof DatasetError && !error.message.startsWith(name) ? new DatasetError(`${name} (row group ${number}): ${error.message}`, { cause: error }) : failure;
        onDamage({ file: name, place: `row group ${number}, rows ${first + lost} to ${first + count - 1}`, reason: reasonOf(error), bytes: Math.min(access.size, Math.max(1, Math.round((bytes * (count - lost)) / count))), documents: count - lost });
      };
      let opened: OpenGroup | undefined;
      try {
        opened = await openGroup(access, metadata, group, columns, wanted);
      } catch (error) {
        lose(error);
      }
      // A group that is not sliced is decoded from its first row on, wherever reading begins.
      let table: Awaited<ReturnType<OpenGroup["read"]>> | undefined;
      let from = 0;
      let to = 0;
      for (let i = Math.max(0, skip - first); opened && i < count; i++) {
        if (i >= to) {
          from = i - (i % opened.sliceRows);
          to = Math.min(count, from + opened.sliceRows);
          lost = from;
          try {
            table = await opened.read(from, to);
          } catch (error) {
            lose(error);
            break;
          }
        }
        const row = table!.rows[i - from]!;
        const place = `row ${first + i}`;
        let document: Document;
        try {
          const invalid = table!.invalid ? findInvalidText(row, "") : undefined;
          if (invalid) throw new DatasetError(`${name}, ${place}: the column "${invalid}" is not UTF-8 text. The file is damaged or was written wrongly; make it again.`);
          document = rowToDocument(row, { name, index: first + i, place: `${name}, ${place}`, columns: names, address });
        } catch (error) {
          if (!onDamage || !(error instanceof DatasetError)) throw error;
          onDamage({ file: name, place, reason: error.message.replace(`${name}, ${place}: `, ""), bytes: Math.max(1, Math.round(bytes / count)), documents: 1, content: describeRow(row) });
          continue;
        }
        yield document;
      }
    }
    first += count;
    onBytes?.(Math.min(done, access.size));
  }
}

/** A row as text, for a person. */
const describeRow = (row: Record<string, unknown>): string =>
  JSON.stringify(row, (_key, value: unknown) => (typeof value === "bigint" ? Number(value) : value instanceof Object && "bytes" in value && value.bytes instanceof Uint8Array ? Buffer.from(value.bytes).toString("latin1") : value)).slice(0, 2_000);
