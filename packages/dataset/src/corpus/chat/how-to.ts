import { TASKS, type Task } from "../lexicon/tasks.js";
import type { Rng } from "../random.js";
import { finish } from "../grammar.js";
import { drawAllowed, expectAll, type ChatKind } from "./turn.js";

const ASKS = [
  "How do I {task}?", "How can I {task}?", "How do you {task}?", "Tell me how to {task}.", "Explain how to {task}.", "What is the best way to {task}?", "Can you tell me how to {task}?", "I want to {task}. What should I do?", "Show me how to {task}.",
];
const STARTS = ["First, ", "To start, ", "First, "];
const MIDDLES = [["Then ", "Next, "], ["Next, ", "Then "], ["After that, ", "Then "]];
const LASTS = ["Finally, ", "At the end, ", "Finally, "];

/** The steps of a task as one short text. */
export function explain(rng: Rng, task: Task): string {
  const middle = rng.pick(MIDDLES);
  return task.steps.map((step, at) => finish(`${at === 0 ? rng.pick(STARTS) : at === task.steps.length - 1 ? rng.pick(LASTS) : middle[(at - 1) % 2]}${step}.`)).join(" ");
}

/** "How do I make tea?" */
export const howTo: ChatKind = (rng, allowed) => {
  const { task, ask } = drawAllowed(rng, allowed, (random) => {
    const value = { task: random.pick(TASKS), ask: random.pick(ASKS) };
    return { key: `how-to ${value.task.task} ${value.ask}`, value };
  });
  // "How do I brush my teeth?", but "How do you brush your teeth?"
  const asked = / I /.test(ask) || /^(I|Tell|Can|Show|Explain)/.test(ask) ? task.task.replace(/\byour\b/, "my") : task.task;
  return { kind: "how-to", turns: [{ user: ask.replace("{task}", asked), assistant: explain(rng, task) }], expect: expectAll(task.about) };
};
