import { text as readAll } from "node:stream/consumers";
import { addCommonOptions, type Command, Option, printJson, UsageError, stopSignal } from "@llm/cli-kit";
import { chat } from "../chat.js";
import { encodePrompt, generate } from "../generate.js";
import { addRunOptions, addSamplingOptions, closeRun, describeStats, openRun, type RunFlags, type SamplingFlags, samplingOf, say, writeText } from "./options.js";

interface GenerateFlags extends RunFlags, SamplingFlags {
  prompt: string;
  chat?: boolean;
  raw?: boolean;
  echo?: boolean;
  json?: boolean;
}

/** Adds `llm-infer generate`. */
export function addGenerateCommand(program: Command): void {
  const command = program.command("generate").description("continues a text; the continuation goes to standard output as it is made");
  addRunOptions(command)
    .requiredOption("--prompt <text>", "the text to continue, - for standard input")
    .addOption(new Option("--chat", "take the prompt as a user's message and reply to it (default: no)").conflicts("raw"))
    .option("--raw", "continue the prompt as it is (default: yes, unless --chat)")
    .option("--echo", "print the prompt before its continuation (default: no)");
  addCommonOptions(addSamplingOptions(command)).action(run);
}

async function run({ json, chat: asChat, echo, ...flags }: GenerateFlags): Promise<void> {
  const prompt = flags.prompt === "-" ? await readAll(process.stdin) : flags.prompt;
  if (asChat && prompt.trim() === "") throw new UsageError("--prompt is empty; --chat needs a message to reply to");
  const { signal, release } = stopSignal();
  let opened: Awaited<ReturnType<typeof openRun>> | undefined;
  try {
    opened = await openRun(flags);
    const options = { ...samplingOf(flags), signal };
    const stream = asChat ? chat(opened, [{ role: "user", content: prompt }], options) : generate(opened, prompt, options);
    if (echo && !json) process.stdout.write(prompt);
    let next = await stream.next();
    for (; !next.done; next = await stream.next()) if (!json) writeText(next.value.text);
    const result = next.value;
    if (json) printJson({ prompt, ...(asChat ? {} : { promptIds: encodePrompt(opened, prompt) }), ...result, engine: opened.engine.name });
    else process.stdout.write("\n");
    say(describeStats(result));
  } finally {
    release();
    closeRun(opened);
  }
}
