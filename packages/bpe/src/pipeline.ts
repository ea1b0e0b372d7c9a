import type { AddedTokenFinder } from "./added-tokens.js";
import type { TextModel } from "./model/text-model.js";
import type { Normalizer } from "./normalizer.js";
import type { Splitter } from "./pre-tokenizer.js";
import { Row } from "./row.js";
import { Span } from "./span.js";

/** What offsets count: UTF-16 units (as JavaScript strings do), code points (as Python does) or UTF-8 bytes (as Rust does). */
export type OffsetUnit = "utf16" | "codePoint" | "byte";

/** The parts of a tokenizer that turn a text into tokens. */
export interface PipelineParts {
  /** Finds the tokens that are cut out of the text as it is, then those of the normalized text. */
  finders: readonly [raw: AddedTokenFinder, normalized: AddedTokenFinder];
  normalizer: Normalizer | undefined;
  splitter: Splitter | undefined;
  model: TextModel;
  tokenOf: (id: number) => string;
}

/**
 * Encodes texts step by step, keeping where each token comes from: the reference for the fast path of `Tokenizer.encode`.
 *
 * Source: huggingface/tokenizers, tokenizers/src/tokenizer/{mod,pre_tokenizer}.rs.
 */
export class Pipeline {
  constructor(private readonly parts: PipelineParts) {}

  /**
   * @param parsed Whether special tokens that stand in the text are parsed.
   * @param sequence 0, or 1 for the second text of a pair.
   * @returns A row whose offsets count code points.
   */
  row(text: string, parsed: boolean, sequence: number): Row {
    const { finders, normalizer, splitter, model, tokenOf } = this.parts;
    const whole = new Span(text.replace(/\p{Surrogate}/gu, "\ufffd"));
    const points = pointsBefore(whole.text);
    const pieces: { span: Span; id: number }[] = [];
    const cut = (span: Span, finder: AddedTokenFinder, visit: (span: Span, id: number) => void): void => {
      for (const { id, start, end } of finder.split(span.text, parsed)) visit(span.slice(start, end), id);
    };
    cut(whole, finders[0], (raw, token) => {
      if (token >= 0) pieces.push({ span: raw, id: token });
      else {
        cut(normalizer ? normalizer(raw) : raw, finders[1], (span, id) => {
          if (id >= 0) pieces.push({ span, id });
          else for (const word of splitter ? splitter([span]) : [span]) pieces.push({ span: word, id: -1 });
        });
      }
    });
    const row = new Row();
    pieces.forEach(({ span, id: token }, word) => {
      const { ids, bytes } = token >= 0 ? { ids: [token], bytes: undefined } : model.tokenize(span.text);
      const places = bytes && byteTable(span.text);
      let at = 0;
      ids.forEach((id, index) => {
        const next = bytes ? at + bytes[index]! : 0;
        const [from, to] = places ? span.original(placeOf(places, at), placeOf(places, next - 1) + 1) : span.original(0, span.text.length);
        row.push(id, places ? tokenOf(id) : span.text, word, points ? points[from]! : from, points ? points[to]! : to, sequence, sequence);
        at = next;
      });
    });
    return row;
  }
}

/** Where a byte of a word stands; that of a suffix of the model, which falls back on bytes like any text, with the last character. */
const placeOf = (places: readonly number[], byte: number): number => places[Math.min(byte, places.length - 1)]!;

/** The UTF-16 unit in which each UTF-8 byte of a text lies. */
function byteTable(text: string): number[] {
  const places: number[] = [];
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    // Both halves of a pair stand for two of its four bytes.
    const bytes = unit < 0x80 ? 1 : unit < 0x800 || (unit & 0xf800) === 0xd800 ? 2 : 3;
    for (let byte = 0; byte < bytes; byte++) places.push(at);
  }
  return places;
}

/** Code points before each UTF-16 unit of a text; undefined where that is the unit's own number. */
function pointsBefore(text: string): Uint32Array | undefined {
  if (!/[\ud800-\udfff]/.test(text)) return undefined;
  const table = new Uint32Array(text.length + 1);
  let count = 0;
  for (let at = 0; at < text.length; at++) {
    table[at] = count;
    if ((text.charCodeAt(at) & 0xfc00) !== 0xdc00) count++;
  }
  table[text.length] = count;
  return table;
}

/** Where each code point of a text starts, and the last one ends; undefined where that is the code point's own number. */
export function pointPlaces(text: string, unit: OffsetUnit): number[] | undefined {
  if (unit === "codePoint" || !/[^\0-\x7f]/.test(text)) return undefined;
  const places = [0];
  let place = 0;
  for (const character of text) {
    const code = character.codePointAt(0)!;
    place += unit === "utf16" ? character.length : code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    places.push(place);
  }
  return places;
}
