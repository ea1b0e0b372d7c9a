import type { Json } from "./json/document.js";
import { fields, invalid, list, textOf, unsupported } from "./json/read.js";
import { compilePattern, literal, type Pattern } from "./regex.js";
import { grownTooLong, type Change, type Span } from "./span.js";
import { CLASS, CLASSES, SPACE } from "./unicode/classes.js";
import { formChanges, type Form } from "./unicode/normalize.js";
import { mapToBytes } from "./byte-characters.js";

/** Changes a text before it is split. */
export type Normalizer = (span: Span) => Span;

/**
 * Reads the `normalizer` of a tokenizer.json. Source: huggingface/tokenizers, tokenizers/src/normalizers.
 *
 * @throws BpeError for a kind that is not supported, by name.
 */
export function readNormalizer(value: Json): Normalizer | undefined {
  if (value === null) return undefined;
  const settings = fields(value, "normalizer");
  const { type } = settings;
  switch (type) {
    case "Sequence": {
      const steps = list(settings.normalizers, "normalizer.normalizers").map(readNormalizer);
      return (span) => steps.reduce((current, step) => (step ? bounded(step(current), span) : current), span);
    }
    case "NFC":
    case "NFD":
    case "NFKC":
    case "NFKD":
      return (span) => {
        const changes = formChanges(span.text, type as Form);
        return changes ? span.changed(changes) : span;
      };
    case "Lowercase":
      return (span) => span.changed(lowercase(span.text));
    case "Prepend": {
      const text = textOf(settings.prepend, "normalizer.prepend");
      return (span) => span.prepended(text);
    }
    case "Replace": {
      const pattern = readPattern(settings.pattern ?? null, "normalizer.pattern");
      const content = textOf(settings.content, "normalizer.content");
      return (span) => span.replaced(pattern, content, most(span));
    }
    case "Strip":
      return (span) => strip(span, settings.strip_left !== false, settings.strip_right !== false);
    case "ByteLevel":
      return mapToBytes;
    default:
      throw unsupported("normalizer", type);
  }
}

/** How long the normalized form of a text may be: steps that each double it would otherwise fill the memory. */
const most = (span: Span): number => 16 * span.text.length + (1 << 16);

function bounded(changed: Span, span: Span): Span {
  if (changed.text.length > most(span)) throw grownTooLong();
  return changed;
}

/** The pattern of a Split or Replace: `{"String": …}` or `{"Regex": …}`. */
export function readPattern(value: Json, place: string): Pattern {
  const { String: text, Regex: regex } = fields(value, place);
  if (typeof text === "string") return literal(text);
  if (typeof regex === "string") return compilePattern(regex);
  throw invalid(`${place} has neither a String nor a Regex`);
}

function* lowercase(text: string): Generator<Change> {
  for (const character of text) {
    let first = true;
    for (const small of character.toLowerCase()) {
      yield [small, first ? 0 : 1];
      first = false;
    }
  }
}

function strip(span: Span, left: boolean, right: boolean): Span {
  const isSpace = (at: number): boolean => (CLASSES[span.text.charCodeAt(at)]! & CLASS) === SPACE;
  let [from, to] = [0, span.text.length];
  while (left && from < to && isSpace(from)) from++;
  while (right && to > from && isSpace(to - 1)) to--;
  return span.slice(from, to);
}
