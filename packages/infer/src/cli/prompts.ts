import { readFile } from "node:fs/promises";
import { InferError } from "../errors.js";
import type { ChatMessage } from "../chat.js";

/** The text of a prompt: a string, an object with it under a usual name, or a conversation's messages. */
function readPrompt(value: unknown, where: string): ChatMessage[] {
  if (typeof value === "string") return [{ role: "user", content: value }];
  const object = (typeof value === "object" && value !== null ? value : {}) as Record<string, unknown>;
  for (const key of ["prompt", "message", "content", "text"]) {
    if (typeof object[key] === "string") return [{ role: "user", content: object[key] }];
  }
  const messages = Array.isArray(value) ? value : object["messages"];
  if (Array.isArray(messages) && messages.length > 0 && messages.every(isMessage)) return messages;
  throw new InferError("chat", `${where} is no prompt: expected a string, {"prompt": "…"} or {"messages": [{"role": "user", "content": "…"}]}, found ${JSON.stringify(value)?.slice(0, 80)}.`);
}

const isMessage = (value: unknown): value is ChatMessage => {
  const { role, content } = (typeof value === "object" && value !== null ? value : {}) as Record<string, unknown>;
  return typeof content === "string" && (role === "system" || role === "user" || role === "assistant");
};

/**
 * Reads prompts from a file: a JSON array, a JSON object with an array `prompts` (as held-out.json has it), JSON lines, or plain
 * lines of text.
 *
 * @throws {InferError} `chat`, naming the file and the entry that is no prompt.
 */
export async function readPrompts(path: string): Promise<ChatMessage[][]> {
  const text = await readFile(path, "utf8");
  let values: unknown[] | undefined;
  try {
    const whole: unknown = JSON.parse(text);
    const list = Array.isArray(whole) ? whole : (whole as { prompts?: unknown } | null)?.prompts;
    values = Array.isArray(list) ? list : [whole];
  } catch {
    const lines = text.split(/\r?\n/).map((line, at) => ({ line, where: `${path}:${at + 1}` })).filter(({ line }) => line.trim() !== "");
    // A first line that is JSON makes the others JSON too, so that a broken line is not taken for a message.
    const json = /^[{["]/.test(lines[0]?.line.trim() ?? "");
    values = lines.map(({ line, where }) => (json ? parseLine(line, where) : line));
  }
  if (values.length === 0) throw new InferError("chat", `${path} has no prompts.`);
  return values.map((value, at) => readPrompt(value, `${path}, prompt ${at + 1},`));
}

function parseLine(line: string, where: string): unknown {
  try {
    return JSON.parse(line);
  } catch (error) {
    throw new InferError("chat", `${where} is no valid JSON: ${(error as Error).message}`, { cause: error });
  }
}
