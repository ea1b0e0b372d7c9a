import type { Json } from "../json/document.js";
import { readNormalizer } from "../normalizer.js";
import { Span } from "../span.js";

/**
 * What a `normalizer` of tokenizer.json does to a text; undefined where it is null.
 * @throws BpeError for a kind that is not supported, by name
 */
export function textNormalizer(normalizer: Json | undefined): ((text: string) => string) | undefined {
  const change = readNormalizer(normalizer ?? null);
  return change && ((text) => change(new Span(text.replace(/\p{Surrogate}/gu, "\ufffd"))).text);
}
