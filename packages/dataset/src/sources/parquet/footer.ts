import { type FileMetaData, type RowGroup, type SchemaTree, parquetMetadata, parquetSchema } from "hyparquet";
import type { RandomAccess } from "../access.js";
import { LIMITS } from "../types.js";
import type { Leaf } from "./validate.js";

/** The end of a remote file that is fetched at once; most footers fit. */
const TAIL = 256 << 10;

/** Reads and parses the footer of a parquet file. @throws Error saying what is wrong with it */
export async function readFooter(access: RandomAccess): Promise<FileMetaData> {
  const { size } = access;
  if (size < 12) throw new Error(`${size} bytes are too few`);
  const head = Buffer.from(await access.read(0, 4)).toString("latin1");
  if (head !== "PAR1") throw new Error(head === "PARE" ? "it is encrypted" : "it does not begin with PAR1");
  const from = Math.max(4, size - TAIL);
  let tail = Buffer.from(await access.read(from, size));
  if (tail.toString("latin1", tail.length - 4) !== "PAR1") throw new Error("it does not end with PAR1, so the end is missing");
  const length = tail.readUInt32LE(tail.length - 8);
  if (length > LIMITS.parquetFooter) throw new Error(`its footer of ${length} bytes is larger than the limit of ${LIMITS.parquetFooter}`);
  if (length > size - 12) throw new Error(`its footer of ${length} bytes is longer than the file`);
  if (length + 8 > tail.length) tail = Buffer.concat([Buffer.from(await access.read(size - length - 8, from)), tail]);
  const footer = tail.subarray(tail.length - length - 8);
  return parquetMetadata(new Uint8Array(footer), { geoparquet: false });
}

/** A column of the schema that holds values, in the order in which row groups have them. */
export interface PhysicalColumn extends Leaf {
  path: readonly string[];
  type: string | undefined;
}

/** The columns that hold values. @throws Error where the schema contradicts itself */
export function physicalColumns(metadata: FileMetaData): PhysicalColumn[] {
  const columns: PhysicalColumn[] = [];
  const visit = (node: SchemaTree, path: readonly string[], maxDefinition: number, maxRepetition: number): void => {
    for (const child of node.children) {
      const { name, repetition_type: repetition, type, converted_type: converted, logical_type: logical } = child.element;
      if (repetition === undefined) throw new Error(`its schema does not say whether "${name}" may be missing`);
      // Writers state text twice; where the two differ, one of them is damaged.
      if (converted !== undefined && logical !== undefined && (converted === "UTF8") !== (logical.type === "STRING")) throw new Error(`its schema calls "${name}" both ${converted} and ${logical.type}`);
      const levels = [maxDefinition + (repetition === "REQUIRED" ? 0 : 1), maxRepetition + (repetition === "REPEATED" ? 1 : 0)] as const;
      if (child.children.length > 0) visit(child, [...path, name], ...levels);
      else columns.push({ path: [...path, name], type, maxDefinition: levels[0], maxRepetition: levels[1] });
    }
  };
  const root = parquetSchema(metadata);
  if (root.count !== metadata.schema.length) throw new Error(`its schema has ${metadata.schema.length} elements, of which the root holds ${root.count}`);
  visit(root, [], 0, 0);
  return columns;
}

/** A column chunk's bytes in the file. */
export const chunkRange = ({ meta_data: meta }: RowGroup["columns"][number]): { start: number; end: number } => {
  const start = Number(meta!.dictionary_page_offset || meta!.data_page_offset);
  return { start, end: start + Number(meta!.total_compressed_size) };
};

/** Compressed bytes of a row group, for shares of a file. */
export const groupBytes = (group: RowGroup): number => group.columns.reduce((sum, { meta_data: meta }) => sum + Math.max(0, Number(meta?.total_compressed_size ?? 0)), 0);

/** Checks what the footer says of a row group against the schema and the file. @throws Error */
export function checkGroup(group: RowGroup, columns: readonly PhysicalColumn[], size: number): void {
  const rows = Number(group.num_rows);
  if (!(rows >= 0 && rows <= LIMITS.parquetGroupRows)) throw new Error(`${rows} rows in one row group; the limit is ${LIMITS.parquetGroupRows}`);
  if (group.columns.length !== columns.length) throw new Error(`it has ${group.columns.length} columns, the schema has ${columns.length}`);
  for (const [index, chunk] of group.columns.entries()) {
    const { path, type, maxRepetition } = columns[index]!;
    const name = path.join(".");
    const meta = chunk.meta_data;
    if (!meta) throw new Error(`the footer says nothing of the column "${name}"`);
    if (meta.path_in_schema.join(".") !== name || meta.type !== type) throw new Error(`its column ${index} is "${meta.path_in_schema.join(".")}" of type ${meta.type}, the schema says "${name}" of type ${type}`);
    const { start, end } = chunkRange(chunk);
    if (!(start >= 4 && end >= start && end <= size)) throw new Error(`the column "${name}" points to bytes ${start} to ${end} of ${size}`);
    if (maxRepetition === 0 && Number(meta.num_values) !== rows) throw new Error(`the column "${name}" has ${meta.num_values} values for ${rows} rows`);
  }
}
