import { type ChatMessage, encodeChat } from "@llm/bpe";
import { InferError } from "./errors.js";
import { type GeneratedToken, generate, type GenerationResult } from "./generate.js";
import { type GenerateOptions, resolveOptions } from "./options.js";
import { randomSeed } from "./random.js";
import type { Run } from "./run.js";

export type { ChatMessage };

export interface ChatOptions extends GenerateOptions {
  /**
   * What to do when the conversation leaves too little room for a reply: "drop-oldest" (default) forgets the oldest messages, never
   * the system message at the start nor the last message; "error" throws.
   */
  overflow?: "drop-oldest" | "error";
}

/** A finished reply. */
export interface ChatResult extends GenerationResult {
  /** Messages at the start of the conversation (after the system message) that did not fit into the context. */
  droppedMessages: number;
}

/** The part of the context that is kept free for a reply, if the reply may be that long. */
const REPLY_SHARE = 1 / 4;

/**
 * The ids of a conversation that ends where the assistant's reply begins. The messages' text never becomes special tokens.
 *
 * @param maxTokens - Room to keep for the reply, but at most a quarter of the context.
 * @throws {InferError} `chat` for messages that are no conversation or a tokenizer without chat tokens; `context` if the system
 *   message and the last message alone leave no room, or with `overflow: "error"` if all messages together leave none.
 */
export function encodeMessages(run: Run, messages: readonly ChatMessage[], { maxTokens, overflow = "drop-oldest" }: { maxTokens: number; overflow?: "drop-oldest" | "error" }): { ids: number[]; dropped: number } {
  if (!run.hasChat) throw new InferError("chat", "This model's tokenizer has no chat tokens (<|user|>, <|assistant|>), so it can't hold a conversation. Use generate, which continues a text.");
  if (messages.length === 0 || messages.at(-1)!.role === "system") throw new InferError("chat", "A conversation must end with a message to reply to; it has none.");
  const context = run.config.maxPositions;
  const room = context - Math.min(maxTokens, Math.floor(context * REPLY_SHARE));
  const encode = (kept: readonly ChatMessage[]): number[] => encodeChat(run.tokenizer, kept, { addGenerationPrompt: true }).ids;
  let ids = encode(messages);
  const total = ids.length;
  if (overflow === "error") {
    if (total < context) return { ids, dropped: 0 };
  } else {
    const head = messages[0]!.role === "system" ? 1 : 0;
    let from = head;
    while (ids.length > room && from < messages.length - 1) {
      // A conversation goes on with a user's message, so an answer goes together with its question.
      do from++;
      while (from < messages.length - 1 && messages[from]!.role === "assistant");
      ids = encode([...messages.slice(0, head), ...messages.slice(from)]);
    }
    if (ids.length < context) return { ids, dropped: from - head };
  }
  throw new InferError("context", `The conversation has ${total} tokens${overflow === "error" ? "" : `, its last message alone ${ids.length}`}, which leaves no room for a reply: the model's context is ${context} tokens, messages and reply together. Shorten it.`);
}

/**
 * Replies to a conversation, token by token; the reply ends at `</s>` or where the model would begin another turn.
 *
 * @param options - As for `generate`, and what to do when the conversation is too long.
 * @throws {InferError} as {@link encodeMessages} and `generate`.
 */
export async function* chat(run: Run, messages: readonly ChatMessage[], options: ChatOptions = {}): AsyncGenerator<GeneratedToken, ChatResult, undefined> {
  const { maxTokens } = resolveOptions(options, run.defaults, () => 0);
  const { ids, dropped } = encodeMessages(run, messages, { maxTokens, overflow: options.overflow });
  const turns = ["<s>", "<|system|>", "<|user|>", "<|assistant|>"].map((token) => run.tokenizer.tokenToId(token)).filter((id) => id !== undefined);
  const result = yield* generate({ ...run, eos: new Set([...run.eos, ...turns]) }, ids, options);
  return { ...result, droppedMessages: dropped };
}

/** A conversation that remembers what was said. */
export class ChatSession {
  readonly run: Run;
  readonly #options: ChatOptions;
  readonly #system: ChatMessage[];
  #messages: ChatMessage[];
  #seed: number | undefined;

  /**
   * @param options - For every reply. With a seed, the n-th reply uses seed + n - 1, so that a conversation can be had again without
   *   equal questions giving equal answers.
   */
  constructor(run: Run, options: ChatOptions & { system?: string } = {}) {
    const { system, seed, ...rest } = options;
    this.run = run;
    this.#options = rest;
    this.#seed = seed;
    this.#system = system === undefined ? [] : [{ role: "system", content: system }];
    this.#messages = [...this.#system];
  }

  /** What was said so far, the system message included. */
  get messages(): readonly ChatMessage[] {
    return this.#messages;
  }

  /**
   * Says something and streams the reply. Question and reply are remembered when the reply is complete; if it was cut off by the
   * signal or by leaving the loop, with the part that was seen. A failure leaves the conversation as it was.
   */
  async *send(content: string, options: { signal?: AbortSignal } = {}): AsyncGenerator<GeneratedToken, ChatResult, undefined> {
    const turn = this.#messages.filter(({ role }) => role === "user").length;
    const seed = this.#seed === undefined ? randomSeed() : this.#seed + turn;
    const messages: ChatMessage[] = [...this.#messages, { role: "user", content }];
    const stream = chat(this.run, messages, { ...this.#options, seed, ...options });
    let text = "";
    let keep = true;
    try {
      for (;;) {
        const next = await stream.next();
        if (next.done) return next.value;
        text += next.value.text;
        yield next.value;
      }
    } catch (error) {
      keep = options.signal?.aborted === true && text !== "";
      throw error;
    } finally {
      // Leaving the loop early comes here too, so what runs inside must be closed by hand.
      await stream.return(undefined as never);
      if (keep) this.#messages = [...messages, { role: "assistant", content: text }];
    }
  }

  /** Forgets everything but the system message. */
  reset(): void {
    this.#messages = [...this.#system];
  }
}
