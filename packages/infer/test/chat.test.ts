import { encodeChat } from "@llm/bpe";
import { chat, type ChatMessage, ChatSession, complete, encodeMessages, finish, type Run } from "@llm/infer";
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { NEVER, tinyRun } from "./tiny-run.js";

let run: Run;
let small: Run;
beforeAll(async () => {
  run = await tinyRun();
  small = await tinyRun({ maxPositions: 64 }, NEVER);
});
const user = (content: string): ChatMessage => ({ role: "user", content });
const assistant = (content: string): ChatMessage => ({ role: "assistant", content });

describe("chat", () => {
  it("continues the conversation's ids after <|assistant|>", async () => {
    const messages = [user("Who is there?"), assistant("It is I."), user("Who?")];
    const { ids } = encodeChat(run.tokenizer, messages, { addGenerationPrompt: true });
    expect(ids.at(-1)).toBe(7);
    const options = { maxTokens: 6, seed: 3, temperature: 1 };
    const plain = await complete(run, ids, options);
    expect(await finish(chat(run, messages, options))).toMatchObject({ text: plain.text, seed: 3, droppedMessages: 0 });
  });

  it("ends where the model ends its turn or would begin another", async () => {
    for (const token of ["</s>", "<|user|>", "<s>"]) {
      const id = run.tokenizer.tokenToId(token)!;
      const result = await finish(chat(run, [user("Who?")], { maxTokens: 6, logitBias: new Map([[id, 1000]]) }));
      expect(result).toMatchObject({ text: "", ids: [id], finishReason: "stop" });
    }
  });

  it("refuses what is no conversation", async () => {
    await expect(finish(chat(run, []))).rejects.toThrow(/must end with a message to reply to/);
    await expect(finish(chat(run, [{ role: "system", content: "x" }]))).rejects.toThrow(/must end with a message to reply to/);
    await expect(finish(chat({ ...run, hasChat: false }, [user("x")]))).rejects.toThrow(/no chat tokens/);
  });
});

describe("a conversation that is too long", () => {
  it("keeps the system message, the last message and as many turns before it as leave room, whole turns only", () => {
    const content = fc.string({ unit: fc.constantFrom("fox ", "dog ", "x"), maxLength: 12 });
    fc.assert(
      fc.property(fc.boolean(), fc.array(fc.tuple(content, content), { maxLength: 8 }), content, fc.integer({ min: 1, max: 40 }), (withSystem, turns, last, maxTokens) => {
        const head: ChatMessage[] = withSystem ? [{ role: "system", content: "Be kind." }] : [];
        const messages = [...head, ...turns.flatMap(([q, a]) => [user(q), assistant(a)]), user(last)];
        const { ids, dropped } = encodeMessages(small, messages, { maxTokens });
        expect(dropped % 2).toBe(0);
        const encode = (from: number) => encodeChat(small.tokenizer, [...head, ...messages.slice(head.length + from)], { addGenerationPrompt: true }).ids;
        expect(ids).toEqual(encode(dropped));
        const room = 64 - Math.min(maxTokens, 16);
        if (dropped < messages.length - head.length - 1) expect(ids.length).toBeLessThanOrEqual(room);
        // Nothing was forgotten without need.
        if (dropped > 0) expect(encode(dropped - 2).length).toBeGreaterThan(room);
      }),
    );
  });

  it("is refused when its last message alone fills the context, or when nothing may be forgotten", () => {
    const long = "fox ".repeat(80);
    expect(() => encodeMessages(small, [user("a"), assistant("b"), user(long)], { maxTokens: 5 })).toThrow(/last message alone \d+.*context is 64/);
    const messages = [user("fox ".repeat(40)), assistant("dog ".repeat(40)), user("Who?")];
    expect(() => encodeMessages(small, messages, { maxTokens: 5, overflow: "error" })).toThrow(/context is 64/);
    expect(encodeMessages(small, messages, { maxTokens: 5 }).dropped).toBe(2);
  });
});

describe("ChatSession", () => {
  const say = (session: ChatSession, content: string) => finish(session.send(content));

  it("remembers, forgets, and with a seed can be had again", async () => {
    const options = { maxTokens: 5, temperature: 1, seed: 9, system: "Be kind." };
    const session = new ChatSession(run, options);
    const first = await say(session, "Who?");
    const second = await say(session, "Who?");
    expect(session.messages).toEqual([{ role: "system", content: "Be kind." }, user("Who?"), assistant(first.text), user("Who?"), assistant(second.text)]);
    expect([first.seed, second.seed]).toEqual([9, 10]);
    const alone = await finish(chat(run, session.messages.slice(0, -1), { maxTokens: 5, temperature: 1, seed: 10 }));
    expect(alone.text).toBe(second.text);
    session.reset();
    expect(session.messages).toEqual([{ role: "system", content: "Be kind." }]);
    expect((await say(session, "Who?")).text).toBe(first.text);
  });

  it("goes on for ever in a small context", async () => {
    const session = new ChatSession(small, { maxTokens: 8, temperature: 0 });
    let dropped = 0;
    for (let turn = 0; turn < 6; turn++) {
      const result = await say(session, "Tell me a story about a fox.");
      expect(result.stats.promptTokens + result.stats.completionTokens).toBeLessThanOrEqual(64);
      dropped = result.droppedMessages;
    }
    expect(dropped).toBeGreaterThan(0);
    expect(session.messages).toHaveLength(12);
  });

  it("keeps what was seen of a reply that was stopped, and nothing of one that failed", async () => {
    const session = new ChatSession(small, { maxTokens: 30, temperature: 0 });
    const controller = new AbortController();
    let seen = "";
    await expect(async () => {
      for await (const { text } of session.send("Who?", { signal: controller.signal })) {
        seen += text;
        if (seen.length > 3) controller.abort();
      }
    }).rejects.toMatchObject({ name: "AbortError" });
    expect(session.messages).toEqual([user("Who?"), assistant(seen)]);
    let left = "";
    for await (const { text } of session.send("And?")) if ((left += text).length > 3) break;
    expect(session.messages.slice(2)).toEqual([user("And?"), assistant(left)]);
    await expect(finish(session.send("fox ".repeat(90)))).rejects.toThrow(/context/);
    expect(session.messages).toHaveLength(4);
  });
});
