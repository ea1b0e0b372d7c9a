import { bytesToToken } from "../bytes.js";
import { BpeError } from "../errors.js";
import type { Tokenizer } from "../tokenizer.js";

/** How a token is made: by the merge of two others, and so on down to single characters. */
export interface MergeTree {
  id: number;
  /** As it stands in the vocabulary ("Ġthe"). */
  token: string;
  /** The rank of the merge that makes it, from 0; absent where no merge does. */
  rank?: number;
  parts?: [MergeTree, MergeTree];
}

/**
 * The id that a person means: a token as it stands in the vocabulary ("Ġthe"), the text it stands for (" the"), or "#"
 * and its id ("#278").
 * @throws BpeError where there is no such token
 */
export function findToken(tokenizer: Tokenizer, wanted: string): number {
  const byNumber = /^#(\d+)$/.exec(wanted);
  const id = tokenizer.tokenToId(wanted) ?? tokenizer.tokenToId(bytesToToken(new TextEncoder().encode(wanted))) ?? (byNumber ? Number(byNumber[1]) : undefined);
  if (id === undefined || tokenizer.idToToken(id) === undefined) {
    throw new BpeError(`${JSON.stringify(wanted)} is not one token of this vocabulary of ${tokenizer.vocabSize}. Give a token ("Ġthe"), its text (" the") or "#" and its id.`);
  }
  return id;
}

/** The merges that make a token. */
export function mergeTree(tokenizer: Tokenizer, id: number): MergeTree {
  const makers = new Map<string, { rank: number; left: string; right: string }>();
  let rank = 0;
  for (const [left, right] of tokenizer.mergePairs()) {
    if (!makers.has(left + right)) makers.set(left + right, { rank, left, right });
    rank++;
  }
  const grow = (token: string): MergeTree => {
    const maker = makers.get(token);
    const leaf = { id: tokenizer.tokenToId(token)!, token };
    return maker ? { ...leaf, rank: maker.rank, parts: [grow(maker.left), grow(maker.right)] } : leaf;
  };
  return grow(tokenizer.idToToken(id)!);
}

/** A merge tree as lines of text, each part below what it is a part of. */
export function drawTree(tree: MergeTree, describe: (tree: MergeTree) => string): string[] {
  const lines = [describe(tree)];
  for (const [index, part] of (tree.parts ?? []).entries()) {
    const [first, others] = index === 0 ? ["├─ ", "│  "] : ["└─ ", "   "];
    drawTree(part, describe).forEach((line, number) => lines.push((number === 0 ? first : others) + line));
  }
  return lines;
}
