import { Command, runCli } from "@llm/cli-kit";
import { compareCommand } from "./cli/compare.js";
import { decodeCommand, encodeCommand } from "./cli/encode.js";
import { inspectCommand } from "./cli/inspect.js";
import { collectCommand, planCommand, runRankCommand } from "./cli/ranks.js";
import { tokenizeCommand } from "./cli/tokenize.js";
import { countCommand, shrinkCommand, trainCommand } from "./cli/train.js";

/** The command line `llm-bpe`; returns its exit code: 0 done, 1 a known error, 2 wrong usage. */
export function main(argv: readonly string[]): Promise<number> {
  const program = new Command("llm-bpe").description("Byte-level BPE: train a tokenizer, encode, decode, turn documents and chats into token shards, inspect and compare.");
  const commands = [trainCommand(), encodeCommand(), decodeCommand(), tokenizeCommand(), planCommand(), runRankCommand(), collectCommand(), inspectCommand(), compareCommand(), countCommand(), shrinkCommand()];
  for (const command of commands) program.addCommand(command);
  return runCli(program, argv);
}
