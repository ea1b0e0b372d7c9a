import * as tf from "@tensorflow/tfjs-core";
import { BackendError } from "./errors.js";
import type { AnyFunction, CompiledFunction, CompileOptions } from "./engine.js";
import { flatten } from "./nested.js";

/**
 * `compile()` for engines that can't compile: calls `fn` inside `tf.tidy`, so that its meaning is the compiled one's:
 * every intermediate tensor is freed, the tensors in its (possibly nested) result belong to the caller, and variables
 * that it assigned keep their new values.
 *
 * @param fn Plain tfjs code. It must be synchronous, as a traced function has to be.
 * @param options Accepted so that callers need not know the engine; only `donate` changes anything.
 * @throws BackendError "compile" for options that make no sense.
 * @returns The function; `signatures` and `notes` are empty, since nothing is traced.
 */
export function plainCompile<F extends AnyFunction>(fn: F, options: CompileOptions = {}): CompiledFunction<F> {
  checkOptions(options);
  type Result = ReturnType<F>;
  const call = (...args: Parameters<F>): Result => {
    let result!: Result;
    // tidy keeps the tensors it finds in what its function returns; nested arrays and plain objects are searched.
    tf.tidy(() => (result = detach(fn(...args)) as Result) as tf.TensorContainer);
    for (const position of options.donate ?? []) for (const tensor of flatten(args[position], "identity").tensors) tensor.dispose();
    return result;
  };
  const callAsync = async (...args: Parameters<F>) => call(...args);
  return Object.assign(call, { callAsync: callAsync as CompiledFunction<F>["callAsync"], signatures: [], notes: [], dispose() {} });
}

function checkOptions({ jit = "auto", precision = "float32", donate = [], maxConstantBytes = 1 }: CompileOptions): void {
  const refuse = (what: string, expected: string, found: unknown): never => {
    throw new BackendError("compile", `The option ${what} of compile must be ${expected}, got ${typeof found === "string" ? JSON.stringify(found) : String(found)}.`);
  };
  if (jit !== "auto" && typeof jit !== "boolean") refuse("jit", '"auto", true or false', jit);
  if (precision !== "float32" && precision !== "bfloat16") refuse("precision", '"float32" or "bfloat16"', precision);
  if (!Array.isArray(donate) || !donate.every((position) => Number.isInteger(position) && position >= 0)) refuse("donate", "a list of argument positions, counted from 0", donate);
  if (!(maxConstantBytes > 0)) refuse("maxConstantBytes", "a number of bytes above 0", maxConstantBytes);
}

/**
 * Gives the caller tensors of its own: one that was not made by this call (an argument, a variable, something kept or
 * captured) is cloned, which shares the data, so that disposing a result never disposes what went in.
 */
function detach(value: unknown): unknown {
  if (value instanceof tf.Tensor) {
    const made = value.scopeId === tf.engine().state.activeScope.id && !(value instanceof tf.Variable) && !value.kept;
    return made ? value : value.clone();
  }
  if (value instanceof Promise) throw new BackendError("compile", "A compiled function must be synchronous, but this one returned a promise.");
  if (Array.isArray(value)) return value.map(detach);
  if (typeof value === "object" && value !== null && Object.getPrototypeOf(value) === Object.prototype) {
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, detach(item)]));
  }
  return value;
}
