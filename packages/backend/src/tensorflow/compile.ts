import * as tf from "@tensorflow/tfjs-core";
import { plainCompile } from "../compile-plain.js";
import type { AnyFunction, CompiledFunction, CompiledSignature, CompileMode, CompileOptions } from "../engine.js";
import { BackendError } from "../errors.js";
import { flatten, rebuild } from "../nested.js";
import type { Flat } from "../nested.js";
import { AttrType } from "./attributes.js";
import type { TracingBackend } from "./backend.js";
import type { PreparedCall } from "./binding.js";
import type { CompileCache } from "./compile-cache.js";
import { donatedTensors, Donations } from "./donation.js";
import { freeUploadedArrays } from "./garbage.js";
import { UntraceableError } from "./graph.js";
import { Status, TensorFlowError } from "./status.js";
import type { GraphOptions } from "./graph.js";
import { memoryOf, NO_MEMORY } from "./memory.js";
import { releaseConstants, traceFunction } from "./trace.js";
import type { TracedFunction } from "./trace.js";

/** One signature: what a caller may see, and what is needed to run it. */
interface Executable extends CompiledSignature {
  /** null when it runs op by op. */
  traced: TracedFunction | null;
}

/** One call under way. */
interface Call extends PreparedCall {
  flat: Flat;
  donations: Donations;
  started: number;
}

/** What the compiled functions of one engine share. */
export interface CompileRuntime {
  backend: TracingBackend;
  /** Numbers the functions: their names are unique in a TensorFlow context. */
  nextFunction: number;
  /** The last asynchronous call; settles when it and all before it are done. */
  pending: Promise<unknown> | null;
  /** The engine was disposed: nothing native may be touched any more. */
  closed: boolean;
  /** Keeps what XLA compiled for later processes. */
  compileCache: CompileCache;
}

/** Constants beyond this many bytes belong outside of a function. */
const DEFAULT_MAX_CONSTANT_BYTES = 16 * 2 ** 20;

const XLA = [{ name: "_XlaMustCompile", type: AttrType.BOOL, value: true }];

/**
 * Makes a function that is traced once per signature into a TensorFlow function, and then runs as one call: see {@link CompileOptions} for
 * how, `CompiledFunction` for what comes out. The signature covers the arguments; variables and tensors that `fn` takes from its closure
 * are the ones it saw when it was traced (with their values at each call). JavaScript in `fn` runs only while it is traced: numbers that
 * change from call to call must be tensors, and random numbers must come from a seed tensor.
 * @throws BackendError "compile" when `fn` reads a value (dataSync) or makes variables; with jit true or false also when TensorFlow refuses.
 */
export function createCompiled<F extends AnyFunction>(runtime: CompileRuntime, fn: F, options: CompileOptions = {}): CompiledFunction<F> {
  const compiled = new Compiled(runtime, fn, options);
  const call = (...args: Parameters<F>): ReturnType<F> => compiled.call(args);
  return Object.defineProperties(
    Object.assign(call, {
      callAsync: (...args: Parameters<F>) => compiled.callAsync(args),
      dispose: () => compiled.dispose(),
    }),
    { signatures: { get: () => compiled.signatures }, notes: { get: () => compiled.notes } },
  ) as CompiledFunction<F>;
}

class Compiled<F extends AnyFunction> {
  readonly notes: string[] = [];
  readonly #executables = new Map<string, Executable>();
  readonly #runtime: CompileRuntime;
  readonly #fn: F;
  readonly #plain: CompiledFunction<F>;
  readonly #jit: "auto" | boolean;
  readonly #name: string;
  readonly #donate: readonly number[];
  readonly #graph: Omit<GraphOptions, "mode">;

  constructor(runtime: CompileRuntime, fn: F, options: CompileOptions) {
    const { jit = "auto", name = fn.name || "compiled", donate = [], precision = "float32", maxConstantBytes = DEFAULT_MAX_CONSTANT_BYTES } = options;
    this.#runtime = runtime;
    this.#fn = fn;
    this.#plain = plainCompile(fn, options); // checks them, too
    this.#jit = jit;
    this.#name = name;
    this.#donate = donate;
    this.#graph = { precision, maxConstantBytes };
  }

  get signatures(): CompiledSignature[] {
    return [...this.#executables.values()].map(({ traced: _, ...signature }) => structuredClone(signature));
  }

  call(args: Parameters<F>): ReturnType<F> {
    // Inside another trace it is a part of that function.
    if (this.#runtime.backend.binding.trace) return this.#fn(...args) as ReturnType<F>;
    if (this.#runtime.pending) throw new BackendError("compile", `${this.#name} was called while an asynchronous call runs. Await that one first, or use callAsync.`);
    const { executable, flat } = this.#prepare(args);
    while (executable.traced) {
      const call = this.#bind(executable, executable.traced, flat);
      const { api, context } = this.#runtime.backend.binding;
      api.TFE_Execute(call.op, call.outputs, call.count, context.status.pointer);
      if (this.#succeeded(executable, call, context.status)) return this.#finish(executable.traced, call);
    }
    executable.calls++;
    return this.#plain(...args);
  }

  /** Queues behind the engine's other asynchronous calls. Arguments may be disposed at once; variables are read when the call starts. */
  async callAsync(args: Parameters<F>): Promise<Awaited<ReturnType<F>>> {
    const runtime = this.#runtime;
    const { template, tensors } = flatten(args, "identity");
    const held = tensors.map((tensor) => tf.keep(tensor.clone()));
    for (const index of donatedTensors(template, this.#donate)) tensors[index]!.dispose(); // given away: the clone is the only one
    const after = runtime.pending ?? Promise.resolve();
    const result = after.then(() => this.#callAsync(rebuild(template, held) as Parameters<F>));
    const settle = (): void => {
      tf.dispose(held);
      if (runtime.pending === pending) runtime.pending = null;
    };
    const pending: Promise<unknown> = result.then(settle, settle);
    runtime.pending = pending;
    await pending;
    return (await result) as Awaited<ReturnType<F>>;
  }

  dispose(): void {
    if (this.#runtime.closed) return;
    for (const { traced } of this.#executables.values()) if (traced) this.#forget(traced);
    this.#executables.clear();
  }

  #forget(traced: TracedFunction): void {
    const { api, context } = this.#runtime.backend.binding;
    api.TFE_ContextRemoveFunction(context.pointer, traced.name, context.status.pointer);
    releaseConstants(traced.inputs);
  }

  async #callAsync(args: Parameters<F>): Promise<Awaited<ReturnType<F>>> {
    const { executable, flat } = this.#prepare(args);
    const { api } = this.#runtime.backend.binding;
    while (executable.traced) {
      const { traced } = executable;
      const call = this.#bind(executable, traced, flat);
      const before = this.#places(traced);
      const status = new Status(api); // the context's own may be used by eager ops meanwhile
      try {
        await new Promise<void>((resolve, reject) => {
          api.TFE_Execute.async(call.op, call.outputs, call.count, status.pointer, (error) => (error ? reject(error) : resolve()));
        });
        if (!this.#succeeded(executable, call, status)) continue;
      } finally {
        status.dispose();
      }
      this.#refuseConflicts(traced, before, call);
      return this.#finish(traced, call) as Awaited<ReturnType<F>>;
    }
    executable.calls++;
    return (await this.#plain(...args)) as Awaited<ReturnType<F>>;
  }

  #prepare(args: Parameters<F>): { executable: Executable; flat: Flat } {
    if (this.#runtime.closed) throw new BackendError("compile", `${this.#name} belongs to an engine that was disposed. Compile it on the new one.`);
    if ((tf.engine() as unknown as { state: { gradientDepth: number } }).state.gradientDepth > 0) {
      throw new BackendError("compile", `${this.#name} is compiled: TensorFlow.js can't differentiate it. Compile the function that computes the gradients.`);
    }
    const flat = flatten(args, "identity");
    let executable = this.#executables.get(flat.key);
    if (!executable) {
      executable = this.#trace(flat, this.#jit === false ? "graph" : "xla");
      this.#executables.set(flat.key, executable);
    }
    return { executable, flat };
  }

  #trace(flat: Flat, mode: "xla" | "graph"): Executable {
    const runtime = this.#runtime;
    const name = `${this.#name.replace(/[^A-Za-z0-9_]/g, "_").replace(/^_*/, "llm_")}_${runtime.nextFunction++}`;
    const base = { key: flat.key.slice(1, -1), nodes: 0, inputs: 0, outputs: 0, memory: NO_MEMORY, traceMs: 0, compileMs: 0, calls: 0 };
    const started = performance.now();
    try {
      const traced = traceFunction(runtime.backend, name, this.#fn, flat, { ...this.#graph, mode, donated: donatedTensors(flat.template, this.#donate) });
      const outputs = traced.results.length + traced.assigned.length + traced.updated.length;
      const counts = { nodes: traced.nodes, inputs: traced.inputs.length, outputs, memory: memoryOf(traced, flat), traceMs: performance.now() - started };
      return { ...base, ...counts, traced, mode };
    } catch (error) {
      // A mistake of the function is the user's to mend; what TensorFlow can't record, it can still run.
      if (this.#jit !== "auto" || !(error instanceof UntraceableError || error instanceof TensorFlowError)) throw error;
      this.#note("eager", error);
      return { ...base, traced: null, mode: "eager" };
    }
  }

  /** The call with the values that arguments and variables have now. */
  #bind(executable: Executable, traced: TracedFunction, flat: Flat): Call {
    const { backend } = this.#runtime;
    const started = performance.now();
    const donations = new Donations(backend, flat.tensors);
    const ids = traced.inputs.map((input) => {
      if (input.kind === "donated") return donations.give(input.index);
      if (input.kind === "argument") return backend.idOf(flat.tensors[input.index]!);
      if (input.kind === "constant") return backend.idOf(input.tensor);
      if (!input.variable.isDisposed) return input.kind === "resource" ? backend.resourceOf(input.variable) : backend.idOf(input.variable);
      throw new BackendError("compile", `${this.#name} uses the variable ${input.variable.name}, which was disposed. Compile the function anew.`);
    });
    if (executable.calls === 0) freeUploadedArrays();
    const attrs = executable.mode === "xla" ? XLA : [];
    const results = traced.results.filter(({ donor }) => donor === undefined).length;
    return { ...backend.binding.prepare(traced.name, attrs, ids, results + traced.assigned.length), flat, donations, started };
  }

  /** False when the call failed in a way that another mode may not: `executable` has changed to that mode. */
  #succeeded(executable: Executable, call: Call, status: Status): boolean {
    this.#runtime.backend.binding.api.TFE_DeleteOp(call.op);
    try {
      status.check(this.#name);
    } catch (error) {
      call.donations.takeBack();
      if (this.#jit !== "auto" || executable.calls > 0) throw error;
      const mode = executable.mode === "xla" ? "graph" : "eager";
      this.#note(mode, error as Error);
      if (mode === "graph" && this.#graph.precision === "float32") executable.mode = mode;
      else {
        this.#forget(executable.traced!);
        Object.assign(executable, mode === "graph" ? this.#trace(call.flat, mode) : { traced: null, mode });
      }
      return false;
    }
    if (executable.calls++ === 0) {
      executable.compileMs = performance.now() - call.started;
      if (executable.mode === "xla") this.#runtime.compileCache.seal();
    }
    return true;
  }

  /** Results become tensors of the caller, new values go behind their variables. */
  #finish(traced: TracedFunction, call: Call): ReturnType<F> {
    const { backend } = this.#runtime;
    const ids = backend.binding.collect(call).values();
    const next = (): number => ids.next().value!;
    const results = traced.results.map((result) => (result.donor === undefined ? backend.createOutputTensor({ ...result, id: next() }) : call.donations.become(result)));
    for (const variable of traced.assigned) backend.replace(variable, next());
    for (const variable of traced.updated) backend.forgetReading(variable);
    for (const index of donatedTensors(call.flat.template, this.#donate)) call.flat.tensors[index]!.dispose();
    return rebuild(traced.template, results) as ReturnType<F>;
  }

  /** What tells whether a variable was assigned by somebody else since. */
  #places({ assigned, updated }: TracedFunction): unknown[] {
    const { backend } = this.#runtime;
    return [...assigned.map((variable) => (variable.isDisposed ? undefined : backend.idOf(variable))), ...updated.map((variable) => (variable.isDisposed ? undefined : variable.dataId))];
  }

  #refuseConflicts(traced: TracedFunction, before: readonly unknown[], call: Call): void {
    const { backend } = this.#runtime;
    const after = this.#places(traced);
    const changed = [...traced.assigned, ...traced.updated].find((_, i) => after[i] !== before[i]);
    if (!changed) return;
    for (const id of backend.binding.collect(call)) backend.binding.deleteTensor(id);
    call.donations.takeBack();
    throw new BackendError("compile", `The variable ${changed.name} was assigned or disposed while an asynchronous call of ${this.#name} was to assign it. Await the call first.`);
  }

  #note(mode: CompileMode, error: Error): void {
    const how = mode === "graph" ? "as a graph without XLA" : "op by op";
    this.notes.push(`${this.#name} runs ${how}: ${error.message}`);
  }
}
