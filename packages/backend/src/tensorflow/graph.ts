import { BackendError } from "../errors.js";
import { AttrType, setGraphAttr } from "./attributes.js";
import type { OpAttr } from "./attributes.js";
import type { TensorMetadata } from "./binding.js";
import type { CApi, GraphOutput, Pointer } from "./c-api.js";
import { DType, dtypeName, elementCount, elementSize, int64s } from "./dtypes.js";
import type { Values } from "./dtypes.js";
import type { Status } from "./status.js";
import { inBfloat16, roundToBfloat16 } from "./precision.js";
import { newStringTensor, newTensor } from "./tensors.js";
import { userLine } from "./user-line.js";

/** Something that TensorFlow runs op by op but that a graph can't have. */
export class UntraceableError extends BackendError {
  constructor(message: string) {
    super("compile", message);
    this.name = "UntraceableError";
  }
}

/** A tensor of the graph: no value yet, but a type, a shape and the op that makes it. */
interface Symbol {
  output: GraphOutput;
  op: string;
  shape: number[];
  dtype: number;
}

/** An input of the function: `value` is its tensor; a variable's can be replaced by `resource`, which `value` is then read from. */
interface GraphInput {
  value: GraphOutput;
  resource?: GraphOutput;
}

/** The new value of a variable that the function updates in place. */
export interface Update {
  /** The input that stands for the variable, or null when the function never read it. */
  input: number | null;
  value: number;
}

// Ids of graph tensors are never reused, so that one that leaks out of its trace is recognized.
let nextSymbolId = -2;

// Constants of this many elements or more are looked at: when all are equal they become a Fill, not megabytes in the graph.
const FILL_FROM = 64;

/** What a graph's maker chooses. */
export interface GraphOptions {
  /** What the graph is for. */
  mode: "xla" | "graph";
  /** Of matrix products. */
  precision: "float32" | "bfloat16";
  /** A larger constant, in bytes, is refused. */
  maxConstantBytes: number;
}

/**
 * A graph under construction. Ops are appended in the order in which the kernels call them; an eager tensor that an op uses becomes an
 * input of the function the first time (`inputOf` decides, and remembers what it stands for).
 */
export class GraphTrace {
  readonly #api: CApi;
  readonly #status: Status;
  readonly #graph: Pointer;
  readonly #symbols = new Map<number, Symbol>();
  readonly #constants = new Map<string, GraphOutput>();
  readonly #inputs: GraphInput[] = [];
  /** Ops of the function's body, in order. */
  readonly #body: Pointer[] = [];
  readonly #inputIds = new Map<number, number>();
  readonly #describe: (id: number) => TensorMetadata;
  readonly #options: GraphOptions;
  /** Tensors of the graph in bfloat16, by what they were rounded from: a weight is rounded once for all its products. */
  readonly #rounded = new Map<string, GraphOutput>();
  #nodes = 0;

  /** `describe` gives the type and shape of an eager tensor. */
  constructor(api: CApi, status: Status, describe: (id: number) => TensorMetadata, options: GraphOptions) {
    this.#api = api;
    this.#status = status;
    this.#describe = describe;
    this.#options = options;
    this.#graph = api.TF_NewGraph();
  }

  get nodes(): number {
    return this.#nodes;
  }

  get inputCount(): number {
    return this.#inputs.length;
  }

  /** The op that makes a graph tensor, for messages. */
  opOf(id: number): string | undefined {
    return this.#symbols.get(id)?.op;
  }

  /** Whether variables can be updated in place: `dtype` is one that we keep so, and this TensorFlow has the functions for it. */
  canUpdate(dtype: number): boolean {
    const { TF_AddControlInput, TF_GraphSetTensorShape, TF_GraphToFunctionWithControlOutputs } = this.#api;
    return dtype === DType.FLOAT && !!TF_AddControlInput && !!TF_GraphSetTensorShape && !!TF_GraphToFunctionWithControlOutputs;
  }

  /** A new input of the function; inputs are numbered in the order of these calls. One that can be updated in place is asked for with `asVariable`. */
  input(dtype: number, shape: readonly number[], asVariable = false): number {
    if (asVariable && this.canUpdate(dtype)) return this.#variable(dtype, shape);
    const value = this.#placeholder(dtype, shape);
    this.#inputs.push({ value });
    return this.#define({ output: value, op: "Placeholder", shape: [...shape], dtype });
  }

  /** The graph tensor that stands for the eager tensor `id`: an input of the function, made at the first use. */
  inputOf(id: number, isVariable = false): { id: number; isNew: boolean } {
    const known = this.#inputIds.get(id);
    if (known !== undefined) return { id: known, isNew: false };
    const { dtype, shape } = this.#describe(id);
    const symbol = this.input(dtype, shape, isVariable);
    this.#inputIds.set(id, symbol);
    return { id: symbol, isNew: true };
  }

  constant(shape: readonly number[], dtype: number, values: Values): number {
    const count = elementCount(shape);
    const numeric = dtype !== DType.STRING;
    let output: GraphOutput;
    if (numeric && count >= FILL_FROM && allEqual(values as Float32Array)) {
      const first = (values as Float32Array).slice(0, 1);
      const dims = this.#const([shape.length], DType.INT32, Int32Array.from(shape));
      const attrs = [{ name: "T", type: AttrType.TYPE, value: dtype }, { name: "index_type", type: AttrType.TYPE, value: DType.INT32 }];
      output = { oper: this.#node("Fill", attrs, [dims, this.#const([], dtype, first)]), index: 0 };
    } else {
      if (numeric && count * elementSize(dtype) > this.#options.maxConstantBytes) {
        throw new BackendError(
          "compile",
          `A compiled function makes a constant of ${((count * elementSize(dtype)) / 2 ** 20).toFixed(0)} MiB (${dtypeName(dtype)}[${shape.join()}]) out of JavaScript values${userLine()}; ` +
            `the limit is ${(this.#options.maxConstantBytes / 2 ** 20).toFixed(0)} MiB (maxConstantBytes), as it would be copied into the graph. Make the tensor outside of the function: it is then an input.`,
        );
      }
      output = this.#const(shape, dtype, values);
    }
    return this.#define({ output, op: "Const", shape: [...shape], dtype });
  }

  /** Appends an op. @throws UntraceableError when a result's shape depends on values. */
  execute(name: string, attrs: readonly OpAttr[], inputs: readonly number[], outputCount: number): TensorMetadata[] {
    const { precision, mode } = this.#options;
    const lowered = precision === "bfloat16" ? inBfloat16(name, attrs, mode) : undefined;
    const outputs = inputs.map((id) => this.#output(id));
    const oper = lowered ? this.#node(lowered.name, lowered.attrs, outputs.map((output) => this.#round(output))) : this.#node(name, attrs, outputs);
    return Array.from({ length: outputCount }, (_, index) => {
      const output = { oper, index };
      const shape = this.#shapeOf(output, name);
      const dtype = this.#api.TF_OperationOutputType(output);
      return { id: this.#define({ output, op: name, shape, dtype }), shape, dtype };
    });
  }

  #round(output: GraphOutput): GraphOutput {
    const known = this.#rounded.get(key(output));
    if (known) return known;
    const rounded = roundToBfloat16(this.#options.mode).reduce(
      (value, cast) => ({ oper: this.#node(cast.name, cast.attrs, [value]), index: 0 }),
      output,
    );
    this.#rounded.set(key(output), rounded);
    return rounded;
  }

  /**
   * Ends the graph: a function with the inputs so far and these outputs; the caller deletes it. An output that is an input, or a
   * second time the same output, goes through an Identity: a function's outputs are results of its own.
   */
  toFunction(name: string, outputIds: readonly number[], updates: readonly Update[] = []): Pointer {
    const seen = new Set(this.#inputs.map(({ value }) => key(value)));
    const outputs = outputIds.map((id) => {
      let output = this.#output(id);
      if (seen.has(key(output))) output = { oper: this.#node("Identity", [], [output]), index: 0 };
      seen.add(key(output));
      return output;
    });
    const api = this.#api;
    if (!api.TF_GraphToFunctionWithControlOutputs) {
      const inputs = this.#inputs.map(({ value }) => value);
      const fn = api.TF_GraphToFunction(this.#graph, name, 0, -1, null, inputs.length, inputs, outputs.length, outputs, null, null, null, this.#status.pointer);
      this.#status.check(`making the function ${name}`);
      return fn;
    }
    const { inputs, assignments } = this.#update(updates, outputs);
    const fn = api.TF_GraphToFunctionWithControlOutputs(
      this.#graph, name, 0, this.#body.length, BigUint64Array.from(this.#body), inputs.length, inputs, outputs.length, outputs, null,
      assignments.length, BigUint64Array.from(assignments), null, null, null, this.#status.pointer,
    );
    this.#status.check(`making the function ${name}`);
    return fn;
  }

  /**
   * Adds the assignments of variables, after everything that the function computes: a function that fails on the way changes none of them.
   * @returns the function's inputs, resources instead of values where they are updated, in the order of `updates` at last where they were not read
   */
  #update(updates: readonly Update[], outputs: readonly GraphOutput[]): { inputs: GraphOutput[]; assignments: Pointer[] } {
    const api = this.#api;
    const inputs = this.#inputs.map(({ value }) => value);
    const values = updates.map(({ value }) => this.#output(value));
    const isInput = new Set(inputs.map(({ oper }) => oper));
    const reads: Pointer[] = [];
    const resources = updates.map(({ input }) => {
      if (input === null) {
        inputs.push(this.#placeholder(DType.RESOURCE, []));
        return inputs.at(-1)!;
      }
      const { value, resource } = this.#inputs[input]!;
      inputs[input] = resource!;
      isInput.delete(value.oper);
      reads.push(value.oper);
      return resource!;
    });
    if (updates.length === 0) return { inputs, assignments: [] };
    this.#body.unshift(...reads);
    const done = this.#begin("NoOp");
    const before = [...outputs, ...values].map(({ oper }) => oper).filter((oper) => !isInput.has(oper));
    for (const oper of new Set([...before, ...reads])) api.TF_AddControlInput!(done, oper);
    const barrier = this.#finish(done, "NoOp");
    const assignments = resources.map((resource, i) => {
      const node = this.#begin("AssignVariableOp");
      api.TF_AddInput(node, resource);
      api.TF_AddInput(node, values[i]!);
      api.TF_AddControlInput!(node, barrier);
      api.TF_SetAttrType(node, "dtype", api.TF_OperationOutputType(values[i]!));
      return this.#finish(node, "AssignVariableOp");
    });
    return { inputs, assignments };
  }

  dispose(): void {
    this.#api.TF_DeleteGraph(this.#graph);
  }

  #output(id: number): GraphOutput {
    const symbol = this.#symbols.get(id);
    if (symbol) return symbol.output;
    if (id < -1) throw new BackendError("compile", "A compiled function uses a tensor that another trace made. Return it from that function, or make it outside.");
    return this.#symbols.get(this.inputOf(id).id)!.output;
  }

  #define(symbol: Symbol): number {
    const id = nextSymbolId--;
    this.#symbols.set(id, symbol);
    return id;
  }

  #placeholder(dtype: number, shape: readonly number[]): GraphOutput {
    const node = this.#begin("Placeholder");
    this.#api.TF_SetAttrType(node, "dtype", dtype);
    this.#api.TF_SetAttrShape(node, "shape", int64s(shape), shape.length);
    return { oper: this.#finish(node, "Placeholder", false), index: 0 };
  }

  // Whether the function updates the variable is known at its end only: the input is this op's result, or else what it reads.
  #variable(dtype: number, shape: readonly number[]): number {
    const resource = this.#placeholder(DType.RESOURCE, []);
    const node = this.#begin("ReadVariableOp");
    this.#api.TF_AddInput(node, resource);
    this.#api.TF_SetAttrType(node, "dtype", dtype);
    const value = { oper: this.#finish(node, "ReadVariableOp", false), index: 0 };
    this.#api.TF_GraphSetTensorShape!(this.#graph, value, int64s(shape), shape.length, this.#status.pointer);
    this.#status.check("setting the shape of a variable");
    this.#inputs.push({ value, resource });
    return this.#define({ output: value, op: "Placeholder", shape: [...shape], dtype });
  }

  #begin(type: string): Pointer {
    return this.#api.TF_NewOperation(this.#graph, type, `${type}_${this.#nodes++}`);
  }

  #finish(node: Pointer, type: string, inBody = true): Pointer {
    const oper = this.#api.TF_FinishOperation(node, this.#status.pointer);
    if (this.#api.TF_GetCode(this.#status.pointer) !== 0) this.#status.check(`adding the op ${type} to a graph${userLine()}`);
    if (inBody) this.#body.push(oper);
    return oper;
  }

  #node(name: string, attrs: readonly OpAttr[], inputs: readonly GraphOutput[]): Pointer {
    const api = this.#api;
    const node = this.#begin(name);
    // An op with an attribute N takes a list of N tensors first (ConcatV2, Pack, AddN); N follows from the list.
    const listLength = attrs.find((attr) => attr.name === "N" && attr.type === AttrType.INT)?.value as number | undefined;
    if (listLength !== undefined) api.TF_AddInputList(node, inputs.slice(0, listLength), listLength);
    for (const input of inputs.slice(listLength ?? 0)) api.TF_AddInput(node, input);
    for (const attr of attrs) if (listLength === undefined || attr.name !== "N") setGraphAttr(api, node, attr);
    return this.#finish(node, name);
  }

  #const(shape: readonly number[], dtype: number, values: Values): GraphOutput {
    const known = constantKey(shape, dtype, values);
    const same = known === undefined ? undefined : this.#constants.get(known);
    if (same) return same;
    const api = this.#api;
    const borrowed = dtype === DType.STRING ? newStringTensor(api, values as readonly Uint8Array[]) : undefined;
    const tensor = borrowed?.tensor ?? newTensor(api, shape, dtype, values as Float32Array);
    try {
      const node = this.#begin("Const");
      api.TF_SetAttrType(node, "dtype", dtype);
      api.TF_SetAttrTensor(node, "value", tensor, this.#status.pointer); // copies
      this.#status.check("adding a constant to a graph");
      const output = { oper: this.#finish(node, "Const"), index: 0 };
      if (known !== undefined) this.#constants.set(known, output);
      return output;
    } finally {
      if (borrowed) borrowed.release();
      else api.TF_DeleteTensor(tensor);
    }
  }

  #shapeOf(output: GraphOutput, name: string): number[] {
    const api = this.#api;
    const rank = api.TF_GraphGetTensorNumDims(this.#graph, output, this.#status.pointer);
    this.#status.check(`shape of ${name}`);
    const dims = new BigInt64Array(Math.max(1, rank));
    if (rank > 0) api.TF_GraphGetTensorShape(this.#graph, output, dims, rank, this.#status.pointer);
    const shape = Array.from(dims.slice(0, Math.max(0, rank)), Number);
    if (rank < 0 || shape.some((size) => size < 0)) {
      throw new UntraceableError(`The shape of the result of ${name}${userLine()} depends on values, which a compiled function can't have. Use a mask instead, or call ${name} outside.`);
    }
    return shape;
  }
}

const key = ({ oper, index }: GraphOutput): string => `${oper}:${index}`;

function allEqual(values: ArrayLike<number>): boolean {
  const first = values[0];
  for (let i = 1; i < values.length; i++) if (values[i] !== first) return false;
  return first === first; // NaNs differ
}

// Kernels make the same axes and shapes over and over; large constants are not worth comparing.
function constantKey(shape: readonly number[], dtype: number, values: Values): string | undefined {
  if (dtype === DType.STRING || values.length > 16 || !ArrayBuffer.isView(values)) return undefined;
  return `${dtype}[${shape.join()}]${Buffer.from(values.buffer, values.byteOffset, values.byteLength).toString("hex")}`;
}
