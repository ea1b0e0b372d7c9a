import { Command, UsageError, addCommonOptions, integer, interruptible, printJson } from "@llm/cli-kit";
import { type Excerpt, type TokenTrace, type TraceOptions, traceToken } from "../shards/trace.js";
import { COLUMN, TEXT_COLUMN, columnsOf, say } from "./common.js";
import { SPLIT_OPTION } from "./inspect-shards.js";

interface Flags extends Pick<TraceOptions, "split" | "token" | "document" | "context" | "root" | "fetch"> {
  textColumn?: string;
  column?: string[];
  json?: boolean;
}

/** The token stands in brackets that texts seldom have. */
const marked = ({ before, token, after }: Excerpt): string => `${before}⟦${token}⟧${after}`;

const HOW: Record<"same" | "passage" | "other", string> = {
  same: "the text of the row, as it was tokenized",
  passage: "the text of the row; cleaning has changed it elsewhere",
  other: "the beginning of the row's text, in which this passage is not found: cleaning has changed it, or the file is another one by now",
};

function show({ split, token, offset, id, document, tokens, shard, text, source, fileUrl, original, reason }: TokenTrace): void {
  say(`token     ${token} of ${split}: id ${id}${text ? ` ${JSON.stringify(text.token)}` : ""}`);
  say(`document  ${document} of ${split}, its token ${offset} of ${tokens} (${shard.file}, document ${shard.document})`);
  if (source) {
    say(`row       ${source.row}${source.id === undefined ? "" : `, id ${source.id}`}`);
    say(`file      ${source.file}${fileUrl === null || fileUrl === source.file ? "" : `, from ${fileUrl}`}`);
    say(`URL       ${source.url ?? (original ? "the row has none" : "not known without the row")}`);
  }
  if (original) say(`\n── ${HOW[original.match]}${original.at === undefined ? "" : ` (character ${original.at} of ${original.characters})`}\n${original.match === "other" ? original.text.after : marked(original.text)}`);
  else say(`\nThe row can't be shown: ${reason}.`);
  if (text && original?.match !== "same") say(`\n── the text of the shard\n${marked(text)}`);
}

/** llm-dataset trace SHARDS --token N */
export const traceCommand = (): Command =>
  addCommonOptions(
    new Command("trace")
      .description("Follow a token of a set of shards back to its document, the row and file that the document was first read from, and its URL, with the original text around it where the file is at hand.")
      .argument("<shards>", "folder with manifest.json")
      .option("--token <n>", "the token, counted over all shards of the split from 0 (give this or --document)", integer())
      .option("--document <n>", "the document, counted likewise (give this or --token)", integer())
      .addOption(SPLIT_OPTION("the split that --token and --document are about"))
      .option("--context <n>", "characters of text to show on each side", integer(), 200)
      .option("--root <dir>", "folder from which relative paths of files are taken (default: the current one)")
      .option("--fetch", "read the row of a file that is on a server by range requests (default: only files of this machine)")
      .option(...TEXT_COLUMN)
      .option(...COLUMN),
  ).action(async (shards: string, { textColumn, column, json, ...flags }: Flags) => {
    if ((flags.token === undefined) === (flags.document === undefined)) throw new UsageError("Give either --token or --document.");
    const found = await interruptible((signal) => traceToken(shards, { ...flags, columns: columnsOf(textColumn, column), signal }));
    if (json) printJson(found);
    else show(found);
  });
