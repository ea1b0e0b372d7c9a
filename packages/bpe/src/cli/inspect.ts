import { Command, Option, addCommonOptions, formatBytes, formatCount, integer, interruptible, printJson } from "@llm/cli-kit";
import { readDocuments } from "@llm/dataset";
import { loadTokenizer } from "../corpus/files.js";
import { trainingTexts } from "../corpus/texts.js";
import { drawTree, findToken, mergeTree, type MergeTree } from "../inspect/merge-tree.js";
import { showToken, tokenPieces } from "../inspect/pieces.js";
import { StatisticsCounter, type Statistics } from "../inspect/statistics.js";
import type { Tokenizer } from "../tokenizer.js";
import { SOURCES, writeOutput } from "./shared.js";

interface Flags {
  tokenizer: string;
  token?: string;
  text?: string;
  color: "auto" | "always" | "never";
  limit?: number;
  textColumn?: string;
  json?: boolean;
}

/** `llm-bpe inspect` */
export function inspectCommand(): Command {
  const command = new Command("inspect")
    .description("show the merges that make a token, the tokens of a text, or how a tokenizer does on a corpus; without any of them, its vocabulary")
    .argument("[source...]", SOURCES)
    .requiredOption("--tokenizer <file>", "the tokenizer.json")
    .option("--token <token>", 'show the merges that make it: a token ("Ġthe"), its text (" the") or "#" and its id')
    .option("--text <text>", "show its tokens, in colour on a terminal")
    .addOption(new Option("--color <when>", "colours for --text").choices(["auto", "always", "never"]).default("auto"))
    .option("--limit <documents>", "look at the first so many documents (default: all)", integer(1))
    .option("--text-column <name>", "the column that holds the text (default: text, content or messages)");
  return addCommonOptions(command).action((sources: string[], flags: Flags) => interruptible((signal) => inspect(sources, flags, signal)));
}

async function inspect(sources: string[], flags: Flags, signal: AbortSignal): Promise<void> {
  const tokenizer = await loadTokenizer(flags.tokenizer);
  const answer: Record<string, unknown> = {};
  const lines: string[] = [];
  if (flags.token !== undefined) {
    const tree = mergeTree(tokenizer, findToken(tokenizer, flags.token));
    answer.token = tree;
    lines.push(...drawTree(tree, (part) => describe(tokenizer, part)));
  }
  if (flags.text !== undefined) {
    const pieces = tokenPieces(tokenizer, flags.text);
    answer.text = pieces;
    lines.push(paint(pieces.map(({ text }) => text), colours(flags.color)), `${pieces.length} tokens: ${pieces.map(({ id }) => id).join(" ")}`);
  }
  if (sources.length > 0) {
    const counter = new StatisticsCounter(tokenizer);
    for await (const text of corpusTexts(sources, flags, signal)) counter.add(text);
    const statistics = counter.result();
    answer.corpus = { ...statistics, frequent: statistics.frequent.map(({ id, count }) => ({ id, token: tokenizer.idToToken(id), count })) };
    lines.push(...corpusLines(tokenizer, statistics));
  }
  if (Object.keys(answer).length === 0) {
    const summary = vocabularySummary(tokenizer);
    answer.vocabulary = summary;
    lines.push(
      `${tokenizer.vocabSize} tokens: ${summary.added.length} added, ${summary.merges} merges`,
      `added: ${summary.added.map(({ id, content }) => `${content} ${id}`).join(", ") || "none"}`,
      `bytes of a token: ${summary.lengths.map(({ bytes, tokens }) => `${bytes}: ${tokens}`).join(", ")}`,
      `longest: ${summary.longest.map(({ text }) => JSON.stringify(text)).join(" ")}`,
    );
  }
  if (flags.json) printJson(answer);
  else await writeOutput(`${lines.join("\n")}\n`);
}

/** The texts of sources as they are tokenized and trained on. */
export async function* corpusTexts(sources: string[], { limit, textColumn }: { limit?: number; textColumn?: string }, signal: AbortSignal): AsyncGenerator<string> {
  for await (const document of readDocuments(sources, { limit, columns: textColumn === undefined ? {} : { text: textColumn }, signal })) yield* trainingTexts(document);
}

const describe = (tokenizer: Tokenizer, { id, token, rank }: MergeTree): string => `${showToken(tokenizer, id).replaceAll(" ", "␣")}  ${token} #${id}${rank === undefined ? "" : `, merge ${rank}`}`;

function vocabularySummary(tokenizer: Tokenizer) {
  const added = tokenizer.addedTokens.map(({ id, content, special }) => ({ id, content, special }));
  const special = new Set(added.map(({ id }) => id));
  const entries = Array.from({ length: tokenizer.vocabSize }, (_, id) => ({ id, bytes: tokenizer.tokenBytes(id)?.length ?? 0 })).filter(({ id, bytes }) => bytes > 0 && !special.has(id));
  const counts = new Map<number, number>();
  for (const { bytes } of entries) counts.set(bytes, (counts.get(bytes) ?? 0) + 1);
  return {
    vocabSize: tokenizer.vocabSize,
    merges: [...tokenizer.mergePairs()].length,
    added,
    lengths: [...counts].sort((a, b) => a[0] - b[0]).map(([bytes, tokens]) => ({ bytes, tokens })),
    longest: entries.sort((a, b) => b.bytes - a.bytes || a.id - b.id).slice(0, 10).map(({ id }) => ({ id, text: showToken(tokenizer, id) })),
  };
}

const percent = (share: number): string => `${(share * 100).toFixed(1)}%`;

function corpusLines(tokenizer: Tokenizer, s: Statistics): string[] {
  const { mean, median, p90, p99, most } = s.tokensPerDocument;
  return [
    `${formatCount(s.documents)} texts, ${formatBytes(s.bytes)}, ${formatCount(s.characters)} characters, ${formatCount(s.tokens)} tokens`,
    `${s.bytesPerToken.toFixed(3)} bytes per token, ${s.charactersPerToken.toFixed(3)} characters per token`,
    `tokens of a text: mean ${mean.toFixed(1)}, median ${median}, 90% up to ${p90}, 99% up to ${p99}, most ${most}`,
    `${formatCount(s.used)} tokens of the vocabulary occur (${percent(s.usedShare)}); ${percent(s.singleByteShare)} of all tokens are single bytes; ${s.unknown} unknown`,
    `most frequent: ${s.frequent.map(({ id, count }) => `${JSON.stringify(showToken(tokenizer, id))} ${formatCount(count)}`).join(", ")}`,
  ];
}

const BACKGROUNDS = [153, 157, 223, 218, 189];

const colours = (when: Flags["color"]): boolean => (when === "auto" ? process.stdout.isTTY === true && !process.env.NO_COLOR : when === "always");

/** Tokens one after another, each in a colour of its own; without colours with a bar between them. */
const paint = (texts: readonly string[], coloured: boolean): string =>
  coloured ? texts.map((text, index) => `\u001b[30;48;5;${BACKGROUNDS[index % BACKGROUNDS.length]!}m${text}\u001b[0m`).join("") : texts.join("|");
