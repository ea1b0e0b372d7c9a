import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { StopFilter } from "./stop.js";

/** What should come out: everything before the stop string that is complete first. */
function reference(text: string, stops: readonly string[]): string {
  for (let end = 1; end <= text.length; end++) {
    const starts = stops.filter((stop) => text.slice(0, end).endsWith(stop)).map((stop) => end - stop.length);
    if (starts.length > 0) return text.slice(0, Math.min(...starts));
  }
  return text;
}

describe("StopFilter", () => {
  it("gives what a search over the whole text gives, however the text is cut up", () => {
    const letters = fc.string({ unit: fc.constantFrom("a", "b", "\n"), maxLength: 4 });
    fc.assert(
      fc.property(fc.array(letters, { maxLength: 12 }), fc.array(letters.filter((stop) => stop !== ""), { maxLength: 3 }), (pieces, stops) => {
        const filter = new StopFilter(stops);
        let out = "";
        for (const piece of pieces) {
          out += filter.push(piece);
          for (const stop of stops) expect(out).not.toContain(stop);
        }
        if (filter.found === undefined) out += filter.end();
        expect(out).toBe(reference(pieces.join(""), stops));
      }),
      { numRuns: 500 },
    );
  });

  it("holds back what may become a stop string and lets it go when it does not", () => {
    const filter = new StopFilter(["\nUser:"]);
    expect(filter.push("Yes.\nUs")).toBe("Yes.");
    expect(filter.push("ual")).toBe("\nUsual");
    expect(filter.push(" thing\nUser")).toBe(" thing");
    expect(filter.push(":")).toBe("");
    expect(filter.found).toBe("\nUser:");
    expect(filter.push("more")).toBe("");
  });

  it("gives the rest at the end", () => {
    const filter = new StopFilter(["###"]);
    expect(filter.push("a ##")).toBe("a ");
    expect(filter.end()).toBe("##");
    expect(filter.found).toBeUndefined();
  });
});
