import { canonicalPrompt, varyInput } from "./chat/input-form.js";
import { CHAT_KINDS, CHAT_WEIGHTS } from "./chat/kinds.js";
import { drawPair } from "./chat/stories.js";
import type { Chat } from "./chat/turn.js";
import { description } from "./documents/description.js";
import { dialogue } from "./documents/dialogue.js";
import { factText } from "./documents/fact-text.js";
import { instructions } from "./documents/instructions.js";
import { heldOutOf, trainingFilter, type HeldOut } from "./held-out.js";
import type { Document } from "../document.js";
import { createRng, pickWeighted, type Rng } from "./random.js";
import { tellStory } from "./story.js";

/** How much to generate. */
export interface SampleCorpusOptions {
  /** Documents for pretraining. */
  documents: number;
  /** Chats for fine-tuning. */
  chats: number;
  /** Decides everything; the same seed gives the same rows, and more rows only add to fewer. */
  seed: number;
}

/** The generated corpus. Both iterables are lazy and can be walked more than once. */
export interface SampleCorpus { documents: Iterable<Document>; chats: Iterable<Document>; heldOut: HeldOut }

const DATE = "2026-01-01T00:00:00Z";

/** What documents are, in percent: stories, descriptions, facts, instructions, dialogues. */
type DocumentKind = "stories" | "descriptions" | "facts" | "instructions" | "dialogues";
const DOCUMENT_WEIGHTS: readonly (readonly [number, DocumentKind])[] = [[46, "stories"], [18, "descriptions"], [21, "facts"], [5, "instructions"], [10, "dialogues"]];

function documentText(rng: Rng, kind: DocumentKind, seed: number): string {
  switch (kind) {
    case "stories": return tellStory(rng, drawPair(rng, trainingFilter(seed))).text;
    case "descriptions": return description(rng);
    case "facts": return factText(rng);
    case "instructions": return instructions(rng);
    case "dialogues": return dialogue(rng);
  }
}

/** Words and marks: close to what a byte-level BPE of a few thousand tokens makes of these texts. */
function estimateTokens(text: string): number {
  return text.match(/\w+|[^\w\s]/g)?.length ?? 0;
}

function row(seed: number, stream: string, kind: string, index: number, rng: Rng, text: string): Document {
  return {
    text, id: stream === "documents" ? `sample/${seed}/${index}` : `sample/${seed}/chat/${index}`, dump: "sample", url: `sample://${kind}/${index}`, date: DATE, file_path: `sample/${seed}/${stream}`,
    language: "en", language_score: rng.chance(0.9) ? 1 : 0.99, token_count: estimateTokens(text),
  };
}

/** Document `index` of a seed; depends on nothing else. */
export function sampleDocument(seed: number, index: number): Document {
  const rng = createRng(`${seed} documents ${index}`);
  const kind = pickWeighted(rng, DOCUMENT_WEIGHTS);
  return row(seed, "documents", kind, index, rng, documentText(rng, kind, seed));
}

function drawChat(rng: Rng, seed: number, refused: ReadonlySet<string>): Chat {
  const allowed = trainingFilter(seed);
  const kind = CHAT_KINDS[pickWeighted(rng, CHAT_WEIGHTS)]!;
  for (;;) {
    const chat = kind(rng, allowed);
    if (!refused.has(canonicalPrompt(chat.turns[0]!.user))) return chat;
  }
}

/** Chat `index` of a seed; `refused` holds the canonical prompts kept for evaluation. */
export function sampleChat(seed: number, index: number, refused: ReadonlySet<string>): Document {
  const rng = createRng(`${seed} chats ${index}`);
  const chat = drawChat(rng, seed, refused);
  const messages = chat.turns.flatMap((turn) => [
    { role: "user" as const, content: varyInput(rng, turn.user) },
    { role: "assistant" as const, content: turn.assistant },
  ]);
  return { ...row(seed, "chats", "chats", index, rng, messages.map((message) => message.content).join("\n")), messages };
}

/**
 * A corpus of simple English, made from tables and templates written for this project: stories, descriptions, facts, instructions and
 * dialogues as documents; greetings, questions, story requests and follow-ups as chats. What `heldOut` lists is in neither.
 *
 * @param options - How many of each, and the seed.
 * @returns Lazy iterables; row i depends only on the seed and i, so a prefix never changes.
 */
export function sampleCorpus(options: SampleCorpusOptions): SampleCorpus {
  const { documents, chats, seed } = options;
  const heldOut = heldOutOf(seed);
  const refused = new Set(heldOut.prompts.map((prompt) => canonicalPrompt(prompt.prompt)));
  return {
    documents: { *[Symbol.iterator]() { for (let i = 0; i < documents; i++) yield sampleDocument(seed, i); } },
    chats: { *[Symbol.iterator]() { for (let i = 0; i < chats; i++) yield sampleChat(seed, i, refused); } },
    heldOut,
  };
}
