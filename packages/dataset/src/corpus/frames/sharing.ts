import type { Frame } from "./frame.js";

/** Plots about giving, sharing, borrowing and quarrels that end well. */
export const SHARING_FRAMES: readonly Frame[] = [
  {
    id: "both-want-it", not: ["food"], helper: true,
    setup: ["{C} and {h} found {ao} {inp}."],
    problem: "{c} and {h} both wanted {o}",
    steps: ["\"{O} is mine!\" said {c}. \"No, it is mine!\" said {h}.", "?They were so angry that they did not speak for an hour.", "Then {c} had a good idea. \"We can share {o},\" said {c}. \"You can have it today, and I can have it tomorrow.\""],
    end: "{c} and {h} shared {o}",
    closing: ["They learned that a {no} is more fun with a friend.", "From that day on, {c} and {h} played together every day."],
  },
  {
    id: "borrowed", needs: ["carry"], not: ["food"], helper: true,
    setup: ["{C} needed a {no}, but {he} did not have one. So {c} borrowed {ao} from {h}."],
    problem: "{c} forgot to bring {o} back",
    steps: ["Days went by, and {h} needed {o} again. \"Where is my {no}?\" asked {h}.", "?{C} felt bad and could not sleep that night.", "\"I am sorry,\" said {c}. \"I should have brought {o} back to you.\""],
    end: "{c} returned {o} and said sorry to {h}",
    closing: ["{H} was not angry any more.", "\"You can borrow {o} again,\" said {h} with a smile."],
  },
  {
    id: "gift-for-sick-friend", needs: ["gift", "carry"], helper: true,
    setup: ["{C} had {ao}. {C} also had a good friend, {h}."],
    problem: "{h} was sick and had to stay in bed",
    steps: ["+{C} wanted to make {h} happy. \"I will give my {no} to {h},\" said {c}.", "?{C} wrapped {o} in [blue|red|green] paper.", "When {h} saw {o}, {h} [smiled|laughed] for the first time that day."],
    end: "{h} felt better because of {o} and the visit of {c}",
    closing: ["\"Thank you for {o},\" said {h}. \"You are a good friend.\"", "{C} went home with a warm heart."],
  },
  {
    id: "trade", needs: ["carry"], helper: true, vars: { other: ["book", "basket", "blanket", "bell", "ball", "cup", "hat", "picture"] },
    setup: ["{C} had {ao}, but {he} [really wanted|dreamed of] a {other}."],
    problem: "{c} had no money to buy a {other}",
    steps: ["!{Oneday}, {c} met {h} {inp}. {H} had a {other} but needed a {no}.", "\"Will you trade your {other} for my {no}?\" asked {c}.", "?{H} looked at {o} for a long time and thought about it."],
    end: "{c} traded {o} for the {other}",
    closing: ["{H} was happy with {o}, and {c} was happy with the {other}.", "\"That was a fair trade,\" said {c}."],
  },
  {
    id: "shy-friend", needs: ["carry"], not: ["food"], helper: true,
    setup: ["{C} was new {inp} and had no friends there. All {he} had was {ao}."],
    problem: "{c} was too shy to talk to anyone",
    steps: ["{C} sat alone with {o} and watched the others.", "?The others were laughing and playing.", "+Then {h} came closer. \"That is a nice {no},\" said {h}. \"May I see it?\"", "{C} smiled and showed {o} to {h}."],
    end: "{o} helped {c} to find a friend",
    closing: ["{C} was not shy any more.", "Now {c} and {h} meet {inp} every day."],
  },
  {
    id: "poor-stranger", needs: ["carry"], helper: true,
    setup: ["{Oneday}, {c} was on the way home with {ao}."],
    problem: "{h} sat beside the road and needed {a}",
    steps: ["+\"Please help me,\" said {h}. \"I have no {no} and no money.\"", "{C} looked at {o}. {He} liked {o} very much, but {he} felt sorry for {h}.", "?\"You need it more than I do,\" said {c}."],
    end: "{c} gave {o} to {h}",
    closing: ["The next day, {h} brought {c} a bag of [nuts|apples|berries] to say thank you.", "{C} went home without {o}, but {he} felt very happy."],
  },
  {
    id: "would-not-share", needs: ["carry"], not: ["food"], helper: true,
    setup: ["{C} had {ao}. \"Nobody may touch my {no},\" said {c}."],
    problem: "{c} did not want to share {o}",
    steps: ["!{H} asked to see {o}, but {c} said no. So {h} went away.", "Soon {c} sat alone with {o}. It was not fun any more.", "?\"I have {a}, but I have no friend,\" said {c}.", "!{C} [ran|went] after {h}. \"I am sorry,\" said {c}. \"Come and see my {no}.\""],
    end: "{c} shared {o} with {h}",
    closing: ["It is better to share than to be alone.", "They had a wonderful day with {o}."],
  },
  {
    id: "broken-promise", not: ["food"], helper: true, event: true,
    setup: ["{C} promised to show {ao} to {h} after lunch."],
    problem: "{c} fell asleep and did not keep the promise",
    steps: ["{H} waited a long time to see {o}. At last, {h} went home.", "!When {c} woke up, it was dark. \"Oh no,\" said {c}. \"I promised to show {o} to {h}.\"", "?{C} went to {h} early the next day and said sorry."],
    end: "{c} kept the promise and showed {o} to {h}",
    closing: ["{H} liked {o} very much and was not angry.", "\"A promise is a promise,\" said {c}."],
  },
];
