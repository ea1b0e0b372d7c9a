import type * as tfcore from "@tensorflow/tfjs-core";

/** The engines, fastest first. */
export const ENGINE_NAMES = ["tensorflow-gpu", "tensorflow", "wasm", "cpu"] as const;
export type EngineName = (typeof ENGINE_NAMES)[number];

/** One engine that was looked at, and why it was or was not taken. */
export interface ConsideredEngine {
  name: EngineName;
  available: boolean;
  reason: string;
}

/** Nested arrays and objects whose leaves are tensors or plain values. */
export type Nested = tfcore.Tensor | number | string | boolean | null | undefined | readonly Nested[] | { readonly [key: string]: Nested };

// Parameters are `never` so that every function type fits, whatever its arguments.
export type AnyFunction = (...args: never[]) => unknown;

export interface CompileOptions {
  /**
   * "auto" (default): XLA; when XLA refuses the function, the graph without XLA; when that fails too, plain eager calls.
   * true: XLA or an error. false: the graph without XLA or an error.
   */
  jit?: "auto" | boolean;
  /**
   * Of matrix products, forward and backward. "bfloat16" rounds their factors to bfloat16 and sums in float32; weights, optimizer state and
   * all other operations stay float32. Only engines that compile know it; the others compute in float32. Default: "float32".
   */
  precision?: "float32" | "bfloat16";
  /**
   * Positions of arguments whose tensors the call may consume, nested ones too: a result of the same shape takes over the memory, which
   * saves a copy of, say, a cache that every call returns a little longer. They are disposed when the call returns. Default: none.
   */
  donate?: readonly number[];
  /** A larger constant made of JavaScript values within the function is an error, as the graph would hold a copy; in bytes, default 16 MiB. */
  maxConstantBytes?: number;
  /** Shown in errors and in TensorFlow's own names; default: the function's name. */
  name?: string;
}

/** How a signature runs: one XLA executable, one TensorFlow graph function, or op by op. */
export type CompileMode = "xla" | "graph" | "eager";

/** Bytes that a call of one signature reads and makes; what it needs on the way is not included. */
export interface SignatureMemory {
  arguments: number;
  /** Read or updated in place. */
  variables: number;
  /** Tensors that the function took from its closure: they live as long as it. */
  constants: number;
  /** New memory: results that don't take over a donated argument. */
  results: number;
}

/** One traced version of the function: there is one per distinct set of dtypes, shapes, structure and plain arguments. */
export interface CompiledSignature {
  /** Readable form of the arguments, such as `float32[2,3], 5`. */
  key: string;
  mode: CompileMode;
  /** Nodes of the graph, its inputs (arguments, variables, constants) and outputs (results, assigned variables). */
  nodes: number;
  inputs: number;
  outputs: number;
  memory: SignatureMemory;
  /** Time to trace; time of the first call beyond that, which includes XLA's compilation. In milliseconds. */
  traceMs: number;
  compileMs: number;
  calls: number;
}

/**
 * A function with the meaning of the plain one. Results belong to the caller (dispose them); variables that the function
 * assigned have their new values when it returns.
 */
export interface CompiledFunction<F extends AnyFunction = AnyFunction> {
  (...args: Parameters<F>): ReturnType<F>;
  /** The same without blocking JavaScript while TensorFlow works. Calls run one after the other, in order; arguments may be disposed at once. */
  callAsync(...args: Parameters<F>): Promise<Awaited<ReturnType<F>>>;
  readonly signatures: readonly CompiledSignature[];
  /** What a user may want to know, once each: a fallback and its reason. */
  readonly notes: readonly string[];
  /** Forgets every trace and frees the constants they hold. */
  dispose(): void;
}

export interface EngineMemory {
  /** Tensors that TensorFlow.js knows of. */
  tensors: number;
  /** Live native tensor handles; 0 on engines without any. */
  handles: number;
}

/** An opened engine. TensorFlow.js has one engine per process: opening it sets its backend. */
export interface Engine {
  name: EngineName;
  /** Such as "GPU:0 NVIDIA H100" or "CPU, 2 threads". */
  device: string;
  /** Why this engine was taken. */
  reason: string;
  considered: ConsideredEngine[];
  /** Version of TensorFlow, or of the TensorFlow.js backend. */
  version: string;
  tf: typeof tfcore;
  compile<F extends AnyFunction>(fn: F, options?: CompileOptions): CompiledFunction<F>;
  memory(): EngineMemory;
  dispose(): void;
}

/** What each engine's opener returns; openEngine adds its choice and reasons. */
export type OpenedEngine = Omit<Engine, "name" | "reason" | "considered"> & { isGpu: boolean };
