import { Command, runCli } from "@llm/cli-kit";
import { addChatCommand } from "./cli/chat.js";
import { addGenerateCommand } from "./cli/generate.js";
import { addServeCommand } from "./cli/serve.js";

/** The command line `llm-infer`. @returns The exit code. */
export async function main(argv: readonly string[]): Promise<number> {
  const program = new Command("llm-infer").description("Talks with a trained model: continue a text, chat, serve an OpenAI-shaped API and a chat page.");
  addGenerateCommand(program);
  addChatCommand(program);
  addServeCommand(program);
  return runCli(program, argv);
}
