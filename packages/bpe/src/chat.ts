import { BpeError } from "./errors.js";
import type { CoreTokenizer } from "./core-tokenizer.js";

/** One message of a chat. */
export interface ChatMessage {
  role: "system" | "user" | "assistant";
  content: string;
}

/** An encoded chat. */
export interface EncodedChat {
  ids: number[];
  /** 1 for the assistant's tokens and the `</s>` that ends them, else 0: what a model learns to say. */
  mask: Uint8Array;
}

/** The chat template (Jinja) that renders what `encodeChat` encodes; it goes into tokenizer_config.json. */
export const CHAT_TEMPLATE =
  "{{ bos_token }}{% for m in messages %}{{ '<|' + m['role'] + '|>' + m['content'] }}{% if m['role'] == 'assistant' %}{{ eos_token }}{% endif %}{% endfor %}{% if add_generation_prompt %}{{ '<|assistant|>' }}{% endif %}";

const ROLES: readonly string[] = ["system", "user", "assistant"];

/**
 * Encodes a chat as `<s>[<|system|>S]<|user|>Q<|assistant|>A</s>…`. Contents are plain text: a special token's name in them
 * stays characters.
 *
 * @param addGenerationPrompt Whether to end with `<|assistant|>`, so that a model answers; default false.
 * @throws BpeError where a role is unknown or the tokenizer lacks a special token that is needed.
 */
export function encodeChat(tokenizer: CoreTokenizer, messages: readonly ChatMessage[], { addGenerationPrompt = false }: { addGenerationPrompt?: boolean } = {}): EncodedChat {
  const idOf = (token: string): number => {
    const id = tokenizer.tokenToId(token);
    if (id === undefined) throw new BpeError(`This tokenizer has no ${token}, so it can't encode chats. Train it with the default special tokens.`);
    return id;
  };
  const ids: number[] = [idOf("<s>")];
  const mask: number[] = [0];
  for (const { role, content } of messages) {
    if (!ROLES.includes(role)) throw new BpeError(`A message has the role ${JSON.stringify(role)}; expected ${ROLES.join(", ")}.`);
    ids.push(idOf(`<|${role}|>`));
    mask.push(0);
    const learned = role === "assistant" ? 1 : 0;
    for (const id of tokenizer.encode(content).ids) {
      ids.push(id);
      mask.push(learned);
    }
    if (role === "assistant") {
      ids.push(idOf("</s>"));
      mask.push(1);
    }
  }
  if (addGenerationPrompt) {
    ids.push(idOf("<|assistant|>"));
    mask.push(0);
  }
  return { ids, mask: Uint8Array.from(mask) };
}
