import { namesOf, relationsOf, SUBJECTS_BY_GROUP, type Group, type Relation, type Subject } from "../facts.js";
import { pickWeighted, type Rng } from "../random.js";
import { fill } from "../template.js";
import { drawAllowed, type ChatKind } from "./turn.js";

const WEIGHTS: readonly (readonly [number, Group])[] = [[38, "animal"], [25, "thing"], [10, "food"], [4, "plant"], [13, "person"], [7, "place"], [3, "weather"]];

/** One question with its subject. */
export interface FactQuestion { item: Subject; relation: Relation; ask: string }

/** A question about the fact table; its key is the phrasing and the subject, so that both are known but not together. */
export function drawQuestion(rng: Rng): { key: string; value: FactQuestion } {
  const item = rng.pick(SUBJECTS_BY_GROUP[pickWeighted(rng, WEIGHTS)]);
  const relation = rng.pick(relationsOf(item));
  const asks = item.countable ? relation.asks : relation.asks.filter((ask) => !ask.includes("{xs}"));
  const ask = rng.pick(asks);
  return { key: `fact ${item.noun} ${ask}`, value: { item, relation, ask } };
}

/** The full answer to a relation of a subject. */
export function answer(rng: Rng, item: Subject, relation: Relation): string {
  return fill(rng.pick(relation.answers), rng, item.scope);
}

/** "What does a fox eat?" */
export const factQuestion: ChatKind = (rng, allowed) => {
  const { item, relation, ask } = drawAllowed(rng, allowed, drawQuestion);
  let reply = answer(rng, item, relation);
  const others = relationsOf(item).filter((other) => other !== relation && other.id !== "kind" && other.id !== "about");
  if (others.length > 0 && relation.id !== "kind" && relation.id !== "about" && rng.chance(0.25)) {
    const other = rng.pick(others);
    reply += ` ${answer(rng, item, other)}`;
  }
  return { kind: "fact", turns: [{ user: fill(ask, rng, item.scope), assistant: reply }], expect: { all: [item.noun], any: namesOf(item, relation).slice(1).map((word) => [word]) } };
};
