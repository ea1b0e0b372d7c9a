import * as tf from "@tensorflow/tfjs-core";
import type { AnyFunction } from "../engine.js";
import { BackendError } from "../errors.js";
import { flatten, rebuild } from "../nested.js";
import type { Flat, Template } from "../nested.js";
import type { TracingBackend } from "./backend.js";
import type { TensorMetadata } from "./binding.js";
import { GraphTrace } from "./graph.js";
import type { GraphOptions, Update } from "./graph.js";
import { userLine } from "./user-line.js";

/** Where an input of a traced function comes from at each call. */
export type Input =
  | { kind: "argument"; index: number }
  /** An argument whose memory becomes a result's. */
  | { kind: "donated"; index: number }
  | { kind: "variable"; variable: tf.Variable }
  /** A variable that the function updates in place. */
  | { kind: "resource"; variable: tf.Variable }
  | { kind: "constant"; tensor: tf.Tensor };

/** A result of a traced function: one of its outputs, or, if `donor` is set, the argument of that number, updated in place. */
export interface Result extends Omit<TensorMetadata, "id"> {
  donor?: number;
}

/** What a function's compiler chooses. */
export interface TraceOptions extends GraphOptions {
  /** Numbers of the tensors among the arguments whose memory may become a result's. */
  donated: ReadonlySet<number>;
}

/** A function that TensorFlow knows by name, and how its inputs and outputs relate to JavaScript's tensors. */
export interface TracedFunction {
  name: string;
  nodes: number;
  inputs: Input[];
  results: Result[];
  template: Template;
  /** Variables whose new values are the last outputs, after those results that are outputs. */
  assigned: tf.Variable[];
  /** Variables that the function updates in place. */
  updated: tf.Variable[];
}

/**
 * Runs `fn` once on tensors without values, recording every op, and registers the result under `name` in TensorFlow's context.
 * Gradients and assignments are recorded like anything else. Afterwards all variables have the values they had before.
 * @throws BackendError "compile" when the function reads a value, makes a variable, or has a shape that depends on values.
 */
export function traceFunction(backend: TracingBackend, name: string, fn: AnyFunction, args: Flat, options: TraceOptions): TracedFunction {
  const { binding } = backend;
  const { api, context } = binding;
  const variables = Object.values(tf.engine().registeredVariables);
  for (const variable of variables) unshare(backend, variable);
  // A clone holds the value while the function assigns another.
  const before = new Map(variables.map((variable) => [variable, tf.keep(variable.clone())]));
  const watched = new Map(variables.map((variable) => [variable.dataId, variable]));
  const graph = new GraphTrace(api, context.status, (id) => binding.describe(id), options);
  const { random } = Math;
  const inputs: Input[] = [];
  let traced: TracedFunction | undefined;
  try {
    const argumentIds = args.tensors.map((tensor, index) => {
      const entry = backend.tensorMap.get(tensor.dataId);
      inputs.push({ kind: "argument", index });
      return { id: graph.input(entry.dtype, tensor.shape, options.donated.has(index)), shape: tensor.shape, dtype: entry.dtype };
    });
    backend.watched = watched;
    backend.onCapture = (tensor, id) => {
      const variable = watched.get(tensor.dataId);
      if (!graph.inputOf(id, variable !== undefined).isNew) return;
      inputs.push(variable ? { kind: "variable", variable } : { kind: "constant", tensor: hold(backend, tensor) });
    };
    binding.trace = graph;
    Math.random = refuseRandomness;
    tf.tidy(() => {
      const symbols = argumentIds.map((metadata) => backend.createOutputTensor(metadata));
      const results = flatten(fn(...(rebuild(args.template, symbols) as never[])), "value");
      if (results.template.kind === "plain" && results.template.value instanceof Promise) throw new BackendError("compile", "A compiled function must not be async.");
      refuseNewVariables(variables);
      const changed = variables.filter((variable) => !variable.isDisposed && variable.dataId !== before.get(variable)!.dataId);
      const inPlace = (variable: tf.Variable): boolean => graph.canUpdate(backend.tensorMap.get(variable.dataId).dtype);
      const assigned = changed.filter((variable) => !inPlace(variable));
      const updated = changed.filter(inPlace);
      const idsOf = (tensors: readonly tf.Tensor[]): number[] => backend.getInputTensorIds(tensors).map((id) => (id < 0 ? id : graph.inputOf(id).id));
      const resultIds = idsOf(results.tensors);
      const described: Result[] = results.tensors.map((tensor) => ({ shape: tensor.shape, dtype: backend.tensorMap.get(tensor.dataId).dtype }));
      const updates: Update[] = [];
      const update = (input: Input, at: number, value: number): void => {
        updates.push({ input: at < 0 ? null : at, value });
        if (at < 0) inputs.push(input);
        else inputs[at] = input;
      };
      pairDonors(described, args.tensors, options.donated, graph).forEach((donor, result) => {
        described[result]!.donor = donor;
        update({ kind: "donated", index: donor }, donor, resultIds[result]!);
      });
      const updatedIds = idsOf(updated);
      const outputs = [...resultIds.filter((_, i) => described[i]!.donor === undefined), ...idsOf(assigned)];
      updated.forEach((variable, i) => {
        update({ kind: "resource", variable }, inputs.findIndex((known) => known.kind === "variable" && known.variable === variable), updatedIds[i]!);
      });
      register(backend, graph.toFunction(name, outputs, updates));
      traced = { name, nodes: graph.nodes, inputs, results: described, template: results.template, assigned, updated };
    });
    return traced!;
  } finally {
    binding.trace = null;
    Math.random = random;
    backend.onCapture = null;
    backend.watched = null;
    graph.dispose();
    for (const [variable, value] of before) {
      if (!variable.isDisposed && variable.dataId !== value.dataId) variable.assign(value);
      value.dispose();
    }
    if (!traced) releaseConstants(inputs);
  }
}

/** For each result the argument that is to become it: donated, of its shape and type, and not taken by another result. */
function pairDonors(results: readonly Result[], given: readonly tf.Tensor[], donated: ReadonlySet<number>, graph: GraphTrace): Map<number, number> {
  const free = new Set(donated);
  const pairs = new Map<number, number>();
  results.forEach(({ shape, dtype }, result) => {
    if (!graph.canUpdate(dtype)) return;
    for (const index of free) {
      if (given[index]!.dtype !== "float32" || !tf.util.arraysEqual(given[index]!.shape, shape)) continue;
      pairs.set(result, index);
      free.delete(index);
      break;
    }
  });
  return pairs;
}

// In place of Math.random while a function is traced: numbers that JavaScript draws would be the same at every call.
function refuseRandomness(): never {
  const op = tf.engine().state.activeScope?.name?.match(/^(\w+?)__op$/)?.[1];
  throw new BackendError(
    "compile",
    `A compiled function draws random numbers in JavaScript by ${op ? `tf.${op}` : "Math.random"}${userLine()}: they would be those of the trace at every call. ` +
      "Use statelessUniform or statelessNormal with a seed that is an argument, draw them outside, or give a seed if they are to be the same every time.",
  );
}

/** Frees the constants that a traced function holds. */
export function releaseConstants(inputs: readonly Input[]): void {
  for (const input of inputs) if (input.kind === "constant") input.tensor.dispose();
}

/**
 * Tells a variable from the tensor it was made of, and from other variables made of that one: they start as the same data, and a trace
 * that knows inputs by their data would take one for the other. The native memory stays shared.
 */
function unshare(backend: TracingBackend, variable: tf.Variable): void {
  if (backend.refCount(variable.dataId) === 1) return;
  const value = backend.createOutputTensor(backend.binding.executeOp("Identity", [], [backend.idOf(variable)], 1)[0]!);
  variable.assign(value);
  value.dispose();
}

/** A tensor of our own with the same data, so that the caller may dispose theirs. */
function hold(backend: TracingBackend, info: tf.TensorInfo): tf.Tensor {
  backend.incRef(info.dataId);
  return tf.keep(tf.engine().makeTensorFromTensorInfo(info));
}

function register(backend: TracingBackend, fn: bigint): void {
  const { api, context } = backend.binding;
  try {
    api.TFE_ContextAddFunction(context.pointer, fn, context.status.pointer);
    context.status.check("registering a function");
  } finally {
    api.TF_DeleteFunction(fn);
  }
}

function refuseNewVariables(before: readonly tf.Variable[]): void {
  const known = new Set(before);
  const made = Object.values(tf.engine().registeredVariables).filter((variable) => !known.has(variable));
  if (made.length === 0) return;
  const names = made.map((variable) => variable.name);
  for (const variable of made) variable.dispose();
  throw new BackendError(
    "compile",
    `A compiled function makes variables (${names.slice(0, 3).join(", ")}${names.length > 3 ? ", …" : ""}). Make them outside; an optimizer of tf.train makes its own at its first step, so take one step before compiling.`,
  );
}
