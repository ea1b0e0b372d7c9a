import { describe, expect, it } from "vitest";
import { article, finish, gerund, indefinite, list, plural, possessive, regularPast, thirdPerson } from "./grammar.js";
import { VERBS } from "./lexicon/verbs.js";

describe("grammar", () => {
  it("forms plurals", () => {
    expect(["fox", "berry", "mouse", "sheep", "toy", "wolf", "brush", "bus", "knife", "goose"].map(plural)).toEqual(["foxes", "berries", "mice", "sheep", "toys", "wolves", "brushes", "buses", "knives", "geese"]);
  });

  it("chooses a or an by sound", () => {
    expect(["owl", "umbrella", "uncle", "hour", "honest", "hen", "useful", "unicorn", "one", "unhappy", "elephant"].map(article)).toEqual(["an", "an", "an", "an", "an", "a", "a", "a", "a", "an", "an"]);
    expect(indefinite("old fox")).toBe("an old fox");
  });

  it("finishes a sentence: articles and capitals, but no capital after direct speech that goes on", () => {
    expect(finish("a owl saw an fox. it was a old fox.")).toBe("An owl saw a fox. It was an old fox.");
    expect(finish("\"where is it?\" asked the fox. \"here.\" the owl laughed.")).toBe("\"Where is it?\" asked the fox. \"Here.\" The owl laughed.");
  });

  it("inflects verbs", () => {
    expect(["carry", "watch", "play", "have", "go", "sing"].map(thirdPerson)).toEqual(["carries", "watches", "plays", "has", "goes", "sings"]);
    expect(["run", "bake", "tie", "play", "swim", "see", "open", "visit"].map(gerund)).toEqual(["running", "baking", "tying", "playing", "swimming", "seeing", "opening", "visiting"]);
    expect(["plant", "bake", "carry", "stop", "play", "visit"].map(regularPast)).toEqual(["planted", "baked", "carried", "stopped", "played", "visited"]);
  });

  it("has 150 verbs and more, each with every form", () => {
    expect(VERBS.length).toBeGreaterThanOrEqual(150);
    for (const verb of VERBS) for (const form of [verb.base, verb.third, verb.past, verb.participle, verb.gerund]) expect(form).toMatch(/^[a-z]+$/);
    const by = (base: string) => VERBS.find((verb) => verb.base === base)!;
    expect(by("sing")).toMatchObject({ third: "sings", past: "sang", participle: "sung", gerund: "singing" });
    expect(by("knit")).toMatchObject({ past: "knitted", gerund: "knitting" });
    expect(by("cut")).toMatchObject({ third: "cuts", past: "cut", gerund: "cutting" });
  });

  it("joins lists and forms possessives", () => {
    expect(list(["a", "b", "c"])).toBe("a, b, and c");
    expect(list(["mice", "berries"])).toBe("mice and berries");
    expect(possessive("Anna")).toBe("Anna's");
  });
});
