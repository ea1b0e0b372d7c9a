import { canonicalPrompt } from "./chat/input-form.js";
import { CHAT_KINDS, EVALUATED_KINDS } from "./chat/kinds.js";
import { storyKey } from "./chat/stories.js";
import type { Allowed, Expectation } from "./chat/turn.js";
import { PROPS, ROLES } from "./cast.js";
import { createRng, hashUnit } from "./random.js";

/** One prompt that training never sees, and what a reply to it must name. */
export interface HeldOutPrompt { prompt: string; kind: string; expect: Expectation }

/** One chat whose last question training never sees after what comes before it. `messages` end with the user's question. */
export interface HeldOutChat { messages: { role: "user" | "assistant"; content: string }[]; kind: string; expect: Expectation }

/** What is kept out of the corpus of one seed. */
export interface HeldOut {
  version: 1;
  seed: number;
  /** Characters and things that no story of this seed brings together. */
  pairs: { character: string; object: string }[];
  prompts: HeldOutPrompt[];
  multiTurn: HeldOutChat[];
}

const SHARE = 0.08;
/** Share of keys kept for evaluation, by the first word of the key. */
const SHARES: Record<string, number> = { story: SHARE, fact: SHARE, name: 0.12, follow: SHARE, "yes-no": SHARE, "how-to": SHARE, describe: SHARE, creative: 0.05 };

/** True when a combination is kept for evaluation under this seed. */
export function isHeldOut(seed: number, key: string): boolean {
  const share = SHARES[key.slice(0, key.indexOf(" "))] ?? 0;
  return hashUnit(`held-out ${seed} ${key}`) < share;
}

/** What training may use. */
export function trainingFilter(seed: number): Allowed {
  return (key) => !isHeldOut(seed, key);
}

/** The prompts kept for evaluation, with what a reply must name; the same for the same seed. */
export function heldOutOf(seed: number): HeldOut {
  const held: Allowed = (key) => isHeldOut(seed, key);
  const prompts: HeldOutPrompt[] = [];
  const seen = new Set<string>();
  for (const { kind, count } of EVALUATED_KINDS) {
    const rng = createRng(`held-out prompts ${seed} ${kind}`);
    for (let made = 0, tries = 0; made < count && tries < count * 60; tries++) {
      const chat = CHAT_KINDS[kind]!(rng, held);
      const prompt = chat.turns[0]!.user;
      if (seen.has(canonicalPrompt(prompt))) continue;
      seen.add(canonicalPrompt(prompt));
      prompts.push({ prompt, kind: chat.kind, expect: chat.expect });
      made++;
    }
  }
  const multiTurn: HeldOutChat[] = [];
  const rng = createRng(`held-out chats ${seed}`);
  while (multiTurn.length < 40) {
    const { turns, kind, expect } = CHAT_KINDS["follow-up"]!(rng, held);
    const messages = turns.flatMap((turn) => [{ role: "user" as const, content: turn.user }, { role: "assistant" as const, content: turn.assistant }]).slice(0, -1);
    multiTurn.push({ messages, kind, expect });
  }
  const pairs = ROLES.flatMap((role) => PROPS.filter((prop) => held(storyKey(role.noun, prop.noun))).map((prop) => ({ character: role.noun, object: prop.noun })));
  return { version: 1, seed, pairs, prompts, multiTurn };
}
