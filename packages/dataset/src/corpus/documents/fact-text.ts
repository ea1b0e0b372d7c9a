import { relationsOf, SUBJECTS_BY_GROUP, type Group } from "../facts.js";
import { pickWeighted, type Rng } from "../random.js";
import { fill } from "../template.js";

const WEIGHTS: readonly (readonly [number, Group])[] = [[36, "animal"], [25, "thing"], [9, "food"], [5, "plant"], [14, "person"], [8, "place"], [3, "weather"]];

/** An encyclopedic text: several facts about one subject, or about two that share a group when one has too few. */
export function factText(rng: Rng): string {
  const group = pickWeighted(rng, WEIGHTS);
  const number = group === "animal" ? (rng.chance(0.4) ? 2 : 1) : group === "weather" || group === "plant" ? 3 : 2 + rng.below(2);
  const subjects = rng.sample(SUBJECTS_BY_GROUP[group], number);
  const texts = subjects.map((item) => {
    const chosen = rng.sample(relationsOf(item), number === 1 ? 6 + rng.below(3) : 4);
    let named = false;
    return chosen.map((relation) => {
      const state = rng.pick(relation.states);
      // "It" only right after a sentence whose subject is the thing itself.
      const it = named && item.countable && group !== "person" && group !== "place" && rng.chance(0.5);
      named = state.startsWith("{S}");
      return fill(`${state}.`, rng, { ...item.scope, s: it ? "it" : item.scope.s! });
    }).join(" ");
  });
  return texts.join(rng.chance(0.5) ? " " : "\n");
}
