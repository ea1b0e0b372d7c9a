/** What an {@link InferError} is about; a program may branch on it, a person reads the message. */
export type InferErrorCode =
  | "run" // a folder that can't be used: files missing, or tokenizer and model don't belong together
  | "options" // sampling or generation options out of range
  | "context" // the prompt leaves no room in the model's context
  | "chat" // messages that can't be a conversation, or a model without chat tokens
  | "numbers" // the model's logits are not numbers
  | "server"; // the server can't be started

const ERROR_MARKER: unique symbol = Symbol.for("@llm/error") as never;

/** Every error of this package that a user can cause. The marker lets a command line print one message and exit 1. */
export class InferError extends Error {
  readonly [ERROR_MARKER] = true;
  readonly code: InferErrorCode;

  constructor(code: InferErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "InferError";
    this.code = code;
  }
}
