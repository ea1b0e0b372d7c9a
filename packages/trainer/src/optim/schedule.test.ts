import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { learningRate, SCHEDULES, type Schedule } from "./schedule.js";

const schedule = fc.record({
  kind: fc.constantFrom(...SCHEDULES),
  lr: fc.double({ min: 1e-5, max: 1, noNaN: true }),
  warmup: fc.integer({ min: 0, max: 100 }),
  minRatio: fc.double({ min: 0, max: 0.5, noNaN: true }),
  decayFraction: fc.double({ min: 0.05, max: 1, noNaN: true }),
});
const progress = fc.double({ min: 0, max: 1, noNaN: true });

describe("learningRate", () => {
  it("stays between 0 and the highest rate", () => {
    fc.assert(
      fc.property(schedule, fc.nat(1000), progress, (s, step, p) => {
        const lr = learningRate(s, step, p);
        expect(lr).toBeGreaterThanOrEqual(0);
        expect(lr).toBeLessThanOrEqual(s.lr * (1 + 1e-12));
      }),
    );
  });

  it("never rises with progress after the warmup and never falls with the warmup's steps", () => {
    fc.assert(
      fc.property(schedule, fc.nat(1000), progress, progress, (s, step, p, q) => {
        expect(learningRate(s, step + s.warmup, Math.max(p, q))).toBeLessThanOrEqual(learningRate(s, step + s.warmup, Math.min(p, q)) + 1e-15);
        expect(learningRate(s, step + 1, p)).toBeGreaterThanOrEqual(learningRate(s, step, p) - 1e-15);
      }),
    );
  });

  it("ends at the lowest rate", () => {
    fc.assert(
      fc.property(schedule, (s) => {
        const end = s.kind === "constant" ? s.lr : s.lr * s.minRatio;
        expect(learningRate(s, s.warmup, 1)).toBeCloseTo(end, 10);
      }),
    );
  });

  it("ends the warmup after a tenth of the budget, however few steps that was", () => {
    const s: Schedule = { kind: "constant", lr: 1, warmup: 1000, minRatio: 0, decayFraction: 0.2 };
    expect(learningRate(s, 3, 0.05)).toBeCloseTo(0.5);
    expect(learningRate(s, 6, 0.1)).toBe(1);
  });

  it("has known values", () => {
    const base: Schedule = { kind: "cosine", lr: 1, warmup: 10, minRatio: 0.1, decayFraction: 0.2 };
    expect(learningRate(base, 0, 0)).toBeCloseTo(0.1);
    expect(learningRate(base, 10, 0.5)).toBeCloseTo(0.55);
    expect(learningRate({ ...base, kind: "wsd", minRatio: 0 }, 10, 0.8)).toBeCloseTo(1);
    expect(learningRate({ ...base, kind: "wsd", minRatio: 0 }, 10, 0.9)).toBeCloseTo(0.5);
    expect(learningRate({ ...base, kind: "wsd-sqrt", minRatio: 0 }, 10, 0.85)).toBeCloseTo(0.5);
    expect(learningRate({ ...base, kind: "constant" }, 10, 0.85)).toBe(1);
  });
});
