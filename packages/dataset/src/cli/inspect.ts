import { existsSync } from "node:fs";
import { join } from "node:path";
import { Command, addCommonOptions, formatBytes, integer, interruptible, printJson } from "@llm/cli-kit";
import type { Document } from "../document.js";
import { MANIFEST_FILE } from "../shards/types.js";
import { parquetInfo } from "../sources/parquet.js";
import { readSourceFiles } from "../sources/read.js";
import { resolveSources } from "../sources/resolve.js";
import { COLUMN, TEXT_COLUMN, columnsOf, say } from "./common.js";
import { SPLIT_OPTION, type ShardFlags, inspectShardFile, inspectShards } from "./inspect-shards.js";

interface Flags extends ShardFlags {
  documents: number;
  textColumn?: string;
  column?: string[];
}

async function inspectSources(sources: string[], { documents: limit, textColumn, column, json }: Flags, signal: AbortSignal): Promise<void> {
  const files = await resolveSources(sources, { signal });
  const details = [];
  for (const file of files) details.push({ file: file.name, bytes: file.size, ...(file.kind === "parquet" && !file.digest ? { parquet: await parquetInfo(await file.locate(signal), file.name) } : {}) });
  const documents: Document[] = [];
  for await (const document of readSourceFiles(files, { limit, signal, columns: columnsOf(textColumn, column) })) documents.push(document);
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
      .description("Show what is in a set of token shards (or where one of its tokens is from, or how it packs), in one shard, or the files and first documents of sources.")
      .argument("<source...>", "a folder of shards, a .msgpack shard, or files, folders, globs or hf:// paths")
      .option("--documents <n>", "documents to show", integer(), 3)
      .option("--document <n>", "show this document of the shards and where it is from (default: none)", integer())
      .option("--token <n>", "show the document that this token of the shards is of (default: none)", integer())
      .option("--sequence-length <t>", "show how the shards pack into rows of this many tokens (default: none)", integer(1))
      .addOption(SPLIT_OPTION())
      .option(...TEXT_COLUMN)
      .option(...COLUMN),
  ).action(async (sources: string[], flags: Flags) => {
    const [first] = sources;
    if (sources.length === 1 && first !== undefined && existsSync(join(first, MANIFEST_FILE))) await interruptible((signal) => inspectShards(first, flags, signal));
    else if (sources.length === 1 && first?.endsWith(".msgpack")) await inspectShardFile(first, flags);
    else await interruptible((signal) => inspectSources(sources, flags, signal));
  });
