import { indefinite, list, plural } from "../grammar.js";
import { OPPOSITES } from "../lexicon/adjectives.js";
import { ANIMALS } from "../lexicon/animals.js";
import { FOODS } from "../lexicon/foods.js";
import { THINGS } from "../lexicon/objects.js";
import { inPlace, PLACES } from "../lexicon/places.js";
import { VERBS } from "../lexicon/verbs.js";
import { NAMES } from "../lexicon/people.js";
import { pickWeighted, type Rng } from "../random.js";
import { fill } from "../template.js";
import { drawAllowed, type ChatKind, type Expectation } from "./turn.js";

interface Short { user: string; assistant: string; expect: Expectation }

function sentenceWith(rng: Rng): Short {
  const word = rng.below(10);
  const name = rng.pick(NAMES).name;
  const verb = rng.pick(VERBS);
  const thing = rng.pick(THINGS.filter((item) => item.tags.has("carry")));
  const animal = rng.pick(ANIMALS);
  const place = rng.pick(PLACES.filter((item) => item.tags.has("visit")));
  const [noun, sentence] = word < 5
    ? [thing.noun, rng.pick([`${name} found {a} ${inPlace(place)}.`, `The {x} of ${name} is very nice.`, `${name} uses {a} to ${thing.use.replace(/\byour\b/g, "the")}.`, `I saw {a} ${inPlace(place)}.`])]
    : word < 8 ? [animal.noun, rng.pick([`The {x} lives ${animal.home}.`, `${name} saw {a} ${inPlace(place)}.`, `The {x} eats ${animal.eats[0]}.`])]
      : [verb.base, rng.pick([`${name} likes to ${verb.base} ${verb.phrase}.`, `We want to ${verb.base} ${verb.phrase}.`])];
  const ask = rng.pick(["Write a sentence with the word {x}.", "Make a sentence with the word {x}.", "Can you use the word {x} in a sentence?", "Give me a sentence with the word {x}.", "Use the word {x} in a sentence."]);
  return { user: ask.replace("{x}", noun), assistant: fill(sentence.replace("{x}", noun).replace("{a}", indefinite(noun)), rng, {}), expect: { all: [noun], any: [] } };
}

function sayNice(rng: Rng): Short {
  const animal = rng.pick(ANIMALS.filter((item) => /house|farm|meadow|hole|pond|jungle|garden/.test(item.home)));
  const thing = rng.pick(THINGS.filter((item) => item.tags.has("gift")));
  const food = rng.pick(FOODS);
  const noun = rng.pick([animal.noun, thing.noun, food.noun]);
  const praise = noun === animal.noun ? ["Your {x} is a wonderful friend.", "What a lovely {x}! It must be very clever.", "Your {x} is so kind and gentle."]
    : noun === food.noun ? ["Your {x} tastes wonderful.", "Your {x} is the best in the town."] : ["Your {x} is very pretty.", "What a lovely {x}! It looks wonderful.", "I like your {x} very much."];
  const food2 = noun === food.noun;
  return { user: rng.pick([`Say something nice about my {x}.`, `Say something kind about my {x}.`, food2 ? "Do you like my {x}?" : "Can you say something nice about my {x}?"]).replace("{x}", noun), assistant: rng.pick(praise).replace("{x}", noun), expect: { all: [noun], any: [] } };
}

const GROUPS: readonly { what: string; members: readonly string[]; are: string }[] = [
  { what: "animals that can fly", members: ANIMALS.filter((a) => a.can.includes("fly")).map((a) => a.noun), are: "can fly" },
  { what: "animals that can swim", members: ANIMALS.filter((a) => a.can.includes("swim")).map((a) => a.noun), are: "can swim" },
  { what: "animals that live on a farm", members: ANIMALS.filter((a) => a.home === "on a farm").map((a) => a.noun), are: "live on a farm" },
  { what: "animals that live in the forest", members: ANIMALS.filter((a) => a.home === "in the forest").map((a) => a.noun), are: "live in the forest" },
  { what: "animals that live in the sea", members: ANIMALS.filter((a) => a.home === "in the sea").map((a) => a.noun), are: "live in the sea" },
  { what: "birds", members: ANIMALS.filter((a) => a.kind === "bird").map((a) => a.noun), are: "are birds" },
  { what: "kinds of fruit", members: FOODS.filter((f) => f.kind === "fruit").map((f) => f.noun), are: "are kinds of fruit" },
  { what: "vegetables", members: FOODS.filter((f) => f.kind === "vegetable" && f.countable).map((f) => f.noun), are: "are vegetables" },
  { what: "things made of wood", members: THINGS.filter((t) => t.madeOf === "wood").map((t) => t.noun), are: "are made of wood" },
  { what: "things made of metal", members: THINGS.filter((t) => t.madeOf === "metal").map((t) => t.noun), are: "are made of metal" },
  { what: "things in a kitchen", members: THINGS.filter((t) => t.kept === "in the kitchen").map((t) => t.noun), are: "are things in a kitchen" },
  { what: "things that make music", members: THINGS.filter((t) => t.use === "make music").map((t) => t.noun), are: "make music" },
  { what: "colors", members: ["red", "blue", "green", "yellow", "white", "black", "brown"], are: "are colors" },
];

function giveThree(rng: Rng): Short {
  const group = rng.pick(GROUPS);
  const many = (noun: string): string => (/color/.test(group.what) ? noun : plural(noun));
  const three = rng.sample(group.members, 3);
  const text = list(three.map(many));
  return { user: rng.pick(["Give me three {w}.", "Name three {w}.", "Can you name three {w}?", "Tell me three {w}."]).replace("{w}", group.what), assistant: `${text[0]!.toUpperCase()}${text.slice(1)} ${group.are}.`, expect: { all: [], any: [group.members.map(many), group.members.map(many)] } };
}

function opposite(rng: Rng): Short {
  const pair = rng.pick(OPPOSITES);
  const [one, two] = rng.chance(0.5) && !/heavy|easy|difficult|afraid|old|new/.test(pair.join(" ")) ? [pair[0], pair[1]] : pair;
  return { user: rng.pick(["What is the opposite of {x}?", "Tell me the opposite of {x}.", "Which word is the opposite of {x}?", "Give me the opposite of {x}."]).replace("{x}", one), assistant: `The opposite of ${one} is ${two}.`, expect: { all: [one, two], any: [] } };
}

/** Short tasks: a sentence with a word, a kind word, three of a kind, an opposite. */
export const creative: ChatKind = (rng, allowed) => {
  const found = drawAllowed(rng, allowed, (random) => {
    const value = pickWeighted(random, [[32, sentenceWith], [18, sayNice], [30, giveThree], [20, opposite]] as const)(random);
    return { key: `creative ${value.user}`, value };
  });
  return { kind: "creative", turns: [{ user: found.user, assistant: found.assistant }], expect: found.expect };
};
