import { mapToBytes } from "./byte-characters.js";
import type { Json } from "./json/document.js";
import { fields, invalid, list, textOf, unsupported } from "./json/read.js";
import { readPattern } from "./normalizer.js";
import { GPT2_PATTERN, scannerOf, type Scanner } from "./patterns.js";
import { compilePattern, literal, oneOf, runsOf, type Pattern } from "./regex.js";
import { digitsWordEnd } from "./scanner-tiktoken.js";
import { wordEnd } from "./scanner.js";
import type { Span, SplitBehavior } from "./span.js";
import { forEachPart, withBytes } from "./text-chunks.js";
import { flagged } from "./unicode/classes.js";

/** How texts are cut into words of bytes by one pass over their UTF-8. */
export interface PreTokenizer {
  /** Whether a text that does not start with a blank gets one. */
  addPrefixSpace: boolean;
  /** Whether words are split by GPT-2's pattern, where no other scanner is given; else the whole text is one word. */
  useRegex: boolean;
  /** The scanner that finds the words; default GPT-2's. */
  scan?: Scanner;
}

/** Splits spans further; never gives empty ones. */
export type Splitter = (spans: readonly Span[]) => Span[];

const BEHAVIORS: readonly string[] = ["Removed", "Isolated", "MergedWithPrevious", "MergedWithNext", "Contiguous"];

/**
 * Reads the `pre_tokenizer` of a tokenizer.json. Source: huggingface/tokenizers, tokenizers/src/pre_tokenizers.
 *
 * @throws BpeError for a kind that is not supported, by name.
 */
export function readSplitter(value: Json): Splitter | undefined {
  if (value === null) return undefined;
  const settings = fields(value, "pre_tokenizer");
  const each = (work: (span: Span) => Span[]): Splitter => (spans) => spans.flatMap(work);
  // A pattern is compiled when it is first needed: where a scanner stands for it, it never is.
  const split = (pattern: () => Pattern, behavior: string, invert = false): Splitter => {
    let compiled: Pattern | undefined;
    return each((span) => span.split((compiled ??= pattern()), behavior as SplitBehavior, invert));
  };
  switch (settings.type) {
    case "Sequence": {
      const steps = list(settings.pretokenizers, "pre_tokenizer.pretokenizers").map(readSplitter);
      return (spans) => steps.reduce<Span[]>((current, step) => (step ? step(current) : current), [...spans]);
    }
    case "ByteLevel": {
      const words = settings.use_regex === false ? undefined : split(() => compilePattern(GPT2_PATTERN), "Isolated");
      const prefix = settings.add_prefix_space !== false;
      return (spans) => {
        const prefixed = spans.map((span) => (prefix && !span.text.startsWith(" ") ? span.prepended(" ") : span));
        return (words ? words(prefixed) : prefixed).map(mapToBytes);
      };
    }
    case "Split": {
      const behavior = textOf(settings.behavior, "pre_tokenizer.behavior");
      if (!BEHAVIORS.includes(behavior)) throw unsupported("pre_tokenizer.behavior", behavior);
      const place = settings.pattern ?? null;
      const { Regex: regex } = fields(place, "pre_tokenizer.pattern");
      if (typeof regex !== "string" || !scannerOf(regex)) readPattern(place, "pre_tokenizer.pattern");
      return split(() => readPattern(place, "pre_tokenizer.pattern"), behavior, settings.invert === true);
    }
    case "Digits":
      return split(() => oneOf(flagged("n")), settings.individual_digits === true ? "Isolated" : "Contiguous");
    case "Punctuation": {
      const behavior = settings.behavior === undefined ? "Isolated" : textOf(settings.behavior, "pre_tokenizer.behavior");
      if (!BEHAVIORS.includes(behavior)) throw unsupported("pre_tokenizer.behavior", behavior);
      return split(() => oneOf(flagged("p")), behavior);
    }
    case "Whitespace":
      // \\w+|[^\\w\\s]+ by the rules of Rust's regular expressions, whose \\w is that of single_word tokens.
      return split(() => runsOf(flagged("k"), flagged("s")), "Removed", true);
    case "WhitespaceSplit":
      return split(() => oneOf(flagged("s")), "Removed");
    case "CharDelimiterSplit": {
      const delimiter = textOf(settings.delimiter, "pre_tokenizer.delimiter");
      return split(() => literal(delimiter), "Removed");
    }
    case "Metaspace":
      return each(metaspace(settings));
    default:
      throw unsupported("pre_tokenizer", settings.type);
  }
}

/** How a Metaspace puts its character before a text. */
export function prependScheme(settings: { [key: string]: Json }): string {
  const scheme = settings.prepend_scheme ?? (settings.add_prefix_space === false ? "never" : "always");
  if (scheme !== "always" && scheme !== "first" && scheme !== "never") throw unsupported("prepend_scheme", scheme);
  return scheme;
}

function metaspace(settings: { [key: string]: Json }): (span: Span) => Span[] {
  const replacement = textOf(settings.replacement, "pre_tokenizer.replacement");
  if (Array.from(replacement).length !== 1) throw invalid("pre_tokenizer.replacement is no single character");
  const scheme = prependScheme(settings);
  return (span) => {
    let changed = span.replaced(/ /gu, replacement);
    if (!changed.text.startsWith(replacement) && (scheme === "always" || (scheme === "first" && span.base === 0))) changed = changed.prepended(replacement);
    return settings.split === false ? [changed] : changed.split(literal(replacement), "MergedWithNext");
  };
}

/**
 * The one pass over bytes that does the same as a `pre_tokenizer`, where there is one: ByteLevel alone, or after a Split by a
 * known pattern or after Digits.
 */
export function readPreTokenizer(value: Json): PreTokenizer | undefined {
  if (value === null) return undefined;
  const { type, pretokenizers, ...settings } = fields(value, "pre_tokenizer");
  if (type === "ByteLevel") return { addPrefixSpace: settings.add_prefix_space !== false, useRegex: settings.use_regex !== false };
  if (type !== "Sequence" || !Array.isArray(pretokenizers)) return undefined;
  const [first, second] = pretokenizers.map((step) => fields(step, "pre_tokenizer"));
  if (!first || pretokenizers.length === 1) return first ? readPreTokenizer(pretokenizers[0]!) : undefined;
  if (pretokenizers.length !== 2 || second!.type !== "ByteLevel" || second!.add_prefix_space !== false) return undefined;
  if (first.type === "Digits" && second!.use_regex !== false) {
    const single = first.individual_digits === true;
    return { addPrefixSpace: false, useRegex: true, scan: (bytes, start, end) => digitsWordEnd(bytes, start, end, single) };
  }
  if (first.type !== "Split" || second!.use_regex !== false) return undefined;
  const { Regex: pattern } = fields(first.pattern ?? null, "pre_tokenizer.pattern");
  // The known patterns match every character, so what is inverted or removed is all or nothing.
  if (typeof pattern !== "string" || first.behavior !== "Isolated") return undefined;
  const scan = scannerOf(pattern);
  return scan && { addPrefixSpace: false, useRegex: true, scan };
}

/** Calls `visit` for every word of a text, as a range of bytes in a buffer that is reused. */
export function forEachWord(text: string, how: PreTokenizer, visit: (bytes: Uint8Array, start: number, end: number) => void): void {
  if (text === "") return;
  const whole = how.addPrefixSpace && !text.startsWith(" ") ? ` ${text}` : text;
  if (!how.useRegex) {
    withBytes(whole, (bytes, length) => visit(bytes, 0, length));
    return;
  }
  const scan = how.scan ?? wordEnd;
  forEachPart(whole, (bytes, length) => {
    for (let start = 0; start < length; ) {
      const end = scan(bytes, start, length);
      visit(bytes, start, end);
      start = end;
    }
  });
}
