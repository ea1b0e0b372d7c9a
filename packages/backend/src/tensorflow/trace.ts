import * as tf from "@tensorflow/tfjs-core";
import type { AnyFunction } from "../engine.js";
import { BackendError } from "../errors.js";
import { flatten, rebuild } from "../nested.js";
import type { Flat, Template } from "../nested.js";
import type { TracingBackend } from "./backend.js";
import type { TensorMetadata } from "./binding.js";
import { GraphTrace } from "./graph.js";

/** Where an input of a traced function comes from at each call. */
export type Input =
  | { kind: "argument"; index: number }
  | { kind: "variable"; variable: tf.Variable }
  /** A variable that the function updates in place. */
  | { kind: "resource"; variable: tf.Variable }
  | { kind: "constant"; tensor: tf.Tensor };

/** A function that TensorFlow knows by name, and how its inputs and outputs relate to JavaScript's tensors. */
export interface TracedFunction {
  name: string;
  nodes: number;
  inputs: Input[];
  /** Results first, then the new values of `assigned`. */
  results: Omit<TensorMetadata, "id">[];
  template: Template;
  assigned: tf.Variable[];
  /** Variables that the function updates in place. */
  updated: tf.Variable[];
}

/**
 * Runs `fn` once on tensors without values, recording every op, and registers the result under `name` in TensorFlow's context.
 * Gradients and assignments are recorded like anything else. Afterwards all variables have the values they had before.
 * @throws BackendError "compile" when the function reads a value, makes a variable, or has a shape that depends on values.
 */
export function traceFunction(backend: TracingBackend, name: string, fn: AnyFunction, args: Flat): TracedFunction {
  const { binding } = backend;
  const { api, context } = binding;
  const variables = Object.values(tf.engine().registeredVariables);
  for (const variable of variables) unshare(backend, variable);
  // A clone holds the value while the function assigns another.
  const before = new Map(variables.map((variable) => [variable, tf.keep(variable.clone())]));
  const watched = new Map(variables.map((variable) => [variable.dataId, variable]));
  const graph = new GraphTrace(api, context.status, (id) => binding.describe(id));
  const inputs: Input[] = [];
  let traced: TracedFunction | undefined;
  try {
    const argumentIds = args.tensors.map((tensor) => {
      const entry = backend.tensorMap.get(tensor.dataId);
      inputs.push({ kind: "argument", index: inputs.length });
      return { id: graph.input(entry.dtype, tensor.shape), shape: tensor.shape, dtype: entry.dtype };
    });
    backend.watched = watched;
    backend.onCapture = (tensor, id) => {
      const variable = watched.get(tensor.dataId);
      if (!graph.inputOf(id, variable !== undefined).isNew) return;
      inputs.push(variable ? { kind: "variable", variable } : { kind: "constant", tensor: hold(backend, tensor) });
    };
    binding.trace = graph;
    tf.tidy(() => {
      const symbols = argumentIds.map((metadata) => backend.createOutputTensor(metadata));
      const results = flatten(fn(...(rebuild(args.template, symbols) as never[])), "value");
      if (results.template.kind === "plain" && results.template.value instanceof Promise) throw new BackendError("compile", "A compiled function must not be async.");
      refuseNewVariables(variables);
      const changed = variables.filter((variable) => !variable.isDisposed && variable.dataId !== before.get(variable)!.dataId);
      const inPlace = (variable: tf.Variable): boolean => graph.canUpdate(backend.tensorMap.get(variable.dataId).dtype);
      const assigned = changed.filter((variable) => !inPlace(variable));
      const updated = changed.filter(inPlace);
      const ids = backend.getInputTensorIds([...results.tensors, ...assigned, ...updated]).map((id) => (id < 0 ? id : graph.inputOf(id).id));
      const outputs = ids.slice(0, ids.length - updated.length);
      const updates = updated.map((variable, i) => {
        const input = inputs.findIndex((known) => known.kind === "variable" && known.variable === variable);
        return { input: input < 0 ? null : input, value: ids[outputs.length + i]! };
      });
      register(backend, graph.toFunction(name, outputs, updates));
      updates.forEach(({ input }, i) => {
        const resource: Input = { kind: "resource", variable: updated[i]! };
        if (input === null) inputs.push(resource);
        else inputs[input] = resource;
      });
      traced = {
        name,
        nodes: graph.nodes,
        inputs,
        results: results.tensors.map((tensor) => ({ shape: tensor.shape, dtype: backend.tensorMap.get(tensor.dataId).dtype })),
        template: results.template,
        assigned,
        updated,
      };
    });
    return traced!;
  } finally {
    binding.trace = null;
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
