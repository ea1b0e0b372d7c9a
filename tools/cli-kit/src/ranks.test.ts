import { expect, it } from "vitest";
import { planPath, rankOf } from "./ranks.js";
import { UsageError } from "./run.js";

it("takes the rank that is given before the one of a job array or an indexed job", () => {
  expect(rankOf(3, { SLURM_ARRAY_TASK_ID: "5" })).toBe(3);
  expect(rankOf(undefined, { SLURM_ARRAY_TASK_ID: "5", JOB_COMPLETION_INDEX: "6" })).toBe(5);
  expect(rankOf(undefined, { JOB_COMPLETION_INDEX: "0" })).toBe(0);
});

it.each([{}, { SLURM_ARRAY_TASK_ID: "" }, { JOB_COMPLETION_INDEX: "-1" }, { SLURM_ARRAY_TASK_ID: "1.5" }])("refuses to guess a rank from %o", (environment) => {
  expect(() => rankOf(undefined, environment)).toThrow(UsageError);
});

it("puts a plan beside the folder of its result", () => {
  expect(planPath("a/b//", undefined)).toBe("a/b.plan.json");
  expect(planPath("C:\\data\\", undefined)).toBe("C:\\data.plan.json");
  expect(planPath("a", "plans/x.json")).toBe("plans/x.json");
});
