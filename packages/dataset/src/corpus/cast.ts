import { indefinite, pronouns, type Gender, type Pronouns } from "./grammar.js";
import { CHARACTER_ADJECTIVES, COMPOUNDS, foodAdjectives, HELPER_ADJECTIVES, thingAdjectives } from "./lexicon/adjectives.js";
import { ANIMALS, type Realm } from "./lexicon/animals.js";
import { FOODS } from "./lexicon/foods.js";
import { THINGS } from "./lexicon/objects.js";
import { NAMES, OCCUPATIONS, PEOPLE } from "./lexicon/people.js";
import type { Rng } from "./random.js";

/** A kind of being that can act in a story, before it is given a name or an adjective. */
export interface Role { noun: string; gender: Gender; person: boolean; realm: Realm; homes: readonly string[] }

/** A kind of thing that a story can be about. */
export interface Prop { noun: string; use: string; madeOf: string; tags: ReadonlySet<string>; adjectives: readonly string[] }

const PERSON_HOMES = ["in a small village", "in a little house", "in a big town", "near the forest", "by the sea", "near the river", "on a farm", "at the edge of the town"];
const OWN_HOME: Record<string, string[]> = {
  king: ["in a castle"], queen: ["in a castle"], prince: ["in a castle"], princess: ["in a castle"], knight: ["in a castle"], wizard: ["in a tall tower"],
};

/** Everyone a story can be told about. */
export const ROLES: readonly Role[] = [
  ...ANIMALS.map((animal): Role => ({
    noun: animal.noun, gender: "n", person: false, realm: animal.realm,
    homes: animal.realm === "water" ? [animal.home] : [animal.home, animal.home, animal.home, "near the village", "by the river", "near a farm", "in the valley"],
  })),
  ...[...PEOPLE, ...OCCUPATIONS].map((person): Role => ({ noun: person.noun, gender: person.gender, person: true, realm: "land", homes: OWN_HOME[person.noun] ?? PERSON_HOMES })),
];

/** Everything a story can be about. */
export const PROPS: readonly Prop[] = [
  ...THINGS.filter((thing) => !thing.tags.has("none")).map((thing): Prop => ({
    noun: thing.noun, use: thing.use, madeOf: thing.madeOf, adjectives: thingAdjectives(thing).filter((word) => !COMPOUNDS.has(`${word} ${thing.noun}`)),
    tags: new Set([...thing.tags, thing.noun, thing.madeOf]),
  })),
  ...FOODS.filter((food) => food.countable).map((food): Prop => ({
    noun: food.noun, use: "eat", madeOf: "", adjectives: foodAdjectives(food.kind), tags: new Set(["food", "carry", food.noun]),
  })),
];

const byNoun = <T extends { noun: string }>(items: readonly T[]): Map<string, T> => new Map(items.map((item) => [item.noun, item]));
export const ROLE_BY_NOUN: ReadonlyMap<string, Role> = byNoun(ROLES);
export const PROP_BY_NOUN: ReadonlyMap<string, Prop> = byNoun(PROPS);

/** A role as it appears in one story. */
export interface Character {
  role: Role;
  adjective: string;
  name?: string;
  gender: Gender;
  pronoun: Pronouns;
  /** "the fox" or "Anna": how the story speaks of it after the first time. */
  the: string;
  /** "a clever fox", "a girl named Anna": the first time. */
  first: string;
}

/** Fits names to beings: a girl is never Tom, an animal takes any name and its pronoun from it. */
export function nameFor(rng: Rng, role: Role): { name: string; gender: "m" | "f" } {
  for (;;) {
    const found = rng.pick(NAMES);
    if (role.gender === "n" || role.gender === found.gender) return found;
  }
}

const ELDERS = new Set(["grandmother", "grandfather", "king", "queen", "father", "mother", "aunt", "uncle"]);
const CHILDREN = new Set(["girl", "boy", "prince", "princess"]);
const BIG_ANIMALS = new Set(ANIMALS.filter((animal) => animal.size >= 6).map((animal) => animal.noun));

/** False for what contradicts the noun: an old boy, a young grandmother, a tiny whale, a rich ant. */
export function suitsRole(adjective: string, role: Role): boolean {
  if (COMPOUNDS.has(`${adjective} ${role.noun}`)) return false;
  if (ELDERS.has(role.noun)) return !/^(young|little|old|small|tiny)$/.test(adjective);
  if (CHILDREN.has(role.noun)) return adjective !== "old";
  if (!role.person && /^(rich|poor|tall)$/.test(adjective)) return false;
  return !(BIG_ANIMALS.has(role.noun) && /^(small|little|tiny)$/.test(adjective));
}

/** Gives a role an adjective and, if `named`, a name. */
export function castCharacter(rng: Rng, role: Role, options: { name?: { name: string; gender: "m" | "f" }; adjective?: string; helper?: boolean } = {}): Character {
  const pool = options.helper ? HELPER_ADJECTIVES : CHARACTER_ADJECTIVES;
  let adjective = options.adjective ?? rng.pick(pool);
  while (options.adjective === undefined && !suitsRole(adjective, role)) adjective = rng.pick(pool);
  const { name } = options;
  const gender = name?.gender ?? role.gender;
  const kind = options.adjective === undefined && rng.chance(0.3) ? role.noun : `${adjective} ${role.noun}`;
  return {
    role, adjective, gender, pronoun: pronouns(gender), the: name?.name ?? `the ${role.noun}`,
    first: indefinite(kind) + (name === undefined ? "" : ` named ${name.name}`), ...(name === undefined ? {} : { name: name.name }),
  };
}
