/** What a {@link ModelError} is about; a program may branch on it, a person reads the message. */
export type ModelErrorCode =
  | "config" // a configuration that can't be built
  | "weights" // tensors are missing, unexpected or of another shape
  | "safetensors" // bytes that are no valid safetensors file
  | "input" // token ids of a wrong shape or length
  | "file"; // a model folder can't be read or written

/** What every error of the product carries that a user can cause, whichever package it comes from. */
const MARKER: unique symbol = Symbol.for("@llm/error");

/** Every error of this package that a user can cause. The marker lets a command line print one message and exit 1. */
export class ModelError extends Error {
  readonly [MARKER] = true;
  readonly code: ModelErrorCode;

  constructor(code: ModelErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "ModelError";
    this.code = code;
  }
}
