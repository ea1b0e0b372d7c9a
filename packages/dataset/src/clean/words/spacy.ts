import { INFIX, PREFIX, SPECIAL, SUFFIX, URL } from "./spacy-en.js";

/** Longer chunks are never taken for a URL: the pattern takes time that grows faster than the chunk. */
const LONGEST_URL = 2_048;

interface Rules {
  prefix: RegExp;
  suffix: RegExp;
  infix: RegExp;
  url: RegExp;
  /** Chunks that split in a way of their own. */
  special: Map<string, readonly string[]>;
  /** Of those, the ones that the affixes would take apart, by the first token that they would become. */
  merged: Map<string, { tokens: readonly string[]; text: string }[]>;
}

let loaded: Rules | undefined;

function rules(): Rules {
  if (loaded) return loaded;
  const made: Rules = { prefix: new RegExp(PREFIX, "u"), suffix: new RegExp(SUFFIX, "u"), infix: new RegExp(INFIX, "gu"), url: new RegExp(URL, "u"), special: new Map(SPECIAL.map((line) => [line.replaceAll(" ", ""), line.split(" ")])), merged: new Map() };
  for (const text of made.special.keys()) {
    if (!made.prefix.test(text) && text.search(made.infix) < 0 && !made.suffix.test(text)) continue;
    const tokens = splitAffixes(text, made, false);
    const list = made.merged.get(tokens[0]!);
    if (list) list.push({ tokens, text });
    else made.merged.set(tokens[0]!, [{ tokens, text }]);
  }
  return (loaded = made);
}

/** Chunks in which no infix can be. */
const PLAIN = /^[A-Za-z0-9'’]+$/;
/** Letters with dashes between them, which are the only infixes then. */
const DASHED = /^[A-Za-z]+(?:[-–—][A-Za-z]+)+$/;
const isLower = (code: number): boolean => code >= 97 && code <= 122;
const isLetter = (code: number): boolean => isLower(code | 32);
/** Characters that are a prefix, or a suffix, by themselves whatever stands beside them. */
const LONE_PREFIXES = new Set([..."\"“”‘’'`([{<>,;:!?_#*&)]}—–%="].map((char) => char.charCodeAt(0)));
const LONE_SUFFIXES = new Set([..."\"“”‘’'`([{<>,;:!?_#*&)]}—–"].map((char) => char.charCodeAt(0)));

/** What the pattern would find, without running it, for the most frequent beginnings. */
function prefixLength(text: string, pattern: RegExp): number {
  const code = text.charCodeAt(0);
  if (LONE_PREFIXES.has(code)) return 1;
  // A letter begins a prefix only in "US$", "C$" and "A$".
  if (isLetter(code) && !text.includes("$")) return 0;
  return matchLength(pattern, text);
}

/** What the pattern would find, without running it, for the most frequent ends. */
function suffixLength(text: string, pattern: RegExp): number {
  if (text === "") return 0;
  const code = text.charCodeAt(text.length - 1);
  const before = text.charCodeAt(text.length - 2); // NaN where there is none
  if (LONE_SUFFIXES.has(code)) return 1;
  if (code === 46 && isLower(before)) return 1;
  // A letter ends a suffix only in "'s" and, behind a digit, in units: "10km".
  if (isLetter(code) && !/\d/.test(text)) {
    if (isLetter(before)) return 0;
    if ((code | 32) === 115 && (before === 39 || before === 0x2019)) return 2;
  }
  return matchLength(pattern, text);
}

const matchLength = (pattern: RegExp, text: string): number => pattern.exec(text)?.[0].length ?? 0;

/** Splits punctuation off both ends of a chunk, and what is left at its infixes. */
function splitAffixes(chunk: string, { prefix, suffix, infix, url, special }: Rules, withSpecial: boolean): string[] {
  const before: string[] = [];
  const after: string[] = [];
  const isSpecial = (text: string): boolean => withSpecial && text !== "" && special.has(text);
  let rest = chunk;
  for (let last = -1; rest && rest.length !== last && !isSpecial(rest); ) {
    last = rest.length;
    const pre = prefixLength(rest, prefix);
    if (pre && isSpecial(rest.slice(pre))) {
      before.push(rest.slice(0, pre));
      rest = rest.slice(pre);
      break;
    }
    const suf = suffixLength(rest.slice(pre), suffix);
    if (suf && isSpecial(rest.slice(0, -suf))) {
      after.push(rest.slice(-suf));
      rest = rest.slice(0, -suf);
      break;
    }
    if (pre) before.push(rest.slice(0, pre));
    if (suf) after.push(rest.slice(-suf));
    rest = rest.slice(pre, rest.length - suf);
  }
  if (rest) {
    if (isSpecial(rest)) before.push(...special.get(rest)!);
    else if (PLAIN.test(rest)) before.push(rest);
    else if (DASHED.test(rest)) before.push(...rest.split(/([-–—])/));
    else if (rest.length <= LONGEST_URL && rest.includes(".") && url.test(rest)) before.push(rest);
    else {
      let start = 0;
      for (const match of rest.matchAll(infix)) {
        // An infix at the very beginning stays with what follows it.
        if (match.index === 0) continue;
        if (match.index !== start) before.push(rest.slice(start, match.index));
        before.push(match[0]);
        start = match.index + match[0].length;
      }
      if (start < rest.length) before.push(rest.slice(start));
    }
  }
  return before.concat(after.reverse());
}

/** Puts special chunks together again that were taken apart, the longest first and, of equal length, the first. */
function mergeSpecial(tokens: string[], { special, merged }: Rules): string[] {
  const found: { start: number; length: number; text: string }[] = [];
  for (let start = 0; start < tokens.length; start++) {
    for (const { tokens: pattern, text } of merged.get(tokens[start]!) ?? []) {
      if (pattern.every((token, k) => tokens[start + k] === token)) found.push({ start, length: pattern.length, text });
    }
  }
  if (found.length === 0) return tokens;
  found.sort((a, b) => b.length - a.length || a.start - b.start);
  const seen = new Set<number>();
  const taken = new Map<number, { length: number; text: string }>();
  for (const { start, length, text } of found) {
    if (!seen.has(start) && !seen.has(start + length - 1)) taken.set(start, { length, text });
    for (let k = start; k < start + length; k++) seen.add(k);
  }
  const result: string[] = [];
  for (let i = 0; i < tokens.length; ) {
    const span = taken.get(i);
    result.push(...(span ? special.get(span.text)! : [tokens[i]!]));
    i += span?.length ?? 1;
  }
  return result;
}

/**
 * Splits a chunk without white space into tokens as spaCy's blank English pipeline does (spacy/tokenizer.pyx): special
 * chunks ("don't", ":)"), prefixes, suffixes and infixes. The tokens joined are the chunk again.
 *
 * The one difference to spaCy: special chunks are looked for within a chunk, not across the white space between two.
 */
export function splitChunk(chunk: string): string[] {
  const all = rules();
  const special = all.special.get(chunk);
  return mergeSpecial(special ? [...special] : splitAffixes(chunk, all, true), all);
}
