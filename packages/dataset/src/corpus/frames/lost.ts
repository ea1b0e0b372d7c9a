import type { Frame } from "./frame.js";

const SPOTS = ["under a bush", "behind a big stone", "in the tall grass", "under some leaves", "behind an old tree", "beside the path"];

/** Plots about things that are lost, found or left behind. */
export const LOST_FRAMES: readonly Frame[] = [
  {
    id: "lost-and-found", needs: ["carry"], not: ["food"], sea: false, helper: false, vars: { spot: SPOTS },
    setup: ["{C} had {ao} and took {o} everywhere.", "{C} had {ao}. [It was a gift from a good friend.|{C} was very proud of {o}.]"],
    problem: "{c} could not find {o}",
    steps: ["\"Where is my {no}?\" [asked|cried] {c}.", "?{C} looked [here and there|high and low], but {o} was not there.", "Then {c} remembered the path {top}. {He} [ran|went] back and looked again."],
    end: "{c} found {o} {spot}",
    closing: ["{C} [hugged|held] {o} and [laughed|smiled].", "After that, {c} always kept {o} close."],
  },
  {
    id: "return-to-owner", needs: ["carry"], helper: true,
    setup: ["{Oneday}, {c} found {ao} {inp}. \"What a [pretty|lovely|fine] {no}!\" [said|thought] {c}."],
    problem: "{o} belonged to someone else",
    steps: ["{C} wanted to keep {o}, but {he} knew that it was not right.", "?{C} asked everyone {inp} about {o}.", "+Then {c} met {h}. \"I lost my {no},\" said {h} [sadly|in a small voice].", "\"Here is your {no},\" said {c}."],
    end: "{c} gave {o} back to {h}",
    closing: ["\"Thank you, {friend}!\" said {h}. {C} felt [happy|proud].", "{H} thanked {c}, and they became good friends."],
  },
  {
    id: "wind-took-it", needs: ["airy"], sea: false, helper: true, event: true,
    setup: ["{Oneday}, {c} was {inp} with {ao}. The sky was gray."],
    problem: "a strong wind blew {o} into a tall tree",
    steps: ["\"Oh no! My {no}!\" [cried|shouted] {c}.", "?{C} jumped and jumped, but the branch was too high.", "{H} saw {c} under the tree. \"I can help you,\" said {h}.", "{H} shook the branch, and {o} fell down."],
    end: "{c} caught {o} and thanked {h}",
    closing: ["{C} held {o} very tightly all the way home.", "Then {c} and {h} [walked|went] home together."],
  },
  {
    id: "fell-in-water", needs: ["carry"], sea: false, helper: true, event: true, vars: { water: ["the river", "the lake", "the pond"] },
    setup: ["{Oneday}, {c} walked along {water} with {ao}. {C} was singing and did not look at the path."],
    problem: "{c} fell, and {o} dropped into {water}",
    steps: ["\"My {no}!\" cried {c}. \"I cannot [reach it|get it back]!\"", "?{C} tried to reach {o} with a stick, but the stick was too short.", "{H} heard {c} and came to {water}.", "{H} [reached out with a long branch|stepped into the water] and pulled {o} to the bank."],
    end: "{c} had {o} back again",
    closing: ["{O} was wet, so {c} dried it in the sun.", "\"Thank you, {friendh}!\" said {c}. \"You saved my {no}.\""],
  },
  {
    id: "forgot-it", needs: ["carry"], helper: true, event: true,
    setup: ["{C} planned to visit {h} and bring {ao}.", "{C} had {ao} for {h}."],
    problem: "{c} forgot {o} at home",
    steps: ["{C} was already at {h}'s door. \"Oh dear,\" said {c}. \"I left your {no} at home.\"", "?{C} wanted to cry, for the way back was long.", "+\"Do not worry,\" said {h}. \"We can get {o} together.\"", "So they [talked and laughed|told jokes] all the way back."],
    end: "{c} gave {o} to {h}, and they had tea",
    closing: ["{H} said that {o} was the best gift of all.", "\"A friend is better than a {no},\" said {h}, and {c} smiled."],
  },
  {
    id: "thief", needs: ["carry"], sea: false, helper: false, event: true, vars: { thief: ["crow", "raccoon", "rat", "monkey"] },
    setup: ["{C} kept {ao} beside the window. Every night, {c} looked at {o} before bed."],
    problem: "a {thief} took {o} in the night",
    steps: ["In the morning, {c} saw that {o} was gone. \"Who took my {no}?\" asked {c}.", "?{C} saw small marks on the ground and followed them {top}.", "There sat the {thief} with {o}. \"I am sorry,\" said the {thief}. \"I only wanted to look at it.\""],
    end: "the {thief} gave {o} back to {c}",
    closing: ["{C} was kind and let the {thief} visit {o} every Sunday.", "After that, the {thief} always asked first."],
  },
  {
    id: "missing-friend-gift", needs: ["carry"], helper: true, event: true, vars: { spot: SPOTS },
    setup: ["It was {h}'s birthday. {C} had {ao} for {h}."],
    problem: "{c} lost {o} on the way to the party",
    steps: ["{C} stopped and looked at {his} empty bag. \"I cannot come without {o},\" said {c}.", "?{He} walked slowly back along the same path.", "![Soon|After a while], {c} saw something {spot}. It was {o}!"],
    end: "{c} came to the party and gave {o} to {h}",
    closing: ["\"This is a wonderful {no}!\" said {h}.", "{H} loved {o}, and they [danced|ate cake] until evening."],
  },
  {
    id: "strange-find", needs: ["carry"], not: ["food"], helper: true,
    setup: ["{Oneday}, {c} saw something strange {inp}. It was {ao}."],
    problem: "{c} did not know what to do with {o}",
    steps: ["{C} turned {o} around and looked at it for a long time.", "?\"Is it good to eat?\" asked {c}. But {o} did not taste good at all.", "{H} came by and laughed [kindly|softly]. \"That is a {no},\" said {h}. \"You use a {no} to {use}.\""],
    end: "{c} learned how to use {o}",
    closing: ["{C} thanked {h} and took {o} home.", "Now {c} is very proud of {o}."],
  },
];
