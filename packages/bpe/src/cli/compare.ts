import { Command, addCommonOptions, formatCount, integer, interruptible, printJson } from "@llm/cli-kit";
import { loadTokenizer } from "../corpus/files.js";
import { type TextComparison, type VocabularyComparison, compareOnTexts, compareVocabularies } from "../inspect/compare.js";
import { corpusTexts } from "./inspect.js";
import { SOURCES, writeOutput } from "./shared.js";

/** `llm-bpe compare` */
export function compareCommand(): Command {
  const command = new Command("compare")
    .description("compare two tokenizers: their vocabularies, merges and settings, and with sources how they do on the same texts")
    .argument("<A>", "a tokenizer.json")
    .argument("<B>", "another tokenizer.json")
    .argument("[source...]", SOURCES)
    .option("--limit <documents>", "look at the first so many documents (default: all)", integer(1))
    .option("--text-column <name>", "the column that holds the text (default: text, content or messages)");
  return addCommonOptions(command).action((first: string, second: string, sources: string[], flags: { limit?: number; textColumn?: string; json?: boolean }) =>
    interruptible(async (signal) => {
      const [a, b] = [await loadTokenizer(first), await loadTokenizer(second)];
      const vocabulary = compareVocabularies(a, b);
      const texts = sources.length > 0 ? await compareOnTexts(a, b, corpusTexts(sources, flags, signal)) : undefined;
      if (flags.json) printJson({ a: first, b: second, ...vocabulary, ...(texts ? { texts } : {}) });
      else await writeOutput(`${[...vocabularyLines(vocabulary), ...(texts ? textLines(texts) : [])].join("\n")}\n`);
    }),
  );
}

const some = (list: readonly string[], of = list.length): string => (of === 0 ? "none" : `${of} (${list.slice(0, 8).map((item) => JSON.stringify(item)).join(" ")}${of > 8 ? " …" : ""})`);

function vocabularyLines(v: VocabularyComparison): string[] {
  if (v.identical) return [`A and B are the same tokenizer: ${v.vocabSize[0]} tokens, ${v.merges[0]} merges`];
  const { onlyInA, onlyInB, different } = v.addedTokens;
  return [
    `tokens: A ${v.vocabSize[0]}, B ${v.vocabSize[1]}; both have ${v.sharedTokens}, ${v.sameId} of them with the same id`,
    `only in A: ${some(v.onlyInA.first, v.onlyInA.tokens)}`,
    `only in B: ${some(v.onlyInB.first, v.onlyInB.tokens)}`,
    `merges: A ${v.merges[0]}, B ${v.merges[1]}; both have ${v.sharedMerges}; ${v.firstDifferentMerge === undefined ? "all equal" : `the first ${v.firstDifferentMerge} are equal`}`,
    `added tokens: only in A ${some(onlyInA)}; only in B ${some(onlyInB)}; different ${some(different)}`,
    `different settings: ${v.differentParts.join(", ") || "none"}`,
  ];
}

function textLines({ a, b, sameCuts, words }: TextComparison): string[] {
  const fewer = a.tokens === b.tokens ? "as many" : `B needs ${Math.abs((b.tokens / a.tokens - 1) * 100).toFixed(2)}% ${b.tokens < a.tokens ? "fewer" : "more"}`;
  return [
    `on ${formatCount(a.documents)} texts: A ${formatCount(a.tokens)} tokens (${a.bytesPerToken.toFixed(3)} bytes each), B ${formatCount(b.tokens)} (${b.bytesPerToken.toFixed(3)}): ${fewer}`,
    `${(sameCuts * 100).toFixed(1)}% of the texts are cut at the same places; of the vocabulary occur A ${(a.usedShare * 100).toFixed(1)}%, B ${(b.usedShare * 100).toFixed(1)}%`,
    ...words.map(({ word, count, a: first, b: second, saved }) => `  ${JSON.stringify(word)} occurs ${formatCount(count)} times: A ${first}, B ${second} tokens (${saved > 0 ? "B saves" : "A saves"} ${formatCount(Math.abs(saved))})`),
  ];
}
