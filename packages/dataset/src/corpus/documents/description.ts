import { castCharacter, nameFor, ROLES } from "../cast.js";
import { indefinite, list, pronouns } from "../grammar.js";
import { CHARACTER_ADJECTIVES, thingAdjectives } from "../lexicon/adjectives.js";
import { ANIMALS } from "../lexicon/animals.js";
import { THINGS } from "../lexicon/objects.js";
import { OCCUPATIONS } from "../lexicon/people.js";
import { inPlace, PLACES } from "../lexicon/places.js";
import { VERBS } from "../lexicon/verbs.js";
import { pickWeighted, type Rng } from "../random.js";
import { fill } from "../template.js";

const PETS = ["dog", "cat", "horse", "rabbit", "hen", "duck", "goat", "parrot", "mouse", "donkey", "turtle", "sheep", "fish", "pigeon"];
/** What one can do in any place. */
const ANYWHERE = VERBS.filter((verb) => /^(read|talk|sing|tell|hum|whistle|write|draw|whisper|eat|drink|learn|study|solve|plan|wait|help|clap)$/.test(verb.base) && !/bus/.test(verb.phrase));
const HAIR = ["brown", "black", "red", "gray", "short", "long", "dark", "blond"];

/** Describes one certain thing; what it is made of and used for agrees with the fact table. */
export function describeThing(rng: Rng, thing = rng.pick(THINGS)): string {
  const [first, second] = rng.sample(thingAdjectives(thing).filter((word) => !/^(little|special|simple|nice|fine)$/.test(word)), 2) as [string, string];
  const scope = {
    no: thing.noun, a: indefinite(thing.noun), made: thing.madeOf, use: thing.use, kept: thing.kept, one: first, two: /^(small|big)$/.test(first) && /^(small|big)$/.test(second) ? "pretty" : second,
    name: rng.pick(ROLES.filter((role) => role.person)).noun,
  };
  const lines = [
    "[This {no} is {one}.|The {no} is {one}.|It is a {one} {no}.|Here is a {one} {no}.]",
    "[The {no} is made of {made}.|It is made of {made}.]",
    "[You can use it to {use}.|The {no} is used to {use}.|People use it to {use}.]",
    "[You can often find it {kept}.|The {no} is kept {kept}.]",
    "[It belongs to the {name}.|The {name} likes the {no} very much.|The {name} uses the {no} every day.|The {name} bought the {no} at the market.|It was a gift from the {name}.]",
  ];
  return lines.map((line) => fill(line, rng, scope)).join(" ");
}

/** Describes an animal one can see. */
export function describeAnimal(rng: Rng, animal = rng.pick(ANIMALS)): string {
  const scope = {
    no: animal.noun, adj: rng.pick(["small", "big", "young", "old", "beautiful", "shy", "quiet", "strong", "clever", "careful", "funny"]), color: animal.colour, cover: animal.cover, eats: list(animal.eats), home: animal.home,
    can: list(animal.can), kind: animal.kind, day: rng.pick(["in the morning", "in the evening", "at night", "all day", "after the rain"]),
  };
  const lines = [
    "[This is a {adj} {no}.|The {no} is {adj}.|Look at this {adj} {no}.|Here is a {adj} {no}.]",
    "[Its color is {color}, and it has {cover}.|It is {color} and has {cover}.|The {no} is {color}, and its body is covered with {cover}.]",
    "[It lives {home}.|The {no} lives {home}.|Its home is {home}.]",
    "[It likes to eat {eats}.|The {no} eats {eats}.|It looks for {eats} {day}.]",
    "[The {no} can {can}.|It can {can}.]",
  ];
  return [lines[0]!, ...rng.shuffle(lines.slice(1))].map((line) => fill(line, rng, scope)).join(" ");
}

/** Describes a person by looks, habits and work. */
export function describePerson(rng: Rng): string {
  const role = rng.pick(ROLES.filter((item) => item.person));
  const name = nameFor(rng, role);
  const character = castCharacter(rng, role, { name });
  const job = OCCUPATIONS.find((item) => item.noun === role.noun);
  const [like, also, now] = rng.sample(VERBS, 3) as [typeof VERBS[0], typeof VERBS[0], typeof VERBS[0]];
  const [one, two] = rng.sample(CHARACTER_ADJECTIVES.filter((word) => !/^(rich|poor|small|little|tiny|old|young|tall|sad|happy|hungry|tired|sleepy|lonely|grumpy|lazy|busy)$/.test(word)), 2) as [string, string];
  const scope = {
    ...pronouns(name.gender), name: name.name, first: character.first, hair: rng.pick(HAIR), one, two, like: `${like.base} ${like.phrase}`, likes: `${also.gerund} ${also.phrase}`,
    now: `${now.gerund} ${now.phrase}`, past: `${also.past} ${also.phrase}`, third: `${like.third} ${like.phrase}`, pet: rng.pick(PETS),
    pp: `${now.participle} ${now.phrase}`,
    work: job?.does ?? "help at home", place: job?.at ?? "in a house", day: rng.pick(["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]),
  };
  const lines = [
    "[{His} eyes are [blue|brown|green], and {his} hair is {hair}.|{His} hair is {hair}, and {his} eyes are [blue|brown|green].]",
    "[{Name} is {one} and {two}.|Everyone says that {name} is {one} and {two}.]",
    "[{He} likes to {like}.|On {day}, {he} often {third}.|Every {day}, {name} {third}.]",
    "[Yesterday, {he} {past}.|Last {day}, {name} {past}.]",
    "[Today {name} is {now}.|Now {he} is {now}.|{Name} has already {pp} today.|{He} has never {pp}, but {he} wants to try it.]",
    "{Name} has a {pet} and takes good care of it.",
    job === undefined ? "{His} friends like {him} very much." : "[The work of {name} is to {work}.|{He} works {place}.]",
  ];
  const chosen = rng.sample(lines, 4 + rng.below(2));
  return [fill("[{Name} is {a first}.|This is {name}. {He} is {a first}.]".replaceAll("{a first}", `a${character.first.replace(/^an?/, "").replace(/ named .*/, "")}`), rng, scope), ...chosen.map((line) => fill(line, rng, scope))].join(" ");
}

/** Describes a place and what happens there today. */
export function describePlace(rng: Rng, place = rng.pick(PLACES)): string {
  const [who, other] = rng.sample(ROLES.filter((role) => role.person), 2) as [typeof ROLES[0], typeof ROLES[0]];
  const [doing, also] = rng.sample(ANYWHERE, 2) as [typeof VERBS[0], typeof VERBS[0]];
  const scope = {
    in: inPlace(place), the: `the ${place.noun}`, about: place.about, found: list(place.found), who: who.noun, other: other.noun, doing: `${doing.gerund} ${doing.phrase}`, also: `${also.past} ${also.phrase}`,
    like: `${also.base} ${also.phrase}`,
  };
  return [
    "[The place is {about}.|{The} is {about}.|{The} near our town is {about}.]", "[There are {found}.|You can see {found} {in}.|{In}, there are {found}.]",
    "[Today a {who} is {in}. [He|She]_ is {doing}.|Today a {who} is {doing} {in}.|Today a {who} is {in} with a friend.]".replace("[He|She]_", who.gender === "f" ? "She" : "He"),
    "[Yesterday, a {other} {also} there.|The {other} comes here to {like}.|The {other} has often been {in}.]",
    "[People like to visit {the}.|It is a good place to visit.|Many people know {the}.|Children like {the} very much.]",
  ].map((line) => fill(line, rng, scope)).join(" ");
}

type Describe = (rng: Rng) => string;

/** A description of a thing, an animal, a person or a place. */
export function description(rng: Rng): string {
  const one = pickWeighted<Describe>(rng, [[30, describeThing], [25, describeAnimal], [30, describePerson], [15, describePlace]]);
  const text = one(rng);
  // Two short descriptions of different things make one document, as pages do.
  return one === describePerson || rng.chance(0.3) ? text : `${text}\n${pickWeighted<Describe>(rng, [[1, describeThing], [1, describePlace], [1, describePerson]])(rng)}`;
}
