const ERROR_MARKER: unique symbol = Symbol.for("@llm/error") as never;

/**
 * Every error of this package that a user can cause: wrong data, a wrong folder, a run that does not fit. The marker
 * lets a command line print one message and exit 1.
 */
export class TrainerError extends Error {
  readonly [ERROR_MARKER] = true;

  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "TrainerError";
  }
}
