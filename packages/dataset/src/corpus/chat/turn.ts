import type { Rng } from "../random.js";

/** What an on-topic reply must name: every word of `all`, and at least one word of each list in `any`. */
export interface Expectation { all: string[]; any: string[][] }

/**
 * True when a reply names all that is expected of it. Whole words in any case; a plural or possessive of the word counts too.
 *
 * @param expectation - What a prompt of `HeldOut` expects.
 * @param reply - What a model answered.
 */
export function meetsExpectation(expectation: Expectation, reply: string): boolean {
  const words = new Set(reply.toLowerCase().match(/[a-z]+/g) ?? []);
  const named = (word: string): boolean => [word, `${word}s`, `${word}es`].some((form) => words.has(form.toLowerCase()));
  return expectation.all.every(named) && expectation.any.every((choices) => choices.some(named));
}

/** One exchange. */
export interface Turn { user: string; assistant: string }

/** A finished chat, before the form of the input is varied. */
export interface Chat { kind: string; turns: Turn[]; expect: Expectation }

/** Says whether a combination (such as "story fox lantern") may be used here: training refuses what is held out, evaluation asks for just that. */
export type Allowed = (key: string) => boolean;

/** Makes one chat of a kind. */
export type ChatKind = (rng: Rng, allowed: Allowed) => Chat;

/** Draws until a combination (and a second one, where two matter) is allowed. Every kind has far more allowed combinations than tries. */
export function drawAllowed<T>(rng: Rng, allowed: Allowed, draw: (rng: Rng) => { key: string; also?: string; value: T }): T {
  for (let tries = 0; tries < 20000; tries++) {
    const { key, also, value } = draw(rng);
    if (allowed(key) && (also === undefined || allowed(also))) return value;
  }
  throw new Error("The sample corpus found no allowed combination; this is a defect of its tables.");
}

export const expectAll = (...all: string[]): Expectation => ({ all, any: [] });
