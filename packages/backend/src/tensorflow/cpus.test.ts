import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { availableCpus, physicalCores, quotaOfCpus, threadsFromEnvironment } from "./cpus.js";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "cpus-"));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
  delete process.env["LLM_THREADS"];
});

/** Writes files as Linux shows them, and reads the quota from them. */
function quota(groups: string, files: Record<string, string>): number {
  for (const [name, text] of Object.entries({ ...files, cgroup: groups })) {
    mkdirSync(dirname(join(folder, "fs", name)), { recursive: true });
    writeFileSync(join(folder, "fs", name), `${text}\n`);
  }
  return quotaOfCpus(join(folder, "fs", "cgroup"), join(folder, "fs"));
}

describe("the CPUs that a quota grants", () => {
  test("cgroup v2: the least of the group's and those above it; max is none", () => {
    expect(quota("0::/a/b", { "a/b/cpu.max": "max 100000", "a/cpu.max": "250000 100000" })).toBe(2.5);
    expect(quota("0::/a/b", { "a/b/cpu.max": "50000 100000" })).toBe(0.5);
    expect(quota("0::/", { "cpu.max": "400000 100000" })).toBe(4);
  });

  test("cgroup v1, also where the CPU controller shares a hierarchy; -1 is none", () => {
    expect(quota("3:cpuset:/x\n1:cpu:/job", { "cpu/job/cpu.cfs_quota_us": "150000", "cpu/job/cpu.cfs_period_us": "100000" })).toBe(1.5);
    expect(quota("4:cpu,cpuacct:/j", { "cpu,cpuacct/j/cpu.cfs_quota_us": "300000", "cpu,cpuacct/j/cpu.cfs_period_us": "100000" })).toBe(3);
    expect(quota("1:cpu:/free", { "cpu/free/cpu.cfs_quota_us": "-1", "cpu/free/cpu.cfs_period_us": "100000" })).toBe(Infinity);
  });

  test("nothing to read, or nonsense, is no limit", () => {
    expect(quotaOfCpus(join(folder, "absent"), folder)).toBe(Infinity);
    expect(quota("nonsense\n0::/a\n7:memory:/m", { "a/cpu.max": "" })).toBe(Infinity);
  });

  test("part of a CPU counts as one, and never more than there are", () => {
    expect(availableCpus(0.2)).toBe(1);
    expect(availableCpus(1.5)).toBe(Math.min(2, availableParallelism()));
    expect(availableCpus(Infinity)).toBe(availableParallelism());
  });
});

test("hardware threads of one core count once", () => {
  for (const [cpu, siblings] of [[0, "0,2"], [1, "1,3"], [2, "0,2"], [3, "1,3"]] as const) {
    mkdirSync(join(folder, `cpu${cpu}`, "topology"), { recursive: true });
    writeFileSync(join(folder, `cpu${cpu}`, "topology", "thread_siblings_list"), `${siblings}\n`);
  }
  mkdirSync(join(folder, "cpufreq"));
  expect(physicalCores(folder)).toBe(2);
  expect(physicalCores(join(folder, "cpufreq"))).toBeUndefined();
  expect(physicalCores(join(folder, "absent"))).toBeUndefined();
});

test("LLM_THREADS is a count or an error", () => {
  expect(threadsFromEnvironment()).toBeUndefined();
  process.env["LLM_THREADS"] = "12";
  expect(threadsFromEnvironment()).toBe(12);
  for (const wrong of ["0", "-1", "two", "1.5", "2 "]) {
    process.env["LLM_THREADS"] = wrong;
    expect(() => threadsFromEnvironment(), wrong).toThrow(/LLM_THREADS must be a whole number of at least 1/);
  }
});
