import { castCharacter, PROPS, ROLES, nameFor, type Character, type Prop, type Role } from "./cast.js";
import { FRAMES } from "./frames/all.js";
import type { Frame } from "./frames/frame.js";
import { SPECIAL_FRAMES } from "./frames/special.js";
import { indefinite } from "./grammar.js";
import { inPlace, PLACES, type Place } from "./lexicon/places.js";
import { GLAD, WORRIED } from "./lexicon/adjectives.js";
import type { Rng } from "./random.js";
import { fill, fillRaw, type Scope } from "./template.js";

/** What a story has to be about; all else is chosen. */
export interface StoryRequest {
  role?: Role;
  prop?: Prop;
  helper?: Role;
  name?: { name: string; gender: "m" | "f" };
  /** Where the character lives. */
  place?: Place;
  adjective?: string;
  propAdjective?: string;
  short?: boolean;
  /** What a first sentence says that the story is about, as "a fox named Tom"; false for no such sentence, by default some long stories have one. */
  about?: string | false;
}

/** A story and what later questions about it can ask. */
export interface Story {
  text: string;
  frame: string;
  character: Character;
  prop: Prop;
  helper?: Character;
  home: string;
  /** "the fox could not find the lantern" */
  problem: string;
  end: string;
}

const PLACES_OF = {
  land: PLACES.filter((place) => place.tags.has("visit")),
  water: PLACES.filter((place) => place.tags.has("water")),
};

const INTROS = [
  "Once upon a time, there was {ac} who lived {home}.", "Once upon a time, {ac} lived {home}.", "Long ago, {ac} lived {home}.", "There was once {ac} who lived {home}.",
  "{Home} lived {ac}.", "{Ac} lived {home}.", "Once there was {ac}. {C} lived {home}.", "A long time ago, there lived {ac} {home}.",
];
const SHORT_INTROS = ["Once there was {ac}.", "{Ac} lived {home}.", "Long ago, {ac} lived {home}.", "{Home} lived {ac}.", "There was once {ac}."];
const PLACED_INTROS = INTROS.filter((intro) => /\{home\}/i.test(intro));
const ANNOUNCEMENTS = ["This is a story about {an} and {bare}.", "Here is a story about {an} and {bare}."];
const ABOUT = ["This is a story about {about}.", "Here is a story about {about}."];
const ENDINGS = ["In the end, {end}.", "At last, {end}.", "Finally, {end}."];
const PROBLEMS = ["But {problem}.", "But there was a problem: {problem}.", "The problem was that {problem}."];
const EVENTS = ["But {problem}.", "Then {problem}.", "But then {problem}.", "Suddenly, {problem}."];
const LAST = ["{C} was very [happy|glad|proud].", "{C} was [happy|glad] and went home with a smile.", "That night, {c} slept well and dreamed of {o}.", "{C} never forgot that day.", ""];
const MORE_OBJECT = ["{C} [will always remember|often thinks of] {o}.", "And {c} still talks about {o} today.", "It was a good day for {c} and {o}.", "{C} was [happy|glad], and everyone talked about {o}.", "What a [good|wonderful] day for {c} and {o}!"];

function suits(role: Role, who: "person" | "animal" | undefined): boolean {
  return who === undefined || (who === "person") === role.person;
}

const MORE_HELPER = ["{C} and {h} became good friends.", "{H} was [happy|glad], too.", "{C} often visits {h}."];

/** True when the plot can be told of this character and this thing. */
export function fits(frame: Frame, role: Role, prop: Prop): boolean {
  if (frame.sea === false && role.realm === "water") return false;
  if (!suits(role, frame.who)) return false;
  if (frame.needs !== undefined && !frame.needs.every((tag) => prop.tags.has(tag))) return false;
  if (frame.oneOf !== undefined && !frame.oneOf.some((tag) => prop.tags.has(tag))) return false;
  return frame.not === undefined || !frame.not.some((tag) => prop.tags.has(tag));
}

const fitting = new Map<string, readonly Frame[]>();

/** The plots for a character and a thing; remembered, because it depends only on the tables. */
function framesFor(role: Role, prop: Prop): readonly Frame[] {
  const key = `${role.realm === "water"} ${role.person} ${prop.noun}`;
  let frames = fitting.get(key);
  if (frames === undefined) fitting.set(key, (frames = FRAMES.filter((frame) => fits(frame, role, prop))));
  return frames;
}

/** How often a word stands in a text, as a whole word. */
function count(text: string, word: string): number {
  let found = 0;
  for (let at = text.indexOf(word); at >= 0; at = text.indexOf(word, at + word.length)) if (!/[a-z]/i.test(text[at + word.length] ?? "") && !/[a-z]/i.test(text[at - 1] ?? "")) found++;
  return found;
}

function words(text: string): number {
  return text.split(" ").length;
}

/** The slots that every plot may use. The helper is "an old owl" the first time and "the owl" after that. */
function storyScope(rng: Rng, frame: Frame, character: Character, prop: Prop, helper: Character, home: string, propAdjective: string, places: readonly Place[]): Scope {
  let helperKnown = false;
  const helperNoun = (): string => {
    if (helperKnown) return helper.the;
    helperKnown = true;
    return helper.first;
  };
  const [place, goal] = rng.sample(places, 2) as [Place, Place];
  const scope: Scope = {
    c: character.the, ac: character.first, ...character.pronoun, home, h: helperNoun, an: indefinite(character.role.noun), bare: indefinite(prop.noun),
    o: `the ${prop.noun}`, no: prop.noun, noj: `${propAdjective} ${prop.noun}`, ao: indefinite(rng.chance(0.75) ? `${propAdjective} ${prop.noun}` : prop.noun), a: indefinite(prop.noun),
    use: prop.use, material: prop.madeOf, inp: inPlace(place), top: `to the ${goal.noun}`, p: `the ${place.noun}`, happy: rng.pick(GLAD),
    friend: character.name ?? "my friend", friendh: "my friend", oneday: rng.pick(["one day", "one morning", "one afternoon", "one fine day", "one sunny day", "one evening"]),
    onenight: rng.pick(["one night", "one cold night", "one summer night"]),
  };
  for (const [name, values] of Object.entries(frame.vars ?? {})) scope[name] = rng.pick(values.filter((value) => value !== prop.noun && value !== character.role.noun && value !== helper.role.noun));
  return scope;
}

function chooseCast(rng: Rng, request: StoryRequest): { frame: Frame; role: Role; prop: Prop; helper: Role } {
  for (;;) {
    const role = request.role ?? rng.pick(ROLES);
    const prop = request.prop ?? rng.pick(PROPS);
    const helper = request.helper ?? rng.pick(ROLES);
    if (helper.noun === role.noun) continue;
    if (request.helper === undefined && (helper.realm === "water") !== (role.realm === "water")) continue;
    const frames = framesFor(role, prop);
    const own = frames.filter((frame) => SPECIAL_FRAMES.includes(frame));
    // A lantern may well give light in its story, though most plots would do.
    const frame = rng.pick(own.length > 0 && rng.chance(0.3) ? own : frames);
    if (!suits(helper, frame.helperWho) || (request.helper !== undefined && !frame.helper)) continue;
    return { frame, role, prop, helper };
  }
}

const SHORT_STORY = 50;

/** The steps of a short story: those it can't do without, or else one more if the story stays short. */
function shortSteps(frame: Frame, soFar: number, endLength: number): readonly string[] {
  const marked = frame.steps.filter((step) => step.startsWith("!"));
  if (marked.length > 0) return marked;
  const kept = frame.steps.find((step) => step.startsWith("+")) ?? frame.steps.filter((step) => !step.startsWith("?")).at(-1)!;
  return soFar + words(kept) + endLength <= SHORT_STORY ? [kept] : [];
}

/** Tells a story. The character, the thing and an asked-for helper are each named at least three times. */
export function tellStory(rng: Rng, request: StoryRequest = {}): Story {
  const { frame, role, prop, helper: helperRole } = chooseCast(rng, request);
  const name = request.name ?? (request.role === undefined && rng.chance(role.person ? 0.3 : 0.08) ? nameFor(rng, role) : undefined);
  const character = castCharacter(rng, role, { ...(name === undefined ? {} : { name }), ...(request.adjective === undefined ? {} : { adjective: request.adjective }) });
  const helper = castCharacter(rng, helperRole, { helper: true });
  const home = request.place === undefined ? rng.pick(role.homes) : inPlace(request.place);
  const propAdjective = request.propAdjective ?? rng.pick(prop.adjectives);
  const scope = storyScope(rng, frame, character, prop, { ...helper, first: request.helper !== undefined && request.about ? helper.the : helper.first }, home, propAdjective, role.realm === "water" ? PLACES_OF.water : PLACES_OF.land);
  const say = (template: string): string => fill(template, rng, scope);

  const short = request.short ?? rng.chance(0.58);
  const parts = [say(rng.pick(request.place !== undefined ? PLACED_INTROS : short ? SHORT_INTROS : INTROS)), say(rng.pick(frame.setup))];
  if (typeof request.about === "string") parts.unshift(fill(rng.pick(ABOUT), rng, { about: request.about }));
  else if (!short && request.about === undefined && rng.chance(0.2)) parts.unshift(say(rng.pick(ANNOUNCEMENTS)));
  const length = (): number => parts.reduce((sum, part) => sum + words(part), 0);
  scope.problem = () => fillRaw(frame.problem, rng, scope);
  parts.push(say(rng.pick(frame.event ? EVENTS : PROBLEMS)));
  if (!short && frame.event && rng.chance(0.3)) parts.push(say(`{C} was very ${rng.pick(WORRIED)}.`));
  for (const step of short ? shortSteps(frame, request.helper === undefined ? length() : 0, words(frame.end) + 2) : frame.steps) {
    if (!step.startsWith("?") || (length() < 70 && rng.chance(0.6))) parts.push(say(step.replace(/^[?!+]/, "")));
  }
  scope.end = () => fillRaw(frame.end, rng, scope);
  parts.push(say(rng.pick(ENDINGS)));
  if (!short && length() < 94) {
    const closing = say(rng.pick([...(frame.closing ?? []), ...(frame.closing ?? []), ...LAST]));
    if (closing !== "") parts.push(closing);
  }
  const all = parts.join(" ");
  const seen = character.name ?? role.noun;
  if (count(all, seen) < 3 || count(all, prop.noun) < 3) parts.push(say(rng.pick(MORE_OBJECT)));
  if (request.helper !== undefined) {
    for (const template of rng.shuffle(MORE_HELPER)) if (count(parts.join(" "), helperRole.noun) < 3) parts.push(say(template));
  }
  return {
    text: parts.join(" "), frame: frame.id, character, prop, home, problem: fillRaw(frame.problem, rng, scope), end: fillRaw(frame.end, rng, scope),
    ...(frame.helper ? { helper } : {}),
  };
}
