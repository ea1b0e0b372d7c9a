import type { Ranges } from "../unicode/classes.js";

/** A part of a regular expression. */
export type Node =
  | { kind: "set"; ranges: Ranges }
  | { kind: "sequence"; parts: readonly Node[] }
  | { kind: "choice"; options: readonly Node[] }
  | { kind: "repeat"; body: Node; least: number; most: number; greedy: boolean }
  /** What never gives back what it took. */
  | { kind: "atomic"; body: Node }
  | { kind: "look"; body: Node; behind: boolean; negative: boolean };

export const set = (ranges: Ranges): Node => ({ kind: "set", ranges });
export const sequence = (parts: readonly Node[]): Node => (parts.length === 1 ? parts[0]! : { kind: "sequence", parts });
export const choice = (options: readonly Node[]): Node => (options.length === 1 ? options[0]! : { kind: "choice", options });
export const look = (body: Node, { behind = false, negative = false }: { behind?: boolean; negative?: boolean } = {}): Node => ({ kind: "look", body, behind, negative });

/** Whether a node may match without taking a character. */
export function mayBeEmpty(node: Node): boolean {
  switch (node.kind) {
    case "set":
      return false;
    case "sequence":
      return node.parts.every(mayBeEmpty);
    case "choice":
      return node.options.some(mayBeEmpty);
    case "repeat":
      return node.least === 0 || mayBeEmpty(node.body);
    case "atomic":
      return mayBeEmpty(node.body);
    case "look":
      return true;
  }
}
