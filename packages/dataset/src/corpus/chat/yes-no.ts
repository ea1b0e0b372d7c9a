import { capitalise, indefinite, list } from "../grammar.js";
import { ANIMALS } from "../lexicon/animals.js";
import { FOODS } from "../lexicon/foods.js";
import { THINGS } from "../lexicon/objects.js";
import type { Rng } from "../random.js";
import { fill } from "../template.js";
import { drawAllowed, type ChatKind } from "./turn.js";

interface Question { user: string; assistant: string; noun: string; fact: readonly string[] }

// In a yes, what was asked for is the first that is named: "Does a parrot eat fruit?" "A parrot eats fruit and nuts."
const askedFirst = (all: readonly string[], asked: string): string[] => (all.includes(asked) ? [asked, ...all.filter((item) => item !== asked)] : [...all]);

const FOODS_EATEN = [...new Set(ANIMALS.flatMap((animal) => animal.eats))];
const SKILLS = [...new Set(ANIMALS.flatMap((animal) => animal.can))].filter((skill) => /^(fly|swim|climb|dig|jump|run|dive|hop|sing|hunt)$/.test(skill));
const HOMES = [...new Set(ANIMALS.map((animal) => animal.home))];
const KINDS = ["mammal", "bird", "fish", "reptile", "insect"];
const MATERIALS = [...new Set(THINGS.map((thing) => thing.madeOf))];
// What an animal can't do for certain; what the table leaves out is not always a no.
const CANNOT: Record<string, (noun: string) => boolean> = {
  fly: (noun) => !/^(hen|rooster|penguin|beetle|ant)$/.test(noun),
  swim: (noun) => /^(hen|sparrow|robin|bee|butterfly|bat|spider|snail|owl|crow|camel|giraffe|monkey|goat)$/.test(noun),
  climb: (noun) => /^(fish|shark|whale|dolphin|cow|horse|duck|zebra|elephant|swan|sheep|pig)$/.test(noun),
  dig: (noun) => /^(fish|whale|butterfly|giraffe|swan|eagle|parrot|bat)$/.test(noun),
  jump: (noun) => /^(snail|worm|elephant|turtle|crab)$/.test(noun),
  run: (noun) => /^(fish|snail|worm|snake|whale|dolphin|shark|butterfly|bat|turtle)$/.test(noun),
  hop: (noun) => /^(fish|snail|worm|snake|whale|cow|elephant)$/.test(noun),
  sing: (noun) => /^(fish|snail|worm|snake|ant|crab|spider|turtle)$/.test(noun),
  hunt: (noun) => /^(sheep|cow|snail|worm|rabbit|deer|horse|bee|butterfly)$/.test(noun),
};

function draw(rng: Rng): Question {
  const animal = rng.pick(ANIMALS);
  const an = indefinite(animal.noun);
  const yes = rng.chance(0.5);
  switch (rng.below(8)) {
    case 0: {
      const food = yes ? rng.pick(animal.eats) : rng.pick(FOODS_EATEN.filter((item) => !animal.eats.includes(item) && item !== "meat" && !item.startsWith(animal.noun)));
      return { user: `Does ${an} eat ${food}?`, assistant: `{An} eats ${list(askedFirst(animal.eats, food))}.`, noun: animal.noun, fact: animal.eats };
    }
    case 1: {
      const home = yes ? animal.home : rng.pick(HOMES.filter((item) => item !== animal.home && /(desert|sea|ice|house|cave|beach|hive|jungle)$/.test(item)));
      return { user: `Does ${an} live ${home}?`, assistant: `{An} lives ${animal.home}.`, noun: animal.noun, fact: [animal.home.split(" ").at(-1)!] };
    }
    case 2: {
      const thing = rng.pick(THINGS);
      const thingAn = indefinite(thing.noun);
      const material = yes ? thing.madeOf : rng.pick(MATERIALS.filter((item) => item !== thing.madeOf));
      return { user: `Is ${thingAn} made of ${material}?`, assistant: `${capitalise(thingAn)} is made of ${thing.madeOf}.`, noun: thing.noun, fact: [thing.madeOf] };
    }
    case 3: {
      const other = rng.pick(KINDS.filter((kind) => kind !== animal.kind));
      const kind = yes ? animal.kind : other;
      return { user: `Is ${an} ${indefinite(kind)}?`, assistant: `{An} is ${indefinite(animal.kind)}.`, noun: animal.noun, fact: [animal.kind] };
    }
    case 4: {
      const food = rng.pick(FOODS);
      const a = food.countable ? indefinite(food.noun) : food.noun;
      const colour = yes ? food.colour : rng.pick(["blue", "red", "green", "white", "yellow", "brown"].filter((word) => word !== food.colour && !(food.noun === "apple" && /green|yellow/.test(word)) && food.kind !== "drink"));
      return { user: `Is ${a} ${colour ?? "blue"}?`, assistant: `${capitalise(a)} is ${food.colour}.`, noun: food.noun, fact: [food.colour ?? ""] };
    }
    default: {
      const can = animal.can.filter((skill) => SKILLS.includes(skill));
      const cannot = SKILLS.filter((skill) => !can.includes(skill) && (animal.realm !== "air" || skill !== "fly") && CANNOT[skill]?.(animal.noun));
      if ((yes && can.length === 0) || (!yes && cannot.length === 0)) return draw(rng);
      const skill = rng.pick(yes ? can : cannot);
      return { user: `Can ${an} ${skill}?`, assistant: `{An} can ${list(askedFirst(animal.can, skill))}.`, noun: animal.noun, fact: animal.can };
    }
  }
}

/**
 * "Can a fish sing?", answered by the fact that decides it ("A fish can swim, dive, and jump."). A model of this size recalls the
 * fact well, but a yes or no beside it would be a guess: it doesn't compare what it recalled with the question.
 */
export const yesNo: ChatKind = (rng, allowed) => {
  const found = drawAllowed(rng, allowed, (random) => {
    const value = draw(random);
    return { key: `yes-no ${value.user}`, value };
  });
  const assistant = fill(found.assistant, rng, { an: indefinite(found.noun) });
  const words = found.fact.flatMap((item) => item.split(" ")).filter((word) => word.length > 2);
  return { kind: "yes-no", turns: [{ user: found.user, assistant }], expect: { all: [found.noun], any: [words] } };
};
