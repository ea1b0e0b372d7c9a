import { Command, Option, UsageError, addCommonOptions, createProgress, fraction, integer, interruptible, printJson } from "@llm/cli-kit";
import { exportShards } from "../shards/convert/export.js";
import { EXPORT_FORMATS, type ExportFormat, IMPORT_FORMATS, type ImportFormat } from "../shards/convert/formats.js";
import { importShards } from "../shards/convert/import.js";
import { mergeShards } from "../shards/convert/merge.js";
import { splitShards } from "../shards/convert/split.js";
import type { Manifest } from "../shards/types.js";
import { say } from "./common.js";

interface Shared {
  out: string;
  maxTokens?: number;
  json?: boolean;
}

const MAX_TOKENS = ["--max-tokens <n>", "tokens of a shard (default: 16777216)", integer(1)] as const;
const shardSize = (maxTokens: number | undefined): { maxTokensPerShard?: number } => (maxTokens === undefined ? {} : { maxTokensPerShard: maxTokens });

/** Runs a conversion with a progress bar that counts documents. */
function withProgress<T>(label: string, work: (options: { signal: AbortSignal; onProgress: (done: number, total: number) => void }) => Promise<T>): Promise<T> {
  const progress = createProgress({ label, unit: "documents" });
  return interruptible((signal) =>
    work({
      signal,
      onProgress: (done, total) => {
        progress.setTotal(total);
        progress.update(done);
      },
    }),
  ).finally(() => progress.stop());
}

const summary = ({ splits: { train, val } }: Manifest): string => `train ${train.documents} documents, ${train.tokens} tokens; val ${val.documents} documents, ${val.tokens} tokens`;

/** llm-dataset merge SHARDS... --out DIR */
export const mergeCommand = (): Command =>
  addCommonOptions(
    new Command("merge")
      .description("Make one set of token shards of several that were made with the same tokenizer.")
      .argument("<shards...>", "folders with manifest.json, in the order of their documents")
      .requiredOption("--out <dir>", "folder of the new set")
      .option(...MAX_TOKENS),
  ).action(async (folders: string[], { out, maxTokens, json }: Shared) => {
    const manifest = await withProgress("merge", (options) => mergeShards(folders, { out, ...shardSize(maxTokens), ...options }));
    if (json) printJson({ out, manifest });
    else say(`${folders.length} sets in ${out}: ${summary(manifest)}`);
  });

/** llm-dataset split SHARDS --out DIR --parts N | --val SHARE */
export const splitCommand = (): Command =>
  addCommonOptions(
    new Command("split")
      .description("Split a set of token shards into several of about as many tokens, or into other parts for training and validation.")
      .argument("<shards>", "folder with manifest.json")
      .requiredOption("--out <dir>", "folder of the result: part-00000, part-00001, …, or with --val the new set")
      .option("--parts <n>", "sets to make (default: none; give this or --val)", integer(1))
      .option("--val <share>", "share of all documents for validation, chosen by a hash of their tokens (default: none)", fraction)
      .option(...MAX_TOKENS),
  ).action(async (folder: string, { out, parts, val, maxTokens, json }: Shared & { parts?: number; val?: number }) => {
    if ((parts === undefined) === (val === undefined)) throw new UsageError("Give either --parts or --val.");
    const manifests = await withProgress("split", (options) => splitShards(folder, { out, ...(parts === undefined ? { val: val! } : { parts }), ...shardSize(maxTokens), ...options }));
    if (json) printJson({ out, manifests });
    else for (const [index, manifest] of manifests.entries()) say(`${parts === undefined ? out : `part ${index}`}: ${summary(manifest)}`);
  });

/** llm-dataset export SHARDS --to FORMAT --out DIR */
export const exportCommand = (): Command =>
  addCommonOptions(
    new Command("export")
      .description("Write a set of token shards in the format of another program, with loss masks in files of their own where the format has no place for them.")
      .argument("<shards>", "folder with manifest.json")
      .addOption(new Option("--to <format>", "format to write").choices([...EXPORT_FORMATS]).makeOptionMandatory())
      .requiredOption("--out <dir>", "folder of the result, with export.json"),
  ).action(async (folder: string, { to, out, json }: Shared & { to: ExportFormat }) => {
    const record = await withProgress("export", (options) => exportShards(folder, { to, out, ...options }));
    if (json) printJson({ out, ...record });
    else say(`${record.files.map(({ file }) => file).join(", ")} in ${out}`);
  });

/** llm-dataset import SOURCE --from FORMAT --out DIR */
export const importCommand = (): Command =>
  addCommonOptions(
    new Command("import")
      .description('Make a set of token shards of the files of nanoGPT, llm.c or Megatron-LM. Files with "val" in their name are for validation.')
      .argument("<source>", "folder, or one .bin (nanogpt, llm.c) or .idx (megatron)")
      .addOption(new Option("--from <format>", "format to read").choices([...IMPORT_FORMATS]).makeOptionMandatory())
      .requiredOption("--out <dir>", "folder of the new set")
      .option("--tokenizer <file>", "tokenizer.json of the tokens (default: the one beside them; not needed for an export of this program)")
      .option("--bos <token>", "the token that begins documents (default: the usual one that the tokenizer has)")
      .option("--eos <token>", "the token that ends documents (default: the usual one that the tokenizer has)")
      .option("--pad <token>", "the token that fills up rows (default: the usual one that the tokenizer has, else eos)")
      .option("--delimiter <id>", "id of the token at which documents are cut (default: bos for llm.c and exports of this program, eos for nanogpt)", integer())
      .addOption(new Option("--delimiter-at <place>", "whether documents begin or end with --delimiter").choices(["start", "end"]).default("end"))
      .option(...MAX_TOKENS),
  ).action(async (source: string, { from, out, tokenizer, bos, eos, pad, delimiter, delimiterAt, maxTokens, json }: Shared & ImportFlags) => {
    const given = Object.fromEntries(Object.entries({ tokenizer, bos, eos, pad }).filter(([, value]) => value !== undefined));
    const manifest = await withProgress("import", (options) => importShards(source, { from, out, ...given, ...(delimiter === undefined ? {} : { delimiter: { id: delimiter, at: delimiterAt } }), ...shardSize(maxTokens), ...options }));
    if (json) printJson({ out, manifest });
    else say(`${out}: ${summary(manifest)}`);
  });

interface ImportFlags {
  from: ImportFormat;
  tokenizer?: string;
  bos?: string;
  eos?: string;
  pad?: string;
  delimiter?: number;
  delimiterAt: "start" | "end";
}
