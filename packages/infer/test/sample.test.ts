import { readFileSync } from "node:fs";
import { applyPenalties, argmax, draw, filterLogits, sampleToken, selectTop, type SamplingOptions } from "@llm/infer";
import fc from "fast-check";
import { describe, expect, it } from "vitest";

interface Golden {
  logits65536: number[];
  seen: number[];
  options: Partial<SamplingOptions>;
  kept: number[];
  probabilities: number[];
}
const goldens = JSON.parse(readFileSync(new URL("goldens/samplers.json", import.meta.url), "utf8")) as Golden[];
const countsOf = (ids: readonly number[]) => {
  const counts = new Map<number, number>();
  for (const id of ids) counts.set(id, (counts.get(id) ?? 0) + 1);
  return counts;
};
const vector = fc.array(fc.float({ noNaN: true, min: -20, max: 20 }), { minLength: 1, maxLength: 300 }).map((values) => Float32Array.from(values));

describe("against transformers' processors", () => {
  it.each(goldens.map((golden) => [`${golden.logits65536.length} tokens, ${JSON.stringify(golden.options)}`, golden] as const))("%s", (_, golden) => {
    const logits = Float32Array.from(golden.logits65536, (unit) => unit / 65536);
    applyPenalties(logits, countsOf(golden.seen), golden.options);
    const candidates = filterLogits(logits, golden.options);
    expect([...candidates.ids].sort((a, b) => a - b)).toEqual(golden.kept);
    // The probability of each token is the length of the interval of u for which it is drawn.
    const temperature = golden.options.temperature ?? 1;
    const max = Math.max(...candidates.logits);
    const weights = Array.from(candidates.logits, (logit) => Math.exp((logit - max) / temperature));
    const total = weights.reduce((a, b) => a + b);
    let before = 0;
    candidates.ids.forEach((id, i) => {
      const share = weights[i]! / total;
      const expected = golden.probabilities[golden.kept.indexOf(id)]!;
      expect(Math.abs(share - expected)).toBeLessThan(1e-6 * expected + 1e-12);
      if (share > 1e-9) {
        expect(draw(candidates, temperature, before + share * 0.01)).toBe(id);
        expect(draw(candidates, temperature, before + share * 0.99)).toBe(id);
      }
      before += share;
    });
  });
});

describe("selectTop", () => {
  it("equals a full sort, lowest id first on ties", () => {
    // Few distinct values, so ties are common.
    const coarse = fc.array(fc.integer({ min: -3, max: 3 }), { minLength: 1, maxLength: 200 }).map((values) => Float32Array.from(values));
    fc.assert(
      fc.property(fc.oneof(vector, coarse), fc.integer({ min: 1, max: 250 }), (logits, k) => {
        const sorted = [...logits.keys()].sort((a, b) => logits[b]! - logits[a]! || a - b).slice(0, k);
        const top = selectTop(logits, k);
        expect([...top.ids]).toEqual(sorted);
        expect([...top.logits]).toEqual(sorted.map((id) => logits[id]));
      }),
    );
  });
});

describe("filterLogits", () => {
  it("keeps the likeliest token whatever the options, and never more with a stricter top-p", () => {
    fc.assert(
      fc.property(vector, fc.double({ min: 0.001, max: 1, noNaN: true }), fc.double({ min: 0.001, max: 1, noNaN: true }), fc.double({ min: 0, max: 1, noNaN: true }), fc.integer({ min: 0, max: 50 }), (logits, p, q, minP, topK) => {
        const [strict, loose] = [Math.min(p, q), Math.max(p, q)].map((topP) => filterLogits(logits, { topK, topP, minP }).ids) as [Int32Array, Int32Array];
        expect([...strict]).toContain(argmax(logits));
        for (const id of strict) expect([...loose]).toContain(id);
      }),
    );
  });

  it("finds a nucleus that is wider than its first try", () => {
    const logits = new Float32Array(5000); // all equally likely
    expect(filterLogits(logits, { topP: 0.5 }).ids).toHaveLength(2500);
  });
});

describe("sampleToken", () => {
  it("is greedy at temperature 0, lowest id on ties, after the penalties", () => {
    expect(sampleToken(Float32Array.of(1, 3, 3, 2), { temperature: 0 }, new Map(), 0.99)).toBe(1);
    expect(sampleToken(Float32Array.of(1, 3, 3, 2), { temperature: 0, repetitionPenalty: 1.5 }, new Map([[1, 1]]), 0.99)).toBe(2);
    expect(sampleToken(Float32Array.of(1, 3, 2.9), { temperature: 0, frequencyPenalty: 0.06 }, new Map([[1, 2]]), 0)).toBe(2);
    expect(sampleToken(Float32Array.of(1, 3, 2.9), { temperature: 0, presencePenalty: 0.06 }, new Map([[1, 2]]), 0)).toBe(1);
  });

  it("draws by probability", () => {
    const logits = Float32Array.of(Math.log(0.2), Math.log(0.5), Math.log(0.3));
    const drawn = [0, 0, 0];
    for (let i = 0; i < 1000; i++) drawn[sampleToken(logits.slice(), {}, new Map(), (i + 0.5) / 1000)]!++;
    expect(drawn).toEqual([200, 500, 300]);
  });

  it("never draws a banned token, also at the ends of the interval", () => {
    const logits = Float32Array.of(-Infinity, 0, -Infinity, 0, -Infinity);
    for (const u of [0, 0.5, 1 - 2 ** -53]) expect([1, 3]).toContain(sampleToken(logits.slice(), {}, new Map(), u));
  });

  it("says so when the logits are no numbers", () => {
    for (const temperature of [0, 1]) {
      expect(() => sampleToken(Float32Array.of(1, NaN, 2), { temperature }, new Map(), 0.5)).toThrow(/NaN for token 1/);
      expect(() => sampleToken(Float32Array.of(-Infinity), { temperature }, new Map(), 0.5)).toThrow(/nothing above -Infinity/);
      expect(() => sampleToken(Float32Array.of(0, Infinity), { temperature }, new Map(), 0.5)).toThrow(/Infinity for token 1/);
    }
  });
});
