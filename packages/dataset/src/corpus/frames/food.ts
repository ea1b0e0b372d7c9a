import type { Frame } from "./frame.js";

/** Plots about something to eat. */
export const FOOD_FRAMES: readonly Frame[] = [
  {
    id: "share-the-food", needs: ["food"], helper: true,
    setup: ["{C} had {ao} for lunch."],
    problem: "{h} was hungry and had nothing to eat",
    steps: ["{C} looked at {o} and then at {h}.", "?\"I am hungry too,\" thought {c}, \"but a friend is more important.\"", "\"Take half of my {no},\" said {c}."],
    end: "{c} and {h} ate {o} together",
    closing: ["\"That was a fine {no},\" said {h}.", "The next day, {h} brought food for {c}."],
  },
  {
    id: "who-ate-it", needs: ["food"], helper: true, event: true,
    setup: ["{C} put {ao} on the table and went out for a while."],
    problem: "{o} was gone when {c} came back",
    steps: ["\"Who ate my {no}?\" asked {c}.", "?There were small crumbs on the floor, and they led to the door.", "{H} looked down. \"It was me,\" said {h}. \"I was so hungry that I ate {o}. I am sorry.\""],
    end: "{h} brought {c} a new {no}",
    closing: ["{C} was not angry any more, and they shared the new {no}.", "\"Next time, please ask me first,\" said {c}."],
  },
  {
    id: "last-one", needs: ["food"], helper: true,
    setup: ["{Oneday}, {c} went to the market because {he} wanted {ao}."],
    problem: "there was only one {no} left, and {h} wanted it too",
    steps: ["\"I was here first,\" said {c}. \"But I have had no lunch,\" said {h}.", "?They both held {o} and did not let go.", "Then {c} smiled. \"We can cut {o} into two parts,\" said {c}."],
    end: "{c} and {h} each had half of {o}",
    closing: ["Half of a {no} with a friend is better than a whole one alone.", "They sat in the sun and ate {o} slowly."],
  },
  {
    id: "food-for-the-party", needs: ["food"], helper: true, event: true,
    setup: ["{C} wanted to bring {ao} to the party of {h}."],
    problem: "{c} dropped {o} on the way",
    steps: ["{O} rolled into the mud. \"Now I have nothing to bring,\" said {c}.", "{C} came to {h} with empty hands and told the truth.", "?\"I had {a} for you, but it fell,\" said {c}."],
    end: "{h} was not angry about {o} and hugged {c}",
    closing: ["\"You are more important than a {no},\" said {h}.", "There was enough food for everyone, and {c} danced all night."],
  },
  {
    id: "giant-food", needs: ["food"], sea: false, helper: true,
    setup: ["{Oneday}, {c} found {ao} {inp}. It was as big as a house!"],
    problem: "{o} was too big for {c} to move",
    steps: ["{C} pushed {o}, but it did not move at all.", "\"I will help you,\" said {h}. But {o} still did not move.", "?\"We need more friends,\" said {h}, and they called everyone.", "So they all sat down around {o} and began to eat."],
    end: "everyone ate {o}, and {c} was full",
    closing: ["\"That was the biggest {no} in the world,\" said {h}.", "{C} slept until the next morning."],
  },
  {
    id: "save-for-winter", needs: ["food"], sea: false, helper: true,
    setup: ["{C} found {ao} and wanted to save it for later."],
    problem: "{c} forgot where {o} was hidden",
    steps: ["{C} looked under the leaves and behind the stones. \"Where is my {no}?\" asked {c}.", "{H} came to help. \"I can smell {o},\" said {h}.", "?They looked together until the moon came out."],
    end: "{c} and {h} found {o} under an old tree",
    closing: ["{C} gave half of {o} to {h}.", "\"Next time, I will eat it at once,\" said {c}."],
  },
];
