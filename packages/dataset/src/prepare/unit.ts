import { Cleaner } from "../clean/clean.js";
import { type PlanFile, sourceFilesOf } from "../plan/plan.js";
import type { RowRange, Unit } from "../plan/units.js";
import { Quarantine } from "../sources/quarantine.js";
import { readSourceFile } from "../sources/read.js";
import type { ColumnNames, Damage, SourceFile } from "../sources/types.js";
import { ExactDuplicates } from "./exact.js";
import { fromFolder } from "./fingerprint.js";
import { type Cursor, type PartMarker, PartWriter, clearAttempts, partFolder, readKept, readMarker, unitFolder } from "./part.js";
import type { PrepareReport } from "./report.js";

/** Settings of a plan to prepare. */
export interface PreparePlanOptions {
  settings: PrepareReport["settings"];
  columns: ColumnNames;
  maxLost: number | null;
  /** Source bytes of a unit; null for the default. */
  unitBytes: number | null;
  partRows: number;
  /** The folder from which relative paths in the filters' settings are meant. */
  cwd: string;
}

/** What every unit of a plan needs; it can be sent to a thread. */
export interface UnitJob {
  work: string;
  files: PlanFile[];
  options: PreparePlanOptions;
}

/** How far a unit has come. */
export interface UnitProgress {
  read: number;
  kept: number;
  /** Bytes of the unit's sources that are done, about. */
  bytes: number;
  file: string;
}

/** Cleans units, one after the other. What it needs for that is loaded once. */
export class UnitRunner {
  readonly #files: SourceFile[];
  readonly #totalBytes: number;
  #cleaner: Promise<Cleaner> | undefined;

  constructor(private readonly job: UnitJob) {
    this.#files = sourceFilesOf(job.files);
    this.#totalBytes = job.files.reduce((sum, { size }) => sum + size, 0);
  }

  /** Bytes of a run of rows, about. */
  #sizeOf({ bytes, ranges }: Unit, { file, to }: RowRange): number {
    return to === null ? this.#files[file]!.size : bytes / ranges.length;
  }

  /** Duplicates are looked for here, unit by unit. As datatrove's replacements of personal data go round, they begin anew with each part. */
  #clean(): Promise<Cleaner> {
    const { settings, cwd } = this.job.options;
    const create = (): Promise<Cleaner> => Cleaner.create({ ...settings, deduplicate: false, filters: settings.filters && fromFolder(settings.filters, cwd) });
    return settings.filters?.compat ? create() : (this.#cleaner ??= create());
  }

  /**
   * Writes every part of a unit that is not there yet. Several processes may do the same unit at once.
   * @returns the markers of its parts, and how many rows were there already
   */
  async run(number: number, unit: Unit, { signal, onProgress }: { signal?: AbortSignal | undefined; onProgress?: ((progress: UnitProgress) => void) | undefined }): Promise<{ parts: PartMarker[]; resumedRows: number }> {
    const { work, options } = this.job;
    const { settings, columns, maxLost, partRows } = options;
    const limit = settings.limit ?? Infinity;
    const duplicates = settings.deduplicate ? await ExactDuplicates.create() : undefined;
    const quarantine = maxLost === null ? undefined : new Quarantine({ maxLost, totalBytes: this.#totalBytes });
    const parts: PartMarker[] = [];
    await clearAttempts(unitFolder(work, number));
    const take = async (marker: PartMarker): Promise<Cursor | undefined> => {
      await readKept(partFolder(work, number, parts.length), ({ high, low }) => duplicates?.add(high, low));
      parts.push(marker);
      for (const damage of marker.lost ?? []) quarantine?.add(damage);
      return marker.next;
    };
    let cursor: Cursor | undefined = { range: 0, row: unit.ranges[0]?.from ?? 0 };
    for (let marker = await readMarker(partFolder(work, number, 0)); marker && cursor; marker = await readMarker(partFolder(work, number, parts.length))) cursor = await take(marker);
    let read = parts.reduce((sum, { counts }) => sum + counts.read, 0);
    let kept = parts.reduce((sum, { counts }) => sum + counts.documents + counts.chats, 0);
    const resumedRows = read;
    while (cursor) {
      const cleaner = await this.#clean();
      const part = await PartWriter.create(partFolder(work, number, parts.length), settings.filters?.measures);
      let next: Cursor | undefined;
      try {
        ranges: for (let range: number = cursor.range; range < unit.ranges.length && read < limit; range++) {
          const { file, from, to, lines } = unit.ranges[range]!;
          const source = this.#files[file]!;
          const skip: number = range === cursor.range ? cursor.row : from;
          const before = unit.ranges.slice(0, range).reduce((sum, done) => sum + this.#sizeOf(unit, done), 0);
          const size = this.#sizeOf(unit, unit.ranges[range]!);
          let row = skip;
          let bytes = 0;
          const onDamage = quarantine && ((damage: Damage): void => {
            // Lost rows keep their numbers, so that the next part begins where this one ends.
            row += damage.documents ?? 0;
            if (quarantine.add(damage)) part.lose(damage);
          });
          for await (const document of readSourceFile(source, { columns, skip, ...(to === null ? {} : { end: to }), lines, signal, onDamage, siblings: this.#files, onBytes: (done) => (bytes = Math.min(done, source.size)) })) {
            // The part ends before a row that there is, so that no empty part follows the last one.
            if (read >= limit || part.read >= partRows) {
              if (read < limit) next = { range, row };
              break ranges;
            }
            signal?.throwIfAborted();
            let verdict = cleaner.judge(document);
            if (duplicates && !verdict.reason) {
              const [high, low] = duplicates.hashOf(verdict.document);
              if (duplicates.add(high, low)) part.keep(high, low, verdict.document.messages !== undefined);
              else verdict = { ...verdict, reason: "duplicate" };
            }
            await part.add(file, verdict);
            row++;
            read++;
            if (!verdict.reason) kept++;
            onProgress?.({ read, kept, bytes: before + (to === null ? bytes : (size * (row - from)) / Math.max(1, to - from)), file: source.name });
          }
        }
        const marker = await part.finish(next);
        parts.push(marker);
        for (const damage of marker.lost ?? []) quarantine?.add(damage);
      } catch (error) {
        await part.abort();
        throw error;
      }
      cursor = next;
    }
    return { parts, resumedRows };
  }
}
