import type { Frame } from "./frame.js";

/** Plots about making, mending, cleaning and moving things. */
export const MAKING_FRAMES: readonly Frame[] = [
  {
    id: "broken-and-fixed", needs: ["break"], helper: true, event: true,
    setup: ["{C} had {ao} and used {o} every day.", "{C} loved {his} {noj}. {He} used {o} to {use}."],
    problem: "{o} broke",
    steps: ["\"Oh no, my {no} is broken!\" said {c}.", "?{C} tried to fix {o} alone, but it was too hard.", "+{H} came by with some tools. \"I know how to fix a {no},\" said {h}.", "They worked together [all morning|until lunch|for an hour]."],
    end: "{c} and {h} fixed {o}",
    closing: ["{O} was as good as new.", "\"Two can do more than one,\" said {c}."],
  },
  {
    id: "dirty-and-clean", needs: ["clean"], not: ["food"], helper: false,
    setup: ["{Oneday}, {c} found {ao} {inp}."],
    problem: "{o} was so dirty that nobody wanted it",
    steps: ["\"I can clean this {no},\" said {c}.", "{C} [took some water and a soft cloth|used warm water] and washed {o} [for a long time|with great care|again and again].", "?Under the dirt, {c} saw [a bright spot|a lovely pattern|a little star]."],
    end: "{c} made {o} clean again",
    closing: ["Now everyone [liked|loved] {o}.", "{C} still has {o} today."],
  },
  {
    id: "too-big-to-move", needs: ["big"], sea: false, helper: true,
    setup: ["{C} had {ao}. {C} wanted to bring {o} {top}."],
    problem: "{o} was too heavy to move alone",
    steps: ["{C} pushed and pulled, but {o} did not move.", "?\"I am not strong enough,\" said {c} and sat down.", "+{H} saw {c}. \"Let me help you with {o},\" said {h}.", "\"One, two, three!\" they called, and {o} began to move."],
    end: "{c} and {h} moved {o} together",
    closing: ["\"Many hands make light work,\" said {h}.", "Then they sat down and drank some cool water."],
  },
  {
    id: "make-one", oneOf: ["wood", "paper", "cloth", "straw", "clay", "wool", "string"], not: ["huge", "music", "clock"], helper: true,
    setup: ["{C} wanted {ao} more than anything."],
    problem: "{c} did not know how to make {a}",
    steps: ["{C} tried three times, but each time {o} fell apart.", "?\"I give up,\" said {c}.", "\"Do not give up,\" said {h}. \"Let us try again, step by step.\"", "{H} showed {c} how to make {o} [from {material}|with care], and {c} worked slowly."],
    end: "{c} made {o} with the help of {h}",
    closing: ["{O} was not perfect, but {c} loved it.", "\"I made this {no} myself!\" said {c}."],
  },
  {
    id: "painting-it", needs: ["big", "wood"], sea: false, helper: true, vars: { paint: ["red", "blue", "green", "yellow", "white"] },
    setup: ["{C} had an old {no}. {O} was gray and dull."],
    problem: "{o} did not look nice any more",
    steps: ["\"I will paint {o} {paint},\" said {c}.", "{H} brought a brush, and they painted {o} together.", "?There was paint on the grass, and there was paint on {c}'s nose!"],
    end: "{c} had a fine {paint} {no}",
    closing: ["Everyone stopped to look at {o}.", "{C} and {h} laughed and washed their brushes."],
  },
  {
    id: "clever-use", needs: ["carry"], not: ["food"], sea: false, helper: true, event: true,
    setup: ["{C} carried {ao} everywhere. The others laughed at {c} and {his} {no}."],
    problem: "{h} fell into a deep hole",
    steps: ["\"Help! I cannot get out!\" cried {h}.", "{C} did not run away. {He} put {o} down and found a long branch.", "?\"Hold on to the branch,\" said {c}, and {he} pulled with all {his} strength.", "{H} climbed out of the hole. {C} picked up {o} again."],
    end: "{c} saved {h} and went home with {o}",
    closing: ["After that, nobody laughed at {c} or {o}.", "\"You are brave,\" said {h}, \"and your {no} is lovely.\""],
  },
  {
    id: "dusty-in-the-attic", not: ["food", "big"], who: "person", helperWho: "person", helper: true,
    setup: ["On a rainy day, {c} went up to the attic. There, under a gray cloth, was {ao}."],
    problem: "nobody knew who had left {o} there",
    steps: ["{C} carried {o} down and showed {o} to {h}.", "\"That was my {no} when I was young,\" said {h}.", "?{H} told {c} many stories about {o}."],
    end: "{h} gave {o} to {c}",
    closing: ["{C} put {o} beside the bed and was happy.", "\"I will take good care of {o},\" said {c}."],
  },
  {
    id: "saving-money", not: ["food", "huge"], who: "person", helperWho: "person", helper: true, vars: { job: ["washed cups", "picked apples", "swept the street", "carried bags", "fed the hens", "watered the flowers"] },
    setup: ["{C} saw {ao} in a shop. {C} looked at {o} every day."],
    problem: "{c} did not have enough money for {o}",
    steps: ["+\"You can work for me,\" said {h}. So {c} {job} every day after lunch.", "?It was hard work, but {c} thought of {o} and did not stop.", "After [two|three|four] weeks, {c} had enough coins."],
    end: "{c} bought {o} with {his} own money",
    closing: ["\"Hard work pays,\" said {h}.", "{C} carried the good news home and showed {o} to everyone."],
  },
];
