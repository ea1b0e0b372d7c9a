import type { Change } from "../span.js";
import { classSource, inertRanges } from "./classes.js";

/** A Unicode normalization form. */
export type Form = "NFC" | "NFD" | "NFKC" | "NFKD";

let inert: RegExp | undefined;

/**
 * A text in a normalization form, as the oracle has it: code points that its older tables don't know are left as they are and
 * nothing is composed or reordered across them. For all others the forms are stable, whatever the engine's Unicode version.
 */
export function normalize(text: string, form: Form): string {
  if (isPlain(text, form)) return text;
  return segments(text)
    .map((segment, index) => (index % 2 === 0 ? segment.normalize(form) : segment))
    .join("");
}

/** The same as changes, character by character; undefined where nothing changes. */
export function formChanges(text: string, form: Form): Change[] | undefined {
  if (isPlain(text, form)) return undefined;
  const decomposition: Form = form === "NFC" || form === "NFD" ? "NFD" : "NFKD";
  const changes: Change[] = [];
  segments(text).forEach((segment, index) => {
    if (index % 2 === 1) {
      changes.push([segment, 0]);
      return;
    }
    const decomposed = reordered(segment, decomposition);
    // An inert character is a starter, so the end of a segment ends what can be composed.
    for (const change of form.endsWith("C") ? composed(decomposed) : decomposed) changes.push(change);
  });
  return changes;
}

/** Whether no form changes anything: the first character that NFC touches is U+0300, that NFKC and NFD touch U+00A0. */
function isPlain(text: string, form: Form): boolean {
  const first = form === "NFC" ? 0x300 : 0xa0;
  for (let at = 0; at < text.length; at++) if (text.charCodeAt(at) >= first) return false;
  return true;
}

/** Runs without inert characters at the even places, single inert characters at the odd ones. */
function segments(text: string): string[] {
  inert ??= new RegExp(`([${classSource(inertRanges())}])`, "u");
  return text.split(inert);
}

/** The decomposition in canonical order; 1 marks what a character has beyond its first part. */
function reordered(segment: string, form: Form): Change[] {
  const parts: Change[] = [];
  for (const character of segment) {
    let change = 0;
    for (const part of character.normalize(form)) {
      parts.push([part, change]);
      change = 1;
    }
  }
  // Equal characters keep their order, so each place takes the first one of its kind that is left.
  const left = new Map<string, number[]>();
  for (const [part, change] of parts) {
    const places = left.get(part);
    if (places) places.push(change);
    else left.set(part, [change]);
  }
  const used = new Map<string, number>();
  return Array.from(segment.normalize(form), (part): Change => {
    const index = used.get(part) ?? 0;
    used.set(part, index + 1);
    return [part, left.get(part)![index]!];
  });
}

/** Whether a character never moves: its combining class is 0. Marks of the classes 1 and 240 are what it is tried against. */
const isStarter = (character: string): boolean => (character + "\u0334").normalize("NFD").startsWith(character) && ("\u0345" + character).normalize("NFD").startsWith("\u0345");

/** Whether `mark` has the combining class of `last`, which stands before it in canonical order: then it doesn't move before it. */
const sameClass = (last: string, mark: string): boolean => (mark + last).normalize("NFD") === mark + last;

function compose(first: string, second: string): string | undefined {
  const both = (first + second).normalize("NFC");
  return both.length < first.length + second.length && Array.from(both).length === 1 ? both : undefined;
}

/** Composition, with the count of old characters that each new one takes the place of. */
function composed(parts: readonly Change[]): Change[] {
  const result: Change[] = [];
  let base: Change | undefined;
  let waiting: Change[] = [];
  let last: string | undefined;
  const flush = (): void => {
    if (base) result.push(base);
    for (const mark of waiting) result.push(mark);
    waiting = [];
    last = undefined;
  };
  for (const part of parts) {
    const [character, change] = part;
    const starter = isStarter(character);
    if (!base) {
      if (starter) base = part;
      else result.push(part);
      continue;
    }
    const blocked = last !== undefined && (starter || sameClass(last, character));
    const both: string | undefined = blocked ? undefined : compose(base[0], character);
    if (both !== undefined) base = [both, base[1] + change - 1];
    else if (starter) {
      flush();
      base = part;
    } else {
      waiting.push(part);
      last = character;
    }
  }
  flush();
  return result;
}
