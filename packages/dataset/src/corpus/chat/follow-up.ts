import { fill, fillRaw } from "../template.js";
import { indefinite } from "../grammar.js";
import { relationsOf, SUBJECTS_BY_GROUP, namesOf, type Relation } from "../facts.js";
import { GREETED } from "../lexicon/people.js";
import { pickWeighted, type Rng } from "../random.js";
import { answer } from "./fact-questions.js";
import { askForStory, drawStoryAsk } from "./stories.js";
import { drawAllowed, expectAll, type Allowed, type Chat, type ChatKind, type Expectation, type Turn } from "./turn.js";

interface FollowUp { ask: string; reply: string; expect: Expectation }

/** The words of a clause that carry its meaning. */
const contentWords = (clause: string): string[] => clause.match(/[A-Za-z]{3,}/g)?.filter((word) => !/^(the|was|for|too|had|not|and|all|its|his|her|who|did|that|with|from|have|there|they|were|what|this|into|very|because)$/.test(word)) ?? [];

/** After a story: who, where, what was wrong, how it ended. The words are those of the story. */
const afterStory = (rng: Rng, allowed: Allowed): Chat => {
  const { user, story } = askForStory(rng, drawStoryAsk(rng, allowed, rng.chance(0.7)), rng.chance(0.7));
  const { character, prop, helper } = story;
  const scope = { c: character.the, x: character.role.noun, o: `the ${prop.noun}`, no: prop.noun, home: story.home, problem: story.problem, end: story.end, h: helper?.the ?? "" };
  const hero = character.name ?? character.role.noun;
  const cast = [hero, prop.noun, ...(helper === undefined ? [] : [helper.role.noun])];
  const choices: FollowUp[] = [
    { ask: "[What was the problem?|What was the problem of {c}?|What went wrong?|What was {c}'s problem?]", reply: "The problem was that {problem}.", expect: { all: [], any: [cast.concat("night", "party", "flowers"), contentWords(story.problem)] } },
    // A short story may not say where its character lives; then nobody asks.
    ...(story.text.toLowerCase().includes(story.home) ? [{ ask: "[Where did {c} live?|Where does {c} live?|Where was the home of {c}?]", reply: "{C} lived {home}.", expect: expectAll(hero, story.home.split(" ").at(-1)!) }] : []),
    { ask: "[How did it end?|How did the story end?|What happened in the end?|What happened at the end?]", reply: "In the end, {end}.", expect: { all: [], any: [cast, contentWords(story.end)] } },
    { ask: "[What was the story about?|What is the story about?|Who was in the story?]", reply: `The story was about ${character.name ?? indefinite(character.role.noun)} and ${indefinite(prop.noun)}.`, expect: expectAll(hero, prop.noun) },
    ...(helper === undefined || !story.text.includes(helper.the) && !story.text.includes(helper.first) ? [] : [
      { ask: "[Who was with {c}?|Who else was there?]", reply: `{C} was with ${indefinite(helper.role.noun)}.`, expect: expectAll(helper.role.noun) },
      { ask: "[Who did {c} meet?|Who else was in the story?]", reply: `{C} met ${indefinite(helper.role.noun)}.`, expect: expectAll(helper.role.noun) },
    ]),
    ...(character.name === undefined ? [] : [{ ask: `[What was the name of the ${character.role.noun}?|What was the ${character.role.noun} called?]`, reply: `The name of the ${character.role.noun} was ${character.name}.`, expect: expectAll(character.name) }]),
  ];
  const chosen = rng.sample(choices, rng.chance(0.65) ? 1 : 2);
  const turns: Turn[] = [{ user, assistant: story.text }];
  for (const one of chosen) turns.push({ user: fill(one.ask, rng, scope), assistant: fill(one.reply, rng, scope) });
  return { kind: "follow-up", turns, expect: chosen.at(-1)!.expect };
};

const AGAIN: Record<string, string[]> = {
  eat: ["And what does it eat?", "What does it eat?", "What does it like to eat?"], live: ["And where does it live?", "Where does it live?", "Where can I find it?"], cover: ["What is its body covered with?"],
  sound: ["What sound does it make?", "And what sound does it make?"], young: ["What is its baby called?", "And what is its young called?"], legs: ["How many legs does it have?", "And how many legs does it have?"],
  can: ["What can it do?", "And what can it do?"], color: ["What color is it?", "And what color is it?"], made: ["What is it made of?", "And what is it made of?"], use: ["What is it used for?", "And what is it used for?"], kept: ["Where can I find it?", "And where can I find it?"],
};

/** After a fact: another fact about the same subject, asked with "it". */
const afterFact = (rng: Rng, allowed: Allowed): Chat => {
  const { item, first, second, ask, again } = drawAllowed(rng, allowed, (random) => {
    const item = random.pick(SUBJECTS_BY_GROUP[random.chance(0.7) ? "animal" : "thing"]);
    const [first, second] = random.sample(relationsOf(item).filter((relation) => AGAIN[relation.id] !== undefined), 2) as [Relation, Relation];
    const ask = random.pick(first.asks);
    return { key: `follow ${item.noun} ${first.id} ${second.id}`, also: `fact ${item.noun} ${ask}`, value: { item, first, second, ask, again: random.pick(AGAIN[second.id]!) } };
  });
  return {
    kind: "follow-up", turns: [{ user: fill(ask, rng, item.scope), assistant: answer(rng, item, first) }, { user: again, assistant: answer(rng, item, second) }],
    expect: { all: [item.noun], any: namesOf(item, second).slice(1).map((word) => [word]) },
  };
};

/** After a name: what it was. */
const afterName = (rng: Rng, allowed: Allowed): Chat => {
  const name = drawAllowed(rng, allowed, (random) => {
    const value = random.pick(GREETED);
    return { key: `name ${value}`, value };
  });
  const scope = { name };
  const turns: Turn[] = [{ user: fill("[Hello, my name is {name}.|Hi, I am {name}.|My name is {name}.|I am {name}.]", rng, scope), assistant: fill("Hello, {name}! It is nice to meet you.[ How can I help you today?|]", rng, scope) }];
  if (rng.chance(0.3)) turns.push({ user: rng.pick(["How are you?", "How are you today?"]), assistant: fillRaw("I am well, thank you, {name}!", rng, scope) });
  turns.push({ user: rng.pick(["What is my name?", "Do you know my name?", "Who am I?", "Can you tell me my name?", "Do you remember my name?"]), assistant: fill("Your name is {name}.", rng, scope) });
  return { kind: "follow-up", turns, expect: expectAll(name) };
};

/** Chats of two or three turns, where the later question needs the earlier reply. */
export const followUp: ChatKind = (rng, allowed) => pickWeighted(rng, [[44, afterStory], [30, afterFact], [26, afterName]] as const)(rng, allowed);

