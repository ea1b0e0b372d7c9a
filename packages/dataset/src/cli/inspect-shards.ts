import { Option, UsageError, formatBytes, printJson } from "@llm/cli-kit";
import { readFile } from "node:fs/promises";
import { packingReport } from "../loader/report.js";
import { decodeFrame, readerOf } from "../shards/decode.js";
import { type ShardSet, openShards } from "../shards/reader.js";
import { SPLITS, type Split } from "../shards/types.js";
import { say } from "./common.js";

/** Flags of `inspect` that are for shards. */
export interface ShardFlags {
  split?: Split;
  document?: number;
  token?: number;
  sequenceLength?: number;
  json?: boolean;
}

export const SPLIT_OPTION = (about = "the split that --document, --token and --sequence-length are about"): Option => new Option("--split <name>", about).choices([...SPLITS]).default("train");

function showSet({ manifest }: ShardSet): void {
  say(`Token shards, format ${manifest.version.major}.${manifest.version.minor}, ${manifest.dtype}${manifest.lossMask ? ", with loss masks" : ""}${manifest.provenance ? ", with provenance" : manifest.sourceRows ? ", with files and rows" : ""}, vocabulary ${manifest.tokenizer.vocabSize}, ${manifest.bytesPerToken.toFixed(3)} bytes per token`);
  for (const name of SPLITS) {
    const split = manifest.splits[name];
    say(`${name}: ${split.documents} documents, ${split.tokens} tokens (${split.lossTokens} in the loss), ${split.shards.length} shards`);
    for (const shard of split.shards) say(`  ${shard.file}  ${shard.documents} documents, ${shard.tokens} tokens, ${formatBytes(shard.bytes)}`);
  }
}

/** One document, or the one that a token is of: its tokens and where it came from. */
async function showDocument(set: ShardSet, { split: name = "train", document, token, json }: ShardFlags): Promise<void> {
  const split = set.split(name);
  const place = token === undefined ? undefined : await split.locate(token);
  const index = place?.document ?? document!;
  const { tokens, mask } = await split.document(index);
  const source = await split.source(index);
  const bytes = await split.textBytesOf(index);
  if (json) {
    printJson({ split: name, ...place, document: index, source: source ?? null, ...(bytes === undefined ? {} : { textBytes: bytes }), tokens: [...tokens], ...(mask ? { mask: [...mask] } : {}) });
    return;
  }
  if (place) say(`token ${token} of ${name} is token ${place.offset} of document ${index} (${place.file}, document ${place.row})`);
  say(`document ${index} of ${name}: ${tokens.length} tokens${mask ? `, ${mask.reduce((sum, one) => sum + one, 0)} in the loss` : ""}${bytes === undefined ? "" : `, ${bytes} bytes of text`}`);
  say(source ? `  from row ${source.row} of ${source.file}${source.id === undefined ? "" : `, id ${source.id}`}${source.url === undefined ? "" : `, ${source.url}`}` : "  this set does not say where its documents are from");
  const shown = 200;
  say(`  ${tokens.subarray(0, shown).join(" ")}${tokens.length > shown ? ` … (${tokens.length - shown} more)` : ""}`);
}

async function showPacking(set: ShardSet, { split = "train", sequenceLength, json }: ShardFlags): Promise<void> {
  const report = await packingReport(set, { split, sequenceLength: sequenceLength! });
  if (json) {
    printJson(report);
    return;
  }
  say(`${split} in rows of ${report.sequenceLength} + 1 tokens: ${report.rows} rows, ${(report.waste * 100).toFixed(2)}% padding`);
  say(`  ${report.cut} of ${report.documents} documents are longer than a row and make ${report.pieces} pieces; ${report.leftOut} have fewer than two tokens and are left out`);
}

/** Shows a set of shards, one of its documents, or how it packs. */
export async function inspectShards(folder: string, flags: ShardFlags, signal: AbortSignal): Promise<void> {
  const asked = [flags.document, flags.token, flags.sequenceLength].filter((value) => value !== undefined).length;
  if (asked > 1) throw new UsageError("Give one of --document, --token and --sequence-length.");
  // Parts are checked as they are read.
  const set = await openShards(folder, { verify: false, cacheBytes: 0, signal });
  try {
    if (flags.document !== undefined || flags.token !== undefined) await showDocument(set, flags);
    else if (flags.sequenceLength !== undefined) await showPacking(set, flags);
    else if (flags.json) printJson(set.manifest);
    else showSet(set);
  } finally {
    set.close();
  }
}

/** Shows the header and footer of one shard file. */
export async function inspectShardFile(path: string, { json }: ShardFlags): Promise<void> {
  const bytes = await readFile(path);
  const { header, footer } = decodeFrame(readerOf(bytes), bytes.byteLength, path);
  if (json) {
    printJson({ file: path, header, footer });
    return;
  }
  say(`${path}: shard ${header.shard} of ${header.split}, format ${header.version.major}.${header.version.minor}, ${header.dtype}, ${footer.documents} documents, ${footer.tokens} tokens (${footer.loss_tokens} in the loss), largest id ${footer.max_id}`);
  for (const { name, dtype, offset, length, xxh64 } of footer.sections) say(`  ${name} (${dtype}): bytes ${offset} to ${offset + length}, xxh64 ${xxh64}`);
}
