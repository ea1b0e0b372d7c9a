/** The marker by which a command line tells a person's mistake from a defect; shared by name so that it works across installed copies. */
const KNOWN: unique symbol = Symbol.for("@llm/error");

/** An error that a user can cause and mend: a missing or damaged file, a wrong row, a full disk. */
export class DatasetError extends Error {
  override name = "DatasetError";
  readonly [KNOWN] = true;
}

/** A shard, manifest or loader state that can't be trusted. `file` says which one. */
export class ShardError extends DatasetError {
  override name = "ShardError";
  constructor(
    readonly file: string,
    reason: string,
    options?: ErrorOptions,
  ) {
    super(`${file}: ${reason}`, options);
  }
}

/** The message of anything that was thrown. */
export const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
