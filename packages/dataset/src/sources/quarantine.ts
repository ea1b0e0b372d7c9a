import { DatasetError } from "../errors.js";
import type { Damage } from "./types.js";

/** How many parts a message names. */
const NAMED = 5;

/** One line about a damaged part. */
export const describeDamage = ({ file, place, reason }: Damage): string => `${file}, ${place}: ${reason}`;

/**
 * Counts what is lost of the sources of a run, and ends the run when it is more than a stated share of their bytes.
 * A file that is cut off counts with what is there of it: how long it was is not known.
 */
export class Quarantine {
  readonly #parts: Damage[] = [];
  readonly #seen = new Set<string>();
  #bytes = 0;

  /**
   * @param maxLost Share of the bytes, 0 to 1
   * @param totalBytes Bytes of all source files
   */
  constructor(private readonly limits: { maxLost: number; totalBytes: number }) {
    if (!(limits.maxLost >= 0 && limits.maxLost <= 1)) throw new DatasetError(`The share that may be lost is ${limits.maxLost}; expected a number from 0 to 1.`);
  }

  /** Everything that was lost so far. */
  get parts(): readonly Damage[] {
    return this.#parts;
  }

  /** The share of the bytes that was lost so far, at most 1. */
  get share(): number {
    return Math.min(1, this.#bytes / Math.max(1, this.limits.totalBytes));
  }

  /** Bytes that were lost so far. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Documents that were lost so far, where that is known. */
  get documents(): number {
    return this.#parts.reduce((sum, { documents = 0 }) => sum + documents, 0);
  }

  /**
   * Takes a part in, once however often it is met.
   * @returns whether it is another one than before
   * @throws DatasetError naming the first parts, when more than the stated share is lost
   */
  add(damage: Damage): boolean {
    const key = `${damage.file}\n${damage.place}`;
    if (this.#seen.has(key)) return false;
    this.#seen.add(key);
    this.#parts.push(damage);
    this.#bytes += damage.bytes;
    if (this.share <= this.limits.maxLost) return true;
    const percent = (share: number): string => `${(share * 100).toPrecision(3)}%`;
    const more = this.#parts.length > NAMED ? `\n  and ${this.#parts.length - NAMED} more` : "";
    throw new DatasetError(
      `More of the sources is damaged than may be lost: ${percent(this.share)} of ${this.limits.totalBytes} bytes so far, allowed are ${percent(this.limits.maxLost)}. Fetch or make the files again, or allow a larger share.\n  ${this.#parts.slice(0, NAMED).map(describeDamage).join("\n  ")}${more}`,
    );
  }
}
