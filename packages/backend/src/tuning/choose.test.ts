import { describe, expect, test } from "vitest";
import { environments, settingsToProbe, type Setting } from "./candidates.js";
import { choose, faster, type Candidate } from "./choose.js";

const settings: Setting[] = [
  { name: "GRAPH", standard: "0", others: ["1"], decides: "graph" },
  { name: "XLA", standard: "a", others: ["b"], decides: "xla" },
  { name: "THREADS", standard: "8", others: ["4", "2"], decides: "both" },
];
const standard = { GRAPH: "0", XLA: "a", THREADS: "8" };
const candidate = (changed: Record<string, string>, ...timings: [number, number][]): Candidate => ({ environment: { ...standard, ...changed }, timings: timings.map(([graphMs, xlaMs]) => ({ graphMs, xlaMs })) });
const chosen = (base: Candidate, ...others: Candidate[]): Record<string, string> => choose(settings, [base, ...others]);

describe("what is measured", () => {
  test("the standard settings, and each other value once: those that other times decide about together", () => {
    expect(environments(settings)).toEqual([standard, { GRAPH: "1", XLA: "b", THREADS: "8" }, { GRAPH: "0", XLA: "a", THREADS: "4" }, { GRAPH: "0", XLA: "a", THREADS: "2" }]);
  });

  test("threads: one a core where cores have several, and halves", () => {
    const threads = (cpus: number, cores?: number): readonly string[] => settingsToProbe(cpus, cores).find(({ name }) => name === "LLM_THREADS")!.others;
    expect(threads(1, 1)).toEqual([]);
    expect(threads(2, 2)).toEqual(["1"]);
    expect(threads(4)).toEqual(["2"]);
    expect(threads(16, 8)).toEqual(["8", "4"]);
    expect(threads(64, 64)).toEqual(["32", "16"]);
    expect(threads(12, 8)).toEqual(["8", "6"]);
    // Bound to two CPUs of a large machine.
    expect(threads(2, 64)).toEqual(["1"]);
  });

  test("every setting is in every environment, so that nothing else decides it", () => {
    for (const environment of environments(settingsToProbe(8, 4))) expect(Object.keys(environment)).toEqual(["TF_ENABLE_ONEDNN_OPTS", "XLA_FLAGS", "LLM_THREADS", "TF_CPU_ALLOCATOR_USE_BFC"]);
  });
});

describe("choose", () => {
  test("takes each setting on its own where it is faster in every round", () => {
    const base = candidate({}, [100, 50], [110, 52]);
    expect(chosen(base, candidate({ GRAPH: "1", XLA: "b" }, [70, 60], [80, 55]))).toEqual({ ...standard, GRAPH: "1" });
    expect(chosen(base, candidate({ GRAPH: "1", XLA: "b" }, [700, 40], [800, 41]))).toEqual({ ...standard, XLA: "b" });
    expect(chosen(base, candidate({ GRAPH: "1", XLA: "b" }, [70, 40], [80, 41]), candidate({ THREADS: "4" }, [100, 20], [110, 20]))).toEqual({ GRAPH: "1", XLA: "b", THREADS: "4" });
  });

  test("takes the fastest of several values", () => {
    const base = candidate({}, [100, 50], [110, 52]);
    expect(chosen(base, candidate({ THREADS: "4" }, [80, 30], [82, 30]), candidate({ THREADS: "2" }, [70, 30], [71, 30]))).toEqual({ ...standard, THREADS: "2" });
    expect(chosen(base, candidate({ THREADS: "4" }, [70, 30], [71, 30]), candidate({ THREADS: "2" }, [80, 30], [82, 30]))).toEqual({ ...standard, THREADS: "4" });
  });

  test("stays with the default where one round disagrees, by less than a tenth, or without a result", () => {
    const base = candidate({}, [100, 50], [100, 50]);
    expect(chosen(base, candidate({ GRAPH: "1", XLA: "b" }, [50, 20], [120, 60]))).toEqual(standard);
    expect(chosen(base, candidate({ GRAPH: "1", XLA: "b" }, [95, 46], [95, 46]))).toEqual(standard);
    expect(chosen(base, candidate({ GRAPH: "1", XLA: "b" }), candidate({ THREADS: "4" }, [140, 5], [140, 5]))).toEqual(standard);
  });

  test("without a margin, faster is faster", () => {
    expect(faster(candidate({}, [95, 46]), candidate({}, [100, 50]), "both", 1)).toBe(true);
    expect(faster(candidate({}, [95, 46], [101, 50]), candidate({}, [100, 50], [100, 50]), "both", 1)).toBe(false);
  });
});
