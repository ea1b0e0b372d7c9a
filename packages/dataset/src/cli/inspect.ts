import { existsSync } from "node:fs";
import { join } from "node:path";
import { Command, addCommonOptions, formatBytes, integer, printJson } from "@llm/cli-kit";
import type { Document } from "../document.js";
import { readManifest } from "../shards/manifest.js";
import { MANIFEST_FILE, SPLITS } from "../shards/types.js";
import { parquetInfo } from "../sources/parquet.js";
import { readSourceFiles } from "../sources/read.js";
import { resolveSources } from "../sources/resolve.js";
import { TEXT_COLUMN, columnsOf, interruptible, say } from "./common.js";

interface Flags {
  documents: number;
  textColumn?: string;
  json?: boolean;
}

async function inspectShards(folder: string, json: boolean): Promise<void> {
  const manifest = await readManifest(folder);
  if (json) {
    printJson(manifest);
    return;
  }
  say(`Token shards, format ${manifest.version.major}.${manifest.version.minor}, ${manifest.dtype}${manifest.lossMask ? ", with loss masks" : ""}, vocabulary ${manifest.tokenizer.vocabSize}, ${manifest.bytesPerToken.toFixed(3)} bytes per token`);
  for (const name of SPLITS) {
    const split = manifest.splits[name];
    say(`${name}: ${split.documents} documents, ${split.tokens} tokens (${split.lossTokens} in the loss), ${split.shards.length} shards`);
    for (const shard of split.shards) say(`  ${shard.file}  ${shard.documents} documents, ${shard.tokens} tokens, ${formatBytes(shard.bytes)}`);
  }
}

async function inspectSources(sources: string[], { documents: limit, textColumn, json }: Flags, signal: AbortSignal): Promise<void> {
  const files = await resolveSources(sources, { signal });
  const details = [];
  for (const file of files) details.push({ file: file.name, bytes: file.size, ...(file.kind === "parquet" && !file.digest ? { parquet: await parquetInfo(await file.locate(signal), file.name) } : {}) });
  const documents: Document[] = [];
  for await (const document of readSourceFiles(files, { limit, signal, columns: columnsOf(textColumn) })) documents.push(document);
  if (json) {
    printJson({ files: details, documents });
    return;
  }
  for (const { file, bytes, parquet } of details) say(`${file}  ${formatBytes(bytes)}${parquet ? `, ${parquet.rows} rows in ${parquet.rowGroups} row groups, ${parquet.codecs.join(" and ")}; columns ${parquet.columns.join(", ")}` : ""}`);
  for (const { id, text, messages } of documents) {
    say(`\n── ${id} (${text.length} characters${messages ? `, ${messages.length} messages` : ""})`);
    say(text.length > 500 ? `${text.slice(0, 500)}…` : text);
  }
}

/** llm-dataset inspect SHARDS|SOURCE... */
export const inspectCommand = (): Command =>
  addCommonOptions(
    new Command("inspect")
      .description("Show what is in a set of token shards, or the files and first documents of sources.")
      .argument("<source...>", "a folder of shards, or files, folders, globs or hf:// paths")
      .option("--documents <n>", "documents to show", integer(), 3)
      .option(...TEXT_COLUMN),
  ).action(async (sources: string[], flags: Flags) => {
    const [first] = sources;
    if (sources.length === 1 && first !== undefined && existsSync(join(first, MANIFEST_FILE))) await inspectShards(first, flags.json ?? false);
    else await interruptible((signal) => inspectSources(sources, flags, signal));
  });
