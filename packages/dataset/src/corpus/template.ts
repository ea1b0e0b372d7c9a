import { finish } from "./grammar.js";
import type { Rng } from "./random.js";

/**
 * A small template language, so that the frames read like the sentences they make:
 * `[one|two|]` picks one alternative (they nest), `{slot}` looks a word up, and a slot written with a capital (`{C}`) capitalises it.
 */
type Node = string | { slot: string } | { choice: Node[][] };

/** What the slots of a template stand for. A function is asked each time, a string is fixed. */
export type Scope = Record<string, string | ((rng: Rng) => string)>;

const compiled = new Map<string, Node[]>();

function parse(source: string): Node[] {
  let at = 0;
  const sequence = (inside: boolean): Node[] => {
    const nodes: Node[] = [];
    let literal = "";
    const flush = (): void => {
      if (literal !== "") nodes.push(literal);
      literal = "";
    };
    while (at < source.length) {
      const char = source[at]!;
      if (inside && (char === "|" || char === "]")) break;
      at++;
      if (char === "{") {
        flush();
        const end = source.indexOf("}", at);
        nodes.push({ slot: source.slice(at, end) });
        at = end + 1;
      } else if (char === "[") {
        flush();
        const choice: Node[][] = [sequence(true)];
        while (source[at] === "|") {
          at++;
          choice.push(sequence(true));
        }
        if (source[at] !== "]") throw new Error(`Template has an unclosed "[": ${source}`);
        at++;
        nodes.push({ choice });
      } else literal += char;
    }
    flush();
    return nodes;
  };
  return sequence(false);
}

function evaluate(nodes: Node[], rng: Rng, scope: Scope, source: string): string {
  let text = "";
  for (const node of nodes) {
    if (typeof node === "string") text += node;
    else if ("choice" in node) text += evaluate(rng.pick(node.choice), rng, scope, source);
    else {
      const { slot } = node;
      const exact = scope[slot];
      const value = exact ?? scope[slot[0]!.toLowerCase() + slot.slice(1)];
      if (value === undefined) throw new Error(`Template slot {${slot}} has no value in: ${source}`);
      const word = typeof value === "string" ? value : value(rng);
      text += exact === undefined ? word[0]!.toUpperCase() + word.slice(1) : word;
    }
  }
  return text;
}

/** Fills a template without finishing it as a sentence (no capital, articles untouched). */
export function fillRaw(template: string, rng: Rng, scope: Scope): string {
  let nodes = compiled.get(template);
  if (nodes === undefined) compiled.set(template, (nodes = parse(template)));
  const text = evaluate(nodes, rng, scope, template);
  // A value may itself be a template, as a verb phrase with alternatives.
  return text.includes("{") || text.includes("[") ? evaluate(parse(text), rng, scope, text) : text;
}

/** Fills a template and finishes it: right article, capital at the start of each sentence. */
export function fill(template: string, rng: Rng, scope: Scope): string {
  return finish(fillRaw(template, rng, scope));
}
