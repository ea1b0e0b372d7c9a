import { Command, addCommonOptions, createProgress, integer, interruptible, printJson } from "@llm/cli-kit";
import { type SampleRecord, writeSample } from "../corpus-files.js";
import { type AmountLimit, limitDocuments } from "../sources/limit.js";
import { type MixtureCount, mixDocuments, readMixture } from "../sources/mix.js";
import { say } from "./common.js";
import { parseLimit } from "./download.js";

interface Flags {
  out: string;
  limit?: AmountLimit;
  seed?: number;
  json?: boolean;
}

async function run(path: string, { out, limit, seed }: Flags, signal: AbortSignal): Promise<{ record: SampleRecord; counts: readonly MixtureCount[] }> {
  const mixture = { ...(await readMixture(path)), ...(seed === undefined ? {} : { seed }) };
  let counts: readonly MixtureCount[] = [];
  const progress = createProgress({ label: "mix", unit: "documents" });
  try {
    const documents = mixDocuments(mixture, {
      exclude: out,
      signal,
      onProgress: (now) => {
        counts = now;
        progress.update(now.reduce((sum, { documents: count }) => sum + count, 0));
      },
    });
    const record = await writeSample(limit ? limitDocuments(documents, limit) : documents, { out, source: { mixture, ...(limit ? { limit } : {}) }, sources: mixture.sources.flatMap(({ source }) => source), signal });
    return { record, counts };
  } finally {
    progress.stop();
  }
}

/** llm-dataset mix FILE --out DIR */
export const mixCommand = (): Command =>
  addCommonOptions(
    new Command("mix")
      .description("Write documents of several sources in the proportion of their weights, with epochs for each source and a curriculum of stages, as a JSON file says.")
      .argument("<mixture>", 'JSON: {"sources": [{"name", "source", "weight", "epochs", "columns"}, …], "unit": "bytes", "stages": [{"amount", "weights": {name: weight}}, …], "stop": "first", "seed": 0}')
      .requiredOption("--out <dir>", "folder to write: documents/*.parquet, chats/*.jsonl, sample.json")
      .option("--limit <amount>", "end after so many documents, tokens or bytes of text, e.g. 10000, 5Mtokens or 200MB (default: as the mixture says)", parseLimit)
      .option("--seed <n>", "decides which documents a part of an epoch has (default: that of the mixture, or 0)", integer()),
  ).action(async (path: string, flags: Flags) => {
    const { record, counts } = await interruptible((signal) => run(path, flags, signal));
    if (flags.json) {
      printJson({ out: flags.out, ...record, taken: counts });
      return;
    }
    say(`${record.documents} documents and ${record.chats} chats in ${flags.out}`);
    const bytes = counts.reduce((sum, count) => sum + count.bytes, 0);
    for (const count of counts) say(`  ${count.name}: ${count.documents} in ${count.epochs} ${count.epochs === 1 ? "epoch" : "epochs"}, ${((100 * count.bytes) / Math.max(1, bytes)).toPrecision(3)}% of the text`);
  });
