import { readFooter, groupBytes, physicalColumns } from "../sources/parquet/footer.js";
import { openFile } from "../sources/access.js";
import type { LineRange, SourceFile } from "../sources/types.js";
import { cutLines } from "./line-places.js";

/** Rows of a source file: from `from` up to, not including, `to`; null is the end of the file. */
export interface RowRange {
  file: number;
  from: number;
  to: number | null;
  /** Where the rows are in a file of lines that is cut. */
  lines?: LineRange;
}

/** What one worker reads at a time: runs of rows, in the order of the sources. */
export interface Unit {
  /** Bytes of the sources, about. */
  bytes: number;
  ranges: RowRange[];
}

/** The most source bytes of a unit by default. */
export const UNIT_BYTES = 64_000_000;
/** The fewest: below, starting a unit and taking out what units have in common cost more than they give. */
const LEAST_UNIT_BYTES = 4_000_000;
/** Into how many units sources between these are cut: the last ones leave few of a machine's processors without work for long. */
const UNITS = 32;

/** Source bytes of a unit where none are given, from those of all sources alone: 4 MB up to 128 MB, a 32nd up to 2 GB, then 64 MB. */
export const defaultUnitBytes = (files: readonly Pick<SourceFile, "size">[]): number => Math.min(UNIT_BYTES, Math.max(LEAST_UNIT_BYTES, Math.ceil(files.reduce((sum, { size }) => sum + size, 0) / UNITS)));

/** Into how many pieces at least a unit's bytes of lines are cut, so that units of several files have about the same size. */
const PIECES = 16;

/** The runs of rows into which a file can be cut: the row groups of a sound parquet file on this machine, lines of one that is not compressed, else the file as a whole. */
async function piecesOf(file: SourceFile, number: number, { remote, unitBytes, signal }: { remote: boolean; unitBytes: number; signal: AbortSignal | undefined }): Promise<(RowRange & { bytes: number })[]> {
  const whole = [{ file: number, from: 0, to: null, bytes: file.size }];
  // A remote file is fetched as a whole, so one rank reads it; a compressed one can't be entered in the middle.
  if (file.kind === "json" || file.compression || remote) return whole;
  const access = await openFile(await file.locate());
  try {
    if (file.kind !== "parquet") {
      const pieces = await cutLines(access, file.kind, { bytes: Math.ceil(unitBytes / PIECES), signal });
      return pieces.length === 1 ? whole : pieces.map(({ rows, ...lines }) => ({ file: number, from: lines.row, to: lines.row + rows, lines, bytes: lines.end - lines.start }));
    }
    const metadata = await readFooter(access);
    physicalColumns(metadata);
    const rows = metadata.row_groups.reduce((sum, group) => sum + Number(group.num_rows), 0);
    if (rows !== Number(metadata.num_rows)) return whole;
    let from = 0;
    const pieces = metadata.row_groups.map((group) => {
      const piece = { file: number, from, to: from + Number(group.num_rows), bytes: groupBytes(group) };
      from = piece.to;
      return piece;
    });
    return pieces.length > 0 ? pieces : whole;
  } catch (error) {
    if (file.kind !== "parquet") throw error;
    // What a damaged file still holds is found while it is read, and by one reader.
    return whole;
  } finally {
    await access.close();
  }
}

/**
 * Cuts sources into units of about equal size, in their order. The units depend on the sources and `unitBytes` alone: how many
 * ranks or workers share them changes nothing in the result.
 * @param remote Whether a file, by its number, is on a server
 * @param together Make one unit of all, where what is read of one file depends on the files before it
 */
export async function cutUnits(files: readonly SourceFile[], { unitBytes = defaultUnitBytes(files), remote, together = false, signal }: { unitBytes?: number | undefined; remote: (file: number) => boolean; together?: boolean; signal?: AbortSignal | undefined }): Promise<Unit[]> {
  const units: Unit[] = [];
  let open: Unit | undefined;
  for (const [number, file] of files.entries()) {
    signal?.throwIfAborted();
    const pieces = together || file.size <= unitBytes / 4 ? [{ file: number, from: 0, to: null, bytes: file.size }] : await piecesOf(file, number, { remote: remote(number), unitBytes, signal });
    for (const { bytes, ...range } of pieces) {
      if (!open || (!together && open.bytes > 0 && open.bytes + bytes > unitBytes)) units.push((open = { bytes: 0, ranges: [] }));
      open.bytes += bytes;
      const last = open.ranges.at(-1);
      if (last?.file === number && last.to === range.from) {
        last.to = range.to;
        if (last.lines && range.lines) last.lines.end = range.lines.end;
      }
      else open.ranges.push(range);
    }
  }
  return units;
}

/**
 * Deals units to ranks in runs of about equal bytes.
 * @returns for each rank its first unit and the one behind its last; at most as many ranks as units
 */
export function dealRanks(units: readonly Pick<Unit, "bytes">[], ranks: number): [number, number][] {
  const count = Math.max(1, Math.min(ranks, units.length));
  const total = units.reduce((sum, { bytes }) => sum + bytes, 0);
  const dealt: [number, number][] = [];
  let unit = 0;
  let before = 0;
  for (let rank = 0; rank < count; rank++) {
    const first = unit;
    // Every later rank gets a unit too.
    const last = units.length - (count - 1 - rank);
    const until = (total * (rank + 1)) / count;
    while (unit < last && (unit === first || rank === count - 1 || before + units[unit]!.bytes / 2 <= until)) before += units[unit++]!.bytes;
    dealt.push([first, unit]);
  }
  return dealt;
}
