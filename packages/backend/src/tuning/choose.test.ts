import { describe, expect, test } from "vitest";
import { choose, type Candidate } from "./choose.js";

const standard = (...timings: [number, number][]): Candidate => ({ environment: { TF_ENABLE_ONEDNN_OPTS: "0", XLA_FLAGS: "a" }, timings: timings.map(([graphMs, xlaMs]) => ({ graphMs, xlaMs })) });
const other = (...timings: [number, number][]): Candidate => ({ environment: { TF_ENABLE_ONEDNN_OPTS: "1", XLA_FLAGS: "b" }, timings: timings.map(([graphMs, xlaMs]) => ({ graphMs, xlaMs })) });

describe("choose", () => {
  test("takes each setting on its own where it is faster in every round", () => {
    expect(choose([standard([100, 50], [110, 52]), other([70, 60], [80, 55])])).toEqual({ TF_ENABLE_ONEDNN_OPTS: "1", XLA_FLAGS: "a" });
    expect(choose([standard([100, 50], [110, 52]), other([700, 40], [800, 41])])).toEqual({ TF_ENABLE_ONEDNN_OPTS: "0", XLA_FLAGS: "b" });
  });

  test("stays with the default where one round disagrees, by less than a tenth, or without a result", () => {
    const stay = { TF_ENABLE_ONEDNN_OPTS: "0", XLA_FLAGS: "a" };
    expect(choose([standard([100, 50], [100, 50]), other([50, 20], [120, 60])])).toEqual(stay);
    expect(choose([standard([100, 50]), other([95, 46])])).toEqual(stay);
    expect(choose([standard([100, 50]), other()])).toEqual(stay);
  });
});
