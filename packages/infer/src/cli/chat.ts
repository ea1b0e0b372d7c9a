import { createInterface } from "node:readline";
import { addCommonOptions, type Command, collect, Option, stopSignal } from "@llm/cli-kit";
import { chat, type ChatMessage, ChatSession, type ChatResult } from "../chat.js";
import type { GeneratedToken } from "../generate.js";
import type { Run } from "../run.js";
import { addRunOptions, addSamplingOptions, closeRun, describeStats, openRun, type RunFlags, type SamplingFlags, samplingOf, say, writeText } from "./options.js";
import { readPrompts } from "./prompts.js";
import { runRepl } from "./repl.js";

interface ChatFlags extends RunFlags, SamplingFlags {
  message?: string[];
  prompts?: string;
  system?: string;
  json?: boolean;
}

/** Adds `llm-infer chat`. */
export function addChatCommand(program: Command): void {
  const command = program.command("chat").description("talks with a model that was fine-tuned on chats: at the terminal, or with a message for each line of standard input");
  addRunOptions(command)
    .addOption(new Option("--message <text>", "say this and print the reply; several make one conversation (default: ask)").argParser(collect).conflicts("prompts"))
    .option("--prompts <file>", "reply to each prompt of a JSON, JSONL or text file in a conversation of its own (default: none)")
    .option("--system <text>", "what to tell the model before the conversation (default: nothing)");
  addCommonOptions(addSamplingOptions(command)).action(run);
}

async function run({ message, prompts, json, system, ...flags }: ChatFlags): Promise<void> {
  const conversations = prompts === undefined ? undefined : await readPrompts(prompts);
  const sampling = samplingOf(flags);
  let opened: Run | undefined;
  let release = (): void => {};
  try {
    opened = await openRun(flags);
    const session = new ChatSession(opened, { ...sampling, ...(system === undefined ? {} : { system }) });
    if (!conversations && !message && process.stdin.isTTY && !json) {
      await runRepl({ session, input: process.stdin, prompts: process.stderr, write: writeText });
      return;
    }
    const stop = stopSignal();
    release = stop.release;
    const { signal } = stop;
    if (conversations) {
      const head: ChatMessage[] = system === undefined ? [] : [{ role: "system", content: system }];
      for (const messages of conversations) await reply(chat(opened, [...head, ...messages], { ...sampling, signal }), messages.at(-1)!.content, { json, label: true });
    } else {
      for await (const content of message ?? lines()) {
        signal.throwIfAborted();
        if (content.trim() !== "") await reply(session.send(content, { signal }), content, { json });
      }
    }
  } finally {
    release();
    closeRun(opened);
  }
}

/** The lines of standard input. */
async function* lines(): AsyncGenerator<string> {
  for await (const line of createInterface({ input: process.stdin })) yield line;
}

/** Prints a reply: as it comes, or as one JSON line when it is complete. */
async function reply(stream: AsyncGenerator<GeneratedToken, ChatResult, undefined>, prompt: string, { json, label = false }: { json?: boolean; label?: boolean }): Promise<void> {
  if (!json && label) process.stdout.write(`> ${prompt.replaceAll("\n", " ")}\n`);
  let next = await stream.next();
  for (; !next.done; next = await stream.next()) if (!json) writeText(next.value.text);
  const { text, ...rest } = next.value;
  process.stdout.write(json ? `${JSON.stringify({ prompt, reply: text, ...rest })}\n` : label ? "\n\n" : "\n");
  if (!json) say(describeStats(next.value));
  else if (rest.droppedMessages > 0) say(`the first ${rest.droppedMessages} messages no longer fit into the model's context`);
}
