import { answer, drawQuestion } from "../chat/fact-questions.js";
import { pronouns } from "../grammar.js";
import { FOODS } from "../lexicon/foods.js";
import { THINGS, type Thing } from "../lexicon/objects.js";
import { NAMES, OCCUPATIONS } from "../lexicon/people.js";
import { inPlace, PLACES } from "../lexicon/places.js";
import { VERBS } from "../lexicon/verbs.js";
import { pickWeighted, type Rng } from "../random.js";
import { fill, type Scope } from "../template.js";

const PLANS = VERBS.filter((verb) => !/promise|remember|guess|hear|drop|enjoy|keep|spend|wait|surprise|smell|knock|hold|wear|shut|close|dream|laugh|smile|win$|hurry|answer/.test(verb.base));
const VISITED = PLACES.filter((place) => place.tags.has("visit"));
const CARRIED = THINGS.filter((thing) => thing.tags.has("carry"));

type Talk = (rng: Rng, scope: Scope) => string[];

const lost: Talk = () => [
  "\"[Have you seen|Do you know where I left] my {no}?\" asked {a}.", "\"[I am not sure|I do not think so],\" said {b}. \"Where did you have it last?\"", "\"I had my {no} {inp},\" [said|answered] {a}.",
  "\"[Then we should look {inp}|Let us go and look {inp}],\" said {b}.", "[They went {inp2} and found the {no}.|A little later, they found the {no} {kept}.|After an hour, {b} found the {no}.] \"Thank you, {b}!\" said {a}.",
];
const plan: Talk = (rng) => [
  "\"What [are you going to do|will you do] [today|tomorrow|on Sunday|after lunch]?\" asked {a}.", "\"I am going to {do},\" said {b}. \"[Would you like to come|Do you want to come with me]?\"",
  ...(rng.chance(0.5)
    ? ["\"Yes, I would love to,\" said {a}. \"I like {doing}.\"", "\"[That is good|Wonderful|See you soon],\" said {b}."]
    : ["[\"I am sorry, but I cannot come,\" said {a}. \"I have to {other}.\"|\"Maybe later,\" said {a}. \"First, I want to {other}.\"]", "\"[I understand|Then maybe next time|That is all right],\" said {b}."]),
];
const past: Talk = () => [
  "\"What did you do [yesterday|last Sunday|last night]?\" asked {a}.", "\"I {did},\" [said|answered] {b}. \"It was [fun|wonderful|very nice]. And you?\"", "\"I {did2} with my [brother|sister|friend|mother|father],\" said {a}.",
  "[\"Have you ever {pp}?\" asked {b}. \"Yes, many times,\" said {a}.|\"I have never {pp},\" said {b}. \"You should try it,\" said {a}.]",
];
const gift: Talk = () => [
  "\"I have something for you,\" said {a}. \"[Guess what it is|Close your eyes].\"", "\"Is it a {guess}?\" asked {b}.", "\"No, it is a {no},\" said {a} and gave the {no} to {b}.", "\"Thank you, {a}! I can use the {no} to {use},\" said {b}.", "[{B} was very happy with the {no}.|{B} put the {no} {kept2}.|Then {he} hugged {a}.]",
];
const eating: Talk = () => [
  "\"Are you hungry?\" asked {a}.", "\"Yes, I would like [some {food}|something {taste}],\" said {b}.", "\"I have some {food} and some {food2},\" said {a}. \"Which do you like better?\"", "\"I like {food2} better because it tastes {taste2},\" said {b}.", "[They sat down and ate together.|{A} gave {b} some {food2}.|\"Then take the {food2},\" said {a}.]",
];
const work: Talk = () => [
  "\"What do you want to be one day?\" asked {a}.", "\"I want to be a {job},\" said {b}. \"A {job} works {jobat}.\"", "\"Why do you want to be a {job}?\" asked {a}.", "\"Because I want to {jobdoes},\" said {b}.", "[\"I would rather be a {job2},\" said {a}. \"I like to {job2does}.\"|\"Then you must learn a lot,\" said {a}.|\"You will be a good {job},\" said {a}.]",
];
/** A question with a question mark, and its answer as direct speech that goes on. */
function askedAndAnswered(rng: Rng): { ask: string; reply: string } {
  for (;;) {
    const { item, relation, ask } = drawQuestion(rng).value;
    if (ask.endsWith("?")) return { ask: fill(ask, rng, item.scope), reply: answer(rng, item, relation).replace(/\.$/, ",") };
  }
}

const fact: Talk = (rng, scope) => {
  const one = askedAndAnswered(rng);
  const two = askedAndAnswered(rng);
  Object.assign(scope, { q1: one.ask, a1: one.reply, q2: two.ask, a2: two.reply });
  return ["\"{q1}\" asked {a}.", "\"{a1}\" [said|answered] {b}.", "\"{q2}\" asked {b}.", "\"{a2}\" [said|answered] {a}.", "[{A} and {b} like to ask such questions.|Then they went home.|They both learned something new.|]"];
};
const weather: Talk = () => [
  "\"[The sun is shining|It is raining|It is snowing|It is windy] today,\" said {a}. \"[What shall we do|What do you want to do]?\"", "\"We could {do},\" said {b}.", "\"Or we could go {top},\" said {a}. \"There are {found}.\"", "[\"That is a good idea,\" said {b}. \"Let us go {top}!\"|\"I would rather {other},\" said {b}.|\"First, I have to {other},\" said {b}.]",
];

const TALKS: readonly (readonly [number, Talk])[] = [[16, lost], [18, plan], [16, past], [12, gift], [8, eating], [10, work], [20, fact], [10, weather]];

function scopeFor(rng: Rng): Scope {
  const [one, two] = rng.sample(NAMES, 2) as [typeof NAMES[0], typeof NAMES[0]];
  const [thing, other] = rng.sample(CARRIED, 2) as [Thing, Thing];
  const [place, goal] = rng.sample(VISITED, 2) as [typeof PLACES[0], typeof PLACES[0]];
  const [v1, v2, v3] = rng.sample(PLANS, 3) as [typeof VERBS[0], typeof VERBS[0], typeof VERBS[0]];
  const [f1, f2] = rng.sample(FOODS.filter((food) => !food.countable && food.kind !== "drink" && food.noun !== "salt" && food.noun !== "sugar"), 2) as [typeof FOODS[0], typeof FOODS[0]];
  const [j1, j2] = rng.sample(OCCUPATIONS.filter((job) => !/king|queen/.test(job.noun)), 2) as [typeof OCCUPATIONS[0], typeof OCCUPATIONS[0]];
  return {
    a: one.name, b: two.name, ...pronouns(two.gender), no: thing.noun, use: thing.use.replace(/\byour\b/g, "my"), kept: thing.kept, kept2: thing.kept, guess: other.noun, inp: inPlace(place), inp2: `to the ${place.noun}`, top: `to the ${goal.noun}`,
    found: goal.found.slice(0, 2).join(" and "), do: `${v1.base} ${v1.phrase}`, doing: `${v1.gerund} ${v1.phrase}`, other: `${v2.base} ${v2.phrase}`, did: `${v1.past} ${v1.phrase}`, did2: `${v2.past} ${v2.phrase}`, pp: `${v3.participle} ${v3.phrase}`,
    food: f1.noun, taste: f1.taste, food2: f2.noun, taste2: f2.taste, job: j1.noun, jobat: j1.at, jobdoes: j1.does, job2: j2.noun, job2does: j2.does,
  };
}

/** Two people talk; each line says who speaks, so every pronoun has its person. */
export function dialogue(rng: Rng): string {
  const scope = scopeFor(rng);
  const talk = pickWeighted(rng, TALKS);
  const meet = fill("[{A} met {b} {inp}.|{A} and {b} were sitting {inp}.|One day, {a} visited {b}.|{A} and {b} were walking {top}.|{B} was {inp} when {a} came by.]", rng, scope);
  return [meet, ...talk(rng, scope).map((line) => fill(line, rng, scope))].filter((line) => line !== "").join(" ");
}

