// @ts-check
// Writes parquet files of any size from the sentences of a small source, with a seed:
//   node tools/bench/dataset/generate.mjs SOURCE --out DIR [--gigabytes 2] [--files 4] [--rows-per-group 1000] [--seed 1]
// Build first (npm run build). Documents are of sentences from all over the source with every tenth word replaced; of a hundred five
// are exact copies of an earlier one, five have two other words, and two are noise. The same call writes the same bytes.
import { mkdirSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { SeededRandom, readDocuments, writeParquet } from "@llm/dataset";

/** Documents from which copies are made. */
const REMEMBERED = 1_000;

/** Sentences and words of a source. @param {string[]} sources */
async function readSentences(sources) {
  const sentences = [];
  for await (const { text } of readDocuments(sources)) for (const sentence of text.replaceAll("\n", " ").split(/(?<=[.?!]”?) +/)) if (sentence.length > 30 && sentence.length < 400) sentences.push(sentence.split(" "));
  if (sentences.length < 1_000) throw new Error(`The sources have ${sentences.length} sentences; expected 1,000 or more. Give a larger source.`);
  return { sentences, words: [...new Set(sentences.slice(0, 20_000).flat())].filter((word) => /^[a-z]{3,}$/.test(word)) };
}

/**
 * Made-up documents without end.
 * @param {{ sentences: string[][], words: string[] }} pool @param {number} seed
 */
export function* generateDocuments({ sentences, words }, seed) {
  const random = new SeededRandom(seed);
  const word = () => /** @type {string} */ (words[random.below(words.length)]);
  const fresh = () => {
    const paragraphs = Array.from({ length: 2 + random.below(6) }, () =>
      Array.from({ length: 3 + random.below(5) }, () => {
        const copy = [.../** @type {string[]} */ (sentences[random.below(sentences.length)])];
        // The first and the last word keep their capital and their full stop.
        for (let i = 1 + random.below(10); i < copy.length - 1; i += 1 + random.below(19)) copy[i] = word();
        return copy.join(" ");
      }).join(" "),
    );
    return paragraphs.join("\n\n");
  };
  /** @type {string[]} */
  const remembered = [];
  for (let number = 0; ; number++) {
    const kind = number < REMEMBERED ? 99 : random.below(100);
    let text = remembered[random.below(Math.max(1, remembered.length))] ?? "";
    if (kind >= 5 && kind < 10) {
      const parts = text.split(" ");
      for (let k = 0; k < 2; k++) parts[1 + random.below(parts.length - 2)] = word();
      text = parts.join(" ");
    } else if (kind >= 10 && kind < 12) text = Array.from({ length: 200 }, () => "#|%%|//|***|12|=|~~".split("|")[random.below(7)]).join(" ");
    else if (kind >= 12) remembered[number < REMEMBERED ? number : random.below(REMEMBERED)] = text = fresh();
    yield { id: `made-${number}`, text, dump: "made-up", url: `http://site-${random.below(5_000)}.example/${number}`, date: "2024-01-01T00:00:00Z", language: "en", language_score: 0.9, token_count: Math.round(text.length / 4) };
  }
}

/** @param {{ sources: string[], out: string, bytes: number, files: number, rowGroupSize?: number, seed?: number }} options */
export async function generate({ sources, out, bytes, files, rowGroupSize = 1_000, seed = 1 }) {
  const documents = generateDocuments(await readSentences(sources), seed);
  mkdirSync(out, { recursive: true });
  let total = 0;
  let rows = 0;
  // How large compressed text is shows in the first megabytes; the same for every file, so that a call writes the same bytes again.
  const probe = join(out, ".probe.parquet");
  let characters = 0;
  await writeParquet(probe, take(generateDocuments(await readSentences(sources), seed), 8 << 20, (length) => (characters += length)), { rowGroupSize });
  const ratio = statSync(probe).size / characters;
  rmSync(probe);
  for (let file = 0; file < files; file++) {
    const written = await writeParquet(join(out, `made-${String(file).padStart(3, "0")}.parquet`), take(documents, bytes / files / ratio), { rowGroupSize });
    total += written.bytes;
    rows += written.documents;
  }
  return { bytes: total, documents: rows };
}

/**
 * Documents up to a number of characters.
 * @template {{ text: string }} T @param {Generator<T>} documents @param {number} most @param {(length: number) => void} [onText] @returns {Generator<T>}
 */
function* take(documents, most, onText) {
  for (let characters = 0; characters < most; ) {
    const document = documents.next().value;
    characters += document.text.length;
    onText?.(document.text.length);
    yield document;
  }
}

if (process.argv[1] === import.meta.filename) {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { out: { type: "string" }, gigabytes: { type: "string", default: "2" }, files: { type: "string", default: "4" }, "rows-per-group": { type: "string", default: "1000" }, seed: { type: "string", default: "1" } },
  });
  if (positionals.length === 0 || values.out === undefined) throw new Error("usage: node tools/bench/dataset/generate.mjs SOURCE --out DIR [--gigabytes 2] [--files 4] [--rows-per-group 1000] [--seed 1]");
  const { bytes, documents } = await generate({ sources: positionals, out: values.out, bytes: Number(values.gigabytes) * 1e9, files: Number(values.files), rowGroupSize: Number(values["rows-per-group"]), seed: Number(values.seed) });
  console.log(`${documents} documents, ${(bytes / 1e9).toFixed(2)} GB in ${values.files} files in ${values.out}`);
}
