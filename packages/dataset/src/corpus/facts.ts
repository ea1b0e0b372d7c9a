import { gerund, indefinite, list, plural, possessive, thirdPerson } from "./grammar.js";
import { ANIMALS } from "./lexicon/animals.js";
import { FOODS, PLANTS, UNCOUNTABLE } from "./lexicon/foods.js";
import { THINGS } from "./lexicon/objects.js";
import { OCCUPATIONS } from "./lexicon/people.js";
import { inPlace, PLACES, WEATHER } from "./lexicon/places.js";
import type { Scope } from "./template.js";

/** One thing that facts are known about, with the slots its relations use. */
export interface Subject { noun: string; group: Group; scope: Scope; countable: boolean; has(relation: string): boolean }
export type Group = "animal" | "thing" | "food" | "plant" | "person" | "place" | "weather";

/** One relation: how it is asked, how it is answered, how a text states it ({s} is "a fox" or "it"). `names` are slots an answer must contain. */
export interface Relation { id: string; asks: readonly string[]; answers: readonly string[]; states: readonly string[]; names: readonly string[] }

const NUMBERS = ["no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"];

export const RELATIONS: Record<Group, readonly Relation[]> = {
  animal: [
    { id: "kind", asks: ["What is {an}?", "What kind of animal is {an}?", "Tell me about {xs}.", "What do you know about {an}?", "Tell me something about {an}.", "What do you know about {xs}?", "Tell me a fact about {xs}."], answers: ["{An} is a {kind}. It lives {home} and eats {eats}."], states: ["{S} is a {kind}", "{S} is a {kind} with {cover}"], names: ["x", "kind"] },
    { id: "eat", asks: ["What does {an} eat?", "What do {xs} eat?", "What does {an} like to eat?", "What food does {an} eat?", "What can I feed {an}?", "Can you tell me what {an} eats?", "Do you know what {xs} eat?"], answers: ["{An} eats {eats}."], states: ["{S} eats {eats}", "{S} likes to eat {eats}", "the food of {an} is {eats}"], names: ["x", "eat1"] },
    { id: "live", asks: ["Where does {an} live?", "Where do {xs} live?", "Where can I find {an}?", "What is the home of {an}?", "In what place does {an} live?", "Can you tell me where {an} lives?", "Do you know where {xs} live?"], answers: ["{An} lives {home}."], states: ["{S} lives {home}", "{S} makes its home {home}", "you can find {an} {home}"], names: ["x", "homenoun"] },
    { id: "cover", asks: ["What covers {an}?", "What is the body of {an} covered with?", "What does the body of {an} have on it?", "What do {xs} have on their bodies?"], answers: ["The body of {an} is covered with {cover}."], states: ["the body of {an} is covered with {cover}", "{S} has {cover}", "{S} is covered with {cover}"], names: ["x", "covernoun"] },
    { id: "sound", asks: ["What sound does {an} make?", "What do {xs} say?", "What does {an} say?", "What noise does {an} make?", "What sound do {xs} make?", "Do you know what sound {an} makes?"], answers: ["{An} {sound}."], states: ["{S} {sound}", "a happy {x} {sound}"], names: ["x", "sound"] },
    { id: "young", asks: ["What is a young {x} called?", "What do you call a baby {x}?", "What is the name for a young {x}?", "What is the baby of {an} called?"], answers: ["A young {x} is called {young}."], states: ["a young {x} is called {young}", "the baby of {an} is called {young}"], names: ["x", "youngnoun"] },
    { id: "legs", asks: ["How many legs does {an} have?", "How many legs do {xs} have?", "Does {an} have legs?", "Can you tell me how many legs {an} has?"], answers: ["{An} has {legs} legs."], states: ["{S} has {legs} legs", "{S} has {legs} legs and {cover}"], names: ["x", "legs"] },
    { id: "can", asks: ["What can {an} do?", "What can {xs} do?", "What is {an} good at?", "What are {xs} able to do?"], answers: ["{An} can {can}."], states: ["{S} can {can}", "{S} is able to {can}", "{S} is good at {cangerund}"], names: ["x", "can1"] },
    { id: "color", asks: ["What color is {an}?", "What color are {xs}?", "What is the color of {an}?", "Which color does {an} have?"], answers: ["{An} is {color}."], states: ["{S} is {color}", "the color of {an} is {color}"], names: ["x", "color"] },
  ],
  thing: [
    { id: "made", asks: ["What is {an} made of?", "What are {xs} made of?", "What do people make {an} from?", "What material is {an} made of?"], answers: ["{An} is made of {made}."], states: ["{S} is made of {made}", "people make {an} from {made}"], names: ["x", "made"] },
    { id: "use", asks: ["What is {an} used for?", "What are {xs} used for?", "What can I do with {an}?", "Why do people need {an}?", "What is {an}?", "What is {an} for?", "What do people use {an} for?", "What do you do with {an}?"], answers: ["{An} is used to {use}."], states: ["{S} is used to {use}", "people use {an} to {use}", "you can use {an} to {use}"], names: ["x", "useverb"] },
    { id: "about", asks: ["Tell me about {an}.", "Tell me something about {an}.", "What do you know about {an}?", "What can you tell me about {an}?"], answers: ["{An} is made of {made}. It is used to {use}."], states: ["{S} is a useful thing"], names: ["x", "made"] },
    { id: "kept", asks: ["Where can I find {an}?", "Where is {an} kept?", "Where do people keep {an}?", "Where should I look for {an}?"], answers: ["You can find {an} {kept}."], states: ["you can find {an} {kept}", "{S} is often kept {kept}", "{S} can be found {kept}"], names: ["x", "keptnoun"] },
    { id: "color", asks: ["What color is {an}?", "What color are {xs}?", "What is the color of {an}?", "Which color does {an} have?"], answers: ["{An} is often {color}."], states: ["{S} is often {color}", "the color of {an} is often {color}"], names: ["x", "color"] },
  ],
  food: [
    { id: "kind", asks: ["What is {an}?", "What kind of food is {an}?", "Tell me about {xs}.", "What do you know about {an}?"], answers: ["{An} is a {kind}. It {origin} and tastes {taste}."], states: ["{S} is a {kind}"], names: ["x", "kind"] },
    { id: "taste", asks: ["How does {an} taste?", "What does {an} taste like?", "What is the taste of {an}?", "How do {xs} taste?"], answers: ["{An} tastes {taste}."], states: ["{S} tastes {taste}", "the taste of {an} is {taste}"], names: ["x", "taste"] },
    { id: "color", asks: ["What color is {an}?", "What color are {xs}?", "What is the color of {an}?", "Which color does {an} have?"], answers: ["{An} is {color}."], states: ["{S} is {color}", "the color of {an} is {color}"], names: ["x", "color"] },
    { id: "origin", asks: ["Where does {an} come from?", "Where do {xs} come from?", "Where do we get {an} from?", "How do we get {an}?"], answers: ["{An} {origin}."], states: ["{S} {origin}"], names: ["x", "originnoun"] },
  ],
  plant: [
    { id: "kind", asks: ["What is {an}?", "What kind of plant is {an}?", "Tell me about {xs}.", "What do you know about {an}?"], answers: ["{An} is a {kind}. It grows {grows}."], states: ["{S} is a {kind}"], names: ["x", "kind"] },
    { id: "grow", asks: ["Where does {an} grow?", "Where do {xs} grow?", "Where can I find {an}?", "In what place does {an} grow?"], answers: ["{An} grows {grows}."], states: ["{S} grows {grows}", "you can find {an} {grows}"], names: ["x", "growsnoun"] },
    { id: "color", asks: ["What color is {an}?", "What color are {xs}?", "What is the color of {an}?", "Which color does {an} have?"], answers: ["{An} is {color}."], states: ["{S} is {color}", "the color of {an} is {color}"], names: ["x", "color"] },
    { id: "good", asks: ["What does {an} do?", "What is special about {an}?", "Why is {an} special?", "What is good about {an}?"], answers: ["{An} {good}."], states: ["{S} {good}", "everyone knows that {an} {good}"], names: ["x"] },
  ],
  person: [
    { id: "does", asks: ["What does {an} do?", "What do {xs} do?", "What is the job of {an}?", "What is the work of {an}?"], answers: ["{An} {does}."], states: ["{S} {does}", "the work of {an} is to {doesbase}"], names: ["x", "doesnoun"] },
    { id: "about", asks: ["Who is {an}?", "What is {an}?", "Tell me about {an}.", "Tell me what {an} does."], answers: ["{An} {does}. You can find {an} {at}."], states: ["{S} is a person with important work"], names: ["x", "atnoun"] },
    { id: "at", asks: ["Where does {an} work?", "Where do {xs} work?", "Where can I find {an}?", "In what place does {an} work?"], answers: ["{An} works {at}."], states: ["{S} works {at}", "you can find {an} {at}"], names: ["x", "atnoun"] },
    { id: "uses", asks: ["What does {an} use?", "What do {xs} use?", "What tool does {an} need?", "What does {an} need for work?"], answers: ["{An} uses {uses}."], states: ["{S} uses {uses}", "{S} needs {uses} for the work"], names: ["x", "usesnoun"] },
  ],
  place: [
    { id: "found", asks: ["What can I see {in}?", "What is {in}?", "What can you find {in}?", "What is there {in}?", "What do people find {in}?"], answers: ["{In}, there are {found}."], states: ["{in}, there are {found}", "you can see {found} {in}"], names: ["x", "found1"] },
    { id: "about", asks: ["What is {the} like?", "How is it {in}?", "Can you tell me about {the}?", "What kind of place is {the}?", "Tell me about {the}.", "What do you know about {the}?"], answers: ["{The} is {about}. You can see {found} there."], states: ["{S} is {about}", "most people say that {the} is {about}"], names: ["x", "about1"] },
  ],
  weather: [
    { id: "is", asks: ["What is {x} like?", "How is {x}?", "Tell me about {x}.", "What do you know about {x}?"], answers: ["{X} is {is}."], states: ["{x} is {is}", "most people find that {x} is {is}", "everyone knows that {x} is {is}"], names: ["x", "is1"] },
    { id: "does", asks: ["What does {x} do?", "What does {x} bring?", "What happens when there is {x}?", "Why is {x} important?"], answers: ["{X} {does}."], states: ["{x} {does}", "every year, {x} {does}", "everyone knows that {x} {does}"], names: ["x"] },
    { id: "wear", asks: ["What should I wear in {x}?", "What do people wear in {x}?", "What clothes do I need in {x}?", "What can I put on in {x}?"], answers: ["In {x}, you should wear {wear}."], states: ["in {x}, people wear {wear}", "most people wear {wear} in {x}", "it is good to wear {wear} in {x}"], names: ["x"] },
  ],
};

const lastWord = (phrase: string): string => phrase.split(" ").at(-1)!;
const firstWord = (phrase: string): string => phrase.split(" ")[0]!;

function inflectFirst(phrase: string, inflect: (verb: string) => string): string {
  const [verb, ...rest] = phrase.split(" ");
  return [inflect(verb!), ...rest].join(" ");
}

function subject(group: Group, noun: string, extra: Scope, without: readonly string[] = []): Subject {
  const countable = !UNCOUNTABLE.has(noun) && group !== "weather";
  return {
    noun, group, countable, has: (relation) => !without.includes(relation),
    scope: { x: noun, an: countable ? indefinite(noun) : noun, xs: countable ? plural(noun) : noun, s: countable ? indefinite(noun) : noun, its: possessive(noun), ...extra },
  };
}

/** Everything facts are known about. */
export const SUBJECTS: readonly Subject[] = [
  ...ANIMALS.map((a) => subject("animal", a.noun, {
    kind: a.kind, eats: list(a.eats), eat1: a.eats[0]!, home: a.home, homenoun: lastWord(a.home), cover: a.cover, covernoun: lastWord(a.cover), sound: a.sound, young: indefinite(a.young), youngnoun: lastWord(a.young),
    legs: NUMBERS[a.legs]!, can: list(a.can), can1: firstWord(a.can[0]!), cangerund: list(a.can.map((phrase) => inflectFirst(phrase, gerund))), color: a.colour,
  }, a.sound === "" ? ["sound"] : [])),
  ...THINGS.map((t) => subject("thing", t.noun, { made: t.madeOf, use: t.use, useverb: firstWord(t.use), kept: t.kept, keptnoun: lastWord(t.kept), color: t.colour })),
  ...FOODS.map((f) => subject("food", f.noun, { kind: f.kind, taste: f.taste, color: f.colour, origin: f.origin, originnoun: lastWord(f.origin) })),
  ...PLANTS.map((p) => subject("plant", p.noun, { kind: p.kind, grows: p.grows, growsnoun: lastWord(p.grows), color: p.colour, good: p.good })),
  ...OCCUPATIONS.map((o) => subject("person", o.noun, { does: inflectFirst(o.does, thirdPerson), doesbase: o.does, doesnoun: lastWord(o.does), at: o.at, atnoun: lastWord(o.at), uses: o.uses, usesnoun: lastWord(o.uses) })),
  ...PLACES.map((p) => subject("place", p.noun, { the: `the ${p.noun}`, s: `the ${p.noun}`, in: inPlace(p), found: list(p.found), found1: lastWord(p.found[0]!), about: p.about, about1: firstWord(p.about) })),
  ...WEATHER.map((w) => subject("weather", w.noun, { is: w.is, is1: firstWord(w.is), does: w.does, wear: w.wear }, w.kind === "season" ? [] : ["wear"])),
];

export const SUBJECTS_BY_GROUP: Readonly<Record<Group, readonly Subject[]>> = {
  animal: SUBJECTS.filter((item) => item.group === "animal"), thing: SUBJECTS.filter((item) => item.group === "thing"), food: SUBJECTS.filter((item) => item.group === "food"),
  plant: SUBJECTS.filter((item) => item.group === "plant"), person: SUBJECTS.filter((item) => item.group === "person"), place: SUBJECTS.filter((item) => item.group === "place"),
  weather: SUBJECTS.filter((item) => item.group === "weather"),
};

/** Relations that hold for a subject. */
export function relationsOf(item: Subject): readonly Relation[] {
  return RELATIONS[item.group].filter((relation) => item.has(relation.id));
}

/** The words an answer must name, from the subject's slots. */
export function namesOf(item: Subject, relation: Relation): string[] {
  return relation.names.map((slot) => lastWord(String(item.scope[slot])));
}

