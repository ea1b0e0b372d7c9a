import { describe, expect, it } from "vitest";
import { castCharacter, PROPS, ROLES } from "./cast.js";
import { FRAMES } from "./frames/all.js";
import { createRng } from "./random.js";
import { fits, tellStory } from "./story.js";

const occurrences = (text: string, word: string): number => text.match(new RegExp(`\\b${word}\\b`, "g"))?.length ?? 0;

describe("stories", () => {
  it("has at least 36 plots with different names, and every plot fits some cast", () => {
    expect(FRAMES.length).toBeGreaterThanOrEqual(36);
    expect(new Set(FRAMES.map((frame) => frame.id)).size).toBe(FRAMES.length);
    for (const frame of FRAMES) expect(ROLES.some((role) => PROPS.some((prop) => fits(frame, role, prop))), frame.id).toBe(true);
  });

  it("can tell a story of every character with every thing", () => {
    for (const role of ROLES) for (const prop of PROPS) expect(FRAMES.some((frame) => fits(frame, role, prop)), `${role.noun} ${prop.noun}`).toBe(true);
  });

  it("names the asked character and thing at least three times, fills every slot and keeps to its length", () => {
    const used = new Set<string>();
    for (let i = 0; i < 3000; i++) {
      const story = tellStory(createRng(`story test ${i}`));
      used.add(story.frame);
      expect(occurrences(story.text, story.character.name ?? story.character.role.noun), story.text).toBeGreaterThanOrEqual(3);
      expect(occurrences(story.text, story.prop.noun), story.text).toBeGreaterThanOrEqual(3);
      expect(story.text).not.toMatch(/[{}[\]|]|undefined/);
      const words = story.text.split(" ").length;
      expect(words, story.text).toBeLessThanOrEqual(122);
      expect(words, story.text).toBeGreaterThanOrEqual(25);
    }
    expect([...used].sort()).toEqual(FRAMES.map((frame) => frame.id).sort());
  });

  it("names an asked-for helper at least three times", () => {
    for (let i = 0; i < 500; i++) {
      const rng = createRng(`helper test ${i}`);
      const land = ROLES.filter((role) => role.realm !== "water");
      const [role, helper] = rng.sample(land, 2) as [typeof land[0], typeof land[0]];
      const story = tellStory(rng, { role, helper });
      expect(occurrences(story.text, helper.noun), story.text).toBeGreaterThanOrEqual(3);
    }
  });

  it("uses only the pronouns of its main character", () => {
    for (let i = 0; i < 1500; i++) {
      const story = tellStory(createRng(`pronoun test ${i}`));
      const wrong = story.character.gender === "m" ? /\b(she|her|hers|herself)\b/i : story.character.gender === "f" ? /\b(he|him|his|himself)\b/i : /\b(he|she|him|his|her|himself|herself)\b/i;
      expect(story.text).not.toMatch(wrong);
    }
  });

  it("says the end and the problem in the story itself, so that questions about it can be answered from it", () => {
    for (let i = 0; i < 500; i++) {
      const { text, end, problem, character, helper } = tellStory(createRng(`recall test ${i}`));
      const plain = (value: string) => value.toLowerCase().replaceAll(helper?.first.toLowerCase() ?? "\n", helper?.the.toLowerCase() ?? "");
      expect(plain(text)).toContain(plain(end));
      expect(plain(text)).toContain(plain(problem));
      expect(text).toContain(character.first.slice(2));
    }
  });

  it("never describes a child as old or a whale as tiny", () => {
    for (let i = 0; i < 3000; i++) {
      const rng = createRng(`adjective test ${i}`);
      const role = rng.pick(ROLES);
      expect(castCharacter(rng, role).first).not.toMatch(/\bold (girl|boy|prince|princess)\b|young grand|(tiny|small|little) (whale|elephant|horse)|rich (?!man|woman|[a-z]*er\b).*(ant|bee|worm)\b/);
    }
  });
});
