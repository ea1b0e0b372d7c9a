import { creative } from "./creative.js";
import { describe } from "./describe.js";
import { factQuestion } from "./fact-questions.js";
import { followUp } from "./follow-up.js";
import { howTo } from "./how-to.js";
import { greetingByName, smallTalk } from "./small-talk.js";
import { storyRequest } from "./stories.js";
import type { ChatKind } from "./turn.js";
import { yesNo } from "./yes-no.js";

/** Every kind of chat. */
export const CHAT_KINDS: Readonly<Record<string, ChatKind>> = {
  "small-talk": smallTalk, name: greetingByName, fact: factQuestion, "yes-no": yesNo, story: storyRequest, describe, "how-to": howTo, creative, "follow-up": followUp,
};

/** How often each kind is drawn for training, in percent. */
export const CHAT_WEIGHTS: readonly (readonly [number, string])[] = [
  [15, "small-talk"], [27, "fact"], [9, "yes-no"], [20, "story"], [5, "describe"], [5, "how-to"], [8, "creative"], [11, "follow-up"],
];

/** How many prompts of each kind are kept for evaluation. */
export const EVALUATED_KINDS: readonly { kind: string; count: number }[] = [
  { kind: "story", count: 110 }, { kind: "fact", count: 110 }, { kind: "yes-no", count: 40 }, { kind: "name", count: 20 }, { kind: "describe", count: 25 }, { kind: "how-to", count: 25 }, { kind: "creative", count: 25 },
];
