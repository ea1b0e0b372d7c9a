import { describeAnimal, describePlace, describeThing } from "../documents/description.js";
import { indefinite } from "../grammar.js";
import { ANIMALS } from "../lexicon/animals.js";
import { THINGS } from "../lexicon/objects.js";
import { PLACES } from "../lexicon/places.js";
import { drawAllowed, expectAll, type ChatKind } from "./turn.js";

const ASKS = ["Describe {a}.", "Can you describe {a}?", "What does {a} look like?", "Please describe {a} to me.", "Describe {a} for me.", "Write a few sentences about {a}."];

/** "Describe a lantern." */
export const describe: ChatKind = (rng, allowed) => {
  const { user, noun, text } = drawAllowed(rng, allowed, (random) => {
    const which = random.below(10);
    const ask = random.pick(ASKS);
    const item = which < 4 ? random.pick(ANIMALS) : which < 9 ? random.pick(THINGS) : random.pick(PLACES);
    const a = "found" in item ? `the ${item.noun}` : indefinite(item.noun);
    const user = ask.replace("{a}", a);
    const text = (): string => ("found" in item ? describePlace(rng, item) : "madeOf" in item ? describeThing(rng, item) : describeAnimal(rng, item));
    return { key: `describe ${user}`, value: { user, noun: item.noun, text } };
  });
  return { kind: "describe", turns: [{ user, assistant: text() }], expect: expectAll(noun) };
};
