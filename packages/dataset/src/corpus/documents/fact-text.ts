import { relationsOf, SUBJECTS_BY_GROUP, type Group } from "../facts.js";
import { pickWeighted, type Rng } from "../random.js";
import { fill } from "../template.js";

const WEIGHTS: readonly (readonly [number, Group])[] = [[40, "animal"], [28, "thing"], [9, "food"], [5, "plant"], [10, "person"], [6, "place"], [2, "weather"]];

/** An encyclopedic text: several facts about one subject, or about two that share a group when one has too few. */
export function factText(rng: Rng): string {
  const group = pickWeighted(rng, WEIGHTS);
  const subjects = rng.sample(SUBJECTS_BY_GROUP[group], group === "animal" ? (rng.chance(0.4) ? 2 : 1) : rng.chance(0.5) ? 2 : 3);
  return subjects.map((item) => {
    const relations = relationsOf(item);
    const chosen = rng.shuffle(relations).slice(0, group === "animal" ? (subjects.length === 1 ? 6 + rng.below(3) : 4) : 4);
    return chosen.map((relation, at) => {
      const later = at > 0 && rng.chance(0.5);
      const s = group === "person" || group === "weather" || group === "place" || !later ? item.scope.s! : "it";
      const known = at === 0 ? item.scope.s! : s;
      return fill(`${rng.pick(relation.states)}.`, rng, { ...item.scope, s: known });
    }).join(" ");
  }).join(rng.chance(0.5) ? " " : "\n");
}

