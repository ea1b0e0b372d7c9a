import { explain } from "../chat/how-to.js";
import { NAMES } from "../lexicon/people.js";
import { TASKS } from "../lexicon/tasks.js";
import { pronouns } from "../grammar.js";
import type { Rng } from "../random.js";
import { fill } from "../template.js";

/** A how-to text: the steps of one task, with who needs them before or after. */
export function instructions(rng: Rng): string {
  const task = rng.pick(TASKS);
  const [pupil, other] = rng.sample(NAMES, 2) as [typeof NAMES[0], typeof NAMES[0]];
  const scope = { ...pronouns(pupil.gender), name: pupil.name, other: other.name, task: task.task, when: rng.pick(["today", "this morning", "after lunch", "this evening", "on Sunday", "tomorrow"]), who: rng.pick(["mother", "father", "grandmother", "grandfather", "aunt", "uncle", "teacher", "neighbor", "friend"]) };
  const before = "[{Name} wants to {task} {when}. {Other} explains it.|Do you want to {task}? {Name} can explain it.|Here is how {name} learned to {task}.|The {who} shows {name} how to {task}.]";
  const after = "[Now {name} can {task} alone.|{Other} can {task} now, too.|{Name} thanks {other} for the help.|{Name} is proud because {he} can {task} now.|The {who} of {name} can {task} very well.|{Other} says that {name} learns fast.]";
  const trying = "[{Name} tries it {when} with {his} {who}.|{Other} and the {who} try it {when}, too.|{His} {who} helps {name} {when}.|{Name} does it again {when} with {his} {who}.]";
  return [fill(before, rng, scope), explain(rng, task), fill(`${trying} ${after}`, rng, scope)].join(" ");
}
