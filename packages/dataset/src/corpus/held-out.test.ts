import { describe, expect, it } from "vitest";
import { CHAT_KINDS } from "./chat/kinds.js";
import { meetsExpectation } from "./chat/turn.js";
import { canonicalPrompt, varyInput } from "./chat/input-form.js";
import { heldOutOf, isHeldOut, trainingFilter } from "./held-out.js";
import { createRng } from "./random.js";

describe("what is held out", () => {
  it("expects of a reply only what the corpus's own reply has", () => {
    for (const [kind, make] of Object.entries(CHAT_KINDS)) {
      for (let i = 0; i < 400; i++) {
        const { turns, expect: expected } = make(createRng(`expect ${kind} ${i}`), trainingFilter(1));
        const reply = turns.at(-1)!.assistant;
        expect(meetsExpectation(expected, reply), `${kind}: ${turns.at(-1)!.user} | ${reply} | ${JSON.stringify(expected)}`).toBe(true);
      }
    }
  });

  it("tells an on-topic reply from one about something else", () => {
    const expected = { all: ["fox", "lantern"], any: [["mice", "berries"]] };
    expect(meetsExpectation(expected, "The foxes ate Berries by the lantern.")).toBe(true);
    expect(meetsExpectation(expected, "The fox ate berries.")).toBe(false);
    expect(meetsExpectation(expected, "The fox had a lantern.")).toBe(false);
    expect(meetsExpectation({ all: ["hen"], any: [] }, "Then it ended.")).toBe(false);
  });

  it("covers every kind of question and expects something of each", () => {
    const { prompts, multiTurn } = heldOutOf(3);
    expect(new Set(prompts.map((item) => item.kind))).toEqual(new Set(["story", "fact", "yes-no", "name", "describe", "how-to", "creative"]));
    for (const { expect: expected, prompt } of prompts) expect(expected.all.length + expected.any.length, prompt).toBeGreaterThan(0);
    for (const { messages } of multiTurn) {
      expect(messages.at(-1)!.role).toBe("user");
      expect(messages.length).toBeGreaterThanOrEqual(3);
    }
  });

  it("holds out about the planned share and never what training may use", () => {
    let held = 0;
    for (let i = 0; i < 10_000; i++) if (isHeldOut(1, `story a${i} b${i}`)) held++;
    expect(held / 10_000).toBeCloseTo(0.08, 1);
    expect(isHeldOut(1, "unknown key")).toBe(false);
  });

  it("sees through the forms of an input", () => {
    const prompts = ["What does a fox eat?", "Tell me a story about a fox and a lantern.", "Can you describe a lantern?", "How do I make tea?"];
    for (const prompt of prompts) for (let i = 0; i < 300; i++) expect(canonicalPrompt(varyInput(createRng(`form ${i}`), prompt))).toBe(canonicalPrompt(prompt));
  });
});
