import { PassThrough } from "node:stream";
import { describe, expect, it } from "vitest";
import { ChatSession } from "../chat.js";
import { NEVER, tinyRun } from "../../test/tiny-run.js";
import { runRepl } from "./repl.js";

/** A conversation at a terminal whose person types when something was shown. */
async function talk(maxTokens: number, person: (type: (keys: string) => void, shown: (what: RegExp) => Promise<void>) => Promise<void>) {
  const run = await tinyRun({}, NEVER);
  const input = new PassThrough();
  const prompts = new PassThrough();
  let notes = "";
  let replies = "";
  prompts.setEncoding("utf8").on("data", (text: string) => (notes += text));
  const session = new ChatSession(run, { maxTokens, temperature: 0 });
  const done = runRepl({ session, input, prompts, write: (text) => void (replies += text) });
  await person(
    (keys) => void input.write(keys),
    async (what) => {
      for (const started = Date.now(); !what.test(notes + replies); ) {
        if (Date.now() - started > 20_000) throw new Error(`never shown: ${what}; shown: ${notes}`);
        await new Promise((next) => setTimeout(next, 5));
      }
    },
  );
  await done;
  run.dispose();
  return { session, notes, replies };
}

describe("the conversation at a terminal", () => {
  it("replies, forgets and ends by command", async () => {
    const { session, notes, replies } = await talk(4, async (type, shown) => {
      await shown(/\/help/);
      type("Who is there?\r");
      await shown(/cut off/);
      type("/help\r");
      await shown(/leave \(or Ctrl-D\)/);
      type("/nonsense\r");
      await shown(/There is no \/nonsense/);
      type("/reset\r");
      await shown(/Forgotten/);
      type("Hello\r");
      await shown(/cut off[^]*cut off/);
      type("/exit\r");
    });
    expect(replies.split("\n").length).toBeGreaterThanOrEqual(3);
    expect(session.messages.map(({ role, content }) => (role === "user" ? content : role))).toEqual(["Hello", "assistant"]);
    expect(notes).not.toContain(session.messages[1]!.content);
  });

  it("stops the reply by Ctrl-C, stays, and leaves by Ctrl-C at the prompt", async () => {
    const { session, replies } = await talk(1000, async (type, shown) => {
      type("Who is there?\r");
      await shown(/[^]{1,}> [^]*Who/);
      await new Promise((next) => setTimeout(next, 300));
      type("\x03");
      await shown(/\(stopped\)/);
      type("\x03");
    });
    expect(session.messages).toHaveLength(2);
    expect(replies).toBe(`${session.messages[1]!.content}\n`);
  });

  it("leaves by Ctrl-D", async () => {
    const { session } = await talk(4, async (type) => type("\x04"));
    expect(session.messages).toEqual([]);
  });
});
