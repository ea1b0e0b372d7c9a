import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { temporaryFolder, writeRun } from "./folder.js";

const bin = fileURLToPath(new URL("../bin/llm-infer.js", import.meta.url));
const work = temporaryFolder();
afterAll(work.remove);
beforeAll(async () => {
  expect(existsSync(fileURLToPath(new URL("../dist/cli.js", import.meta.url))), "built: npm run build").toBe(true);
  await writeRun(work.at("run"));
});

interface Result {
  code: number | null;
  stdout: string;
  stderr: string;
}
function start(args: string[], input?: string): { child: ChildProcess; result: Promise<Result> } {
  const child = spawn(process.execPath, [bin, ...args], { env: { ...process.env, LLM_ENGINE: "cpu" }, stdio: ["pipe", "pipe", "pipe"] });
  const out = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"] as const) child[name]!.setEncoding("utf8").on("data", (text: string) => (out[name] += text));
  child.stdin!.on("error", () => {}).end(input ?? "");
  return { child, result: new Promise((done) => child.on("close", (code) => done({ code, ...out }))) };
}
const cli = (args: string[], input?: string): Promise<Result> => start(args, input).result;
const sampling = () => ["--run", work.at("run"), "--seed", "3", "--max-tokens", "6", "--temperature", "1"];

describe("llm-infer generate", () => {
  it("writes the text to standard output and what it is about to standard error", async () => {
    const plain = await cli(["generate", ...sampling(), "--prompt", "The fox"]);
    expect(plain.code, plain.stderr).toBe(0);
    expect(plain.stderr).toMatch(/^engine +cpu on .*: plain JavaScript.*\nmodel +run: 2[0-9.]+k parameters.*\n6 tokens at .* seed 3, cut off by its length\n$/);
    const json = await cli(["generate", ...sampling(), "--prompt", "-", "--json"], "The fox");
    const result = JSON.parse(json.stdout);
    expect(result).toMatchObject({ prompt: "The fox", promptIds: [0, ...result.promptIds.slice(1)], finishReason: "length", seed: 3, engine: "cpu", stats: { completionTokens: 6 } });
    expect(plain.stdout).toBe(`${result.text}\n`);
  });

  it("replies to the prompt as a user's message with --chat, as chat does", async () => {
    const generated = await cli(["generate", ...sampling(), "--prompt", "The fox", "--chat"]);
    const chatted = await cli(["chat", ...sampling(), "--message", "The fox"]);
    expect(generated.stdout).toBe(chatted.stdout);
    expect(generated.stdout.length).toBeGreaterThan(1);
  });

  it.each([
    ["no prompt", ["generate", "--run", "x"], 2, /--prompt/],
    ["both --chat and --raw", ["generate", "--run", "x", "--prompt", "x", "--chat", "--raw"], 2, /--raw|--chat/],
    ["a folder that is no run", ["generate", "--run", "/nonexistent", "--prompt", "x"], 1, /no run folder/],
  ])("%s: one message, exit code", async (_, args, code, message) => {
    const result = await cli(args);
    expect(result.code).toBe(code);
    expect(result.stderr).toMatch(message);
    expect(result.stderr).not.toMatch(/\n\s+at /);
    expect(result.stdout).toBe("");
  });
});

describe("llm-infer chat", () => {
  it("takes each line of standard input as a message of one conversation", async () => {
    const lines = await cli(["chat", ...sampling(), "--json"], "Who?\n\nAnd who?\n");
    const messages = await cli(["chat", ...sampling(), "--json", "--message", "Who?", "--message", "And who?"]);
    const parse = (text: string) => text.trim().split("\n").map((line) => JSON.parse(line));
    const replies = parse(lines.stdout);
    expect(replies.map(({ prompt, seed }) => [prompt, seed])).toEqual([["Who?", 3], ["And who?", 4]]);
    expect(replies[1].stats.promptTokens).toBeGreaterThan(replies[0].stats.promptTokens + replies[0].stats.completionTokens);
    expect(parse(messages.stdout).map(({ reply }) => reply)).toEqual(replies.map(({ reply }) => reply));
  });

  it("replies to each prompt of a file by itself", async () => {
    writeFileSync(work.at("p.json"), JSON.stringify({ prompts: [{ prompt: "Who?", kind: "x" }, "And who?"] }));
    const result = await cli(["chat", ...sampling(), "--prompts", work.at("p.json"), "--json"]);
    expect(result.code, result.stderr).toBe(0);
    const replies = result.stdout.trim().split("\n").map((line) => JSON.parse(line));
    expect(replies.map(({ prompt, seed }) => [prompt, seed])).toEqual([["Who?", 3], ["And who?", 3]]);
    const alone = await cli(["chat", ...sampling(), "--message", "And who?"]);
    expect(alone.stdout).toBe(`${replies[1].reply}\n`);
  });
});

describe("llm-infer serve", () => {
  it("says where it listens, answers, and ends on Ctrl-C", async () => {
    const { child, result } = start(["serve", "--run", work.at("run"), "--port", "0", "--json"]);
    const url = await new Promise<string>((done, fail) => {
      let text = "";
      child.stdout!.on("data", (part: string) => /\}\s*$/.test((text += part)) && done(JSON.parse(text).url));
      child.on("close", () => fail(new Error("ended before it listened")));
    });
    expect(await (await fetch(`${url}/health`)).json()).toEqual({ status: "ok", waiting: 0 });
    child.kill("SIGINT");
    const { code, stderr } = await result;
    expect(stderr).toContain(`serving      ${url}`);
    expect(code).toBe(0);
  });
});

describe("--help", () => {
  it("gives a default for every option that may be left out", async () => {
    for (const command of ["generate", "chat", "serve"]) {
      const { stdout, code } = await cli([command, "--help"]);
      expect(code).toBe(0);
      const text = stdout.replace(/\n {10,}/g, " ");
      for (const line of text.split("\n").filter((each) => /^ {2}--/.test(each))) {
        if (!/--(run|prompt|json)\b/.test(line)) expect(line).toMatch(/\(default: /);
      }
    }
  });
});
