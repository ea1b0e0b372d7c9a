import { readFile } from "node:fs/promises";
import { DatasetError, reasonOf } from "../../errors.js";
import { sha256Hex } from "../../util/hash.js";
import type { TokenizerInfo } from "../types.js";

/** Which tokens are the special ones, by their content; looked for among the usual names where not given. */
export interface SpecialNames {
  bos?: string;
  eos?: string;
  pad?: string;
}

interface TokenizerJson {
  model?: { vocab?: Record<string, number> | [string, number][] };
  added_tokens?: { id: number; content: string; special?: boolean }[];
}

/** What shards need to know of a tokenizer.json, and the bytes of text that each token stands for. */
export interface TokenizerFacts {
  info: TokenizerInfo;
  /** UTF-8 bytes of text of each id; 0 for special tokens. */
  bytes: Uint16Array;
}

const USUAL = {
  bos: ["<s>", "<|begin_of_text|>", "<bos>", "<|endoftext|>", "[CLS]"],
  eos: ["</s>", "<|end_of_text|>", "<eos>", "<|endoftext|>", "[SEP]"],
  pad: ["<pad>", "[PAD]", "<|finetune_right_pad_id|>"],
} as const;

/**
 * Reads a Hugging Face tokenizer.json as far as shards need it.
 * @throws DatasetError when it is none, or has no such special tokens
 */
export async function tokenizerFacts(path: string, names: SpecialNames = {}): Promise<TokenizerFacts> {
  const bytes = await readFile(path);
  let json: TokenizerJson;
  try {
    json = JSON.parse(bytes.toString("utf8")) as TokenizerJson;
  } catch (cause) {
    throw new DatasetError(`${path} is not valid JSON (${reasonOf(cause)}); expected a Hugging Face tokenizer.json.`, { cause });
  }
  const vocab = json?.model?.vocab;
  if (typeof vocab !== "object" || vocab === null) throw new DatasetError(`${path} has no "model.vocab"; expected a Hugging Face tokenizer.json.`);
  // Unigram models list [token, score] in the order of ids.
  const entries: [string, number][] = Array.isArray(vocab) ? vocab.map(([token], id) => [token, id]) : Object.entries(vocab);
  const added = json.added_tokens ?? [];
  const special = Object.fromEntries(added.filter((token) => token.special !== false).map(({ content, id }) => [content, id]));
  const vocabSize = [...entries.map(([, id]) => id), ...added.map(({ id }) => id)].reduce((most, id) => Math.max(most, id), -1) + 1;
  const lengths = new Uint16Array(vocabSize);
  // Byte-level models write one character for each byte; others write text, with a bar for a space.
  const byteLevel = bytes.includes('"ByteLevel"');
  for (const [token, id] of entries) lengths[id] = byteLevel ? [...token].length : /^<0x[0-9A-F]{2}>$/.test(token) ? 1 : Buffer.byteLength(token.replaceAll("▁", " "));
  for (const { content, id, special: isSpecial } of added) lengths[id] = isSpecial === false ? Buffer.byteLength(content) : 0;
  const all = new Map([...entries, ...added.map(({ content, id }) => [content, id] as const)]);
  const find = (which: keyof typeof USUAL): number | undefined => {
    const asked = names[which];
    if (asked === undefined) return USUAL[which].map((name) => special[name]).find((id) => id !== undefined);
    const id = all.get(asked);
    if (id === undefined) throw new DatasetError(`${path} has no token ${JSON.stringify(asked)}, which was given as --${which}.`);
    return id;
  };
  const eos = find("eos");
  const bos = find("bos") ?? eos;
  if (bos === undefined || eos === undefined) throw new DatasetError(`${path} has none of the usual tokens that begin and end documents (${USUAL.eos.join(", ")}). Name them with --bos and --eos.`);
  const unk = special["<unk>"];
  return { info: { sha256: sha256Hex(bytes), vocabSize, bos, eos, pad: find("pad") ?? eos, ...(unk === undefined ? {} : { unk }), special }, bytes: lengths };
}
