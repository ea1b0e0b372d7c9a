import { Command, runCli } from "@llm/cli-kit";
import { addEvalCommand } from "./cli/eval.js";
import { addTrainCommands } from "./cli/train.js";

/** The command line `llm-trainer`. @returns The exit code. */
export async function main(argv: readonly string[]): Promise<number> {
  const program = new Command("llm-trainer").description("Trains language models on token shards: pretrain, fine-tune on chats, evaluate.");
  addTrainCommands(program);
  addEvalCommand(program);
  return runCli(program, argv);
}
