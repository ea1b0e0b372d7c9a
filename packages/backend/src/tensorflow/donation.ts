import type * as tf from "@tensorflow/tfjs-core";
import type { Template } from "../nested.js";
import type { TracingBackend } from "./backend.js";
import type { Result } from "./trace.js";

/** The numbers of the tensors within the arguments at `positions`, of a list of arguments with this template. */
export function donatedTensors(template: Template, positions: readonly number[]): Set<number> {
  const found = new Set<number>();
  const visit = (item: Template): void => {
    if (item.kind === "tensor") found.add(item.index);
    else if (item.kind === "array") item.items.forEach(visit);
    else if (item.kind === "object" || item.kind === "map") item.entries.forEach(([, inner]) => visit(inner));
  };
  if (template.kind === "array") for (const position of positions) if (template.items[position]) visit(template.items[position]);
  return found;
}

/** The arguments that one call gives away, as resources that it updates in place. */
export class Donations {
  readonly #backend: TracingBackend;
  readonly #tensors: readonly tf.Tensor[];
  readonly #given = new Map<number, { resource: number; own: boolean }>();

  constructor(backend: TracingBackend, tensors: readonly tf.Tensor[]) {
    this.#backend = backend;
    this.#tensors = tensors;
  }

  /** The resource of an argument: its own, or a copy's when the data is shared, be it with another argument. */
  give(index: number): number {
    const tensor = this.#tensors[index]!;
    const shared = this.#tensors.some((other, i) => i !== index && other.dataId === tensor.dataId);
    const alone = shared ? undefined : this.#backend.ownResource(tensor);
    const resource = alone ?? this.#backend.copyToResource(tensor);
    this.#given.set(index, { resource, own: alone !== undefined });
    return resource;
  }

  /** The result that an argument has become. */
  become(result: Result): tf.Tensor {
    const { resource, own } = this.#given.get(result.donor!)!;
    this.#given.delete(result.donor!);
    return this.#backend.fromResource(result, resource, own ? this.#tensors[result.donor!]! : null);
  }

  /** After a call that failed: the arguments keep their values. */
  takeBack(): void {
    for (const { resource, own } of this.#given.values()) if (!own) this.#backend.binding.deleteTensor(resource);
    this.#given.clear();
  }
}
