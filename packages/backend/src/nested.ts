import * as tf from "@tensorflow/tfjs-core";
import { BackendError } from "./errors.js";

/** The shape of a nested value with holes where its tensors were. */
export type Template =
  | { kind: "tensor"; index: number }
  | { kind: "plain"; value: unknown }
  | { kind: "array"; items: Template[] }
  | { kind: "object"; entries: [string, Template][] }
  | { kind: "map"; entries: [unknown, Template][] };

export interface Flat {
  template: Template;
  /** Tensors in the order in which they occur. */
  tensors: tf.Tensor[];
  /** Equal for values of the same structure, dtypes, shapes, plain values and variables: readable, such as `{x: float32[2,3], n: 4}`. */
  key: string;
}

// Objects that are neither data nor tensors count as the same argument when they are the same object.
const identities = new WeakMap<object, number>();
let nextIdentity = 0;

function identityOf(value: object): number {
  const known = identities.get(value);
  if (known !== undefined) return known;
  identities.set(value, nextIdentity);
  return nextIdentity++;
}

/**
 * Takes the tensors out of nested arrays, plain objects and Maps. A variable stands for itself ("identity": it may be assigned), or for its
 * value, which makes it a tensor like others.
 * @throws BackendError "compile" for a typed array: its values would become part of the key. Make it a tensor.
 */
export function flatten(value: unknown, variables: "identity" | "value"): Flat {
  const tensors: tf.Tensor[] = [];
  const visit = (item: unknown): [Template, string] => {
    if (item instanceof tf.Variable && variables === "identity") return [{ kind: "plain", value: item }, `variable ${item.name}#${item.id}`];
    if (item instanceof tf.Tensor) {
      tensors.push(item);
      return [{ kind: "tensor", index: tensors.length - 1 }, `${item.dtype}[${item.shape.join()}]`];
    }
    if (Array.isArray(item)) {
      const items = item.map(visit);
      return [{ kind: "array", items: items.map(([template]) => template) }, `[${items.map(([, key]) => key).join(", ")}]`];
    }
    if (item instanceof Map) {
      const entries = [...(item as Map<unknown, unknown>)].map(([name, inner]) => [name, ...visit(inner)] as const);
      return [
        { kind: "map", entries: entries.map(([name, template]) => [name, template]) },
        `Map{${entries.map(([name, , key]) => `${plainKey(name)}: ${key}`).join(", ")}}`,
      ];
    }
    if (isPlainObject(item)) {
      const entries = Object.entries(item).map(([name, inner]) => [name, ...visit(inner)] as const);
      return [
        { kind: "object", entries: entries.map(([name, template]) => [name, template]) },
        `{${entries.map(([name, , key]) => `${name}: ${key}`).join(", ")}}`,
      ];
    }
    return [{ kind: "plain", value: item }, plainKey(item)];
  };
  const [template, key] = visit(value);
  return { template, tensors, key };
}

/** The inverse of {@link flatten}. */
export function rebuild(template: Template, tensors: readonly tf.Tensor[]): unknown {
  switch (template.kind) {
    case "tensor":
      return tensors[template.index];
    case "plain":
      return template.value;
    case "array":
      return template.items.map((item) => rebuild(item, tensors));
    case "object":
      return Object.fromEntries(template.entries.map(([name, item]) => [name, rebuild(item, tensors)]));
    case "map":
      return new Map(template.entries.map(([name, item]) => [name, rebuild(item, tensors)]));
  }
}

function isPlainObject(value: unknown): value is Record<string, unknown> {
  if (typeof value !== "object" || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

function plainKey(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value);
  if (ArrayBuffer.isView(value)) throw new BackendError("compile", `A compiled function got a ${value.constructor.name}; its values would be part of the trace. Pass a tensor (tf.tensor).`);
  if ((typeof value === "object" && value !== null) || typeof value === "function") return `object#${identityOf(value)}`;
  return Object.is(value, -0) ? "-0" : String(value);
}
