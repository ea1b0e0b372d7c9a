import { writeFileSync } from "node:fs";
import { afterAll, describe, expect, it } from "vitest";
import { temporaryFolder } from "../../test/folder.js";
import { readPrompts } from "./prompts.js";

const work = temporaryFolder();
afterAll(work.remove);
const read = (name: string, content: string) => {
  writeFileSync(work.at(name), content);
  return readPrompts(work.at(name));
};
const user = (content: string) => [{ role: "user", content }];

describe("readPrompts", () => {
  it.each([
    ["a JSON array", JSON.stringify(["Who?", { prompt: "And who?", kind: "x" }])],
    ["an object with prompts", JSON.stringify({ prompts: [{ content: "Who?" }, { messages: user("And who?") }] }, null, 2)],
    ["JSON lines", '{"prompt":"Who?"}\n\n{"message":"And who?"}\n'],
    ["JSON lines of strings", '"Who?"\r\n"And who?"\r\n'],
    ["lines of text", "Who?\n\nAnd who?"],
  ])("%s", async (_, content) => {
    expect(await read("p", content)).toEqual([user("Who?"), user("And who?")]);
  });

  it("takes a single prompt for one", async () => {
    expect(await read("p", '{"prompt": "Who?"}')).toEqual([user("Who?")]);
    expect(await read("p", "Who?")).toEqual([user("Who?")]);
  });

  it("keeps conversations", async () => {
    const messages = [{ role: "system", content: "Be kind." }, ...user("Hi"), { role: "assistant", content: "Hello." }, ...user("Who?")];
    expect(await read("p", JSON.stringify([{ messages }, messages]))).toEqual([messages, messages]);
  });

  it("names the file and the prompt that is none", async () => {
    await expect(read("bad", '["Who?", {"question": "Who?"}]')).rejects.toThrow(/bad, prompt 2, is no prompt: .*found \{"question":"Who\?"\}/);
    await expect(read("bad", '[{"messages": [{"role": "robot", "content": "x"}]}]')).rejects.toThrow(/prompt 1/);
    await expect(read("bad", '{"prompt":"Who?"}\n{"prompt":\n')).rejects.toThrow(/bad:2 is no valid JSON/);
    await expect(read("bad", " \n")).rejects.toThrow(/no prompts/);
    await expect(read("bad", "[]")).rejects.toThrow(/no prompts/);
  });
});
