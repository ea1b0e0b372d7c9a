import { BackendError } from "../errors.js";
import type { CApi, Pointer } from "./c-api.js";

/** TensorFlow's error codes (absl::StatusCode) by number. */
const CODES = [
  "OK", "Cancelled", "Unknown", "InvalidArgument", "DeadlineExceeded", "NotFound", "AlreadyExists", "PermissionDenied", "ResourceExhausted",
  "FailedPrecondition", "Aborted", "OutOfRange", "Unimplemented", "Internal", "Unavailable", "DataLoss", "Unauthenticated",
] as const;

/** A call that TensorFlow refused; `status` is its code, such as "InvalidArgument". */
export class TensorFlowError extends BackendError {
  readonly status: string;

  constructor(status: string, message: string) {
    super("library", message);
    this.name = "TensorFlowError";
    this.status = status;
  }
}

/** A `TF_Status`: pass `pointer` to a call, then `check` it. Each call that takes a status resets it first. */
export class Status {
  readonly pointer: Pointer;
  readonly #api: CApi;

  constructor(api: CApi) {
    this.#api = api;
    this.pointer = api.TF_NewStatus();
  }

  /** @throws TensorFlowError when the last call failed; `what` says what was tried. */
  check(what: string): void {
    const code = this.#api.TF_GetCode(this.pointer);
    if (code === 0) return;
    const name = CODES[code] ?? `code ${code}`;
    throw new TensorFlowError(name, `TensorFlow: ${what}: ${name}: ${this.#api.TF_Message(this.pointer).trim()}`);
  }

  dispose(): void {
    this.#api.TF_DeleteStatus(this.pointer);
  }
}
