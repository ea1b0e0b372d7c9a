import type { AddedToken } from "./added-tokens.js";
import { bytesToToken, tokenToBytes } from "./bytes.js";
import { BpeError } from "./errors.js";
import type { TokenizerDocument } from "./json/document.js";
import { invalid, readTokenizerJson } from "./json/read.js";
import { TIKTOKEN_PATTERNS } from "./patterns.js";
import { readPair, textOf, type Source } from "./load/reader.js";
import { Tokenizer } from "./tokenizer.js";

/** Lines that are read of a file; a vocabulary has no more. */
const MAX_LINES = 1 << 21;

const added = (content: string, id: number): AddedToken => ({ id, content, single_word: false, lstrip: false, rstrip: false, normalized: false, special: true });

/** GPT-2's components around a vocabulary. */
function gpt2Document(specials: AddedToken[], addPrefixSpace: boolean, ignoreMerges: boolean): TokenizerDocument {
  const level = (trim_offsets: boolean, add_prefix_space: boolean) => ({ type: "ByteLevel", add_prefix_space, trim_offsets, use_regex: true });
  return {
    version: "1.0",
    truncation: null,
    padding: null,
    added_tokens: specials.sort((a, b) => a.id - b.id),
    normalizer: null,
    pre_tokenizer: level(true, addPrefixSpace),
    post_processor: level(false, true),
    decoder: level(true, true),
    model: { dropout: null, unk_token: null, continuing_subword_prefix: null, end_of_word_suffix: null, fuse_unk: false, byte_fallback: false, ignore_merges: ignoreMerges },
  };
}

/** How a tokenizer is made from vocab.json and merges.txt, which say nothing of it. */
export interface VocabOptions {
  /** Tokens of the vocabulary that are special; default none. */
  specialTokens?: readonly string[];
  /** Whether a text that does not start with a blank gets one; default false. */
  addPrefixSpace?: boolean;
}

/**
 * A byte-level tokenizer from GPT-2's pair of files.
 *
 * @param vocab vocab.json, ids by token: its bytes, which are read fastest, or its text.
 * @param merges merges.txt, "left right" per line by rank, after a line `#version` that may be missing: its bytes or its text.
 * @throws BpeError where they are broken or don't belong together.
 */
export function fromVocabAndMerges(vocab: Source, merges: Source, { specialTokens = [], addPrefixSpace = false }: VocabOptions = {}): Tokenizer {
  const documentOf = (idOf: (token: string) => unknown): TokenizerDocument => {
    const specials = specialTokens.map((content) => {
      const id = idOf(content);
      if (typeof id !== "number") throw new BpeError(`The special token ${JSON.stringify(content)} is not in vocab.json.`);
      return added(content, id);
    });
    return gpt2Document(specials, addPrefixSpace, false);
  };
  const file = readPair(vocab, merges, documentOf);
  if (file) return new Tokenizer(file);
  let ids: Record<string, unknown>;
  try {
    ids = JSON.parse(textOf(vocab, "vocab.json")) as Record<string, unknown>;
  } catch (cause) {
    throw cause instanceof BpeError ? cause : new BpeError("This vocab.json is not valid JSON. Was it cut off, or is it another file?", { cause });
  }
  const lines = textOf(merges, "merges.txt").split("\n", MAX_LINES + 1).map((line) => (line.endsWith("\r") ? line.slice(0, -1) : line));
  const document = documentOf((token) => (Object.hasOwn(ids, token) ? ids[token] : undefined));
  return new Tokenizer(readTokenizerJson({ ...document, model: { ...document.model, type: "BPE", vocab: ids, merges: lines.filter((line, index) => line !== "" && !(index === 0 && line.startsWith("#version"))) } }));
}

/** The texts of vocab.json and merges.txt, as Hugging Face's `model.save` writes them; special tokens that are no part of the model are left out. */
export function toVocabAndMerges(tokenizer: Tokenizer): { vocab: string; merges: string } {
  const entries = tokenizer.modelTokens().map(([token, id]) => `${JSON.stringify(token)}:${id}`);
  let merges = "#version: 0.2\n";
  for (const [left, right] of tokenizer.mergePairs()) merges += `${left} ${right}\n`;
  return { vocab: `{${entries.join(",")}}`, merges };
}

/** How a tokenizer is made from a .tiktoken file, which has the ranks alone. */
export interface TiktokenOptions {
  /** "gpt2" (also r50k_base and p50k_base), "cl100k_base", "o200k_base", or a pattern as a tokenizer.json spells it. */
  pattern: string;
  /** Special tokens with their ids; default none. */
  specialTokens?: Readonly<Record<string, number>>;
}

/**
 * A byte-level tokenizer from a .tiktoken file: base64 of a token's bytes, a blank and its rank, per line.
 *
 * The merges are every split of a token into two others, in the order of the tokens that they make. Source: huggingface/
 * transformers, convert_slow_tokenizer.py (`TikTokenConverter`). Ids equal tiktoken's for vocabularies that were trained as BPE.
 *
 * @throws BpeError where the file is broken.
 */
export function fromTiktoken(text: string, { pattern, specialTokens = {} }: TiktokenOptions): Tokenizer {
  const known = Object.hasOwn(TIKTOKEN_PATTERNS, pattern) ? TIKTOKEN_PATTERNS[pattern as keyof typeof TIKTOKEN_PATTERNS] : pattern;
  const ranks = new Map<string, number>();
  text.split("\n", MAX_LINES + 1).forEach((line, index) => {
    if (line.trim() === "") return;
    const [, base64, rank] = /^([A-Za-z0-9+/]+=*) (\d{1,9})\r?$/.exec(line) ?? [];
    if (base64 === undefined) throw new BpeError(`Line ${index + 1} of this .tiktoken file is ${JSON.stringify(line.slice(0, 80))}; expected base64, a blank and a rank.`);
    let binary: string;
    try {
      binary = atob(base64);
    } catch (cause) {
      throw new BpeError(`Line ${index + 1} of this .tiktoken file has no valid base64: ${JSON.stringify(base64.slice(0, 80))}.`, { cause });
    }
    ranks.set(bytesToToken(Uint8Array.from(binary, (char) => char.charCodeAt(0))), Number(rank));
  });
  const merges: [string, string][] = [];
  for (const [token] of [...ranks].sort((a, b) => a[1] - b[1])) {
    const splits: [number, number, string, string][] = [];
    for (let at = 1; at < token.length; at++) {
      const [left, right] = [token.slice(0, at), token.slice(at)];
      const [first, second] = [ranks.get(left), ranks.get(right)];
      if (first !== undefined && second !== undefined) splits.push([first, second, left, right]);
    }
    splits.sort((a, b) => a[0] - b[0] || a[1] - b[1]);
    for (const [, , left, right] of splits) merges.push([left, right]);
  }
  if (ranks.size === 0) throw invalid("the .tiktoken file is empty");
  const document = gpt2Document(Object.entries(specialTokens).map(([content, id]) => added(content, id)), false, true);
  return new Tokenizer(
    readTokenizerJson({
      ...document,
      pre_tokenizer: {
        type: "Sequence",
        pretokenizers: [
          { type: "Split", pattern: { Regex: known }, behavior: "Isolated", invert: false },
          { type: "ByteLevel", add_prefix_space: false, trim_offsets: true, use_regex: false },
        ],
      },
      model: { ...document.model, type: "BPE", vocab: ranks, merges },
    }),
  );
}

/** The text of a .tiktoken file: every token of the model that is not special, by id. */
export function toTiktoken(tokenizer: Tokenizer): string {
  const special = new Set(tokenizer.addedTokens.map((token) => token.content));
  let text = "";
  for (const [token, id] of tokenizer.modelTokens()) {
    if (!special.has(token)) text += `${btoa(String.fromCharCode(...tokenToBytes(token)))} ${id}\n`;
  }
  return text;
}
