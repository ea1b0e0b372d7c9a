import { Command, addCommonOptions } from "@llm/cli-kit";
import { loadTokenizer } from "../corpus/files.js";
import { BpeError } from "../errors.js";
import { readInput, writeOutput } from "./shared.js";

/** `llm-bpe encode` */
export function encodeCommand(): Command {
  const command = new Command("encode")
    .description("encode standard input (all of it, the last newline included) to a JSON array of ids, as Hugging Face's Tokenizer.encode does")
    .requiredOption("--tokenizer <file>", "the tokenizer.json")
    .option("--no-special", "leave out the special tokens that the file's post-processor adds (default: add them)")
    .option("--special-as-text", "encode names of special tokens in the input as characters (default: as special tokens)");
  return addCommonOptions(command).action(async ({ tokenizer: path, special, specialAsText }: { tokenizer: string; special: boolean; specialAsText?: boolean }) => {
    const tokenizer = await loadTokenizer(path);
    const text = new TextDecoder("utf-8", { ignoreBOM: true }).decode(await readInput());
    const { ids } = tokenizer.encodeAsSaved(text, { addSpecialTokens: special, special: specialAsText ? "text" : "parse" });
    await writeOutput(`[${ids.join(",")}]\n`);
  });
}

/** `llm-bpe decode` */
export function decodeCommand(): Command {
  const command = new Command("decode")
    .description("decode a JSON array of ids on standard input to text")
    .requiredOption("--tokenizer <file>", "the tokenizer.json")
    .option("--keep-special", "write special tokens too (default: leave them out)");
  return addCommonOptions(command).action(async ({ tokenizer: path, keepSpecial = false, json = false }: { tokenizer: string; keepSpecial?: boolean; json?: boolean }) => {
    const tokenizer = await loadTokenizer(path);
    const text = tokenizer.decode(readIds((await readInput()).toString()), { skipSpecialTokens: !keepSpecial });
    await writeOutput(json ? `${JSON.stringify(text)}\n` : text);
  });
}

function readIds(input: string): number[] {
  let ids: unknown;
  try {
    ids = JSON.parse(input);
  } catch (cause) {
    throw new BpeError("Standard input is not valid JSON; expected an array of ids such as [0, 271, 2].", { cause });
  }
  if (!Array.isArray(ids)) throw new BpeError("Standard input is not an array of ids; expected one such as [0, 271, 2].");
  const wrong = ids.findIndex((id) => !Number.isSafeInteger(id) || id < 0);
  if (wrong >= 0) throw new BpeError(`Element ${wrong} of the array is ${JSON.stringify(ids[wrong])}; expected an id, a whole number from 0.`);
  return ids as number[];
}
