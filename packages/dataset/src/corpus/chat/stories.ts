import { nameFor, PROPS, ROLE_BY_NOUN, ROLES, suitsRole, type Prop, type Role } from "../cast.js";
import { indefinite, pronouns } from "../grammar.js";
import { inPlace, PLACES } from "../lexicon/places.js";
import { CHARACTER_ADJECTIVES } from "../lexicon/adjectives.js";
import { pickWeighted, type Rng } from "../random.js";
import { tellStory, type Story, type StoryRequest } from "../story.js";
import { fill } from "../template.js";
import { drawAllowed, type Allowed, type ChatKind, type Expectation } from "./turn.js";

const ASKS = [
  "Tell me a story about {it}.", "Can you tell me a story about {it}?", "Write a story about {it}.", "I want to hear a story about {it}.", "Please tell me a short story about {it}.",
  "Write a short story about {it}.", "Could you write a story with {it}?", "Tell a story about {it}.", "Do you know a story about {it}?", "I would like a story about {it}.", "Make up a story about {it}.", "Give me a story about {it}.", "Tell me a bedtime story about {it}.",
  "Tell me about {it} in a story.", "Can you write a story about {it}?", "Tell me a nice story about {it}.", "I want a story with {it}.",
];

const STORY_PLACES = PLACES.filter((place) => place.tags.has("land"));

/** What is asked for, in words, and what the reply must name. */
export interface StoryAsk { it: string; request: StoryRequest; expect: string[] }

function pair(rng: Rng): { key: string; value: { role: Role; prop: Prop } } {
  const role = rng.pick(ROLES);
  const prop = rng.pick(PROPS);
  return { key: storyKey(role.noun, prop.noun), value: { role, prop } };
}

/** The key under which a character and a thing are held out together. */
export function storyKey(role: string, prop: string): string {
  return `story ${role} ${prop}`;
}

/** A character and a thing that may be told together. */
export function drawPair(rng: Rng, allowed: Allowed): { role: Role; prop: Prop } {
  return drawAllowed(rng, allowed, pair);
}

export function drawStoryAsk(rng: Rng, allowed: Allowed, onlyPairs = false): StoryAsk {
  const kind = onlyPairs ? 0 : pickWeighted(rng, [[42, 0], [6, 1], [4, 2], [15, 3], [9, 4], [12, 5], [5, 6], [3, 7], [4, 8]] as const);
  const { role, prop } = drawPair(rng, allowed);
  const a = indefinite(role.noun);
  const b = indefinite(prop.noun);
  switch (kind) {
    case 1: return { it: a, request: { role, prop }, expect: [role.noun] };
    case 2: return { it: b, request: { role, prop }, expect: [prop.noun] };
    case 3: {
      let helper = rng.pick(ROLES);
      while (helper.noun === role.noun || (helper.realm === "water") !== (role.realm === "water")) helper = rng.pick(ROLES);
      return { it: `${a} and ${indefinite(helper.noun)}`, request: { role, prop, helper }, expect: [role.noun, helper.noun] };
    }
    case 4: {
      const person = rng.chance(0.5) ? ROLE_BY_NOUN.get(rng.pick(["girl", "boy"]))! : role;
      const name = nameFor(rng, person);
      if (!allowed(storyKey(person.noun, prop.noun))) return { it: `${a} and ${b}`, request: { role, prop }, expect: [role.noun, prop.noun] };
      return { it: `${indefinite(person.noun)} named ${name.name}${rng.chance(0.7) ? ` and ${b}` : ""}`, request: { role: person, prop, name }, expect: [name.name] };
    }
    case 5: {
      const place = rng.pick(role.realm === "water" ? PLACES.filter((item) => item.tags.has("water")) : STORY_PLACES);
      return { it: `${a} ${rng.chance(0.5) ? `and ${b} ` : ""}${inPlace(place)}`, request: { role, prop, place }, expect: [role.noun, place.noun] };
    }
    case 6: {
      const adjective = rng.pick(CHARACTER_ADJECTIVES.filter((word) => suitsRole(word, role)));
      const propAdjective = rng.pick(prop.adjectives);
      return { it: `${indefinite(`${adjective} ${role.noun}`)} and ${indefinite(`${propAdjective} ${prop.noun}`)}`, request: { role, prop, adjective, propAdjective }, expect: [role.noun, prop.noun] };
    }
    case 7: {
      const adjective = rng.pick(CHARACTER_ADJECTIVES.filter((word) => suitsRole(word, role)));
      return { it: indefinite(`${adjective} ${role.noun}`), request: { role, prop, adjective }, expect: [role.noun] };
    }
    case 8: {
      const person = ROLE_BY_NOUN.get(rng.pick(["girl", "boy"]))!;
      const name = nameFor(rng, person);
      if (!allowed(storyKey(person.noun, prop.noun))) return { it: `${a} and ${b}`, request: { role, prop }, expect: [role.noun, prop.noun] };
      return { it: `${name.name} and ${rng.chance(0.5) ? b : `${pronouns(name.gender).his} ${prop.noun}`}`, request: { role: person, prop, name }, expect: [name.name, prop.noun] };
    }
    default: return { it: rng.chance(0.85) ? `${a} and ${b}` : `${b} and ${a}`, request: { role, prop }, expect: [role.noun, prop.noun] };
  }
}

/** A request for a story and the story that answers it. */
export function askForStory(rng: Rng, ask: StoryAsk, short = rng.chance(0.6)): { user: string; story: Story; expect: Expectation } {
  const { helper, name, place, adjective } = ask.request;
  // What is more than a character and a thing is said again first: the story then has it close by.
  const about = helper ?? name ?? place ?? adjective;
  const story = tellStory(rng, { ...ask.request, about: about === undefined ? false : ask.it, short });
  return { user: fill(rng.pick(ASKS), rng, { it: ask.it }), story, expect: { all: ask.expect, any: [] } };
}

/** "Tell me a story about a fox and a lantern." */
export const storyRequest: ChatKind = (rng, allowed) => {
  const { user, story, expect } = askForStory(rng, drawStoryAsk(rng, allowed));
  return { kind: "story", turns: [{ user, assistant: story.text }], expect };
};
