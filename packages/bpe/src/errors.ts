const KNOWN: unique symbol = Symbol.for("@llm/error");

/** An error that a caller or a file caused: a bad option, an unusable tokenizer.json, texts that can't be encoded as asked. */
export class BpeError extends Error {
  override name = "BpeError";
  /** Marks errors that a command line prints as one message, across installed copies of the package. */
  readonly [KNOWN] = true;
}
