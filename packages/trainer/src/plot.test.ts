import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { LogEntry } from "./log.js";
import { niceTicks, plotLoss, smooth, thin } from "./plot.js";

const step = (i: number, loss: number): LogEntry => ({ type: "step", step: i, loss, gradNorm: 1, lr: 1e-3, tokens: i * 100, seconds: i });

describe("niceTicks", () => {
  it("gives between two and a dozen round numbers within the range", () => {
    fc.assert(
      fc.property(fc.double({ min: -1e6, max: 1e6, noNaN: true }), fc.double({ min: 1e-3, max: 1e6, noNaN: true }), (from, span) => {
        const ticks = niceTicks(from, from + span);
        expect(ticks.length).toBeGreaterThanOrEqual(2);
        expect(ticks.length).toBeLessThanOrEqual(12);
        for (const tick of ticks) {
          expect(tick).toBeGreaterThanOrEqual(from - span * 1e-6);
          expect(tick).toBeLessThanOrEqual(from + span * (1 + 1e-6));
        }
      }),
    );
    expect(niceTicks(0, 10)).toEqual([0, 2, 4, 6, 8, 10]);
  });
});

describe("smooth and thin", () => {
  it("leave a constant as it is", () => {
    const points = Array.from({ length: 5000 }, (_, i) => [i, 2.5] as const);
    for (const [, y] of smooth(points, 0.98)) expect(y).toBeCloseTo(2.5);
    expect(thin(points, 100)).toHaveLength(100);
    expect(thin(points, 100)[0]![0]).toBeCloseTo(24.5);
  });
});

describe("plotLoss", () => {
  it("draws every kind of entry and no number that is none", () => {
    const entries: LogEntry[] = [
      ...Array.from({ length: 300 }, (_, i) => step(i + 1, 5 / Math.sqrt(i + 1))),
      { type: "eval", step: 150, loss: 1.5, bitsPerByte: 1, tokens: 10, complete: false, seconds: 1 },
      { type: "eval", step: 300, loss: 1.2, bitsPerByte: 1, tokens: 10, complete: true, seconds: 1 },
    ];
    const svg = plotLoss(entries, "a < b");
    expect(svg).toContain("a &lt; b");
    expect(svg.match(/<circle/g)).toHaveLength(2);
    expect(svg.match(/<polyline/g)).toHaveLength(4);
    expect(svg).not.toMatch(/NaN|Infinity|undefined/);
  });

  it.each([[[]], [[step(1, 2)]]])("draws short logs too", (entries) => {
    expect(plotLoss(entries, "short")).not.toMatch(/NaN|Infinity|undefined/);
  });
});
