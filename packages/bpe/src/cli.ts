import { Command, runCli } from "@llm/cli-kit";
import { decodeCommand, encodeCommand } from "./cli/encode.js";
import { tokenizeCommand } from "./cli/tokenize.js";
import { trainCommand } from "./cli/train.js";

/** The command line `llm-bpe`; returns its exit code: 0 done, 1 a known error, 2 wrong usage. */
export function main(argv: readonly string[]): Promise<number> {
  const program = new Command("llm-bpe").description("Byte-level BPE: train a tokenizer, encode, decode, turn documents and chats into token shards.");
  for (const command of [trainCommand(), encodeCommand(), decodeCommand(), tokenizeCommand()]) program.addCommand(command);
  return runCli(program, argv);
}
