import { type Message } from "../document.js";
import { DatasetError } from "../errors.js";

/** A row as it stands in a file: column name to value. */
type Row = Record<string, unknown>;

/** Who speaks, by the names that chat data sets use: OpenAI's, ShareGPT's ("human", "gpt"), OASST's ("prompter"). */
const ROLES: ReadonlyMap<unknown, Message["role"]> = new Map(
  (
    [
      ["system", ["system", "developer"]],
      ["user", ["user", "human", "prompter"]],
      ["assistant", ["assistant", "gpt", "chatgpt", "bot", "model", "bing", "bard"]],
    ] as const
  ).flatMap(([role, names]) => names.map((name): [string, Message["role"]] => [name, role])),
);

/** Columns that hold a list of messages. */
const LISTS = ["messages", "conversations", "conversation"] as const;
/** Columns that hold a question and its answer. The first pair that is whole counts. */
const PAIRS = [
  ["prompt", "response"],
  ["prompt", "completion"],
  ["instruction", "output"],
  ["instruction", "response"],
] as const;
/** Pairs that count only where a row has no text: columns of these names mean other things too. */
const LATE_PAIRS = [
  ["question", "response"],
  ["question", "answer"],
] as const;
/** What stands beside an instruction: Alpaca's and Dolly's names. */
const CONTEXTS = ["input", "context"] as const;
const SYSTEMS = ["system", "system_prompt"] as const;

/** Sets of columns that make a row a chat; those in `late` only where there is no text. */
export const CHAT_FORMS = { early: [...LISTS.map((name) => [name]), ...PAIRS.map((pair) => [...pair])], late: LATE_PAIRS.map((pair) => [...pair]) };
/** Further columns that a chat may use. */
export const CHAT_EXTRAS: readonly string[] = [...CONTEXTS, ...SYSTEMS];

/** OpenAI's parts of a message: [{type: "text", text}]. */
const textOf = (content: unknown): unknown =>
  Array.isArray(content) && content.length > 0 && content.every((part) => (part as { type?: unknown } | null)?.type === "text" && typeof (part as { text?: unknown }).text === "string")
    ? content.map((part) => (part as { text: string }).text).join("")
    : content;

/** The messages of a list: {role, content} or ShareGPT's {from, value}. @throws DatasetError naming the message */
export function toMessages(value: readonly unknown[], place: string, column = "messages"): Message[] {
  if (value.length === 0) throw new DatasetError(`${place}: "${column}" is empty; expected at least one message.`);
  return value.map((item, index) => {
    const message = (item ?? {}) as { role?: unknown; content?: unknown; from?: unknown; value?: unknown };
    const speaker = message.role ?? message.from;
    const role = ROLES.get(typeof speaker === "string" ? speaker.toLowerCase() : speaker);
    const content = textOf(message.content ?? message.value);
    if (!role || typeof content !== "string") {
      throw new DatasetError(`${place}: message ${index} must have a "role" of system, user or assistant (or "from" with human or gpt) and a "content" (or "value") that is text; found role ${JSON.stringify(speaker) ?? "none"} and content of type ${typeof content}.`);
    }
    return { role, content };
  });
}

/** A column of this row that is a text, by the first of the names that has one. */
const firstText = (row: Row, names: readonly string[]): string | undefined => {
  for (const name of names) {
    const value = row[name];
    if (typeof value === "string" && value.trim() !== "") return value;
  }
  return undefined;
};

function pairOf(row: Row, pairs: readonly (readonly [string, string])[], place: string): Message[] | undefined {
  for (const [asked, answered] of pairs) {
    const question = row[asked];
    const answer = row[answered];
    // Conversational prompts and completions are lists of messages themselves.
    if (Array.isArray(question) && Array.isArray(answer)) return [...toMessages(question, place, asked), ...toMessages(answer, place, answered)];
    if (typeof question !== "string" || typeof answer !== "string") continue;
    const system = firstText(row, SYSTEMS);
    const context = asked === "instruction" ? firstText(row, CONTEXTS) : undefined;
    return [...(system === undefined ? [] : [{ role: "system", content: system } as const]), { role: "user", content: context === undefined ? question : `${question}\n\n${context}` }, { role: "assistant", content: answer }];
  }
  return undefined;
}

/**
 * The chat of a row, or undefined where it is none: a list of messages ("messages", "conversations", "conversation";
 * OpenAI's or ShareGPT's keys), or a question and its answer ("prompt" with "response" or "completion", Alpaca's
 * "instruction", "input" and "output", Dolly's "instruction", "context" and "response"), with "system" or "system_prompt".
 * An instruction's input follows it behind an empty line.
 *
 * @param column The name of the column with messages, where it was named
 * @throws DatasetError naming the place, for messages that are none
 */
export function chatOf(row: Row, place: string, column?: string): Message[] | undefined {
  for (const name of column === undefined ? LISTS : [column]) {
    const value = row[name];
    if (!Array.isArray(value)) continue;
    const messages = toMessages(value, place, name);
    const system = messages[0]!.role === "system" ? undefined : firstText(row, SYSTEMS);
    return system === undefined ? messages : [{ role: "system", content: system }, ...messages];
  }
  return pairOf(row, PAIRS, place);
}

/** A question and its answer under names that count only where a row has no text. */
export const lateChatOf = (row: Row, place: string): Message[] | undefined => pairOf(row, LATE_PAIRS, place);
