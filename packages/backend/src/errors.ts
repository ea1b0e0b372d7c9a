/** What a {@link BackendError} is about; a program may branch on it, a person reads the message. */
export type BackendErrorCode =
  | "library" // libtensorflow can't be loaded or refused a call
  | "kernels" // the TensorFlow kernels of tfjs-node(-gpu) are not installed or don't fit
  | "engine" // no such engine, or the one that was asked for is absent
  | "compile" // a function can't be compiled
  | "install"; // a download or an installation failed

const ERROR_MARKER: unique symbol = Symbol.for("@llm/error") as never;

/** Every error of this package that a user can cause. The marker lets a command line print one message and exit 1. */
export class BackendError extends Error {
  readonly [ERROR_MARKER] = true;
  readonly code: BackendErrorCode;

  constructor(code: BackendErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "BackendError";
    this.code = code;
  }
}
