import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import type { ChatSession } from "../chat.js";

const HELP = `  /reset   forget the conversation
  /help    show this
  /exit    leave (or Ctrl-D)
  Ctrl-C   stop the reply; at the prompt: leave
`;

/** What a conversation at a terminal needs. */
export interface ReplOptions {
  session: ChatSession;
  /** Where the person types. */
  input: Readable;
  /** Where prompts and notes go: standard error, so that replies can be sent elsewhere. */
  prompts: Writable;
  /** Takes the replies' text. */
  write: (text: string) => void;
}

/** Talks with a person until they leave. Never throws for Ctrl-C. */
export async function runRepl({ session, input, prompts, write }: ReplOptions): Promise<void> {
  const terminal = createInterface({ input, output: prompts, terminal: true, prompt: "> ", historySize: 500, removeHistoryDuplicates: true });
  let speaking: AbortController | undefined;
  terminal.on("SIGINT", () => {
    if (speaking) speaking.abort();
    else terminal.close();
  });
  prompts.write("Say something. /help shows the commands.\n");
  terminal.prompt();
  try {
    for await (const line of terminal) {
      const content = line.trim();
      if (content === "/exit" || content === "/quit") break;
      if (content === "/reset") {
        session.reset();
        prompts.write("Forgotten.\n");
      } else if (content === "/help" || /^\/[a-z]+$/.test(content)) {
        prompts.write(content === "/help" ? HELP : `There is no ${content}.\n${HELP}`);
      } else if (content !== "") {
        speaking = new AbortController();
        await speak(session, content, speaking.signal, { prompts, write });
        speaking = undefined;
      }
      terminal.prompt();
    }
  } finally {
    terminal.close();
  }
}

async function speak(session: ChatSession, content: string, signal: AbortSignal, { prompts, write }: Pick<ReplOptions, "prompts" | "write">): Promise<void> {
  const stream = session.send(content, { signal });
  try {
    let next = await stream.next();
    for (; !next.done; next = await stream.next()) write(next.value.text);
    write("\n");
    if (next.value.finishReason === "length") prompts.write("(cut off: --max-tokens or the context was used up)\n");
    if (next.value.droppedMessages > 0) prompts.write(`(the first ${next.value.droppedMessages} messages no longer fit into the context)\n`);
  } catch (error) {
    if (!signal.aborted) throw error;
    write("\n");
    prompts.write("(stopped)\n");
  }
}
